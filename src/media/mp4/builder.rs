//! `Builder`: recordings, one after the other, become a [`Plan`].

use crate::base::{Error, Kind, MediaDuration, RecordingId, Result, WallDuration, WallTime};
use crate::media::mp4::edit::EditList;
use crate::media::mp4::moov::Movie;
use crate::media::mp4::plan::Plan;
use crate::media::mp4::style::{Gaps, Style};
use crate::media::mp4::subtitles::Texts;
use crate::media::mp4::table::{Row, Totals};
use crate::media::mp4::time_line::TimeLine;
use crate::media::{Recording, SampleEntry, Segment};
use std::ops::Range;
use std::sync::Arc;

/// Takes recordings in the order in which they are played. Of each only a small row is kept; the index of one is asked
/// of `indexes` only where it is cut, where its last frame has no duration and playback goes on, or where that frame is
/// held over a hole.
#[derive(Debug)]
pub struct Builder<I> {
    style: Style,
    indexes: I,
    rows: Vec<Row>,
    totals: Totals,
    line: TimeLine,
    sample_entries: Vec<Arc<SampleEntry>>,
    created: WallTime,
    modified: WallTime,
}

impl<I: FnMut(RecordingId) -> Result<Arc<[u8]>>> Builder<I> {
    /// Nothing so far.
    pub fn new(style: Style, indexes: I) -> Self {
        Self {
            style,
            indexes,
            rows: Vec::new(),
            totals: Totals::default(),
            line: TimeLine::default(),
            sample_entries: Vec::new(),
            created: WallTime(0),
            modified: WallTime(0),
        }
    }

    /// Adds the part of a recording that is wanted, counted from its start; what lies outside of it is nothing.
    /// See [`crate::media::Selection`].
    pub fn add(
        &mut self,
        recording: &Recording,
        sample_entry: &Arc<SampleEntry>,
        wanted: Range<WallDuration>,
    ) -> Result<()> {
        self.add_part(recording, sample_entry, wanted).map_err(|e| e.on(format_args!("recording {}", recording.id)))
    }

    fn add_part(
        &mut self,
        recording: &Recording,
        sample_entry: &Arc<SampleEntry>,
        wanted: Range<WallDuration>,
    ) -> Result<()> {
        let index = || (self.indexes)(recording.id);
        let Some(segment) = Segment::of(recording, wanted.clone(), index)? else {
            return Ok(());
        };
        let within = |d: WallDuration| recording.start + WallDuration(d.0.clamp(0, recording.wall_duration.0.max(0)));
        let wall = within(wanted.start)..within(wanted.end);
        let sample_entry = self.sample_entry(sample_entry, wall.start)?;
        self.go_on(wall.start)?;
        if self.rows.is_empty() {
            self.created = wall.start;
            self.modified = wall.end;
        }
        self.modified = self.modified.max(wall.end);
        let (recording, open_id, before) = (recording.id, recording.open_id, self.totals);
        let row = Row { recording, open_id, sample_entry, segment, texts: Texts::default(), before };
        self.totals = with(&row, self.rows.len() + 1)?;
        let shown_before = self.rows.last().map_or(MediaDuration::ZERO, |row| row.segment.shown());
        self.line.pass(shown_before, wall);
        self.rows.push(row);
        Ok(())
    }

    /// The plan of the file with all that was added. Nothing at all is an `Err` of kind `NotFound`.
    pub fn finish(mut self) -> Result<Plan> {
        let is_cut = self.rows.iter().any(|row| row.segment.duration > row.segment.shown());
        let last = self.rows.last_mut();
        let last = last.ok_or_else(|| Error::new(Kind::NotFound, "nothing was recorded in this span"))?;
        if is_cut {
            last.segment.show_last();
        }
        self.end_row(self.line.wall().end)?;
        let mut edits = EditList::default();
        for row in &self.rows {
            edits.add(row.segment.duration, row.segment.hidden, row.segment.beyond());
        }
        let movie = Movie {
            created: self.created,
            edits: &edits,
            sample_entries: &self.sample_entries,
            segments: self.rows.len() as u32,
            totals: self.totals,
            is_reordered: self.rows.iter().any(|row| row.segment.is_reordered),
            has_texts: self.style.subtitles.is_some(),
        };
        let plan = Plan::new(&movie, self.rows.into(), self.style.subtitles, self.modified);
        if plan.film_offset() > MAX_MOOV_BYTES { Err(too_long()) } else { Ok(plan) }
    }

    /// The number of a sample entry in the file. One file has one codec: players choose the decoder once.
    fn sample_entry(&mut self, entry: &Arc<SampleEntry>, at: WallTime) -> Result<u32> {
        if let Some(known) = self.sample_entries.iter().rposition(|e| Arc::ptr_eq(e, entry) || e == entry) {
            return Ok(known as u32 + 1);
        }
        if let Some(first) = self.sample_entries.first().map(|e| codec(e)).filter(|&first| first != codec(entry)) {
            let (first, this) = (String::from_utf8_lossy(first), String::from_utf8_lossy(codec(entry)));
            let what = format!("the codec changes from {first} to {this} at {at}; ask for the two sides apart");
            return Err(Error::new(Kind::BadInput, what));
        }
        self.sample_entries.push(entry.clone());
        Ok(self.sample_entries.len() as u32)
    }

    /// Something that happened from `next` on comes after the last row.
    fn go_on(&mut self, next: WallTime) -> Result<()> {
        let Some(row) = self.rows.last_mut() else { return Ok(()) };
        let held = match self.style.gaps {
            Gaps::Hold => self.line.hold(row.segment.shown(), next)?,
            Gaps::Skip => MediaDuration::ZERO,
        };
        let mut index = || (self.indexes)(row.recording);
        let going_on = match held {
            MediaDuration::ZERO if !row.segment.ends_in_zero => Ok(()),
            MediaDuration::ZERO => index().and_then(|index| row.segment.go_on(&index)),
            held => row.segment.hold(held, index),
        };
        going_on.map_err(|e| e.on(format_args!("going on after recording {}", row.recording)))?;
        let end = self.line.wall().end;
        self.end_row(if held > MediaDuration::ZERO { next } else { end })
    }

    /// All is known of the last row, in which nothing happens from `end` on.
    fn end_row(&mut self, end: WallTime) -> Result<()> {
        let segments = self.rows.len();
        if let [before @ .., row] = &mut self.rows[..]
            && self.style.subtitles.is_some()
        {
            let told = before.last().map(|row| row.texts.last_second());
            row.texts = Texts::of(self.line.wall().start..end, row.segment.shown(), told);
            self.totals = with(row, segments)?;
        }
        Ok(())
    }
}

/// The totals with the last row, the `segments`th.
fn with(row: &Row, segments: usize) -> Result<Totals> {
    let fits = |sum: &Totals| 20 * segments as u64 + sum.table_bytes() <= MAX_MOOV_BYTES;
    row.before.with(row).filter(fits).ok_or_else(too_long)
}

/// More than a player would load before the first picture.
const MAX_MOOV_BYTES: u64 = 1 << 30;

/// `avc1` or `hvc1`.
fn codec(entry: &SampleEntry) -> &[u8] {
    entry.data.get(4..8).unwrap_or_default()
}

fn too_long() -> Error {
    Error::new(Kind::BadInput, "the span is too long for one file: its tables would be above 1 GiB")
}
