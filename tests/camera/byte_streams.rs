//! FIFOs and child processes.

use crate::support::cameras::{DemoCamera, clips};
use crate::watching::{frames, open, steps, until_end};
use lunette::base::Transport;
use lunette::media::Frame;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs;
use std::time::Duration;
use tokio::time::timeout;

fn clip(name: &str) -> String {
    clips().join(name).display().to_string()
}

#[tokio::test]
async fn a_stream_is_the_same_film_whichever_way_it_came() {
    for name in ["main.15fps.h264", "main.15fps.h265"] {
        let codec = name.rsplit('.').next().unwrap();
        let camera = DemoCamera::start(&["--main", name]);
        let mut by_rtsp = open(camera.url(), Transport::Tcp).await.unwrap();
        let mut by_pipe = open(&format!("exec:{codec}@15:cat '{}'", clip(name)), Transport::Tcp).await.unwrap();
        let (by_rtsp, by_pipe) = tokio::join!(frames(&mut by_rtsp, 20), frames(&mut by_pipe, 20));
        for (a, b) in by_rtsp.iter().zip(&by_pipe) {
            assert_eq!(a.data, b.data, "{name}");
            assert_eq!((a.is_key, &a.sample_entry), (b.is_key, &b.sample_entry), "{name}");
        }
    }
}

#[tokio::test]
async fn a_fifo_is_read_to_its_end() {
    // Made first: in a fresh clone that takes longer than the session waits for its pictures.
    let film = fs::read(clip("sub.10fps.h264")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("camera");
    mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    let mut session = open(&format!("pipe:h264@10:{}", fifo.display()), Transport::Tcp).await.unwrap();
    let writer = tokio::task::spawn_blocking(move || fs::write(fifo, film));
    let (frames, end) = until_end(&mut session).await;
    let report = session.report().to_string();
    drop(session); // or a writer that was not read to the end would wait for ever
    writer.await.unwrap().unwrap();
    assert_eq!(frames.len(), 100);
    assert!(steps(&frames).iter().all(|step| *step > 0));
    assert_eq!(frames.iter().filter(|frame| frame.is_key).count(), 10);
    assert_eq!(end.to_string(), "camera closed the stream: the writer has gone");
    assert_eq!(report, "H.264 320x180");
}

#[tokio::test]
async fn pictures_out_of_order_get_the_places_that_rtp_gives_them() {
    let camera = DemoCamera::start(&["--b-frames"]);
    let mut by_rtsp = open(camera.url(), Transport::Tcp).await.unwrap();
    let mut by_pipe =
        open(&format!("exec:h264@15:cat '{}'", clip("b-frames.15fps.h264")), Transport::Tcp).await.unwrap();
    let (by_rtsp, (by_pipe, _)) = tokio::join!(frames(&mut by_rtsp, 40), until_end(&mut by_pipe));
    assert_eq!(by_pipe.len(), 150, "the last ones too");
    let order = |frames: &[Frame]| {
        let mut order: Vec<_> = (0..40).collect();
        order.sort_by_key(|&n: &usize| frames[n].pts_90k);
        order
    };
    assert_eq!(order(&by_pipe), order(&by_rtsp));
    assert!(order(&by_rtsp).windows(2).any(|pair| pair[1] < pair[0]));
    for (a, b) in by_rtsp.iter().zip(&by_pipe) {
        assert_eq!((&a.data, a.is_key, a.is_bidirectional), (&b.data, b.is_key, b.is_bidirectional));
    }
    assert!(by_pipe.windows(2).all(|pair| pair[0].arrived <= pair[1].arrived));
}

#[tokio::test]
async fn what_goes_wrong_with_a_program_is_told_in_its_own_last_words() {
    let mut told = Vec::new();
    for source in [
        "exec:sh -c 'echo looking >&2; echo no camera >&2; echo >&2; exit 3'",
        "exec:sh -c 'exec sleep 60'",
        "exec:/nonexistent/program",
        "pipe:/nonexistent/fifo",
    ] {
        told.push(match open(source, Transport::Tcp).await {
            Ok(mut session) => until_end(&mut session).await.1.to_string(),
            Err(end) => end.to_string(),
        });
    }
    assert_eq!(
        told.join("\n"),
        "camera closed the stream: sh ended (exit status: 3): no camera
camera silent: no picture for 5 s
camera unreachable: start /nonexistent/program: No such file or directory (os error 2)
camera unreachable: open /nonexistent/fifo: No such file or directory (os error 2)"
    );
}

#[tokio::test]
async fn a_program_and_its_children_end_with_the_session() {
    for (closes, seconds) in [(true, "86411"), (false, "86412")] {
        // One that does not mind SIGTERM, with a child of its own.
        let source = format!("exec:sh -c 'trap \"\" TERM; sleep {seconds}; echo'");
        let session = open(&source, Transport::Tcp).await.unwrap();
        wait_until(|| running(seconds) == 2).await;
        if closes {
            session.close().await
        } else {
            drop(session)
        }
        wait_until(|| running(seconds) == 0).await;
    }
}

#[tokio::test]
async fn no_frame_of_a_byte_stream_is_lost_by_giving_up_the_wait_for_it() {
    let slowly = format!(
        "exec:sh -c 'for i in 1 2 3 4 5 6 7 8; do head -c 20000 <&3; sleep 0.02; done 3<{}'",
        clip("sub.10fps.h264")
    );
    let mut session = open(&slowly, Transport::Tcp).await.unwrap();
    let mut count = 0;
    loop {
        match timeout(Duration::from_millis(1), session.next()).await {
            Ok(Ok(_)) => count += 1,
            Ok(Err(_)) => break,
            Err(_) => {}
        }
    }
    let mut at_once = open(&slowly, Transport::Tcp).await.unwrap();
    assert!(count > 50, "{count}");
    assert_eq!(count, until_end(&mut at_once).await.0.len());
}

/// How many processes have this word among their arguments.
fn running(word: &str) -> usize {
    let command_lines = fs::read_dir("/proc").unwrap().filter_map(|e| fs::read(e.ok()?.path().join("cmdline")).ok());
    command_lines.filter(|line| String::from_utf8_lossy(line).contains(word)).count()
}

async fn wait_until(is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("it comes to be so within 10 s");
}
