//! Against a server that is not ours.

use crate::support::cameras::GstCamera;
use crate::watching::{frames, login, open, open_with, slices_sha256, until_end};
use lunette::base::Transport;
use lunette::base::WallDuration;
use lunette::camera::Session;
use lunette::media::Frame;
use std::time::Duration;
use tokio::time::timeout;

/// Each frame that was sent between the first and the last that came has come, once and in order, with its time.
fn assert_every_frame_once(camera: &GstCamera, stream: &str, frames: &[Frame]) {
    let sent = camera.sent(stream);
    let came: Vec<_> = frames.iter().map(slices_sha256).collect();
    let hashes: Vec<_> = sent.iter().map(|s| &s.sha256).collect();
    let at = hashes.windows(came.len()).position(|w| w.iter().zip(&came).all(|(a, b)| *a == b));
    let at = at.unwrap_or_else(|| panic!("{stream}: not without holes in what was sent:\n{came:#?}\n{hashes:#?}"));
    for (frame, sent_frame) in frames.iter().zip(&sent[at..]) {
        assert_eq!(frame.is_key, sent_frame.key, "{stream}");
        let ours = frame.pts_90k - frames[0].pts_90k;
        let theirs = (sent_frame.pts - sent[at].pts) * 9 / 100_000;
        assert!((ours - theirs).abs() <= 1, "{stream}: {ours} {theirs}");
    }
}

async fn watch(camera: &GstCamera, stream: &str, mut session: Session) -> String {
    let mut came = frames(&mut session, 45).await;
    // A sender report comes at once, where it may be too early for us, and then after at most 6.2 s (RFC 3550 6.3.1).
    while session.report().clock_offset.is_none() && came.len() < 150 {
        came.extend(frames(&mut session, 1).await);
    }
    assert!(came[0].is_key, "{stream}");
    assert_every_frame_once(camera, stream, &came);
    let report = session.report();
    let offset = report.clock_offset.expect("a sender report has come");
    assert!(offset.0.abs() < WallDuration::from_secs(1).0, "the same machine has the same clock: {offset:?}");
    assert_eq!(report.lost_packets, 0);
    session.close().await;
    let way = report.transport.unwrap();
    format!("{stream}: {report} by {way} from {}", report.server.as_deref().unwrap())
}

#[tokio::test]
async fn every_frame_that_is_sent_comes_once() {
    let camera = GstCamera::start(&["yard:h264:320x240@15", "porch:h265:320x180@15:ann:p%s s", "lane:h264:640x360@15"]);
    let (yard, porch, lane) = tokio::join!(
        async { watch(&camera, "yard", open(camera.url("yard"), Transport::Tcp).await.unwrap()).await },
        async {
            let session = open_with(camera.url("porch"), Transport::Tcp, &login("ann", "p%s s")).await;
            watch(&camera, "porch", session.unwrap()).await
        },
        async { watch(&camera, "lane", open(camera.url("lane"), Transport::Udp).await.unwrap()).await },
    );
    assert_eq!(
        [yard, porch, lane].join("\n"),
        "yard: H.264 320x240 by TCP from GStreamer
porch: H.265 320x180 by TCP from GStreamer
lane: H.264 640x360 by UDP from GStreamer"
    );
}

#[tokio::test]
async fn a_refused_session_says_why() {
    let camera = GstCamera::start(&["porch:h264:320x240@15:ann:s3cret"]);
    let url = camera.url("porch");
    let mut told = Vec::new();
    for (url, login) in [
        (url.to_owned(), login("", "")),
        (url.to_owned(), login("ann", "wrong")),
        (url.to_owned(), login("bob", "s3cret")),
        (format!("{url}/nothing"), login("ann", "s3cret")),
    ] {
        told.push(open_with(&url, Transport::Tcp, &login).await.unwrap_err().to_string());
    }
    assert_eq!(
        told.join("\n"),
        "login refused: it wants a login
login refused: wrong name or password
login refused: wrong name or password
bad video: answers 404 to DESCRIBE"
    );
}

#[tokio::test]
async fn a_second_session_comes_in_between_and_the_end_of_the_server_ends_it() {
    let camera = GstCamera::start(&["yard:h264:320x240@15"]);
    let mut first = open(camera.url("yard"), Transport::Tcp).await.unwrap();
    frames(&mut first, 5).await;
    let mut second = open(camera.url("yard"), Transport::Tcp).await.unwrap();
    let in_between = frames(&mut second, 30).await;
    assert!(in_between.iter().any(|frame| frame.is_key));
    assert_every_frame_once(&camera, "yard", &in_between);

    drop(camera);
    let (_, end) = until_end(&mut second).await;
    assert_eq!(end.to_string(), "camera closed the stream");
}

#[tokio::test]
async fn no_frame_is_lost_by_giving_up_the_wait_for_it() {
    let camera = GstCamera::start(&["yard:h264:640x360@15"]);
    let mut session = open(camera.url("yard"), Transport::Tcp).await.unwrap();
    let mut came = Vec::new();
    while came.len() < 30 {
        // Timers are no finer than a millisecond, so this gives up about 60 times a frame.
        if let Ok(frame) = timeout(Duration::from_millis(1), session.next()).await {
            came.push(frame.unwrap());
        }
    }
    assert_every_frame_once(&camera, "yard", &came);
}
