//! `Faults`: what a camera may do wrong. Frames count from 0 in each client's session.

use clap::Args;
use std::str::FromStr;

/// What to do wrong. Frames count from 0 for each client anew.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Hang up after so many frames.
    #[arg(long, value_name = "N")]
    pub(crate) drop_after: Option<u64>,
    /// Send nothing more after so many frames, but stay.
    #[arg(long, value_name = "N")]
    pub(crate) stall_after: Option<u64>,
    /// Timestamps go back by a second at this frame, and on from there.
    #[arg(long, value_name = "N")]
    pub(crate) timestamps_back_at: Option<u64>,
    /// Timestamps jump ahead at this frame, by so many 90 000ths of a second.
    #[arg(long, value_name = "N[:UNITS]")]
    pub(crate) timestamp_jump_at: Option<Jump>,
    /// This frame has the timestamp of the one before.
    #[arg(long, value_name = "N")]
    pub(crate) repeat_timestamp_at: Option<u64>,
    /// From this frame on it is another clip: main becomes sub, sub becomes main.
    #[arg(long, value_name = "N")]
    pub(crate) new_parameters_at: Option<u64>,
    /// The session description has no parameter sets.
    #[arg(long)]
    pub(crate) in_band_only: bool,
    /// So many frames are old ones, sent at once.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) burst_start: u64,
    /// The camera's clock runs fast by so many millionths.
    #[arg(long, value_name = "PPM", default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) clock_ppm: f64,
    /// The camera's clock is ahead by so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) clock_offset: f64,
    /// The main streams have B-frames.
    #[arg(long)]
    pub(crate) b_frames: bool,
    /// Instead of this frame so many RTP packets come whose payload makes no sense.
    #[arg(long, value_name = "N[:PACKETS]")]
    pub(crate) garbage_at: Option<Garbage>,
    /// This RTP packet gets lost.
    #[arg(long, value_name = "N")]
    pub(crate) lose_packet: Option<u64>,
    /// This RTP packet comes after the one that follows it.
    #[arg(long, value_name = "N")]
    pub(crate) late_packet: Option<u64>,
    /// The session description names this encoding instead of the true one.
    #[arg(long, value_name = "NAME")]
    pub(crate) codec: Option<String>,
    /// The session description has sound alone.
    #[arg(long)]
    pub(crate) audio_only: bool,
    /// The session description is empty.
    #[arg(long)]
    pub(crate) no_video: bool,
    /// Answer nothing.
    #[arg(long)]
    pub(crate) mute: bool,
}

/// A jump of the timestamps: 100 s if nothing else is said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jump {
    pub(crate) at: u64,
    pub(crate) units: u32,
}

/// Packets that make no sense: one if nothing else is said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Garbage {
    pub(crate) at: u64,
    pub(crate) packets: u32,
}

impl FromStr for Jump {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (at, units) = number_and(text, 9_000_000)?;
        Ok(Self { at, units })
    }
}

impl FromStr for Garbage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (at, packets) = number_and(text, 1)?;
        Ok(Self { at, packets })
    }
}

/// `N[:M]`.
fn number_and(text: &str, default: u32) -> Result<(u64, u32), String> {
    let (first, second) = text.split_once(':').map_or((text, None), |(first, second)| (first, Some(second)));
    let first = first.parse().map_err(|e| format!("{first:?}: {e}"))?;
    let second = second.map_or(Ok(default), |s| s.parse().map_err(|e| format!("{s:?}: {e}")))?;
    Ok((first, second))
}
