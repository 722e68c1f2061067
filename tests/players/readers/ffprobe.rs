//! ffprobe: the demuxer of ffmpeg, of Chromium and of very many others.

use super::{Sample, Seen};
use crate::support::process::run_silently;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

pub(super) fn read(film: &Path) -> Seen {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-select_streams", "v:0", "-of", "json=compact=1"]);
    ffprobe.args(["-show_entries", "packet=pts,duration,size,pos,flags:stream=duration_ts"]);
    let told: Value = serde_json::from_str(&run_silently(ffprobe.arg(film))).unwrap();
    let mut packets: Vec<_> = told["packets"].as_array().unwrap().iter().map(Packet::of).collect();
    let all = packets.len();
    packets.dedup_by_key(|packet| packet.offset);
    if packets.len() == all {
        let times: Vec<_> = packets.iter().map(|packet| packet.pts - packets[0].pts).collect();
        assert_eq!(times, times_by_duration(&packets), "ffprobe: a frame lasts until the next");
    }
    let samples = packets.iter().zip(times_by_duration(&packets));
    let sample = |(p, time_90k): (&Packet, _)| Sample { offset: p.offset, bytes: p.bytes, time_90k, is_key: p.is_key };
    Seen {
        reader: "ffprobe",
        samples: samples.map(sample).collect(),
        shown_90k: told["streams"][0]["duration_ts"].as_i64(),
        entries: None,
    }
}

fn times_by_duration(packets: &[Packet]) -> Vec<i64> {
    let sum = |time: &mut i64, packet: &Packet| Some(std::mem::replace(time, *time + packet.duration));
    packets.iter().scan(0, sum).collect()
}

struct Packet {
    offset: u64,
    bytes: u64,
    pts: i64,
    duration: i64,
    is_key: bool,
}

impl Packet {
    fn of(told: &Value) -> Self {
        let number = |key: &str| told[key].as_str().unwrap().parse().unwrap();
        Self {
            offset: number("pos"),
            bytes: number("size"),
            pts: told["pts"].as_i64().unwrap(),
            duration: told["duration"].as_i64().unwrap_or(0),
            is_key: told["flags"].as_str().unwrap().contains('K'),
        }
    }
}
