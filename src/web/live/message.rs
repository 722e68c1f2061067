//! Messages to a live viewer: texts about the picture, and the picture itself.

use crate::base::{MediaDuration, WallDuration};
use crate::live::{LiveFrame, Stretch};
use crate::media::mp4::Fragment;
use crate::media::sample_index::Sample;
use crate::web::answer;
use bytes::Bytes;
use serde::Serialize;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// A message on its way out.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// Small, and framed by the WebSocket library, which copies it.
    Words(Message),
    /// A whole frame of the WebSocket, in pieces, the film in it shared.
    Film(Vec<Bytes>),
}

/// What is told in words.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Text<'a> {
    /// The fragments that follow are of another stretch than those before, if there were any.
    Start {
        run_start_id: u32,
        video_sample_entry_id: i32,
        init_segment: String,
        codec: &'a str,
        width: u16,
        height: u16,
        #[serde(rename = "mediaTime90k")]
        media_time_90k: i64,
        #[serde(rename = "wallTime90k")]
        wall_time_90k: i64,
    },
    /// What is at this media time happened then: the two clocks have parted since it was told last.
    Time {
        #[serde(rename = "mediaTime90k")]
        media_time_90k: i64,
        #[serde(rename = "wallTime90k")]
        wall_time_90k: i64,
    },
    /// Frames were left out.
    Drop { frames: u64, reason: &'static str },
    /// There is no picture for now.
    Error { detail: &'a str },
}

impl<'a> Text<'a> {
    /// A stretch, and the first frame of it that is shown.
    pub(super) fn start(stretch: &'a Stretch, first: &LiveFrame) -> Self {
        let entry = &stretch.sample_entry;
        Self::Start {
            run_start_id: stretch.run_start.number(),
            video_sample_entry_id: stretch.sample_entry_id,
            init_segment: format!("/api/init/{}.mp4", stretch.sample_entry_id),
            codec: &entry.rfc6381_codec,
            width: entry.width,
            height: entry.height,
            media_time_90k: first.media_time.0,
            wall_time_90k: first.wall_time.0,
        }
    }

    pub(super) fn time(frame: &LiveFrame) -> Self {
        Self::Time { media_time_90k: frame.media_time.0, wall_time_90k: frame.wall_time.0 }
    }

    pub(super) fn dropped(frames: u64) -> Self {
        Self::Drop { frames, reason: "they were not read in time" }
    }

    pub(super) fn into_message(self) -> Outgoing {
        let text = Utf8Bytes::try_from(answer::to_json(&self)).expect("JSON is UTF-8");
        Outgoing::Words(Message::Text(text))
    }
}

/// `moof` and `mdat` of frames that follow each other in one stretch; at least one.
pub(super) fn fragment(frames: &[LiveFrame]) -> Outgoing {
    let samples: Vec<Sample> = frames.iter().map(sample).collect();
    let decode_time = frames.first().map_or(MediaDuration::ZERO, |first| first.media_time);
    let is_reordered = samples.iter().any(|sample| sample.composition_90k != 0);
    let sequence = Fragment::sequence_at(decode_time);
    let head = Fragment { sequence, decode_time, samples: &samples, is_reordered }.head();
    let film_bytes: usize = frames.iter().map(|frame| frame.data.len()).sum();
    let mut start = Vec::with_capacity(MOST_HEADER_BYTES + head.len());
    FrameHeader { opcode: OpCode::Data(Data::Binary), ..FrameHeader::default() }
        .format((head.len() + film_bytes) as u64, &mut start)
        .expect("a Vec takes all that is written");
    start.extend_from_slice(&head);
    let film = frames.iter().map(|frame| frame.data.clone());
    Outgoing::Film(std::iter::once(Bytes::from(start)).chain(film).collect())
}

/// Of a WebSocket frame that is not masked (RFC 6455 5.2).
const MOST_HEADER_BYTES: usize = 10;

fn sample(frame: &LiveFrame) -> Sample {
    Sample {
        duration_90k: i32::try_from(frame.duration.0).expect("a run ends when a frame lasts over a minute"),
        bytes: u32::try_from(frame.data.len()).expect("a run ends with a frame over 16 MiB"),
        is_key: frame.is_key,
        composition_90k: i32::try_from(frame.composition.0).expect("a run ends when a frame goes hours astray"),
    }
}

/// Where the wall is ahead of the run's media time.
pub(super) fn wall_offset(frame: &LiveFrame) -> WallDuration {
    WallDuration(frame.wall_time.0 - frame.media_time.0)
}
