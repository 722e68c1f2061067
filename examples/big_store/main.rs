//! A store of weeks of film for measurements, made in a minute: rows and indexes as a recorder writes them, sample files
//! of the right lengths with nothing in them.
//!
//! ```text
//! scripts/big-store DIR && target/release/lunette --config DIR/lunette.toml run --read-only
//! ```
//!
//! It is scenery. The film is zeros that take no room, but for the first day of the first stream, which has a mark at
//! every MiB (`marks.rs`). There are no hashes, and trailers only when they are wished for (`--trailers`, to measure `adopt`
//! on): a start does not look at them where there is a row, and `lunette check` does not find them right.

mod marks;
mod minute;
mod timeline;

use clap::Parser;
use lunette::base::WallTime;
use lunette::media::codec::Codec;
use lunette::media::{SampleEntry, annexb};
use lunette::store::camera::{NewCamera, NewStream, PerKind};
use lunette::store::db::Batch;
use lunette::store::formats::write_trailer;
use lunette::store::{ClosedRecording, Options, Store};
use std::error::Error;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use timeline::{Profile, Timeline};

/// Makes a store of recordings without film, for measurements. The same arguments give the same film.
#[derive(Parser, Debug)]
struct Arguments {
    /// A new folder for db, film and lunette.toml.
    dir: PathBuf,
    /// How many days.
    #[arg(long, default_value_t = 40)]
    days: u32,
    /// How many streams: main and sub of camera 1, of camera 2 and so on.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=64))]
    streams: u32,
    /// Main streams: frames a second.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=240))]
    main_fps: u32,
    /// Main streams: bytes a second. 25 hours of the default are 37 GiB.
    #[arg(long, default_value_t = 442_000, value_parser = clap::value_parser!(u32).range(10_000..=30_000_000))]
    main_bytes: u32,
    /// Sub streams: frames a second.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=240))]
    sub_fps: u32,
    /// Sub streams: bytes a second.
    #[arg(long, default_value_t = 62_500, value_parser = clap::value_parser!(u32).range(10_000..=30_000_000))]
    sub_bytes: u32,
    /// Sample files have trailers: some GB more on the disk.
    #[arg(long)]
    trailers: bool,
    /// How the frames jitter.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let dir = &arguments.dir;
    fs::create_dir(dir).map_err(|e| format!("{}: {e}: it must be a new folder", dir.display()))?;
    let dir = &dir.canonicalize()?;
    let options = Options { flush_interval: FOREVER, ..Options::new(dir.join("db"), dir.join("film"), || START) };
    let store = Store::open(options)?;
    let mut timelines = cameras(&store, &arguments)?;
    let (mut recordings, mut bytes) = (0, 0);
    for first in (0..arguments.days * MINUTES_A_DAY).step_by(MINUTES_A_COMMIT as usize) {
        let mut batch = Batch::default();
        for _ in first..(arguments.days * MINUTES_A_DAY).min(first + MINUTES_A_COMMIT) {
            // As it happens: a minute of each stream, then the next minute. So the pages of the database lie as they would.
            for timeline in &mut timelines {
                let (closed, gap) = timeline.next();
                place_film(dir, &closed, timeline.is_first(), arguments.trailers)?;
                recordings += 1;
                bytes += closed.recording.sample_file_bytes;
                batch.gaps.extend(gap.map(|gap| (closed.recording.id.stream(), gap)));
                batch.closed.push(Arc::new(closed));
            }
        }
        if let Some((id, e)) = store.db().commit(&batch)?.refused.into_iter().next() {
            return Err(format!("recording {id}: {e}").into());
        }
    }
    store.shutdown(START, Duration::from_secs(60))?;
    fs::write(dir.join("lunette.toml"), configuration(dir))?;
    let seconds = began.elapsed().as_secs_f64();
    println!("{recordings} recordings, {} GiB told, in {seconds:.0} s: {}", bytes >> 30, dir.display());
    Ok(())
}

/// The streams with what each will record. None of them is to be recorded by whoever opens the store.
fn cameras(store: &Store, arguments: &Arguments) -> Result<Vec<Timeline>, Box<dyn Error>> {
    let parameter_sets = include_bytes!("../../testdata/x264_high_sar.h264");
    let entry = Arc::new(SampleEntry::from_parameter_sets(Codec::H264, annexb::nal_units(parameter_sets))?);
    let main = Arc::new(Profile::new(arguments.main_fps, arguments.main_bytes, arguments.seed));
    let sub = Arc::new(Profile::new(arguments.sub_fps, arguments.sub_bytes, arguments.seed));
    let mut timelines = Vec::new();
    for number in 1..=arguments.streams.div_ceil(2) {
        let stream = || NewStream { record: false, ..NewStream::new(format!("rtsp://127.0.0.1/{number}")) };
        let has_sub = 2 * number <= arguments.streams;
        let streams = PerKind { main: Some(stream()), sub: has_sub.then(stream) };
        let camera =
            store.add_camera(&NewCamera { name: format!("camera {number}"), streams, ..Default::default() })?;
        for (stream, profile) in camera.streams.iter().zip([&main, &sub]) {
            let place = (timelines.len() as u32, arguments.streams);
            timelines.push(Timeline::new(&camera, stream, place, store.boot_id(), profile.clone(), entry.clone()));
        }
    }
    Ok(timelines)
}

/// A file as long as the film should be, which takes no room but for its marks.
fn place_film(dir: &Path, closed: &ClosedRecording, first_stream: bool, trailer: bool) -> std::io::Result<()> {
    let recording = &closed.recording;
    let mut file = File::create_new(dir.join("film").join(recording.id.file_name()))?;
    file.set_len(recording.sample_file_bytes)?;
    if first_stream && recording.id.number() <= marks::RECORDINGS {
        marks::put(&file, recording)?;
    }
    if trailer {
        file.seek(SeekFrom::End(0))?;
        file.write_all(&write_trailer(closed))?;
    }
    Ok(())
}

fn configuration(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "[store]\ndb_dir = '{dir}/db'\nsample_dir = '{dir}/film'\n[web]\nlogin = 'none'\nlisten = ['127.0.0.1:0']\n[recorder]\ndiscovery = 'off'\n"
    )
}

/// 2026-10-01 00:00 UTC: Europe's longest day is among the forty that follow.
const START: WallTime = WallTime(1_790_812_800 * 90_000);
const MINUTES_A_DAY: u32 = 1440;
/// So much goes into one transaction.
const MINUTES_A_COMMIT: u32 = 4 * MINUTES_A_DAY;
/// We commit ourselves.
const FOREVER: Duration = Duration::from_secs(1 << 30);
