//! Recordings of version 1 become ours, one after the other, with their runs.

use super::cameras::Cameras;
use super::odd::{INDEX_FORMAT, Sums};
use super::reserved::Reserved;
use super::{Say, batch};
use crate::base::{Error, Kind, MediaDuration, RecordingId, Result, WallDuration, WallTime};
use crate::media::Recording;
use crate::media::recording::{Cause, Flags};
use crate::store::camera::StreamKind;
use crate::store::closed::ClosedRecording;
use crate::store::db::{RECORDING_LIMIT, SqlResult, insert_old};
use crate::store::old_file::{OldFile, OldRecordings};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, named_params};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Copies all recordings that have a camera, a sample entry and a file's name; the others are told.
pub(super) fn copy(
    conn: &Connection,
    cameras: &Cameras,
    told: &mut OldRecordings<'_>,
    reserved: &mut Reserved,
    say: Say<'_>,
) -> Result<()> {
    let what = || "read recordings";
    let mut sequences = Sequences::read(conn)?;
    let mut runs = Runs::default();
    let (mut done, mut odd) = (0u64, 0u64);
    let mut statement = conn.prepare(OLD_SQL).or_sql(what)?;
    let mut rows = statement.query(()).or_sql(what)?;
    while let Some(row) = rows.next().or_sql(what)? {
        let row = OldRow::read(row).or_sql(what)?;
        let sequence = sequences.next(row.id >> 32);
        let mut remarks = Vec::new();
        if let Some(uuid) = row.uuid {
            reserved.is_recorded(uuid);
        }
        match row.closed(cameras, &mut runs, sequence, &mut remarks) {
            Ok((old, closed)) => match insert(conn, &old, &closed, !remarks.is_empty())? {
                Ok(()) => {
                    told.add(&old, &closed)?;
                    if let Some(start) = runs.hole_before(&closed.recording) {
                        insert_gap(conn, &closed.recording, start)?;
                    }
                    runs.passed(&closed.recording);
                    done += 1;
                    if done.is_multiple_of(100_000) {
                        say(&format!("{done} recordings"));
                    }
                }
                Err(e) => remarks.push(format!("{e}: it is left out, its film stays")),
            },
            Err(why) => remarks.push(format!("{why}: it is left out, its film stays")),
        }
        odd += u64::from(!remarks.is_empty());
        for remark in remarks {
            say(&format!("recording {}: {remark}", row.shown()));
        }
    }
    say(&format!("{done} recordings, {odd} of them odd"));
    Ok(())
}

/// The original kept no causes.
fn insert_gap(conn: &Connection, after: &Recording, start: WallTime) -> Result<()> {
    const SQL: &str = "INSERT INTO gap (stream_id, start_90k, end_90k, cause, detail)
        VALUES (:stream, :start, :end, :cause, '') ON CONFLICT DO NOTHING";
    let params = named_params! {
        ":stream": after.id.stream().get(),
        ":start": start.0,
        ":end": after.start.0,
        ":cause": Cause::Untold.words(),
    };
    let what = || format!("recording {}: insert the gap before it", after.id);
    conn.prepare_cached(SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

/// The inner error is the tables', which refuse an odd recording after all.
fn insert(conn: &Connection, old: &OldFile, closed: &ClosedRecording, is_odd: bool) -> Result<Result<(), Error>> {
    let rows = |conn: &Connection| insert_old(conn, closed, closed.recording.sample_entry_id, old);
    if !is_odd {
        return rows(conn).map(Ok);
    }
    batch(conn, "savepoint", "SAVEPOINT odd")?;
    let done = match rows(conn) {
        Err(e) if e.kind() == Kind::Conflict => {
            batch(conn, "roll back to savepoint", "ROLLBACK TO odd")?;
            Err(e)
        }
        done => Ok(done?),
    };
    batch(conn, "release savepoint", "RELEASE odd")?;
    Ok(done)
}

const OLD_SQL: &str = "SELECT composite_id, run_offset, flags, sample_file_bytes, start_time_90k, duration_90k,
        local_time_delta_90k, video_samples, video_sync_samples, video_sample_entry_id,
        sample_file_uuid, sample_file_sha1, video_index
    FROM old_recording LEFT JOIN old_recording_playback USING (composite_id) ORDER BY composite_id";

/// A row as it is: `None` for what is no number, or no blob of its length.
#[derive(Debug)]
struct OldRow {
    id: i64,
    run_offset: Option<i64>,
    flags: Option<i64>,
    bytes: Option<i64>,
    start: Option<i64>,
    duration: Option<i64>,
    local_delta: Option<i64>,
    samples: Option<i64>,
    sync_samples: Option<i64>,
    sample_entry: Option<i64>,
    uuid: Option<Uuid>,
    sha1: Option<[u8; 20]>,
    index: Arc<[u8]>,
}

impl OldRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let number = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_i64().ok());
        let blob = |column| {
            row.get_ref(column).map(|value| match value {
                ValueRef::Blob(bytes) => bytes,
                _ => &[],
            })
        };
        Ok(Self {
            id: row.get(0)?,
            run_offset: number(1)?,
            flags: number(2)?,
            bytes: number(3)?,
            start: number(4)?,
            duration: number(5)?,
            local_delta: number(6)?,
            samples: number(7)?,
            sync_samples: number(8)?,
            sample_entry: number(9)?,
            uuid: Uuid::from_slice(blob(10)?).ok(),
            sha1: blob(11)?.try_into().ok(),
            index: blob(12)?.into(),
        })
    }

    fn shown(&self) -> String {
        format!("{}/{}", self.id >> 32, self.id & 0xffff_ffff)
    }

    /// Ours, with a remark for each thing that is odd; `Err` with why there can be no row of it.
    fn closed(
        &self,
        cameras: &Cameras,
        runs: &mut Runs,
        sequence: u64,
        remarks: &mut Vec<String>,
    ) -> Result<(OldFile, ClosedRecording), String> {
        let id = RecordingId::from_composite(self.id).filter(|id| id.number() > 0).ok_or("nothing can have its id")?;
        let camera = *cameras.streams.get(&id.stream()).ok_or("its camera is not in the database")?;
        let sample_entry = self.sample_entry.and_then(|id| Some((id, cameras.sample_entries.get(&id)?)));
        let (entry_id, sample_entry) = sample_entry.ok_or("its sample entry is not in the database")?;
        let uuid = self.uuid.ok_or("the name of its sample file is not in the database")?;
        if self.sha1.is_none() {
            remarks.push("its SHA-1 is not in the database: `check --hash` will not know its film".into());
        }
        let (sums, video_index) = self.sums(remarks);
        let start = self.start.filter(|start| CALENDAR.contains(start)).unwrap_or_else(|| {
            remarks.push("its start is no time".into());
            0
        });
        let zero = sums.ends_in_zero;
        let mut recording = Recording {
            id,
            sequence,
            open_id: OPEN_ID,
            run_start: id,
            start: WallTime(start),
            wall_duration: WallDuration(sums.duration_90k),
            media_duration: MediaDuration(sums.duration_90k),
            media_offset: MediaDuration::ZERO,
            local_delta: WallDuration(self.local_delta.unwrap_or_default()),
            sample_file_bytes: sums.bytes,
            video_samples: sums.samples,
            video_sync_samples: sums.sync_samples,
            sample_entry_id: entry_id as i32,
            index_format: INDEX_FORMAT,
            flags: if zero { Flags::TRAILING_ZERO } else { Flags::default() },
            growing: false,
            end_reason: None,
        };
        runs.place(&mut recording, self.run_offset, remarks);
        let closed = ClosedRecording {
            recording,
            camera,
            kind: StreamKind::Main,
            boot_id: Uuid::nil(),
            clock_offset: WallDuration::ZERO,
            sample_entry: sample_entry.clone(),
            video_index,
            blake3: [0; 32],
        };
        Ok((OldFile { uuid, sha1: self.sha1.unwrap_or_default() }, closed))
    }

    /// What the recording holds. Playback goes by the index, so what that says counts, if it can be read; else the row,
    /// as far as the tables take it. Old rows do not say for certain that the last frame has no duration.
    fn sums(&self, remarks: &mut Vec<String>) -> (Sums, Arc<[u8]>) {
        let within = |n: Option<i64>, low: i64, high: i64| n.unwrap_or(low).clamp(low, high);
        let samples = within(self.samples, 1, u32::MAX.into());
        let row = Sums {
            samples: samples as u32,
            sync_samples: within(self.sync_samples, 1, samples) as u32,
            bytes: within(self.bytes, 1, 1 << 40) as u64,
            duration_90k: within(self.duration, 0, LONGEST),
            ends_in_zero: self.flags.unwrap_or(0) & 1 == 1,
        };
        let found = Sums::of(&self.index).and_then(|index| match index.duration_90k {
            0..=LONGEST if index.sync_samples > 0 => Ok(index),
            0..=LONGEST => Err(Error::new(Kind::Corrupt, "video index: no key frame")),
            long => Err(Error::new(Kind::Corrupt, format!("video index: {long} units long, at most {LONGEST} can be"))),
        });
        match found {
            Ok(index) => {
                let said = Sums { samples: number(self.samples), sync_samples: number(self.sync_samples), ..row };
                remarks.extend(index.differing_from(&said).map(|what| format!("{what}; the index counts")));
                (index, self.index.clone())
            }
            Err(e) => {
                remarks.push(format!("it is kept, but cannot be played whole: {e}"));
                // The table takes no shorter one.
                let index = if self.index.len() < 2 { Arc::from([0, 0]) } else { self.index.clone() };
                (row, index)
            }
        }
    }
}

fn number(n: Option<i64>) -> u32 {
    n.and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

/// The run that the last recording was of.
#[derive(Debug, Default)]
struct Runs {
    last: Option<Recording>,
}

impl Runs {
    /// Puts a recording into its run, which goes on or begins.
    fn place(&self, r: &mut Recording, run_offset: Option<i64>, remarks: &mut Vec<String>) {
        let before = self.last.as_ref().filter(|last| last.id.stream() == r.id.stream());
        let first = run_offset.and_then(|offset| u32::try_from(i64::from(r.id.number()).checked_sub(offset)?).ok());
        let first = first.filter(|first| (1..=r.id.number()).contains(first));
        match (first, before) {
            (Some(first), Some(last)) if last.run_start.number() == first => {
                r.run_start = last.run_start;
                r.media_offset = last.media_offset + last.media_duration;
            }
            (Some(first), last) if last.is_none_or(|last| first > last.id.number()) => {
                r.run_start = RecordingId::new(r.id.stream(), first);
            }
            _ => remarks.push("its place in its run makes no sense: it is a run of its own".into()),
        }
    }

    /// Where the film before it ends, if that is earlier, and nothing was deleted between them.
    fn hole_before(&self, r: &Recording) -> Option<WallTime> {
        let last = self.last.as_ref().filter(|last| last.id.composite() + 1 == r.id.composite())?;
        Some(last.end()).filter(|&end| end < r.start)
    }

    fn passed(&mut self, r: &Recording) {
        self.last = Some(r.clone());
    }
}

/// The order of recording over all cameras: within one that of the numbers, between them that of time.
#[derive(Debug)]
struct Sequences {
    /// By camera, in the order of its numbers.
    of: HashMap<i64, std::vec::IntoIter<u32>>,
}

impl Sequences {
    fn read(conn: &Connection) -> Result<Self> {
        const SQL: &str = "SELECT composite_id >> 32, start_time_90k FROM old_recording ORDER BY composite_id";
        let what = || "read the order of recordings";
        let mut cameras: Vec<(i64, Vec<i64>)> = Vec::new();
        let mut statement = conn.prepare(SQL).or_sql(what)?;
        let mut rows = statement.query(()).or_sql(what)?;
        while let Some(row) = rows.next().or_sql(what)? {
            let (camera, start) = (row.get(0).or_sql(what)?, row.get_ref(1).or_sql(what)?.as_i64().unwrap_or(0));
            match cameras.last_mut() {
                Some((last, starts)) if *last == camera => starts.push(start),
                _ => cameras.push((camera, vec![start])),
            }
        }
        Ok(Self::merge(cameras))
    }

    fn merge(cameras: Vec<(i64, Vec<i64>)>) -> Self {
        let mut next: BinaryHeap<_> =
            cameras.iter().enumerate().map(|(i, (_, starts))| Reverse((starts[0], i))).collect();
        let mut found: Vec<Vec<u32>> = cameras.iter().map(|(_, starts)| Vec::with_capacity(starts.len())).collect();
        let mut sequence = 0;
        while let Some(Reverse((_, i))) = next.pop() {
            sequence += 1;
            found[i].push(sequence);
            if let Some(&start) = cameras[i].1.get(found[i].len()) {
                next.push(Reverse((start, i)));
            }
        }
        Self { of: cameras.iter().map(|(camera, _)| *camera).zip(found.into_iter().map(Vec::into_iter)).collect() }
    }

    fn next(&mut self, camera: i64) -> u64 {
        let next = self.of.get_mut(&camera).and_then(Iterator::next);
        next.expect("the same rows in the same transaction").into()
    }
}

/// The row of `open` that stands for the original system.
const OPEN_ID: u32 = 1;
/// What the table takes.
const CALENDAR: std::ops::RangeInclusive<i64> = -20_000_000_000_000_000..=20_000_000_000_000_000;
const LONGEST: i64 = RECORDING_LIMIT.0 - 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::StreamId;

    #[test]
    fn the_order_is_by_number_in_a_camera_and_by_time_between_them() {
        // The second camera's clock was at 1970 for its third recording.
        let mut sequences = Sequences::merge(vec![(1, vec![10, 20, 30]), (2, vec![15, 16, 0, 40])]);
        let mut all = |camera, n| (0..n).map(|_| sequences.next(camera)).collect::<Vec<_>>();
        assert_eq!((all(1, 3), all(2, 4)), (vec![1, 5, 6], vec![2, 3, 4, 7]));
    }

    fn recording(number: u32) -> Recording {
        let id = RecordingId::new(StreamId::new(3).unwrap(), number);
        Recording {
            id,
            run_start: id,
            media_duration: MediaDuration(100),
            ..crate::store::trailer::tests::example(2).recording
        }
    }

    #[test]
    fn a_recording_is_of_the_run_that_its_offset_names_unless_that_makes_no_sense() {
        let mut runs = Runs::default();
        let mut told = Vec::new();
        for (number, offset) in [(4, 2), (5, 3), (7, 5), (8, 0), (9, 3), (10, -1), (11, 11), (12, 1)] {
            let mut r = recording(number);
            let mut remarks = Vec::new();
            runs.place(&mut r, Some(offset), &mut remarks);
            runs.passed(&r);
            told.push(format!("{}:{}+{}{}", number, r.run_start.number(), r.media_offset.0, "!".repeat(remarks.len())));
        }
        assert_eq!(told.join(" "), "4:2+900 5:2+1000 7:2+1100 8:8+900 9:9+900! 10:10+900! 11:11+900! 12:11+1000");
    }
}
