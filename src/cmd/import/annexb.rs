//! Frames out of a raw Annex B stream. It has no times: pictures are shown at an even rate.

use crate::base::time::UNITS_PER_SEC;
use crate::base::{Error, Kind, MonoTime, Result, ResultExt};
use crate::media::Frame;
use crate::media::access_unit::Splitter;
use crate::media::codec::Codec;
use crate::media::converter::{Converted, Converter};
use crate::media::output_order::OutputOrder;
use crate::media::picture::Pictures;
use std::io::Read;

/// Gives every picture to `each`, in decoding order; the first has time 0. Without a rate, the stream's own word counts.
pub(super) fn each_frame(
    mut file: impl Read,
    codec: Codec,
    fps: Option<f64>,
    mut each: impl FnMut(Frame) -> Result<()>,
) -> Result<()> {
    let mut splitter = Splitter::new(codec);
    let mut converter = Converter::new(codec);
    let mut order = OutputOrder::default();
    let mut buffer = vec![0; READ_BYTES];
    let mut pictures = 0u32;
    let mut fps = fps;
    loop {
        let len = file.read(&mut buffer).or_fail(Kind::Disk, || "read")?;
        match len {
            0 => splitter.finish(),
            _ => splitter.push(&buffer[..len]),
        }
        for unit in splitter.by_ref() {
            let Some(converted) = converter.convert(&unit?)? else { continue };
            let fps = match fps {
                Some(fps) => fps,
                None => *fps.insert(told_fps(&converted)?.unwrap_or(USUAL_FPS)),
            };
            let pts_90k = (f64::from(pictures) * UNITS_PER_SEC as f64 / fps) as i64;
            pictures += 1;
            let frame = Frame {
                pts_90k,
                arrived: MonoTime(pts_90k),
                is_key: converted.picture.is_key,
                is_skipped_leading: converted.picture.is_skipped_leading,
                is_bidirectional: converted.picture.is_bidirectional,
                data: converted.data,
                sample_entry: converted.sample_entry,
                lost_packets: 0,
            };
            let pushed = order.push(frame, converted.order);
            pushed.map_err(|reason| Error::new(Kind::BadInput, reason.to_string()))?;
            std::iter::from_fn(|| order.pop()).try_for_each(&mut each)?;
        }
        if len == 0 {
            break;
        }
    }
    order.flush();
    std::iter::from_fn(|| order.pop()).try_for_each(&mut each)?;
    match pictures {
        0 => Err(Error::new(Kind::BadInput, format!("there is no {codec} picture in it"))),
        _ => Ok(()),
    }
}

/// How many pictures a second the stream says that it has.
fn told_fps(converted: &Converted) -> Result<Option<f64>> {
    Ok(Pictures::new(&converted.sample_entry)?.pictures_per_second())
}

const READ_BYTES: usize = 256 << 10;
/// Where nobody says anything.
const USUAL_FPS: f64 = 30.0;
