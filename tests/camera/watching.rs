//! Opening sessions and watching what they give.

use lunette::base::{Secret, Transport};
use lunette::camera::{Login, Options, Session, Source};
use lunette::media::Frame;
use lunette::media::recording::EndReason;
use sha2::{Digest, Sha256};
use std::time::Duration;

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

/// What `gst_camera.py` says of the same frame: a hash of its slices, each behind its length. Zeros after a slice do not
/// count: GStreamer's H.265 packets end in one.
pub(crate) fn slices_sha256(frame: &Frame) -> String {
    let is_h265 = frame.sample_entry.rfc6381_codec.starts_with("hvc1");
    let mut hash = Sha256::new();
    let mut rest = &frame.data[..];
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (nal, behind) = behind.split_at(u32::from_be_bytes(*length) as usize);
        if if is_h265 { nal[0] >> 1 & 0x3f < 32 } else { matches!(nal[0] & 0x1f, 1..=5) } {
            let end = nal.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            hash.update((end as u32).to_be_bytes());
            hash.update(&nal[..end]);
        }
        rest = behind;
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
