//! `Clip`: the pictures of an Annex B file.

use bytes::Bytes;
use lunette::media::access_unit::Splitter;
use lunette::media::annexb::nal_units;
use lunette::media::codec::Codec;
use std::error::Error;
use std::path::Path;

/// A film without an end: after its last picture comes its first.
#[derive(Debug)]
pub(crate) struct Clip {
    pub(crate) codec: Codec,
    pub(crate) fps: u32,
    pub(crate) pictures: Vec<Picture>,
    /// Those of its first picture, for the session description.
    pub(crate) parameter_sets: Vec<Bytes>,
}

/// A picture with all its NAL units, parameter sets included.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) nals: Vec<Bytes>,
    /// How many pictures later than its place in the file it is shown; not 0 only where there are B-frames.
    pub(crate) shown_later: i32,
}

impl Clip {
    /// Loads a file whose name ends in `.<rate>fps.<h264 or h265>`.
    pub(crate) fn load(path: &Path) -> Result<Self, Box<dyn Error>> {
        let (codec, fps) = what_it_is(path).ok_or_else(|| format!("{}: not named NAME.15fps.h264", path.display()))?;
        let file = std::fs::read(path).map_err(|e| format!("{}: {e}; scripts/make-clip makes it", path.display()))?;
        let mut splitter = Splitter::new(codec);
        splitter.push(&file);
        splitter.finish();
        let units: Vec<Vec<Bytes>> = splitter
            .map(|unit| unit.map(|unit| nal_units(&unit).map(Bytes::copy_from_slice).collect()))
            .collect::<Result<_, _>>()?;
        let parameter_sets = units.first().ok_or("the clip is empty")?.iter();
        let parameter_sets = parameter_sets.filter(|nal| is_parameter_set(codec, nal)).cloned().collect();
        let mut pictures: Vec<_> = units.into_iter().map(|nals| Picture { nals, shown_later: 0 }).collect();
        reorder(codec, &mut pictures);
        Ok(Self { codec, fps, pictures, parameter_sets })
    }
}

fn what_it_is(path: &Path) -> Option<(Codec, u32)> {
    let (rest, kind) = path.file_name()?.to_str()?.rsplit_once('.')?;
    let codec = match kind {
        "h264" => Codec::H264,
        "h265" => Codec::H265,
        _ => return None,
    };
    let fps = rest.rsplit_once('.')?.1.strip_suffix("fps")?;
    Some((codec, fps.parse().ok().filter(|&fps| fps > 0)?))
}

fn is_parameter_set(codec: Codec, nal: &[u8]) -> bool {
    match codec {
        Codec::H264 => matches!(nal[0] & 0x1f, 7 | 8),
        Codec::H265 => matches!(nal[0] >> 1 & 0x3f, 32..=34),
    }
}

/// A picture that no other refers to is a B-frame here: it is shown before the one that the file has before it.
fn reorder(codec: Codec, pictures: &mut [Picture]) {
    if codec != Codec::H264 {
        return;
    }
    let is_b: Vec<bool> =
        pictures.iter().map(|p| p.nals.iter().any(|n| n[0] & 0x60 == 0 && n[0] & 0x1f == 1)).collect();
    for i in 1..pictures.len() {
        if is_b[i] {
            pictures[i - 1].shown_later = 1;
            pictures[i].shown_later = -1;
        }
    }
}
