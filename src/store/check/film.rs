//! Film that is not what was recorded: which of its frames are still whole, and what is left when the rest is cut off.

use crate::base::{Kind, Result, ResultExt};
use crate::media::recording::Flags;
use crate::media::sample_index::{self, Sample};
use crate::store::closed::ClosedRecording;
use crate::store::orphan;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// What damaged film is still good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// No frame that decoding could start with is whole.
    Nothing,
    /// There is damage, but whole frames behind it: it is played as it is.
    Played,
    /// From this frame on none is whole.
    CutAt(usize),
}

/// Looks at each frame: whether it is all there and its NAL units fill it. A flipped bit of a picture is not seen so.
/// `Disk` when the film cannot be read; the index must be a good one.
pub(crate) fn worth(file: &File, closed: &ClosedRecording) -> Result<Worth> {
    let len = file.metadata().or_fail(Kind::Disk, || "stat")?.len();
    let samples: Vec<Sample> = sample_index::samples(&closed.video_index).collect::<Result<_>>()?;
    let (mut at, mut has_key, mut whole_until) = (0, false, 0);
    for (n, sample) in samples.iter().enumerate() {
        let end = at + u64::from(sample.bytes);
        if end <= len && is_whole(file, at, end).or_fail(Kind::Disk, || "read film")? {
            has_key |= sample.is_key;
            whole_until = n + 1;
        }
        at = end;
    }
    Ok(match whole_until {
        _ if !has_key => Worth::Nothing,
        n if n == samples.len() => Worth::Played,
        n => Worth::CutAt(n),
    })
}

/// NAL units, each behind its length, fill these bytes.
fn is_whole(file: &File, mut at: u64, end: u64) -> io::Result<bool> {
    while at < end {
        let mut head = [0; 5];
        if end - at < 5 {
            return Ok(false);
        }
        match file.read_exact_at(&mut head, at) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(e) => return Err(e),
        }
        let len = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        // ITU-T H.264 7.3.1 and H.265 7.3.1.2: the first bit of a NAL unit is 0.
        if len == 0 || head[4] & 0x80 != 0 {
            return Ok(false);
        }
        at += 4 + u64::from(len);
    }
    Ok(at == end)
}

/// The recording without its frames from `frames` on. It takes as long as before: its last picture stands still, so that
/// everything behind it keeps its time.
pub(crate) fn cut(file: &File, closed: &ClosedRecording, frames: usize) -> Result<ClosedRecording> {
    let mut samples: Vec<Sample> = sample_index::samples(&closed.video_index).collect::<Result<_>>()?;
    let lost: i32 = samples.drain(frames..).map(|s| s.duration_90k).sum();
    let last = samples.last_mut().expect("a recording that is cut keeps a key frame");
    last.duration_90k += lost;
    let standing = last.duration_90k > 0;
    let mut cut = closed.clone();
    let r = &mut cut.recording;
    if standing {
        r.flags = Flags(r.flags.0 & !Flags::TRAILING_ZERO.0);
    }
    r.video_samples = samples.len() as u32;
    r.video_sync_samples = samples.iter().filter(|s| s.is_key).count() as u32;
    r.sample_file_bytes = samples.iter().map(|s| u64::from(s.bytes)).sum();
    r.index_format = sample_index::FORMAT;
    cut.video_index = sample_index::encode(&samples).into();
    cut.blake3 = orphan::hash(file, r.sample_file_bytes)?;
    Ok(cut)
}
