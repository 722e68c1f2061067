//! Who is slow or silent goes, and small answers do not wait.

use super::*;
use crate::store::tests::Place;
use jiff::tz::TimeZone;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Says this over a connection and reads until it ends: what came, and after how many seconds.
async fn say(words: &str) -> (String, u64) {
    let place = Place::new();
    let state = State::new(place.open(), Arc::default(), TimeZone::UTC);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(serve(state, vec![Listener::Tcp(listener)], stopped));
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
    let Stream::Tcp(stream) = accepted else { panic!("a TCP connection") };
    assert!(stream.nodelay().unwrap());
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
