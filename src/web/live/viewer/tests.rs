//! Conversations over a pipe, in which time is passed.

use super::*;
use crate::base::{MediaDuration, RecordingId, StreamId, WallTime};
use crate::live::Frames;
use crate::live::frames::{Opened, Publisher};
use crate::media::SampleEntry;
use crate::media::growing::{Append, IndexBytes, Progress};
use serde_json::Value;
use tokio::io::{AsyncReadExt, DuplexStream, duplex};

/// A stream, and a viewer at the other end of a pipe.
struct Rig {
    publisher: Publisher,
    viewer: WebSocketStream<DuplexStream>,
    stop: watch::Sender<bool>,
    conversation: tokio::task::JoinHandle<()>,
    media: i64,
}

const FRAME: i64 = 9_000;

impl Rig {
    /// The pipe holds so many bytes.
    async fn new(pipe: usize) -> Self {
        let stream = StreamId::new(1).unwrap();
        let frames = Frames::default();
        let mut publisher = frames.publisher(stream);
        let sample_entry = SampleEntry::example(&b"\0\0\0\x08avc1"[..]);
        let (id, media_offset) = (RecordingId::new(stream, 7), MediaDuration::ZERO);
        publisher.open(Opened { id, starts_run: true, media_offset, sample_entry_id: 5, sample_entry });
        let (near, far) = duplex(pipe);
        let (stop, stopped) = watch::channel(false);
        let conversation = tokio::spawn(converse(
            Viewer::new(frames.subscribe(stream)),
            near,
            Vec::new(),
            std::future::pending(),
            stopped,
        ));
        let viewer = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
        Self { publisher, viewer, stop, conversation, media: 0 }
    }

    /// Publishes a frame; `drift` is how far the wall is from where it was.
    fn frame(&mut self, is_key: bool, bytes: usize, drift: i64) {
        let media_duration = MediaDuration(self.media);
        let progress = Progress { start: WallTime(1_000_000 + drift), media_duration, ..Progress::default() };
        let (data, index) = (vec![1; bytes].into(), IndexBytes::default());
        self.publisher.append(&Append { data, is_key, composition_90k: 0, lists_before: false, index, progress });
        self.media += FRAME;
    }

    /// The next message, with a fragment as its length and a text as its JSON.
    async fn next(&mut self) -> String {
        match self.viewer.next().await {
            Some(Ok(Message::Text(text))) => {
                let text: Value = serde_json::from_str(&text).unwrap();
                text.to_string()
            }
            Some(Ok(Message::Binary(fragment))) => format!("{} bytes", fragment.len()),
            Some(Ok(Message::Close(Some(frame)))) => format!("{} {}", u16::from(frame.code), frame.reason),
            other => format!("{other:?}"),
        }
    }
}

fn fragment_bytes(frames: usize, bytes: usize) -> String {
    format!("{} bytes", 88 + frames * (12 + bytes) + 8)
}

#[tokio::test(start_paused = true)]
async fn a_conversation_begins_with_the_key_frame_and_what_is_to_be_known_of_it() {
    let mut rig = Rig::new(1 << 20).await;
    assert_eq!(rig.next().await, r#"{"detail":"the stream is not being recorded","type":"error"}"#);
    rig.frame(true, 1000, 0);
    rig.frame(false, 10, 0);
    let start = r#"{"codec":"avc1.4d401e","height":360,"initSegment":"/api/init/5.mp4","mediaTime90k":0,"#.to_owned()
        + r#""runStartId":7,"type":"start","videoSampleEntryId":5,"wallTime90k":1000000,"width":640}"#;
    assert_eq!(rig.next().await, start);
    assert_eq!(rig.next().await, fragment_bytes(1, 1000));
    rig.frame(false, 10, 1_000);
    assert_eq!(rig.next().await, fragment_bytes(1, 10), "a hundredth of a second is not worth a word");
    rig.frame(false, 10, 2_000);
    assert_eq!(rig.next().await, fragment_bytes(1, 10));
    rig.frame(false, 10, 2_000);
    assert_eq!(rig.next().await, r#"{"mediaTime90k":27000,"type":"time","wallTime90k":1029000}"#);
    assert_eq!(rig.next().await, fragment_bytes(1, 10));
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_is_told_what_was_left_out() {
    let mut rig = Rig::new(2_000).await;
    rig.next().await;
    rig.frame(true, 5_000, 0);
    rig.frame(false, 10, 0);
    tokio::task::yield_now().await;
    // Long after the pipe is full.
    for n in 0..60 {
        rig.frame(n % 20 == 19, 100, 0);
    }
    rig.frame(false, 100, 0);
    assert!(rig.next().await.contains("start"));
    assert_eq!(rig.next().await, fragment_bytes(1, 5_000));
    assert_eq!(rig.next().await, r#"{"frames":60,"reason":"they were not read in time","type":"drop"}"#);
    assert_eq!(rig.next().await, fragment_bytes(1, 100), "the newest key frame");
}

#[tokio::test(start_paused = true)]
async fn who_reads_nothing_is_left_after_half_a_minute() {
    let mut rig = Rig::new(2_000).await;
    rig.frame(true, 5_000, 0);
    rig.frame(false, 10, 0);
    let began = Instant::now();
    (&mut rig.conversation).await.unwrap();
    assert_eq!(began.elapsed(), PATIENCE + FAREWELL);
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_but_steadily_is_moved_on_and_not_left() {
    let mut rig = Rig::new(2_000).await;
    rig.next().await;
    rig.frame(true, 100_000, 0);
    // Only what it reads is heard of it: its pongs stay with it.
    let (mut raw, mut read) = (rig.viewer.into_inner(), Vec::new());
    let began = Instant::now();
    for n in 0..120 {
        let (data, index) = (vec![1; 1_000].into(), IndexBytes::default());
        let media_duration = MediaDuration((n + 1) * FRAME);
        let progress = Progress { start: WallTime(1_000_000), media_duration, ..Progress::default() };
        rig.publisher.append(&Append {
            data,
            is_key: n % 20 == 19,
            composition_90k: 0,
            lists_before: false,
            index,
            progress,
        });
        let mut piece = [0; 1_000];
        let size = raw.read(&mut piece).await.unwrap();
        read.extend_from_slice(&piece[..size]);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert!(began.elapsed() > 2 * (PATIENCE + PING) && !rig.conversation.is_finished());
    let told = String::from_utf8_lossy(&read);
    assert!(told.contains(r#""type":"drop","frames":"#), "it goes on further ahead");
}

#[tokio::test(start_paused = true)]
async fn who_answers_no_ping_is_left_and_who_does_stays() {
    let mut rig = Rig::new(2_000).await;
    rig.next().await;
    let began = Instant::now();
    for _ in 0..3 {
        // Reading it answers it.
        assert!(rig.next().await.contains("Ping"));
        rig.viewer.flush().await.unwrap();
    }
    (&mut rig.conversation).await.unwrap();
    assert_eq!(began.elapsed(), 5 * PING + FAREWELL, "the fourth ping is not read");
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_told_even_amid_a_fragment() {
    let mut rig = Rig::new(2_000).await;
    rig.next().await;
    rig.frame(true, 5_000, 0);
    rig.frame(false, 10, 0);
    assert!(rig.next().await.contains("start"));
    rig.stop.send_replace(true);
    assert_eq!(rig.next().await, fragment_bytes(1, 5_000));
    assert_eq!(rig.next().await, "1001 the recorder is stopping");
    rig.viewer.flush().await.unwrap();
    (&mut rig.conversation).await.unwrap();
}
