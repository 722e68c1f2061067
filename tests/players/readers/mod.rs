//! Other people's readers of mp4 files, and what each says of a film.
//!
//! What a reader cannot tell, for a limit of its own, is `None` in what it has seen:
//!
//! | reader | does not tell | why |
//! |---|---|---|
//! | ffprobe | sample entries | it tells of a track's first |
//! | ffprobe | times around the second edit and later ones | it shows the key frame at an edit's end twice, and then goes back to where the next edit's hidden start is; so times are sums of durations there |
//! | ffprobe | times of samples that change places behind the second edit | it tells durations by the parameter sets' rate there |
//! | mp4parse | H.265 sample entries | it does not know them; their number it tells |
//! | mp4parse | how long a film of several edits is shown | it takes the first edit and drops the others |
//! | mp4box | the font table of subtitles | it does not know the box, and says so |
//! | mp4parse | samples of fragments | it reads what goes before them |
//! | all | how long fragments are shown | it is told by no header |
//! | re_mp4 | times of fragments beyond 32 bits | it takes composition offsets of fragments, which are signed, for unsigned ones |
//! | re_mp4 | sample entries | it reads a track's first and skips the others |

mod ffprobe;
mod mp4box;
mod mp4parse;
mod re_mp4;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What a reader says of a film's video track.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) reader: &'static str,
    pub(crate) samples: Vec<Sample>,
    /// How long the track is shown.
    pub(crate) shown_90k: Option<i64>,
    /// How many sample entries it has.
    pub(crate) entries: Option<usize>,
}

/// One of its samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    /// Where it is in the file.
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    /// Media time since the first one.
    pub(crate) time_90k: i64,
    pub(crate) is_key: bool,
}

/// What all of them say. Panics if one cannot read the film.
pub(crate) fn all(film: &Path) -> Vec<Seen> {
    [ffprobe::read, mp4parse::read, re_mp4::read, mp4box::read].map(|read| read(film)).into()
}

/// What they say of fragments behind their initialisation segment.
pub(crate) fn of_fragments(film: &Path) -> Vec<Seen> {
    mp4parse::read_fragmented(film);
    let all = [ffprobe::read, re_mp4::read, mp4box::read].map(|read| read(film));
    all.into_iter().map(|seen| Seen { shown_90k: None, ..seen }).collect()
}

impl Seen {
    /// The length of each sample as the NAL units in it tell: 4 bytes of length each, and so many bytes.
    pub(crate) fn film_bytes(&self, film: &Path) -> impl Iterator<Item = u64> {
        let file = File::open(film).unwrap();
        self.samples.iter().map(move |sample| {
            let mut at = 0;
            while at < sample.bytes {
                let mut length = [0; 4];
                file.read_exact_at(&mut length, sample.offset + at).unwrap();
                at += 4 + u64::from(u32::from_be_bytes(length));
            }
            at
        })
    }
}
