//! Who is slow or silent goes, and small answers do not wait.

use super::*;
use crate::base::{MediaDuration, RecordingId};
use crate::live::frames::Opened;
use crate::media::SampleEntry;
use crate::media::growing::{Append, IndexBytes, Progress};
use crate::store::tests::Place;
use crate::web::State;
use jiff::tz::TimeZone;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

/// Says this over a connection and reads until it ends: what came, and after how many seconds.
async fn say(words: &str) -> (String, u64) {
    let place = Place::new();
    let state = State::new(place.open(), Arc::default(), TimeZone::UTC);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    let serving =
        tokio::spawn(serve(Site::open(state), vec![Listener::Tcp(listener)], Reactors::one().into(), stopped));
    let began = Instant::now();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(words.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    serving.abort();
    (answer, began.elapsed().as_secs())
}

#[tokio::test]
async fn small_answers_wait_for_no_acknowledgement() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _place) = accept(&Listener::Tcp(listener), &Arc::new(Semaphore::new(1))).await.unwrap();
    let Stream::Tcp(stream, _) = accepted else { panic!("a TCP connection") };
    assert!(stream.nodelay().unwrap());
}

/// Published are 32 MiB: without a bound the kernel takes 4 of them.
#[tokio::test]
async fn a_slow_live_viewer_is_moved_on_before_much_is_sent() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let camera = store.cameras()[0].uuid;
    let state = State::new(store, Arc::default(), TimeZone::UTC);
    let mut publisher = state.live.frames.publisher(stream);
    let sample_entry = SampleEntry::example(&b"\0\0\0\x08avc1"[..]);
    let (id, media_offset) = (RecordingId::new(stream, 1), MediaDuration::ZERO);
    publisher.open(Opened { id, starts_run: true, media_offset, sample_entry_id: 1, sample_entry });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    let serving =
        tokio::spawn(serve(Site::open(state), vec![Listener::Tcp(listener)], Reactors::one().into(), stopped));
    let client = TcpSocket::new_v4().unwrap();
    client.set_recv_buffer_size(32 << 10).unwrap();
    let mut client = client.connect(address).await.unwrap();
    let head = format!(
        "GET /api/cameras/{camera}/main/live.m4s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    client.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut piece) = (Vec::new(), vec![0; 128 << 10]);
    for n in 0..1024 {
        let (data, index) = (vec![0; 32 << 10].into(), IndexBytes::default());
        let progress = Progress { media_duration: MediaDuration(n * 9_000), ..Progress::default() };
        publisher.append(&Append {
            data,
            is_key: n % 16 == 0,
            composition_90k: 0,
            lists_before: false,
            index,
            progress,
        });
        // The viewer is served all that its socket takes, and reads nothing yet.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    while !read.windows(6).any(|bytes| bytes == b"\"drop\"") && read.len() < 4 << 20 {
        let size = client.read(&mut piece).await.unwrap();
        read.extend_from_slice(&piece[..size]);
    }
    let before = read.windows(6).position(|bytes| bytes == b"\"drop\"").expect("it was moved on");
    assert!(before < 1 << 20, "after {before} bytes");
    serving.abort();
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_ends_its_connection() {
    for words in ["", "GET /healthz HTTP/1.1\r\nHost: loc"] {
        let (answer, seconds) = say(words).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert_eq!(seconds, HEAD_TIMEOUT.as_secs(), "{words}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_after_its_last_answer() {
    let (answer, seconds) = say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 ") && !answer.contains("onnection: close"), "{answer}");
    assert_eq!(seconds, HEAD_TIMEOUT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_refused() {
    let head = "POST /api/cameras HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9";
    let (answer, seconds) = say(&format!("{head}\r\nConnection: close\r\n\r\n{{")).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("the body did not arrive in time"), "{answer}");
    assert_eq!(seconds, 10);
}
