//! Opening sessions and watching what they give.

use crate::support::cameras::DemoCamera;
use crate::support::sent;
use lunette::base::{Secret, Transport};
use lunette::camera::{Login, Options, Session, Source};
use lunette::media::Frame;
use lunette::media::recording::EndReason;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Opens a session that waits for no picture longer than five seconds.
pub(crate) async fn open(url: &str, transport: Transport) -> Result<Session, EndReason> {
    open_with(url, transport, &Login::default()).await
}

pub(crate) async fn open_with(url: &str, transport: Transport, login: &Login) -> Result<Session, EndReason> {
    Session::open(&Source::parse(url, transport).unwrap(), login, &patience()).await
}

fn patience() -> Options {
    // Long enough for a machine that builds something meanwhile.
    Options { silence_limit: Duration::from_secs(5), ..Options::default() }
}

pub(crate) fn login(username: &str, password: &str) -> Login {
    Login { username: username.to_owned(), password: Secret::new(password) }
}

/// The next frames of a stream that is expected to have them.
pub(crate) async fn frames(session: &mut Session, count: usize) -> Vec<Frame> {
    let mut frames = Vec::with_capacity(count);
    while frames.len() < count {
        frames.push(session.next().await.unwrap_or_else(|end| panic!("after {} frames: {end}", frames.len())));
    }
    frames
}

/// All frames until the stream ends, and why it did.
pub(crate) async fn until_end(session: &mut Session) -> (Vec<Frame>, EndReason) {
    let mut frames = Vec::new();
    loop {
        match session.next().await {
            Ok(frame) => frames.push(frame),
            Err(end) => return (frames, end),
        }
    }
}

/// Timestamps as differences to the one before.
pub(crate) fn steps(frames: &[Frame]) -> Vec<i64> {
    frames.windows(2).map(|w| w[1].pts_90k - w[0].pts_90k).collect()
}

/// What `gst_camera.py` says of the same frame.
pub(crate) fn slices_sha256(frame: &Frame) -> String {
    sent::slices_sha256(&frame.data, frame.sample_entry.rfc6381_codec.starts_with("hvc1"))
}

/// Waits until the camera was sent a request, such as `TEARDOWN`.
pub(crate) async fn asked(camera: &DemoCamera, method: &str) {
    let asked = async {
        while !camera.said().iter().any(|line| line.contains(method)) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(5), asked).await.unwrap_or_else(|_| panic!("{method} did not come"));
}
