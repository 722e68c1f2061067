//! Frames out of a raw Annex B stream. It has no times: pictures come at an even rate.

use crate::base::time::UNITS_PER_SEC;
use crate::base::{Error, Kind, MonoTime, Result, ResultExt};
use crate::media::Frame;
use crate::media::access_unit::Splitter;
use crate::media::codec::Codec;
use crate::media::converter::Converter;
use crate::media::recording::{Cause, EndReason};
use std::io::Read;

/// Gives every picture to `each`, in order; the first has time 0.
pub(super) fn each_frame(
    mut file: impl Read,
    codec: Codec,
    fps: f64,
    mut each: impl FnMut(Frame) -> Result<()>,
) -> Result<()> {
    let mut splitter = Splitter::new(codec);
    let mut converter = Converter::new(codec);
    let mut buffer = vec![0; READ_BYTES];
    let mut pictures = 0u32;
    loop {
        let len = file.read(&mut buffer).or_fail(Kind::Disk, || "read")?;
        match len {
            0 => splitter.finish(),
            _ => splitter.push(&buffer[..len]),
        }
        for unit in splitter.by_ref() {
            let Some(converted) = converter.convert(&unit?)? else { continue };
            if converted.picture.is_bidirectional {
                // With times of our own making nobody else would notice that pictures change places.
                let reason = EndReason::new(Cause::BFrames, "a byte stream brings no times to sort them by");
                return Err(Error::new(Kind::BadInput, reason.to_string()));
            }
            let pts_90k = (f64::from(pictures) * UNITS_PER_SEC as f64 / fps) as i64;
            pictures += 1;
            each(Frame {
                pts_90k,
                arrived: MonoTime(pts_90k),
                is_key: converted.picture.is_key,
                is_skipped_leading: converted.picture.is_skipped_leading,
                is_bidirectional: false,
                data: converted.data,
                sample_entry: converted.sample_entry,
                lost_packets: 0,
            })?;
        }
        if len == 0 {
            break;
        }
    }
    match pictures {
        0 => Err(Error::new(Kind::BadInput, format!("there is no {codec} picture in it"))),
        _ => Ok(()),
    }
}

const READ_BYTES: usize = 256 << 10;
