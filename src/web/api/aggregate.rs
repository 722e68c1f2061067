//! `Row`: recordings of a run that follow each other, told as one.

use crate::base::{Error, Kind, MediaDuration, RecordingId, Result, WallDuration, WallTime};
use crate::media::Recording;
use std::collections::HashMap;

/// One or more recordings without a hole between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The first of them.
    pub(super) first: RecordingId,
    /// The last of them.
    pub(super) last: RecordingId,
    /// The first recording of their run.
    pub(super) run_start: RecordingId,
    /// When the first frame was captured.
    pub(super) start: WallTime,
    /// The sum of their wall durations; `start` and this give the end.
    pub(super) wall_duration: WallDuration,
    /// The sum of their media durations.
    pub(super) media_duration: MediaDuration,
    /// Bytes of film.
    pub(super) sample_file_bytes: u64,
    /// Frames.
    pub(super) video_samples: u64,
    /// How to decode all of them.
    pub(super) sample_entry_id: i32,
    /// The last one is still being written.
    pub(super) growing: bool,
    /// There are rows, but the film is gone.
    pub(super) missing: bool,
    /// The last frame has no duration.
    pub(super) has_trailing_zero: bool,
    /// Why the run ended with the last one.
    pub(super) end_reason: Option<String>,
}

/// Puts adjacent recordings of a run together, as long as a row stays within `split` (Fg2, Fb4).
///
/// Rows are filled from the newest recording back, so that the oldest piece of a run is the short one (Fg3). Runs may
/// overlap each other: each run fills its own row.
#[derive(Debug)]
pub(super) struct Rows {
    rows: Vec<Row>,
    /// Where in `rows` the oldest row of a run is, by the run's first recording.
    open: HashMap<RecordingId, usize>,
    split: Option<WallDuration>,
}

impl Rows {
    /// None so far.
    pub(super) fn new(split: Option<WallDuration>) -> Self {
        Self { rows: Vec::new(), open: HashMap::new(), split }
    }

    /// Adds recordings that ascend by start, all of them older than what was added before. More than [`MAX_ROWS`] rows
    /// are an `Err` of kind `BadInput`.
    pub(super) fn add_older(&mut self, recordings: &[Recording]) -> Result<()> {
        for recording in recordings.iter().rev() {
            let open = self.open.get(&recording.run_start).copied();
            match open.filter(|&at| self.rows[at].takes(recording, self.split)) {
                Some(at) => self.rows[at].prepend(recording),
                None if self.rows.len() == MAX_ROWS => return Err(self.too_many()),
                None => {
                    self.open.insert(recording.run_start, self.rows.len());
                    self.rows.push(Row::of(recording));
                }
            }
        }
        Ok(())
    }

    /// All rows, newest first.
    pub(super) fn finish(mut self) -> Vec<Row> {
        self.rows.sort_by_key(|row| std::cmp::Reverse((row.start, row.first)));
        self.rows
    }

    fn too_many(&self) -> Error {
        let longer = if self.split.is_some() { ", or with a longer split90k" } else { "" };
        let what = format!("more than {MAX_ROWS} rows: ask for less with start90k and end90k{longer}");
        Error::new(Kind::BadInput, what)
    }
}

/// Two years in rows of an hour: about 10 MB of JSON.
pub(super) const MAX_ROWS: usize = 20_000;

impl Row {
    fn of(r: &Recording) -> Self {
        Self {
            first: r.id,
            last: r.id,
            run_start: r.run_start,
            start: r.start,
            wall_duration: r.wall_duration,
            media_duration: r.media_duration,
            sample_file_bytes: r.sample_file_bytes,
            video_samples: u64::from(r.video_samples),
            sample_entry_id: r.sample_entry_id,
            growing: r.growing,
            missing: r.is_missing(),
            has_trailing_zero: r.has_trailing_zero(),
            end_reason: r.end_reason.clone(),
        }
    }

    /// The recording comes right before this row, and both together are not too long.
    fn takes(&self, r: &Recording, split: Option<WallDuration>) -> bool {
        let follows = r.id.number() + 1 == self.first.number() && r.end() == self.start;
        let fits = split.is_none_or(|split| self.wall_duration + r.wall_duration <= split);
        let alike = r.sample_entry_id == self.sample_entry_id && r.is_missing() == self.missing;
        follows && fits && alike
    }

    fn prepend(&mut self, r: &Recording) {
        self.first = r.id;
        self.start = r.start;
        self.wall_duration += r.wall_duration;
        self.media_duration += r.media_duration;
        self.sample_file_bytes += r.sample_file_bytes;
        self.video_samples += u64::from(r.video_samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::StreamId;
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
        let mut rows = Rows::new(split);
        rows.add_older(recordings).unwrap();
        rows.finish()
    }

    /// Numbers, start and duration in seconds of each row.
    fn told(recordings: &[Recording], split_secs: Option<i64>) -> Vec<String> {
        let rows = rows(recordings, split_secs.map(WallDuration::from_secs));
        let tell = |r: &Row| {
            let (start, secs) = (r.start.unix_seconds(), r.wall_duration.as_secs_f64());
            format!("{}-{} at {start} for {secs}", r.first.number(), r.last.number())
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
    fn a_hole_a_new_run_new_parameters_or_missing_film_begin_a_row() {
        let hole = [recording(1, 1, 0, 60), recording(3, 1, 120, 60)];
        assert_eq!(told(&hole, None), ["3-3 at 120 for 60", "1-1 at 0 for 60"]);
        let runs = [recording(1, 1, 0, 60), recording(2, 2, 60, 60)];
        assert_eq!(told(&runs, None), ["2-2 at 60 for 60", "1-1 at 0 for 60"]);
        let parameters = [recording(1, 1, 0, 60), Recording { sample_entry_id: 2, ..recording(2, 1, 60, 60) }];
        assert_eq!(told(&parameters, None), ["2-2 at 60 for 60", "1-1 at 0 for 60"]);
        let missing = [recording(1, 1, 0, 60), Recording { flags: Flags::MISSING, ..recording(2, 1, 60, 60) }];
        assert_eq!(told(&missing, None), ["2-2 at 60 for 60", "1-1 at 0 for 60"]);
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
    fn rows_do_not_depend_on_how_many_recordings_are_added_at_once() {
        let split = Some(WallDuration::from_secs(600));
        let all = minutes(61);
        let mut rows = Rows::new(split);
        all.rchunks(7).for_each(|older| rows.add_older(older).unwrap());
        assert_eq!(rows.finish(), super::tests::rows(&all, split));
    }

    #[test]
    fn more_rows_than_an_answer_may_have_are_refused_in_words() {
        let mut rows = Rows::new(Some(WallDuration(1)));
        rows.add_older(&minutes(MAX_ROWS as u32)).unwrap();
        let one_more = rows.add_older(&[recording(1, 1, 0, 60)]).unwrap_err();
        assert_eq!(one_more.kind(), Kind::BadInput);
        let why = "more than 20000 rows: ask for less with start90k and end90k, or with a longer split90k";
        assert_eq!(one_more.to_string(), why);
    }
}
