//! The clips whose pictures carry their number, and how it is read: eight by six fields, in the upper half the number's
//! 24 bits, the lowest at the left of the first line, in the lower half their complement.

use super::cameras::root;
use super::process::{output_silently, run_silently};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A clip of `scripts/make-clip --numbered`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbered {
    file: &'static str,
    /// How long each picture is shown.
    pub(crate) frame_90k: i64,
    /// How many there are.
    pub(crate) pictures: u32,
    first: u32,
}

/// 200 seconds.
pub(crate) const MINUTES: Numbered =
    Numbered { file: "minutes.5fps.h264", frame_90k: 18_000, pictures: 1000, first: 0 };
/// The same in H.265.
pub(crate) const MINUTES_H265: Numbered =
    Numbered { file: "minutes.5fps.h265", frame_90k: 18_000, pictures: 1000, first: 30_000 };
/// 20 seconds of the same size as [`MINUTES`].
pub(crate) const OTHER: Numbered =
    Numbered { file: "other.5fps.h264", frame_90k: 18_000, pictures: 100, first: 10_000 };
/// 20 seconds in twice its width and height.
pub(crate) const LARGE: Numbered =
    Numbered { file: "large.5fps.h264", frame_90k: 18_000, pictures: 100, first: 20_000 };
/// 200 seconds with B-frames, one of three in a row referred to by others.
pub(crate) const PYRAMID: Numbered =
    Numbered { file: "pyramid.5fps.h264", frame_90k: 18_000, pictures: 1000, first: 40_000 };
/// The same in H.265, whose groups of pictures are open: a picture is shown before each key frame but the first that is
/// decoded after it, and refers to the group before.
pub(crate) const PYRAMID_H265: Numbered =
    Numbered { file: "pyramid.5fps.h265", frame_90k: 18_000, pictures: 1000, first: 50_000 };
/// Ten hours.
pub(crate) const MORNING: Numbered =
    Numbered { file: "morning.0.5fps.h264", frame_90k: 180_000, pictures: 18_000, first: 100_000 };
/// Thirteen hours.
pub(crate) const EVENING: Numbered =
    Numbered { file: "evening.0.5fps.h264", frame_90k: 180_000, pictures: 23_400, first: 200_000 };

impl Numbered {
    /// The numbers that some of its pictures carry.
    pub(crate) fn numbers(&self, pictures: Range<u32>) -> Range<u32> {
        self.first + pictures.start..self.first + pictures.end
    }

    /// All its numbers.
    pub(crate) fn all(&self) -> Range<u32> {
        self.numbers(0..self.pictures)
    }

    /// Its file.
    pub(crate) fn path(&self) -> PathBuf {
        static MADE: OnceLock<()> = OnceLock::new();
        MADE.get_or_init(|| drop(run_silently(Command::new(root().join("scripts/make-clip")).arg("--numbered"))));
        root().join(format!("target/clips/numbered-{}", self.file))
    }

    /// Which picture each of its frames is, in decoding order: where in the file ffmpeg's decoder had them from.
    pub(crate) fn decoding_order(&self) -> Vec<u32> {
        let mut ffprobe = Command::new("ffprobe");
        ffprobe.args(["-v", "error", "-show_entries", "frame=pkt_pos", "-of", "csv=p=0"]).arg(self.path());
        let told = run_silently(&mut ffprobe);
        let position = |line: &str| line.split(',').find_map(|field| field.parse::<u64>().ok());
        let shown: Vec<_> = told.lines().filter_map(position).collect();
        assert_eq!(shown.len(), self.pictures as usize);
        let mut decoded: Vec<_> = (0..self.pictures).collect();
        decoded.sort_by_key(|&picture| shown[picture as usize]);
        decoded
    }

    /// Its pictures per second.
    pub(crate) fn fps(&self) -> f64 {
        90_000.0 / self.frame_90k as f64
    }
}

/// The numbers of the pictures that a film shows, read by ffmpeg at its strictest. Panics if ffmpeg has anything to say.
pub(crate) fn shown_by_ffmpeg(film: &Path) -> Vec<u32> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-xerror", "-err_detect", "explode", "-i"]).arg(film);
    ffmpeg.args(["-map", "0:v", "-fps_mode", "passthrough", "-vf", "scale=8:6:flags=area,format=gray"]);
    let fields = output_silently(ffmpeg.args(["-f", "rawvideo", "-"]));
    fields.chunks(FIELDS).enumerate().map(|(at, fields)| number(fields).unwrap_or_else(|| unread(at, fields))).collect()
}

/// The number that the fields of a picture tell, if each is what its complement says.
fn number(fields: &[u8]) -> Option<u32> {
    let bit = |i: usize| u32::from(fields[i] > 128);
    let (upper, lower) = (0..BITS, BITS..FIELDS);
    let sound = upper.clone().zip(lower).all(|(i, complement)| bit(i) != bit(complement));
    sound.then(|| upper.fold(0, |number, i| number | bit(i) << i))
}

fn unread(at: usize, fields: &[u8]) -> ! {
    panic!("picture {at} carries no number: {fields:?}")
}

const BITS: usize = 24;
const FIELDS: usize = 2 * BITS;
