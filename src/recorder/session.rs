//! `Session`: one stream's loop: connect, record, and try again.

use super::backoff::Backoff;
use super::pace::Pace;
use super::tape::{Taken, Tape};
use super::wanted::Wanted;
use crate::base::MonoTime;
use crate::base::StreamId;
use crate::base::WallDuration;
use crate::camera;
use crate::camera::clock;
use crate::live::{Live, State};
use crate::media::recording::{Cause, EndReason};
use crate::media::{Drift, Frame};
use crate::store::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// Records a stream until it is told to stop.
pub(super) struct Session {
    live: Arc<Live>,
    wanted: Wanted,
    options: camera::Options,
    stopped: watch::Receiver<Option<Cause>>,
    pace: Pace,
    tape: Tape,
    /// Of the camera's clock, over this connection.
    drift: Drift,
}

/// What all sessions of a recorder share.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) store: Arc<Store>,
    pub(super) live: Arc<Live>,
    pub(super) pace: Pace,
}

/// Why a connection to the camera is over.
enum Ended {
    Stopped(Cause),
    Failed(EndReason),
}

impl Session {
    /// A session that has not begun. `stale` is shared by all sessions with its camera.
    pub(super) async fn new(
        common: Common,
        wanted: Wanted,
        stale: camera::StaleSessions,
        stopped: watch::Receiver<Option<Cause>>,
    ) -> Self {
        let Common { store, live, pace } = common;
        let (stream, label) = (wanted.stream, wanted.label.clone());
        let publisher = live.frames.publisher(stream);
        // The disk is asked where it holds no other stream up.
        let tape = tokio::task::spawn_blocking(move || Tape::new(store, publisher, stream, &label)).await;
        let tape = tape.expect("a tape begins without a panic, and nobody aborts it");
        let options = camera::Options { stale, ..camera::Options::default() };
        Self { live, wanted, options, stopped, pace, tape, drift: Drift::default() }
    }

    /// The loop. Answers its stream when it was told to stop and has handed over its last frame.
    pub(super) async fn run(mut self) -> StreamId {
        let stream = self.wanted.stream;
        let mut backoff = Backoff::default();
        loop {
            self.live.health.connecting(stream, clock::wall_now(), clock::monotonic_now());
            let mut span = Span::default();
            let reason = match self.connect_and_record(&mut span).await {
                Ended::Stopped(_) => return stream,
                Ended::Failed(reason) => reason,
            };
            self.tape.still_nothing(&reason);
            let wait = backoff.after(span.length());
            self.tell(&reason, State::Waiting, &format!("trying again every {} s or so", wait.as_secs()));
            if timeout(wait, stop_signal(&mut self.stopped)).await.is_ok() {
                return stream;
            }
        }
    }

    async fn connect_and_record(&mut self, span: &mut Span) -> Ended {
        let _awake = self.wanted.link.may_lose_what_waits().then(|| self.pace.stay_awake());
        let mut stopped = self.stopped.clone();
        let camera = tokio::select! {
            biased;
            cause = stop_signal(&mut stopped) => return Ended::Stopped(cause),
            opened = self.connect() => opened,
        };
        let mut camera = match camera {
            Ok(camera) => camera,
            Err(reason) => return Ended::Failed(reason),
        };
        self.drift = Drift::default();
        let ended = self.record(&mut camera, span).await;
        self.tape.end(match &ended {
            Ended::Stopped(cause) => EndReason::new(*cause, ""),
            Ended::Failed(reason) => reason.clone(),
        });
        camera.close().await;
        ended
    }

    async fn connect(&self) -> Result<camera::Session, EndReason> {
        let source = self.wanted.link.source().map_err(|e| EndReason::new(Cause::Unreachable, e.to_string()))?;
        camera::Session::open(&source, &self.wanted.link.login, &self.options).await
    }

    async fn record(&mut self, camera: &mut camera::Session, span: &mut Span) -> Ended {
        loop {
            let next = tokio::select! {
                biased;
                cause = stop_signal(&mut self.stopped) => {
                    self.drain(camera, span).await;
                    return Ended::Stopped(cause);
                }
                next = camera.next() => next,
            };
            if let Err(reason) = next.and_then(|frame| self.take(camera, &frame, span)) {
                return Ended::Failed(reason);
            }
        }
    }

    /// Takes what had arrived when the stop came: nothing that was received is lost.
    async fn drain(&mut self, camera: &mut camera::Session, span: &mut Span) {
        let end = Instant::now() + DRAIN_LIMIT;
        while Instant::now() < end {
            match timeout(DRAIN_WAIT, camera.next()).await {
                Ok(Ok(frame)) if self.take(camera, &frame, span).is_ok() => {}
                Ok(_) => return,
                Err(_) => break,
            }
        }
        for frame in camera.rest() {
            if self.take(camera, &frame, span).is_err() {
                return;
            }
        }
    }

    fn take(&mut self, camera: &camera::Session, frame: &Frame, span: &mut Span) -> Result<(), EndReason> {
        let taken = self.tape.push(frame, self.live.clock.anchor(clock_offset()))?;
        match taken {
            Taken::Yes => {}
            Taken::Waiting => return Ok(()),
            Taken::Refused(reason) => {
                self.tell(&reason, State::NotRecording, "the camera goes on, the disk is tried again");
                return Ok(());
            }
        }
        if span.first.is_none() {
            log::info!("{}: recording {}", self.wanted.label, camera.report());
        }
        span.extend(frame.arrived);
        let stream = self.wanted.stream;
        self.live.health.frame(stream, frame.arrived, clock::wall_now(), frame.data.len());
        if self.wanted.link.has_clock()
            && let Some(found) = self.drift.hear(frame.pts_90k, frame.arrived)
        {
            self.live.health.drift(stream, found);
        }
        if frame.is_key {
            let report = camera.report();
            self.live.health.report(stream, &report.to_string(), report.lost_packets, report.clock_offset);
        }
        Ok(())
    }

    /// Trouble goes to the health board, and to the log if it is news.
    fn tell(&self, reason: &EndReason, next: State, what_now: &str) {
        if self.live.health.trouble(self.wanted.stream, reason, next, clock::wall_now()) {
            log::warn!("{}: {reason}; {what_now}", self.wanted.label);
        }
    }
}

/// From the first recorded frame of a connection to the last.
#[derive(Debug, Default)]
struct Span {
    first: Option<MonoTime>,
    last: MonoTime,
}

impl Span {
    fn extend(&mut self, at: MonoTime) {
        self.first.get_or_insert(at);
        self.last = at;
    }

    fn length(&self) -> Duration {
        let length_90k = self.first.map_or(0, |first| (self.last - first).0);
        Duration::from_millis(u64::try_from(length_90k / 90).unwrap_or(0))
    }
}

/// Realtime − monotonic.
fn clock_offset() -> WallDuration {
    WallDuration(clock::wall_now().0 - clock::monotonic_now().0)
}

/// Waits until the session has to stop. The supervisor gone without a word is a stop too.
pub(super) async fn stop_signal(stopped: &mut watch::Receiver<Option<Cause>>) -> Cause {
    match stopped.wait_for(Option::is_some).await {
        Ok(cause) => cause.unwrap_or(Cause::Stopped),
        Err(_) => Cause::Stopped,
    }
}

/// Frames that are in our socket's buffer come without a wait; a camera sends the next one later than this.
const DRAIN_WAIT: Duration = Duration::from_millis(20);
/// A camera that sends faster than [`DRAIN_WAIT`] would never be done.
const DRAIN_LIMIT: Duration = Duration::from_millis(200);
