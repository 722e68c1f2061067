//! What a camera may do wrong, each with the one reason that is told of it.

use crate::support::cameras::DemoCamera;
use crate::watching::{asked, frames, login, open, open_with, steps, until_end};
use lunette::base::Transport;
use lunette::base::WallDuration;
use std::sync::Arc;
use tokio::net::TcpSocket;

/// How many frames come, and why there are no more.
async fn fate(arguments: &[&str]) -> String {
    let camera = DemoCamera::start(arguments);
    let told = match open(camera.url(), Transport::Tcp).await {
        Ok(mut session) => {
            let (frames, end) = until_end(&mut session).await;
            format!("{} frames, {end}", frames.len())
        }
        Err(end) => end.to_string(),
    };
    format!("{}: {told}", arguments.join(" "))
}

/// With the stall after the first frame: that no frame waits for the next one.
#[tokio::test]
async fn each_fault_gives_one_reason() {
    let fates = futures::future::join_all([
        fate(&["--drop-after", "7"]),
        fate(&["--stall-after", "1"]),
        fate(&["--garbage-at", "7:100"]),
        fate(&["--codec", "VP8"]),
        fate(&["--audio-only"]),
        fate(&["--no-video"]),
        fate(&["--mute"]),
        fate(&["--login", "ann:s3cret"]),
    ]);
    assert_eq!(
        fates.await.join("\n"),
        "--drop-after 7: 7 frames, camera closed the stream
--stall-after 1: 1 frames, camera silent: no picture for 5 s
--garbage-at 7:100: 7 frames, bad video: NAL header ff has F bit set
--codec VP8: bad video: no H.264 or H.265 among what is offered: video vp8
--audio-only: bad video: no H.264 or H.265 among what is offered: audio pcmu
--no-video: bad video: No parseable streams (and 0 unparseable streams)
--mute: camera unreachable: no answer to DESCRIBE within 10 s
--login ann:s3cret: login refused: it wants a login"
    );
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let bound_but_deaf = TcpSocket::new_v4().unwrap();
    bound_but_deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = bound_but_deaf.local_addr().unwrap();
    let end = open(&format!("rtsp://{address}/"), Transport::Tcp).await.unwrap_err();
    assert_eq!(end.to_string(), "camera unreachable: Connection refused (os error 111)");
}

/// Timestamps are the run's to judge, so they come as they are.
#[tokio::test]
async fn timestamps_come_as_the_camera_gives_them() {
    for (arguments, expected) in [
        (&["--timestamps-back-at", "3"][..], [6_000, 6_000, -84_000, 6_000, 6_000]),
        (&["--timestamp-jump-at", "3"], [6_000, 6_000, 9_006_000, 6_000, 6_000]),
        (&["--timestamp-jump-at", "3:90000"], [6_000, 6_000, 96_000, 6_000, 6_000]),
        (&["--repeat-timestamp-at", "3"], [6_000, 6_000, 0, 12_000, 6_000]),
        (&["--b-frames"], [12_000, -6_000, 18_000, -6_000, 18_000]),
        (&["--clock-ppm", "500000"], [9_000; 5]),
    ] {
        let camera = DemoCamera::start(arguments);
        let mut session = open(camera.url(), Transport::Tcp).await.unwrap();
        let frames = frames(&mut session, 6).await;
        assert_eq!(steps(&frames), expected, "{arguments:?}");
        let shows_b_frames = frames.iter().any(|frame| frame.is_bidirectional);
        assert_eq!(shows_b_frames, arguments == ["--b-frames"], "{arguments:?}");
    }
}

#[tokio::test]
async fn a_burst_keeps_its_timestamps_and_tells_when_it_came() {
    let camera = DemoCamera::start(&["--burst-start", "15"]);
    let mut session = open(camera.url(), Transport::Tcp).await.unwrap();
    let frames = frames(&mut session, 16).await;
    assert_eq!(steps(&frames), [6_000; 15]);
    let took = frames[15].arrived - frames[0].arrived;
    assert!(took < WallDuration(45_000), "a second of film came in {} s", took.as_secs_f64());
}

#[tokio::test]
async fn new_parameters_are_noticed_within_a_session() {
    for more in [&[][..], &["--in-band-only"]] {
        let camera = DemoCamera::start(&[&["--new-parameters-at", "20"], more].concat());
        let mut session = open(camera.url(), Transport::Tcp).await.unwrap();
        let frames = frames(&mut session, 32).await;
        let sizes: Vec<_> = frames.iter().map(|f| (f.sample_entry.width, f.sample_entry.height)).collect();
        assert_eq!((&sizes[..20], &sizes[20..]), (&[(640, 360); 20][..], &[(320, 180); 12][..]));
        assert!(frames[20].is_key);
        // Main repeats its parameter sets with frame 15, sub with frame 30.
        assert!(frames[..20].windows(2).all(|w| Arc::ptr_eq(&w[0].sample_entry, &w[1].sample_entry)));
        assert!(frames[20..].windows(2).all(|w| Arc::ptr_eq(&w[0].sample_entry, &w[1].sample_entry)));
    }
}

#[tokio::test]
async fn parameters_may_come_in_band_alone() {
    for clip in ["main.15fps.h264", "main.15fps.h265"] {
        let camera = DemoCamera::start(&["--main", clip, "--in-band-only"]);
        let mut session = open(camera.url(), Transport::Tcp).await.unwrap();
        assert!(session.report().video.is_none());
        let frames = frames(&mut session, 3).await;
        assert!(frames[0].is_key);
        assert_eq!(session.report().video, Some(Arc::clone(&frames[2].sample_entry)), "{clip}");
    }
}

#[tokio::test]
async fn a_broken_packet_costs_one_frame() {
    let camera = DemoCamera::start(&["--garbage-at", "7"]);
    let mut session = open(camera.url(), Transport::Tcp).await.unwrap();
    let frames = frames(&mut session, 12).await;
    assert_eq!(steps(&frames)[5..8], [6_000, 12_000, 6_000]);
    assert_eq!(frames.iter().map(|f| f.lost_packets).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    let report = session.report();
    assert_eq!((report.lost_packets, report.complaint.as_deref()), (1, Some("NAL header ff has F bit set")));
}

#[tokio::test]
async fn lost_and_late_datagrams_are_counted() {
    for fault in ["--lose-packet", "--late-packet"] {
        // The key frame at the start has more packets than eight.
        let camera = DemoCamera::start(&["--sub", "main.15fps.h264", fault, "20"]);
        let mut session = open(camera.url(), Transport::Udp).await.unwrap();
        let frames = frames(&mut session, 12).await;
        assert_eq!(frames.iter().map(|f| f.lost_packets).sum::<u32>(), 1, "{fault}");
        assert_eq!(session.report().lost_packets, 1, "{fault}");
        assert_eq!(steps(&frames).iter().filter(|step| **step == 12_000).count(), 1, "{fault}: one frame is missing");
    }
}

#[tokio::test]
async fn the_camera_s_clock_is_told() {
    for seconds in ["-7200", "5"] {
        let camera = DemoCamera::start(&["--clock-offset", seconds]);
        let mut session = open(camera.url(), Transport::Udp).await.unwrap();
        frames(&mut session, 20).await;
        let offset = session.report().clock_offset.unwrap().as_secs_f64();
        assert!((offset - seconds.parse::<f64>().unwrap()).abs() < 0.5, "{offset}");
    }
}

#[tokio::test]
async fn closing_takes_leave_of_the_camera() {
    for (transport, scheme) in [(Transport::Tcp, "digest"), (Transport::Udp, "basic")] {
        let camera = DemoCamera::start(&["--login", "ann:s3cret", "--login-by", scheme]);
        let mut session = open_with(camera.url(), transport, &login("ann", "s3cret")).await.unwrap();
        frames(&mut session, 2).await;
        session.close().await;
        asked(&camera, "TEARDOWN").await;
    }
}
