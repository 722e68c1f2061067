//! Talking to cameras. What leaves this room is a [`Frame`].

pub mod clock;
pub mod login;
pub mod onvif;
mod pipe;
mod rtsp;
mod silence;
pub mod source;
pub mod usual_paths;

pub use login::{Login, split_login};
pub use rtsp::StaleSessions;
pub use source::Source;

use crate::base::Transport;
use crate::base::WallDuration;
use crate::media::Frame;
use crate::media::SampleEntry;
use crate::media::codec::Codec;
use crate::media::recording::EndReason;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// An open connection to a camera, or to a program that stands for one.
///
/// Frames come in decoding order as soon as their last byte is here: nothing is probed, reordered or mended. Their
/// timestamps are the camera's own; whether they can be recorded is for `media::run` to say. The first frames need
/// not be key frames.
#[derive(Debug)]
pub struct Session(Inner);

#[derive(Debug)]
enum Inner {
    Rtsp(Box<rtsp::Session>),
    Pipe(Box<pipe::Session>),
}

/// How to open a session.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long the camera may take to answer.
    pub answer_limit: Duration,
    /// How long a session may go without a picture.
    pub silence_limit: Duration,
    /// How long the farewell at the end of a session may take.
    pub farewell_limit: Duration,
    /// What we call ourselves.
    pub user_agent: String,
    /// Sessions of the same camera that it may not have let go yet. One for all sessions with a camera.
    pub stale: StaleSessions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            answer_limit: Duration::from_secs(10),
            silence_limit: Duration::from_secs(10),
            farewell_limit: Duration::from_secs(1),
            user_agent: concat!("lunette/", env!("CARGO_PKG_VERSION")).to_owned(),
            stale: StaleSessions::default(),
        }
    }
}

impl Session {
    /// Connects and asks for the pictures. The reason of a failure names no secret.
    pub async fn open(source: &Source, login: &Login, options: &Options) -> Result<Self, EndReason> {
        let inner = match source {
            Source::Rtsp(source) => Inner::Rtsp(Box::new(rtsp::Session::open(source, login, options).await?)),
            Source::Pipe(stream, path) => Inner::Pipe(Box::new(pipe::Session::open_fifo(*stream, path, options)?)),
            Source::Command(stream, words) => Inner::Pipe(Box::new(pipe::Session::spawn(*stream, words, options)?)),
        };
        Ok(Self(inner))
    }

    /// The next frame, or why there will be none. Cancel-safe: a frame is never lost by dropping the future.
    pub async fn next(&mut self) -> Result<Frame, EndReason> {
        match &mut self.0 {
            Inner::Rtsp(session) => session.next().await,
            Inner::Pipe(session) => session.next().await,
        }
    }

    /// The frames that were received and not given yet, because only the next would have shown that they are whole.
    /// To be asked for at the end of a session that is not read any more.
    pub fn rest(&mut self) -> Vec<Frame> {
        match &mut self.0 {
            // The last packet of a picture says so.
            Inner::Rtsp(_) => Vec::new(),
            Inner::Pipe(session) => session.rest(),
        }
    }

    /// What is known of the stream by now.
    pub fn report(&self) -> Report {
        match &self.0 {
            Inner::Rtsp(session) => session.report(),
            Inner::Pipe(session) => session.report(),
        }
    }

    /// Takes leave of the camera (TEARDOWN; a child process is ended and reaped), within
    /// [`Options::farewell_limit`]. A session that is dropped instead does the same behind our back.
    pub async fn close(self) {
        match self.0 {
            Inner::Rtsp(session) => session.close().await,
            Inner::Pipe(session) => session.close().await,
        }
    }
}

/// What is known of a stream while its session lasts. Shown, it is what the camera sends, such as `H.264 640x360`.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its coding.
    pub codec: Codec,
    /// Size, shape of pixels and profile, once its parameter sets are known.
    pub video: Option<Arc<SampleEntry>>,
    /// The camera's clock − ours, by its newest RTCP sender report. It holds the time that the report travelled.
    pub clock_offset: Option<WallDuration>,
    /// RTP packets that were lost on the way, came too late to be of use, or made no sense.
    pub lost_packets: u64,
    /// What was wrong with the newest of those that made no sense.
    pub complaint: Option<String>,
    /// What the camera's server calls itself.
    pub server: Option<String>,
    /// How RTP travels; `None` where there is no RTP.
    pub transport: Option<Transport>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.codec.fmt(f)?;
        match &self.video {
            Some(video) => write!(f, " {}x{}", video.width, video.height),
            None => Ok(()),
        }
    }
}
