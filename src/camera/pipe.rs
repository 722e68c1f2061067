//! `Session`: the pictures of an Annex B byte stream, from a FIFO or from a child process.

mod cadence;
mod process;

use self::cadence::Cadence;
use self::process::Process;
use super::clock::monotonic_now;
use super::silence::Silence;
use super::source::ByteStream;
use super::{Options, Report};
use crate::base::{MonoTime, Result};
use crate::media::Frame;
use crate::media::SampleEntry;
use crate::media::access_unit::Splitter;
use crate::media::codec::Codec;
use crate::media::converter::Converter;
use crate::media::output_order::OutputOrder;
use crate::media::recording::{Cause, EndReason};
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::unix::pipe;
use tokio::time::Instant;

/// A byte stream that is being read.
///
/// An access unit is known to be whole when the next one begins, so each frame comes one picture late, and later where
/// pictures change places and the next ones tell where it is shown; its arrival is that of its own last byte.
pub(super) struct Session {
    input: Box<dyn AsyncRead + Send + Unpin>,
    process: Option<Process>,
    farewell_limit: Duration,
    codec: Codec,
    splitter: Splitter,
    converter: Converter,
    cadence: Cadence,
    order: OutputOrder,
    silence: Silence,
    buffer: BytesMut,
    last_read: MonoTime,
    frames: VecDeque<Frame>,
    sample_entry: Option<Arc<SampleEntry>>,
    ended: Option<EndReason>,
}

impl Session {
    /// Reads from a FIFO; somebody may come to write to it later.
    pub(super) fn open_fifo(stream: ByteStream, path: &Path, options: &Options) -> Result<Self, EndReason> {
        let input = pipe::OpenOptions::new().open_receiver(path);
        let input = input.map_err(|e| EndReason::new(Cause::Unreachable, format!("open {}: {e}", path.display())))?;
        Ok(Self::new(stream, Box::new(input), None, options))
    }

    /// Starts a command and reads its standard output.
    pub(super) fn spawn(stream: ByteStream, words: &[String], options: &Options) -> Result<Self, EndReason> {
        let spawned = Process::spawn(words);
        let (process, input) =
            spawned.map_err(|e| EndReason::new(Cause::Unreachable, format!("start {}: {e}", words[0])))?;
        Ok(Self::new(stream, Box::new(input), Some(process), options))
    }

    fn new(
        stream: ByteStream,
        input: Box<dyn AsyncRead + Send + Unpin>,
        process: Option<Process>,
        options: &Options,
    ) -> Self {
        Self {
            input,
            process,
            farewell_limit: options.farewell_limit,
            codec: stream.codec,
            splitter: Splitter::new(stream.codec),
            converter: Converter::new(stream.codec),
            cadence: Cadence::new(stream.fps),
            order: OutputOrder::default(),
            silence: Silence::new(options.silence_limit),
            buffer: BytesMut::new(),
            last_read: monotonic_now(),
            frames: VecDeque::new(),
            sample_entry: None,
            ended: None,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Frame, EndReason> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Ok(frame);
            }
            if let Some(reason) = &self.ended {
                return Err(reason.clone());
            }
            self.buffer.clear();
            self.buffer.reserve(READ_BYTES);
            let read = tokio::select! {
                biased;
                read = self.input.read_buf(&mut self.buffer) => read,
                () = self.silence.is_too_long() => return Err(self.silent()),
            };
            match read {
                Ok(0) => self.finish().await,
                Ok(_) => self.take_bytes(),
                Err(e) => return Err(EndReason::new(Cause::Closed, e.to_string())),
            }
            // Bytes without end that hold no picture are silence too.
            if self.frames.is_empty() && self.ended.is_none() && self.silence.is_over() {
                return Err(self.silent());
            }
        }
    }

    /// The frames that are whole only if nothing more comes. To be asked for when nothing more is read.
    pub(super) fn rest(&mut self) -> Vec<Frame> {
        self.take_the_rest();
        self.frames.drain(..).collect()
    }

    fn silent(&self) -> EndReason {
        let limit = self.silence.limit().as_secs_f64();
        EndReason::new(Cause::Silent, format!("no picture for {limit} s"))
    }

    pub(super) fn report(&self) -> Report {
        Report {
            codec: self.codec,
            video: self.sample_entry.clone(),
            clock_offset: None,
            lost_packets: 0,
            complaint: None,
            server: None,
            transport: None,
        }
    }

    pub(super) async fn close(self) {
        if let Some(process) = self.process {
            process.end(self.farewell_limit).await;
        }
    }

    /// The first access unit that is found whole ended with the bytes read before these.
    fn take_bytes(&mut self) {
        let now = monotonic_now();
        let mut arrived = std::mem::replace(&mut self.last_read, now);
        self.splitter.push(&self.buffer);
        while let Some(unit) = self.splitter.next() {
            self.take_access_unit(unit, arrived);
            arrived = now;
        }
    }

    fn take_access_unit(&mut self, unit: Result<Bytes>, arrived: MonoTime) {
        if self.ended.is_some() {
            return;
        }
        let converted = match unit.and_then(|unit| self.converter.convert(&unit)) {
            Ok(Some(converted)) => converted,
            // Before the first parameter sets it cannot be decoded.
            Ok(None) => return,
            Err(e) => {
                self.ended.get_or_insert(EndReason::new(Cause::BadVideo, e.to_string()));
                return;
            }
        };
        self.silence.heard(Instant::now());
        self.sample_entry = Some(converted.sample_entry.clone());
        let frame = Frame {
            pts_90k: self.cadence.stamp(arrived),
            arrived,
            is_key: converted.picture.is_key,
            is_skipped_leading: converted.picture.is_skipped_leading,
            is_bidirectional: converted.picture.is_bidirectional,
            data: converted.data,
            sample_entry: converted.sample_entry,
            lost_packets: 0,
        };
        if let Err(reason) = self.order.push(frame, converted.order) {
            self.ended.get_or_insert(reason);
        }
        self.take_placed();
    }

    fn take_placed(&mut self) {
        self.frames.extend(std::iter::from_fn(|| self.order.pop()));
    }

    fn take_the_rest(&mut self) {
        self.splitter.finish();
        while let Some(unit) = self.splitter.next() {
            self.take_access_unit(unit, self.last_read);
        }
        self.order.flush();
        self.take_placed();
    }

    /// The input has ended. To be dropped before it is done is no harm: the input goes on being at its end.
    async fn finish(&mut self) {
        self.take_the_rest();
        let detail = match &mut self.process {
            Some(process) => process.ending(self.farewell_limit).await,
            None => "the writer has gone".to_owned(),
        };
        self.ended.get_or_insert(EndReason::new(Cause::Closed, detail));
    }
}

/// What is asked of the input at once.
const READ_BYTES: usize = 64 * 1024;

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("report", &self.report()).finish_non_exhaustive()
    }
}
