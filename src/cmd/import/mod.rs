//! `lunette import`: a file becomes recordings.

mod annexb;
mod mp4;

use super::config::Config;
use super::opening::Access;
use super::{Outcome, camera, opening, output};
use crate::base::{Error, Kind, MediaDuration, MonoTime, Result, ResultExt, StreamId, WallDuration, WallTime};
use crate::media::Frame;
use crate::media::codec::Codec;
use crate::media::growing::{Close, Head, Step};
use crate::media::picture::Pictures;
use crate::media::recording::{Cause, EndReason, Flags};
use crate::media::run::{Run, Terms};
use crate::store::{Growing, Store, StreamKind};
use jiff::tz::TimeZone;
use std::fs::File;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Turns a raw .h264 or .h265 stream, or an .mp4 file, into recordings of a camera; the daemon must not run
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Annex B H.264 (.h264 .264 .avc), H.265 (.h265 .265 .hevc), or .mp4
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Name or uuid of the camera that it is of
    #[arg(long, value_name = "NAME")]
    camera: String,
    /// main or sub
    #[arg(long, default_value = "main", value_parser = camera::stream_kind)]
    stream: StreamKind,
    /// When the first picture was taken: text or a 90 kHz number, see `lunette ts`
    #[arg(long, value_name = "TIME")]
    start: String,
    /// Pictures a second of a raw stream, in place of what it says itself; 30 where it says nothing
    #[arg(long, value_parser = fps)]
    fps: Option<f64>,
}

/// What a file may be.
enum Format {
    AnnexB(Codec),
    Mp4,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let start = WallTime::parse(&args.start, &TimeZone::system()).map_err(|e| e.on("--start"))?;
    let format = format(args)?;
    let what = || format!("import {}", args.file.display());
    let file = File::open(&args.file).or_fail(Kind::BadInput, what)?;
    let store = opening::open(config, Access::Write)?;
    let imported = stream(&store, args).and_then(|stream| {
        let mut tape = Tape::new(&store, stream, start);
        let frames = match format {
            Format::AnnexB(codec) => annexb::each_frame(file, codec, args.fps, |frame| tape.push(&frame)),
            Format::Mp4 => mp4::each_frame(file, |frame| tape.push(&frame)),
        };
        // What was whole before a failure stays: the file may be cut short, and the rest of it is film all the same.
        let (kept, numbers) = tape.finish();
        if let Some(numbers) = numbers {
            store.patch_in(stream, numbers)?;
        }
        frames.map(|()| kept).map_err(|e| told(e, kept))
    });
    let closed = opening::close(&store, opening::PATIENCE);
    let length = imported.map_err(|e| e.on(what()))?;
    closed?;
    output::say(&format!(
        "imported {:.1} s of film, until {}",
        length.as_secs_f64(),
        (start + length.as_wall()).text(&TimeZone::system())
    ))?;
    Ok(Outcome::Done)
}

/// The stream that gets the film.
fn stream(store: &Store, args: &Args) -> Result<StreamId> {
    let cameras = store.cameras();
    let named = |c: &&crate::store::Camera| c.name == args.camera || c.uuid.to_string() == args.camera;
    let camera = cameras.iter().find(named);
    let stream = camera.and_then(|camera| camera.stream(args.stream));
    stream.map(|stream| stream.id).ok_or_else(|| {
        let what = format!("camera {:?} has no {} stream; see `lunette camera list`", args.camera, args.stream);
        Error::new(Kind::NotFound, what)
    })
}

fn format(args: &Args) -> Result<Format> {
    let extension = args.file.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    match extension.as_str() {
        "h264" | "264" | "avc" => Ok(Format::AnnexB(Codec::H264)),
        "h265" | "265" | "hevc" => Ok(Format::AnnexB(Codec::H265)),
        "mp4" | "m4v" | "mov" => Ok(Format::Mp4),
        _ => {
            let why = "the name ends in none of .h264 .264 .avc .h265 .265 .hevc .mp4 .m4v .mov";
            Err(Error::new(Kind::BadInput, format!("import {}: {why}", args.file.display())))
        }
    }
}

fn fps(text: &str) -> std::result::Result<f64, String> {
    let fps = text.parse::<f64>().ok().filter(|fps| (0.1..=240.0).contains(fps));
    fps.ok_or_else(|| "expected a number from 0.1 to 240".to_owned())
}

/// Takes frames as if a camera had sent them, without waiting for the time to pass.
struct Tape<'a> {
    store: &'a Store,
    terms: Terms,
    /// Begins with the first frame.
    run: Option<Run>,
    steps: Vec<Step>,
    growing: Option<Growing>,
    /// Up to the newest frame.
    length: MediaDuration,
    /// As far as it is in its files.
    written: MediaDuration,
    /// The recordings that it begins with and goes on with.
    numbers: Option<RangeInclusive<u32>>,
    /// As far as it has rows, and what came since.
    settled: MediaDuration,
    unsettled_bytes: usize,
}

impl<'a> Tape<'a> {
    fn new(store: &'a Store, stream: StreamId, start: WallTime) -> Self {
        // Frames arrive at their own timestamps, which begin with 0: so the run starts at `start` and never drifts.
        let terms = Terms { stream, clock_offset: WallDuration(start.0), unproven: false };
        Self {
            store,
            terms,
            run: None,
            steps: Vec::new(),
            growing: None,
            length: MediaDuration::ZERO,
            written: MediaDuration::ZERO,
            numbers: None,
            settled: MediaDuration::ZERO,
            unsettled_bytes: 0,
        }
    }

    /// One more frame; its timestamps begin with 0. Blocks when the disk is behind.
    fn push(&mut self, frame: &Frame) -> Result<()> {
        // One that changes places comes with those that it is decoded after.
        self.length = self.length.max(MediaDuration(frame.pts_90k));
        let frame = &Frame { arrived: MonoTime(self.length.0), ..frame.clone() };
        let mut steps = std::mem::take(&mut self.steps);
        let run = match &mut self.run {
            Some(run) => run,
            none => none.insert(Self::run(self.terms, frame)?),
        };
        run.push(frame, &mut steps).map_err(|reason| Error::new(Kind::BadInput, reason.to_string()))?;
        for step in steps.drain(..) {
            self.act(step)?;
        }
        self.steps = steps;
        self.unsettled_bytes += frame.data.len();
        if self.length - self.settled > UNSETTLED || self.unsettled_bytes > UNSETTLED_BYTES {
            self.store.flush()?;
            (self.written, self.settled, self.unsettled_bytes) = (self.length, self.length, 0);
        } else if self.length - self.written > AHEAD {
            self.store.catch_up()?;
            self.written = self.length;
        }
        Ok(())
    }

    /// A run that waits for frames as long as they may have to, where the stream does not say: nobody looks on.
    fn run(terms: Terms, first: &Frame) -> Result<Run> {
        let reach = Pictures::new(&first.sample_entry)?.reach();
        Ok(Run::new(terms).with_reorder(if reach.is_told { 0 } else { reach.places }))
    }

    /// Ends the run and tells how long it is, and which recordings it became.
    fn finish(mut self) -> (MediaDuration, Option<RangeInclusive<u32>>) {
        let mut steps = Vec::new();
        if let Some(run) = &mut self.run {
            run.finish(EndReason::new(Cause::Closed, "the imported file ends"), &mut steps);
        }
        for step in steps {
            // Only `Open` and `Append` can fail, and a run does not end with them.
            let _ = self.act(step);
        }
        (self.length, self.numbers)
    }

    fn act(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Open(head) => {
                let head = Head { flags: head.flags.with(Flags::IMPORTED), ..head };
                let growing = self.store.begin(head)?;
                let number = growing.id().number();
                let first = self.numbers.as_ref().map_or(number, |numbers| *numbers.start());
                self.numbers = Some(first..=number);
                self.growing = Some(growing);
            }
            Step::Append(append) => {
                let growing = self.growing.as_mut().expect("a run opens before it appends");
                growing.append(append).map_err(|reason| Error::new(Kind::Disk, reason.to_string()))?;
            }
            Step::Close(close) => {
                let close = Close { flags: close.flags.with(Flags::IMPORTED), ..close };
                self.growing.take().expect("a run opens before it closes").close(close);
            }
        }
        Ok(())
    }
}

/// Far below what makes the store give up on a recording.
const AHEAD: MediaDuration = MediaDuration::from_secs(8);
/// What a slow card syncs within a few seconds, so that the end of an import is not a long one; each sync costs.
const UNSETTLED_BYTES: usize = 32 << 20;
/// Small film: far fewer recordings than the store remembers without a row.
const UNSETTLED: MediaDuration = MediaDuration::from_secs(3600);

/// A failure, and what came of the file before it.
fn told(e: Error, kept: MediaDuration) -> Error {
    if kept == MediaDuration::ZERO { e } else { e.on(format!("after {:.1} s, which were kept", kept.as_secs_f64())) }
}
