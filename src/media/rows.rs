//! `Row`: recordings of a run that follow each other, told as one.

use crate::base::{Error, Kind, MediaDuration, Result, WallDuration, WallTime};
use crate::media::Recording;
use std::collections::HashMap;
use std::sync::Arc;

/// One or more recordings of a stream without a hole between them. Numbers are those of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The first of them.
    pub first: u32,
    /// The last of them.
    pub last: u32,
    /// The first recording of their run.
    pub run_start: u32,
    /// How to decode all of them.
    pub sample_entry_id: i32,
    /// When the first frame was captured.
    pub start: WallTime,
    /// The sum of their wall durations; `start` and this give the end.
    pub wall_duration: WallDuration,
    /// The sum of their media durations.
    pub media_duration: MediaDuration,
    /// Bytes of film.
    pub sample_file_bytes: u64,
    /// Frames.
    pub video_samples: u64,
    /// The last one is still being written.
    pub growing: bool,
    /// There are rows, but the film is gone.
    pub missing: bool,
    /// The film was read again, and is not what was recorded.
    pub damaged: bool,
    /// The last frame has no duration.
    pub has_trailing_zero: bool,
    /// Why the run ended with the last one.
    pub end_reason: Option<Arc<str>>,
}

impl Row {
    /// When the last frame ended.
    pub fn end(&self) -> WallTime {
        self.start + self.wall_duration
    }

    /// The piece comes right before this row, is decoded alike and as sound.
    pub fn follows(&self, piece: &Self) -> bool {
        let follows = piece.last + 1 == self.first && piece.end() == self.start;
        let alike = (piece.missing, piece.damaged) == (self.missing, self.damaged);
        follows && alike && piece.sample_entry_id == self.sample_entry_id
    }

    fn prepend(&mut self, piece: &Self) {
        self.first = piece.first;
        self.start = piece.start;
        self.wall_duration += piece.wall_duration;
        self.media_duration += piece.media_duration;
        self.sample_file_bytes += piece.sample_file_bytes;
        self.video_samples += piece.video_samples;
    }
}

impl From<&Recording> for Row {
    fn from(r: &Recording) -> Self {
        Self {
            first: r.id.number(),
            last: r.id.number(),
            run_start: r.run_start.number(),
            sample_entry_id: r.sample_entry_id,
            start: r.start,
            wall_duration: r.wall_duration,
            media_duration: r.media_duration,
            sample_file_bytes: r.sample_file_bytes,
            video_samples: u64::from(r.video_samples),
            growing: r.growing,
            missing: r.is_missing(),
            damaged: r.is_damaged(),
            has_trailing_zero: r.has_trailing_zero(),
            end_reason: r.end_reason.as_deref().map(Arc::from),
        }
    }
}

/// How recordings are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// No row of several recordings is longer; `None`: a row ends only with its run.
    pub split: Option<WallDuration>,
    /// With more rows the list is refused.
    pub limit: usize,
}

/// Puts adjacent recordings of a run together, as long as a row stays within `split` (Fg2, Fb4).
///
/// Rows are filled from the newest recording back, so that the oldest piece of a run is the short one (Fg3). Runs may
/// overlap each other: each run fills its own row.
#[derive(Debug)]
pub struct Rows {
    rows: Vec<Row>,
    /// Where in `rows` the oldest row of a run is, by the run's first recording. The run that was last added to is not
    /// here but in `newest`: nearly all that comes is of the same run.
    open: HashMap<u32, usize>,
    newest: Option<(u32, usize)>,
    terms: Terms,
}

impl Rows {
    /// None so far.
    pub fn new(terms: Terms) -> Self {
        Self { rows: Vec::new(), open: HashMap::new(), newest: None, terms }
    }

    /// Adds a recording, or several of a run told as one, that come before all of their run that was added. More rows
    /// than the limit are an `Err` of kind `BadInput`.
    pub fn add(&mut self, piece: Row) -> Result<()> {
        let fits = |row: &Row| self.terms.split.is_none_or(|split| row.wall_duration + piece.wall_duration <= split);
        match self.oldest(piece.run_start) {
            Some(at) if self.rows[at].follows(&piece) && fits(&self.rows[at]) => self.rows[at].prepend(&piece),
            _ if self.rows.len() == self.terms.limit => return Err(self.too_many()),
            _ => {
                self.set_oldest(piece.run_start, self.rows.len());
                self.rows.push(piece);
            }
        }
        Ok(())
    }

    /// The oldest row of a run so far.
    pub fn oldest_of(&self, run_start: u32) -> Option<&Row> {
        self.oldest(run_start).map(|at| &self.rows[at])
    }

    /// All rows, newest first, even if the clock went back.
    pub fn finish(mut self) -> Vec<Row> {
        self.rows.sort_by_key(|row| std::cmp::Reverse((row.start, row.first)));
        self.rows
    }

    fn oldest(&self, run_start: u32) -> Option<usize> {
        match self.newest {
            Some((run, at)) if run == run_start => Some(at),
            _ => self.open.get(&run_start).copied(),
        }
    }

    fn set_oldest(&mut self, run_start: u32, at: usize) {
        if let Some((run, at)) = self.newest.replace((run_start, at))
            && run != run_start
        {
            self.open.insert(run, at);
        }
    }

    fn too_many(&self) -> Error {
        let longer = if self.terms.split.is_some() { ", or with a longer split90k" } else { "" };
        let what = format!("more than {} rows: ask for less with start90k and end90k{longer}", self.terms.limit);
        Error::new(Kind::BadInput, what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{RecordingId, StreamId};
    use crate::media::recording::Flags;

    /// `number` of the run that began with `run_start`, in seconds.
    fn recording(number: u32, run_start: u32, start: i64, secs: i64) -> Recording {
        let id = |number| RecordingId::new(StreamId::new(1).unwrap(), number);
        Recording {
            id: id(number),
            sequence: u64::from(number),
            open_id: 1,
            run_start: id(run_start),
            start: WallTime::default() + WallDuration::from_secs(start),
            wall_duration: WallDuration::from_secs(secs),
            media_duration: MediaDuration(secs * 90_001),
            media_offset: MediaDuration::ZERO,
            local_delta: WallDuration::ZERO,
            sample_file_bytes: 10,
            video_samples: 2,
            video_sync_samples: 1,
            sample_entry_id: 1,
            index_format: 1,
            flags: Flags::default(),
            growing: false,
            end_reason: None,
        }
    }

    /// Minutes 1 to `n` of one run, a recording each.
    fn minutes(n: u32) -> Vec<Recording> {
        (1..=n).map(|i| recording(i, 1, i64::from(i) * 60, 60)).collect()
    }

    fn rows(recordings: &[Recording], split: Option<WallDuration>) -> Vec<Row> {
        let mut rows = Rows::new(Terms { split, limit: usize::MAX });
        recordings.iter().rev().for_each(|r| rows.add(r.into()).unwrap());
        rows.finish()
    }

    /// Numbers, start and duration in seconds of each row.
    fn told(recordings: &[Recording], split_secs: Option<i64>) -> Vec<String> {
        let rows = rows(recordings, split_secs.map(WallDuration::from_secs));
        let tell = |r: &Row| {
            let (start, secs) = (r.start.unix_seconds(), r.wall_duration.as_secs_f64());
            format!("{}-{} at {start} for {secs}", r.first, r.last)
        };
        rows.iter().map(tell).collect()
    }

    #[test]
    fn a_run_is_one_row() {
        assert_eq!(told(&minutes(5), None), ["1-5 at 60 for 300"]);
        let row = &rows(&minutes(5), None)[0];
        assert_eq!((row.sample_file_bytes, row.video_samples, row.media_duration.0), (50, 10, 300 * 90_001));
        assert_eq!(told(&[], None), [""; 0]);
    }

    #[test]
    fn the_oldest_piece_of_a_run_is_the_short_one() {
        assert_eq!(told(&minutes(5), Some(120)), ["4-5 at 240 for 120", "2-3 at 120 for 120", "1-1 at 60 for 60"]);
        assert_eq!(told(&minutes(2), Some(1)), ["2-2 at 120 for 60", "1-1 at 60 for 60"]);
    }

    #[test]
    fn pieces_of_a_split_run_add_up_to_the_whole() {
        let whole = &rows(&minutes(61), None)[0];
        let pieces = rows(&minutes(61), Some(WallDuration::from_secs(600)));
        assert_eq!(pieces.len(), 7);
        assert_eq!(pieces.iter().map(|r| r.wall_duration.0).sum::<i64>(), whole.wall_duration.0);
        assert_eq!(pieces.iter().map(|r| r.media_duration.0).sum::<i64>(), whole.media_duration.0);
        assert!(pieces.windows(2).all(|w| w[1].start + w[1].wall_duration == w[0].start));
    }

    #[test]
    fn a_hole_a_new_run_new_parameters_and_missing_or_damaged_film_begin_a_row() {
        let hole = [recording(1, 1, 0, 60), recording(3, 1, 120, 60)];
        assert_eq!(told(&hole, None), ["3-3 at 120 for 60", "1-1 at 0 for 60"]);
        let runs = [recording(1, 1, 0, 60), recording(2, 2, 60, 60)];
        assert_eq!(told(&runs, None), ["2-2 at 60 for 60", "1-1 at 0 for 60"]);
        let parameters = [recording(1, 1, 0, 60), Recording { sample_entry_id: 2, ..recording(2, 1, 60, 60) }];
        assert_eq!(told(&parameters, None), ["2-2 at 60 for 60", "1-1 at 0 for 60"]);
        for flags in [Flags::MISSING, Flags::DAMAGED] {
            let odd = [recording(1, 1, 0, 60), Recording { flags, ..recording(2, 1, 60, 60) }];
            assert_eq!(told(&odd, None), ["2-2 at 60 for 60", "1-1 at 0 for 60"]);
        }
    }

    #[test]
    fn overlapping_runs_stay_apart() {
        let recordings =
            [recording(1, 1, 0, 60), recording(3, 3, 50, 60), recording(2, 1, 60, 60), recording(4, 3, 110, 60)];
        assert_eq!(told(&recordings, None), ["3-4 at 50 for 120", "1-2 at 0 for 120"]);
    }

    #[test]
    fn the_list_is_newest_first_even_where_the_clock_went_back() {
        let recordings = [recording(2, 2, 0, 60), recording(1, 1, 500, 60)];
        assert_eq!(told(&recordings, None), ["1-1 at 500 for 60", "2-2 at 0 for 60"]);
    }

    #[test]
    fn what_is_said_of_the_end_is_of_the_last_recording() {
        let mut recordings = minutes(3);
        recordings[2].growing = true;
        recordings[2].flags = Flags::TRAILING_ZERO;
        recordings[2].end_reason = Some("camera silent".to_owned());
        let row = &rows(&recordings, None)[0];
        assert!(row.growing && row.has_trailing_zero);
        assert_eq!(row.end_reason.as_deref(), Some("camera silent"));
    }

    #[test]
    fn a_piece_of_several_recordings_counts_as_they_do() {
        let all = minutes(9);
        let mut pieces = Rows::new(Terms { split: Some(WallDuration::from_secs(300)), limit: 2 });
        pieces.add(rows(&all[5..], None).remove(0)).unwrap();
        pieces.add((&all[4]).into()).unwrap();
        pieces.add(rows(&all[..4], None).remove(0)).unwrap();
        assert_eq!(pieces.finish(), rows(&all, Some(WallDuration::from_secs(300))));
    }

    #[test]
    fn more_rows_than_an_answer_may_have_are_refused_in_words() {
        let mut rows = Rows::new(Terms { split: Some(WallDuration(1)), limit: 2 });
        let all = minutes(3);
        rows.add((&all[2]).into()).unwrap();
        rows.add((&all[1]).into()).unwrap();
        let one_more = rows.add((&all[0]).into()).unwrap_err();
        assert_eq!(one_more.kind(), Kind::BadInput);
        let why = "more than 2 rows: ask for less with start90k and end90k, or with a longer split90k";
        assert_eq!(one_more.to_string(), why);
    }
}
