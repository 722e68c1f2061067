//! Frames out of an mp4 file that somebody else wrote.

use crate::base::{Error, Kind, MonoTime, Result, ResultExt};
use crate::media::Frame;
use crate::media::mp4::Track;
use crate::media::picture::Pictures;
use bytes::Bytes;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Gives every picture to `each`, in order; the first has time 0. Edit lists are not minded: all film is film.
pub(super) fn each_frame(file: File, mut each: impl FnMut(Frame) -> Result<()>) -> Result<()> {
    let file_len = file.metadata().or_fail(Kind::Disk, || "stat")?.len();
    let track = Track::of_moov(&moov(&file, file_len)?)?;
    let pictures = Pictures::new(&track.sample_entry)?;
    let mut none = true;
    for sample in track.samples() {
        none = false;
        let sample = sample?;
        if sample.offset.checked_add(u64::from(sample.bytes)).is_none_or(|end| end > file_len) {
            return Err(Error::new(Kind::BadInput, "the film breaks off before its end"));
        }
        let data = read(&file, sample.offset, sample.bytes as usize)?;
        let picture = pictures.look(&data)?;
        each(Frame {
            pts_90k: sample.time_90k,
            arrived: MonoTime(sample.time_90k),
            is_key: picture.is_key,
            is_skipped_leading: picture.is_skipped_leading,
            is_bidirectional: picture.is_bidirectional,
            data,
            sample_entry: track.sample_entry.clone(),
            lost_packets: 0,
        })?;
    }
    if none { Err(Error::new(Kind::BadInput, "there is no picture in it")) } else { Ok(()) }
}

/// The content of the `moov` box, wherever in the file it is.
fn moov(file: &File, file_len: u64) -> Result<Bytes> {
    let mut at = 0;
    while at + 16 <= file_len {
        let head = read(file, at, 16)?;
        let number = |range: std::ops::Range<usize>| head[range].iter().fold(0, |n, &b| n << 8 | u64::from(b));
        let (head_len, size) = match number(0..4) {
            0 => (8, file_len - at),
            1 => (16, number(8..16)),
            size => (8, size),
        };
        if size < head_len || size > file_len - at {
            return Err(Error::new(Kind::BadInput, format!("the box at {at} breaks off")));
        }
        match &head[4..8] {
            b"moov" if size > MAX_MOOV_BYTES => {
                return Err(Error::new(Kind::BadInput, "its moov box is above 256 MiB"));
            }
            b"moov" => return read(file, at + head_len, (size - head_len) as usize),
            _ => at += size,
        }
    }
    Err(Error::new(Kind::BadInput, "there is no moov box in it: this is no mp4 file, or not a whole one"))
}

fn read(file: &File, offset: u64, len: usize) -> Result<Bytes> {
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, offset).or_fail(Kind::Disk, || format!("read {len} bytes at {offset}"))?;
    Ok(bytes.into())
}

/// Days of film.
const MAX_MOOV_BYTES: u64 = 256 << 20;
