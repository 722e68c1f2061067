//! `Asked`: the variables of a path and the parameters behind it, as types.

use super::{Excerpt, Form, Settings, StreamName, View, What};
use crate::appliance::protocol::MAX_LOG_LINES;
use crate::base::time::UNITS_PER_SEC;
use crate::base::{Error, Kind, Result, WallDuration, WallTime};
use crate::media::mp4::Gaps;
use crate::store::StreamKind;
use crate::store::people::PersonId;
use crate::web::query::{Query, percent_decode};
use crate::web::segments::Segments;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::ops::Range;
use std::str::FromStr;
use uuid::Uuid;

/// What an operation reads its question from.
pub(super) struct Asked<'a> {
    pub(super) variables: Variables,
    pub(super) query: Query,
    /// Times without an offset are of it.
    pub(super) zone: &'a TimeZone,
}

/// What stood in a path for the words in braces.
#[derive(Default)]
pub(super) struct Variables {
    /// `{uuid}`
    pub(super) camera: Option<Uuid>,
    /// `{stream}`
    kind: Option<StreamKind>,
    /// `{key}`
    found: Option<String>,
    /// `{id}.mp4`
    sample_entry: Option<i32>,
    /// `{id}`
    person: Option<PersonId>,
}

/// A path between its slashes, decoded: an escaped slash does not part.
pub(super) fn segments(path: &str) -> Option<Vec<Cow<'_, str>>> {
    path.split('/').map(percent_decode).collect()
}

impl Variables {
    /// `None` when the path is not of this form.
    pub(super) fn read(form: &str, segments: &[Cow<'_, str>]) -> Option<Self> {
        let mut found = Self::default();
        // From the end, where forms differ.
        let (mut words, mut segments) = (form.rsplit('/'), segments.iter().rev());
        loop {
            match (words.next(), segments.next()) {
                (Some("{uuid}"), Some(segment)) => found.camera = Some(uuid(segment)?),
                (Some("{stream}"), Some(segment)) => found.kind = Some(StreamKind::from_word(segment)?),
                (Some("{key}"), Some(segment)) => found.found = Some(key(segment)?),
                (Some("{id}"), Some(segment)) => found.person = Some(decimal(segment)?),
                (Some("{id}.mp4"), Some(segment)) => {
                    found.sample_entry = Some(segment.strip_suffix(".mp4").and_then(decimal)?);
                }
                (Some(word), Some(segment)) if word == segment => {}
                (None, None) => return Some(found),
                _ => return None,
            }
        }
    }
}

/// Only the usual form with hyphens: a thing has one address.
fn uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// 16 hex digits, as they were given.
fn key(text: &str) -> Option<String> {
    let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    (text.len() == 16 && text.bytes().all(is_hex)).then(|| text.to_owned())
}

/// One spelling: no sign, no zeros in front.
fn decimal<N: FromStr + ToString>(text: &str) -> Option<N> {
    text.parse().ok().filter(|n: &N| n.to_string() == text)
}

impl Asked<'_> {
    pub(super) fn camera(&self) -> Uuid {
        self.variables.camera.expect("paths of cameras have {uuid}")
    }

    pub(super) fn found(&self) -> String {
        self.variables.found.clone().expect("paths of found cameras have {key}")
    }

    pub(super) fn stream(&self) -> StreamName {
        StreamName { camera: self.camera(), kind: self.variables.kind.expect("paths of streams have {stream}") }
    }

    pub(super) fn person(&self) -> PersonId {
        self.variables.person.expect("paths of users and tokens have {id}")
    }

    pub(super) fn sample_entry(&self) -> i32 {
        self.variables.sample_entry.expect("paths of initialisation segments have {id}")
    }

    /// From `start90k` to `end90k`; without one of them, as far as time goes.
    pub(super) fn span(&mut self) -> Result<Range<WallTime>> {
        let (start, end) = self.times()?;
        forward(start.unwrap_or(WallTime(i64::MIN))..end.unwrap_or(WallTime(i64::MAX)))
    }

    fn times(&mut self) -> Result<(Option<WallTime>, Option<WallTime>)> {
        Ok((self.time("start90k")?, self.time("end90k")?))
    }

    pub(super) fn needed_time(&mut self, name: &str) -> Result<WallTime> {
        self.time(name)?.ok_or_else(|| bad(format!("parameter {name}: missing")))
    }

    fn time(&mut self, name: &str) -> Result<Option<WallTime>> {
        let Some(text) = self.query.one(name)? else { return Ok(None) };
        let time = WallTime::parse(&text, self.zone).map_err(|e| e.on(format!("parameter {name}")))?;
        if !is_tellable(time) {
            return Err(bad(format!("parameter {name}={text}: not within the years 1 to 9998")));
        }
        Ok(Some(time))
    }

    /// Settings to be thought about: `reserve=BYTES`, and `retain=UUID/STREAM:BYTES` for each stream, or `:pool`.
    pub(super) fn settings(&mut self) -> Result<Settings> {
        let wrong = |name: &str, text: &str, form| bad(format!("parameter {name}={text}: expected {form}"));
        let mut settings = Settings::default();
        if let Some(text) = self.query.one("reserve")? {
            let bytes = text.parse().map_err(|_| wrong("reserve", &text, "a number of bytes"))?;
            settings.reserve_bytes = Some(bytes);
        }
        for text in self.query.all("retain") {
            let read = quota(&text).ok_or_else(|| wrong("retain", &text, "UUID/main:BYTES, or :pool for the bytes"))?;
            if settings.retain.iter().any(|(stream, _)| *stream == read.0) {
                return Err(bad(format!("parameter retain={text}: this stream was given before")));
            }
            settings.retain.push(read);
        }
        Ok(settings)
    }

    /// How many lines of a log; 200 unless it is said.
    pub(super) fn lines(&mut self) -> Result<u32> {
        let Some(text) = self.query.one("lines")? else { return Ok(200) };
        match text.parse() {
            Ok(lines) if (1..=MAX_LOG_LINES).contains(&lines) => Ok(lines),
            _ => Err(bad(format!("parameter lines={text}: expected 1 to {MAX_LOG_LINES}"))),
        }
    }

    /// A unit of systemd.
    pub(super) fn unit(&mut self) -> Result<Option<String>> {
        let Some(text) = self.query.one("unit")? else { return Ok(None) };
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.@:".contains(c);
        match (1..=128).contains(&text.len()) && text.chars().all(fits) && !text.starts_with('-') {
            true => Ok(Some(text)),
            false => Err(bad(format!("parameter unit={text}: expected a unit such as lunette.service"))),
        }
    }

    pub(super) fn split(&mut self) -> Result<Option<WallDuration>> {
        let Some(text) = self.query.one("split90k")? else { return Ok(None) };
        match text.parse() {
            Ok(units) if units > 0 => Ok(Some(WallDuration(units))),
            _ => Err(bad(format!("parameter split90k={text}: expected a number above 0"))),
        }
    }

    pub(super) fn view(&mut self, form: Form) -> Result<View> {
        let (what, gaps, ts) = (self.what()?, self.gaps()?, self.query.flag("ts")?);
        Ok(View { stream: self.stream(), what, form, gaps, ts })
    }

    /// What a media segment is of.
    pub(super) fn excerpt(&mut self) -> Result<Excerpt> {
        match self.query.one("m")? {
            None => self.what().map(Excerpt::Of),
            Some(_) if !self.query.is_empty() => Err(bad("m stands alone: no s, start90k or end90k beside it")),
            Some(text) => text.parse().map(Excerpt::Media),
        }
    }

    fn gaps(&mut self) -> Result<Gaps> {
        match self.query.one("gaps")?.as_deref() {
            None | Some("skip") => Ok(Gaps::Skip),
            Some("hold") => Ok(Gaps::Hold),
            Some(other) => Err(bad(format!("parameter gaps={other}: expected skip or hold"))),
        }
    }

    /// A span with both its ends.
    pub(super) fn whole_span(&mut self) -> Result<Range<WallTime>> {
        match self.times()? {
            (Some(start), Some(end)) => forward(start..end),
            _ => Err(bad("a playlist needs both start90k and end90k")),
        }
    }

    /// Recordings by number, or a span with both its ends.
    fn what(&mut self) -> Result<What> {
        let segments = self.query.all("s");
        match (segments.is_empty(), self.times()?) {
            (false, (None, None)) => {
                let segments: Result<Vec<Segments>> = segments.iter().map(|s| s.parse()).collect();
                Ok(What::Segments(segments?))
            }
            (true, (Some(start), Some(end))) => Ok(What::Span(forward(start..end)?)),
            _ => Err(bad("a film needs either s, or both start90k and end90k")),
        }
    }
}

fn quota(text: &str) -> Option<(StreamName, Option<u64>)> {
    let (stream, bytes) = text.rsplit_once(':')?;
    let (camera, kind) = stream.split_once('/')?;
    let stream = StreamName { camera: uuid(camera)?, kind: StreamKind::from_word(kind)? };
    match bytes {
        "pool" => Some((stream, None)),
        bytes => Some((stream, Some(bytes.parse().ok()?))),
    }
}

/// A time that has a text form.
pub(in crate::web) fn is_tellable(time: WallTime) -> bool {
    (YEAR_1..YEAR_9999).contains(&time)
}

/// Outside of these years times have no text form; within, sums and differences of a few of them fit an `i64`.
const YEAR_1: WallTime = WallTime(-62_135_596_800 * UNITS_PER_SEC);
const YEAR_9999: WallTime = WallTime(253_370_764_800 * UNITS_PER_SEC);

fn forward(span: Range<WallTime>) -> Result<Range<WallTime>> {
    if span.is_empty() { Err(bad("start90k is not before end90k")) } else { Ok(span) }
}

fn bad(what: impl Into<String>) -> Error {
    Error::new(Kind::BadInput, what)
}
