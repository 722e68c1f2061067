//! `Stage`: a store of two cameras with runs, holes, and film that was recorded before the clock was right.

use crate::outside::Outside;
use lunette::base::{MonoTime, RecordingId, StreamId, WallDuration, WallTime};
use lunette::media::codec::Codec;
use lunette::media::growing::Step;
use lunette::media::recording::{Cause, EndReason};
use lunette::media::run::{Run, Terms};
use lunette::media::{Frame, SampleEntry, annexb};
use lunette::store::camera::{NewCamera, NewStream, PerKind};
use lunette::store::{CheckOptions, Gap, Growing, Options, Store, check};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tempfile::TempDir;

/// A copy of the good store, to be damaged.
pub(crate) struct Stage {
    dir: TempDir,
}

/// 2026-03-01T00:00:00Z
pub(crate) const START: WallTime = WallTime(1_772_323_200 * 90_000);
const SECOND: i64 = 90_000;

impl Stage {
    pub(crate) fn new() -> Self {
        static GOOD: OnceLock<TempDir> = OnceLock::new();
        let good = GOOD.get_or_init(|| {
            let stage = Self { dir: tempfile::tempdir().unwrap() };
            stage.record(0);
            stage.dir
        });
        let stage = Self { dir: tempfile::tempdir().unwrap() };
        copy(good.path(), stage.dir.path());
        stage
    }

    /// Another good store, made anew: of other cameras, but with the same ids.
    pub(crate) fn foreign() -> Self {
        let stage = Self { dir: tempfile::tempdir().unwrap() };
        stage.record(1);
        stage
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.dir.path().join("db")
    }

    pub(crate) fn film(&self) -> PathBuf {
        self.dir.path().join("film")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.film().join(name)
    }

    pub(crate) fn options(&self) -> Options {
        let seldom = Duration::from_secs(3600);
        let options = Options::new(self.db(), self.film(), || START);
        Options { sync_interval: seldom, flush_interval: seldom, zone: jiff::tz::TimeZone::UTC, ..options }
    }

    pub(crate) fn open(&self) -> Arc<Store> {
        Store::open(self.options()).unwrap()
    }

    pub(crate) fn check(&self, options: CheckOptions) -> Vec<String> {
        let lines = check(&self.db(), &self.film(), options).unwrap_or_else(|e| vec![format!("error: {e}")]);
        let film = self.film().display().to_string();
        lines.into_iter().map(|line| line.replace(&film, "FILM")).collect()
    }

    /// What a browser sees of it.
    pub(crate) fn outside(&self) -> Outside {
        Outside::look(self.options())
    }

    /// Does something to the database that our own functions would not.
    pub(crate) fn sql(&self, sql: &str) {
        let conn = rusqlite::Connection::open(self.db().join("db")).unwrap();
        conn.execute_batch("PRAGMA foreign_keys = off; PRAGMA ignore_check_constraints = on").unwrap();
        conn.execute_batch(sql).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap()
    }

    /// Writes into a file that is there, which keeps its mode.
    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.read(name);
        change(&mut bytes);
        fs::write(self.file(name), bytes).unwrap();
    }

    /// Bytes of film in a sample file, as its row tells.
    pub(crate) fn film_bytes(&self, name: &str) -> usize {
        let conn = rusqlite::Connection::open(self.db().join("db")).unwrap();
        let id = RecordingId::from_file_name(name).unwrap().composite();
        conn.query_row("SELECT sample_file_bytes FROM recording WHERE composite_id = ?1", [id], |row| row.get(0))
            .unwrap()
    }

    /// Two cameras, three streams. Of the first: a run of three recordings, a hole, a run of two; its sub stream a run of
    /// two; of the second camera a run before the clock was right, which was moved, and one after.
    fn record(&self, seed: u32) {
        let store = self.open();
        let streams = |sub: Option<&str>| PerKind {
            main: Some(NewStream { record: false, ..NewStream::new("rtsp://192.0.2.1/main") }),
            sub: sub.map(|url| NewStream { record: false, ..NewStream::new(url) }),
        };
        let camera = |name: &str, sub: Option<&str>| NewCamera {
            name: name.into(),
            username: if sub.is_some() { "owner".into() } else { String::new() },
            streams: streams(sub),
            ..Default::default()
        };
        let porch = store.add_camera(&camera("porch", Some("rtsp://192.0.2.1/sub"))).unwrap();
        let yard = store.add_camera(&camera("yard", None)).unwrap();
        let [main, sub] = [0, 1].map(|n| porch.streams[n].id);
        let gate = yard.streams[0].id;
        let tape = |stream, entry| Tape { store: &store, stream, entry, growing: None, seed };
        tape(main, 0).run(0, 250, "camera silent: 10 s", false);
        tape(sub, 1).run(0, 150, "recorder stopped", false);
        tape(main, 0).run(300, 190, "recorder stopped", false);
        let gap = |start: i64, end: Option<i64>, cause: &str, detail: &str| Gap {
            start: START + WallDuration(start * SECOND),
            end: end.map(|end| START + WallDuration(end * SECOND)),
            cause: cause.into(),
            detail: detail.into(),
        };
        store.gap(main, gap(249, Some(300), "camera silent", "10 s"));
        store.gap(main, gap(489, None, "recorder stopped", ""));
        store.gap(sub, gap(149, None, "recorder stopped", ""));
        // In 1970, and two hours early by what is known an hour later.
        tape(gate, 0).run(-7200, 150, "camera silent: 10 s", true);
        store.prove_clock(WallDuration(START.0)).unwrap();
        tape(gate, 0).run(400, 70, "recorder stopped", false);
        store.gap(gate, gap(149, Some(400), "camera silent", "10 s"));
        store.db().set_protected_spans(main, &[START..START + WallDuration(60 * SECOND)]).unwrap();
        store.flush().unwrap();
        store.shutdown(START, Duration::from_secs(60)).unwrap();
    }
}

/// A camera without a camera: a frame a second, a key frame every tenth, of real NAL units in length.
struct Tape<'a> {
    store: &'a Arc<Store>,
    stream: StreamId,
    entry: usize,
    growing: Option<Growing>,
    seed: u32,
}

impl Tape<'_> {
    /// A run of so many frames that begins so many seconds after the start, by a clock that may be wrong.
    fn run(&mut self, at: i64, frames: i64, reason: &str, unproven: bool) {
        let clock_offset = WallDuration(START.0 + at * SECOND);
        let mut run = Run::new(Terms { stream: self.stream, clock_offset, unproven });
        for n in 0..frames {
            let bytes = 500 + 10 * (n as u32 % 7);
            let mut data = (bytes - 4).to_be_bytes().to_vec();
            data.push(if n % 10 == 0 { 0x65 } else { 0x41 });
            let noise = |i: u32| {
                ((i ^ (n as u32) ^ self.seed << 8 ^ (at as u32) << 12).wrapping_mul(2_654_435_761) >> 24) as u8
            };
            data.extend((5..bytes).map(noise));
            let frame = Frame {
                pts_90k: n * SECOND,
                arrived: MonoTime(n * SECOND),
                is_key: n % 10 == 0,
                is_skipped_leading: false,
                is_bidirectional: false,
                data: data.into(),
                sample_entry: sample_entries()[self.entry].clone(),
                lost_packets: 0,
            };
            let mut steps = Vec::new();
            run.push(&frame, &mut steps).unwrap();
            self.take(steps);
            if n % 8 == 7 {
                self.store.catch_up().unwrap();
            }
        }
        let mut steps = Vec::new();
        let (words, detail) = reason.split_once(": ").unwrap_or((reason, ""));
        let cause = Cause::ALL.into_iter().find(|cause| cause.words() == words).unwrap();
        run.finish(EndReason::new(cause, detail), &mut steps);
        self.take(steps);
        self.store.flush().unwrap();
    }

    fn take(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Open(head) => self.growing = Some(self.store.begin(head).unwrap()),
                Step::Append(append) => self.growing.as_mut().unwrap().append(append).unwrap(),
                Step::Close(close) => self.growing.take().unwrap().close(close),
            }
        }
    }
}

fn sample_entries() -> [Arc<SampleEntry>; 2] {
    static ENTRIES: OnceLock<[Arc<SampleEntry>; 2]> = OnceLock::new();
    let entry = |bytes| SampleEntry::from_parameter_sets(Codec::H264, annexb::nal_units(bytes)).unwrap().into();
    let high = include_bytes!("../../testdata/x264_high_sar.h264");
    ENTRIES
        .get_or_init(|| {
            let high: Arc<SampleEntry> = entry(high);
            let mut other = (*high).clone();
            // A colour of its own: the same camera with another setting.
            let mut data = other.data.to_vec();
            *data.last_mut().unwrap() ^= 1;
            other.data = data.into();
            [high, other.into()]
        })
        .clone()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
