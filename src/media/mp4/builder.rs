//! `Builder`: recordings, one after the other, become a [`Plan`].

use crate::base::{Error, Kind, MediaDuration, RecordingId, Result, WallDuration, WallTime};
use crate::media::mp4::edit::EditList;
use crate::media::mp4::moov::Movie;
use crate::media::mp4::plan::Plan;
use crate::media::mp4::style::Style;
use crate::media::mp4::table::{Row, Totals};
use crate::media::{Recording, SampleEntry, Segment};
use std::ops::Range;
use std::sync::Arc;

/// Takes recordings in the order in which they are played. Of each only a small row is kept; the index of one is asked
/// of `indexes` only where it is cut, or where its last frame has no duration and playback goes on.
#[derive(Debug)]
pub struct Builder<I> {
    style: Style,
    indexes: I,
    rows: Vec<Row>,
    totals: Totals,
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
        let (start, end) = (within(wanted.start), within(wanted.end));
        let sample_entry = self.sample_entry(sample_entry, start)?;
        self.go_on()?;
        let before = self.totals;
        self.totals = before.with(&segment).filter(|sum| sum.table_bytes() <= MAX_MOOV_BYTES).ok_or_else(too_long)?;
        if self.rows.is_empty() {
            self.created = start;
            self.modified = end;
        }
        self.modified = self.modified.max(end);
        self.rows.push(Row { recording: recording.id, open_id: recording.open_id, sample_entry, segment, before });
        Ok(())
    }

    /// The plan of the file with all that was added. Nothing at all is an `Err` of kind `NotFound`.
    pub fn finish(mut self) -> Result<Plan> {
        if self.style != Style::default() {
            return Err(Error::new(Kind::BadInput, "holds and subtitles are not made yet"));
        }
        let is_cut = self.rows.iter().any(|row| row.segment.hidden > MediaDuration::ZERO);
        let last = self.rows.last_mut();
        let last = last.ok_or_else(|| Error::new(Kind::NotFound, "nothing was recorded in this span"))?;
        if is_cut {
            last.segment.show_last();
        }
        let mut edits = EditList::default();
        for row in &self.rows {
            edits.add(row.segment.duration, row.segment.hidden);
        }
        let movie =
            Movie { created: self.created, edits: &edits, sample_entries: &self.sample_entries, totals: self.totals };
        let plan = Plan::new(&movie, self.rows.into(), self.modified);
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

    /// Something comes after the last row.
    fn go_on(&mut self) -> Result<()> {
        match self.rows.last_mut() {
            Some(row) if row.segment.ends_in_zero => {
                let going_on = (self.indexes)(row.recording).and_then(|index| row.segment.go_on(&index));
                going_on.map_err(|e| e.on(format_args!("going on after recording {}", row.recording)))
            }
            _ => Ok(()),
        }
    }
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
