//! ffprobe: the demuxer of ffmpeg, of Chromium and of very many others.

use super::{Sample, Seen};
use crate::support::process::run_silently;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

pub(super) fn read(film: &Path) -> Seen {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-select_streams", "v:0", "-of", "json=compact=1"]);
    ffprobe.args(["-show_entries", "packet=pts,dts,duration,size,pos,flags:stream=duration_ts"]);
    let told: Value = serde_json::from_str(&run_silently(ffprobe.arg(film))).unwrap();
    let mut packets: Vec<_> = told["packets"].as_array().unwrap().iter().map(Packet::of).collect();
    let all = packets.len();
    packets.dedup_by_key(|packet| packet.offset);
    let by_duration = times_by_duration(&packets);
    let by_dts = packets.iter().map(|packet| packet.dts - packets[0].dts);
    // Where frames change places it tells every duration by the frame rate of the parameter sets.
    let are_in_order = packets.iter().all(|packet| packet.composition() == 0);
    let decoded: Vec<_> = if packets.len() == all { by_dts.collect() } else { by_duration.clone() };
    assert!(!are_in_order || decoded == by_duration, "ffprobe: a frame lasts until the next");
    let first = packets[0].composition();
    let samples = packets.iter().zip(decoded);
    let sample = |(p, decode_90k): (&Packet, i64)| {
        let time_90k = decode_90k + p.composition() - first;
        Sample { offset: p.offset, bytes: p.bytes, time_90k, is_key: p.is_key }
    };
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
    dts: i64,
    duration: i64,
    is_key: bool,
}

impl Packet {
    /// How much later it is shown than decoded.
    fn composition(&self) -> i64 {
        self.pts - self.dts
    }

    fn of(told: &Value) -> Self {
        let number = |key: &str| told[key].as_str().unwrap().parse().unwrap();
        Self {
            offset: number("pos"),
            bytes: number("size"),
            pts: told["pts"].as_i64().unwrap(),
            dts: told["dts"].as_i64().unwrap(),
            duration: told["duration"].as_i64().unwrap_or(0),
            is_key: told["flags"].as_str().unwrap().contains('K'),
        }
    }
}
