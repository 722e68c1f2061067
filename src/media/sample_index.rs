//! Samples with their sizes, durations, places in time and key flags: the codings of `video_index`.
//!
//! An index tells its own format: format 2 begins with the byte 2, that of a growing recording with 3, and format 1,
//! whose first duration is not negative, has bit 1 of its first byte clear. `docs/reference/storage.md` describes all.

pub mod columns;
mod format1;
mod format2;
mod rows;
mod varint;

pub use format2::encode;
pub use rows::{Encoder, encode_format1};

use crate::base::{Error, Kind, Result};
use rows::Rows;

/// What `Recording::index_format` says of the indexes that are written when a recording is closed: [`encode`].
pub const FORMAT: u8 = 2;

/// What it says of that of a recording that grows: [`Encoder`].
pub const GROWING: u8 = 3;

/// Those that this module reads: what `Recording::index_format` may say.
pub const FORMATS: std::ops::RangeInclusive<u8> = 1..=GROWING;

/// One frame as the index knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Until the next frame in decoding order is decoded, in 1/90 000 s; 0 only for the last of a run.
    pub duration_90k: i32,
    /// Its size in the sample file; more than 0.
    pub bytes: u32,
    /// Decoding can start with it.
    pub is_key: bool,
    /// From its decode time to its presentation time: not 0 only where frames are shown in another order.
    pub composition_90k: i32,
}

/// The format of an index, as the index tells it. Of an empty one it is 1.
pub fn format(index: &[u8]) -> u8 {
    match index.first() {
        Some(first) if first & 2 != 0 => *first,
        _ => 1,
    }
}

/// Reads an index of any format from its start, a sample at a time.
pub fn samples(index: &[u8]) -> Samples<'_> {
    Samples(match format(index) {
        1 => Inner::Format1(Rows::new(index)),
        FORMAT => match format2::Samples::new(index) {
            Ok(samples) => Inner::Format2(Box::new(samples)),
            Err(what) => Inner::Wrong(Some(what)),
        },
        GROWING => Inner::Growing(Rows::new(index)),
        _ => Inner::Wrong(Some("its format is not known")),
    })
}

/// The index of a recording that has grown, as it is kept once it is closed. Where it ended amid frames that change places,
/// those that are there are shown in their order, at the times at which they are decoded: none is left for after the end.
pub fn closed(index: &[u8]) -> Result<Vec<u8>> {
    let mut samples = samples(index).collect::<Result<Vec<_>>>()?;
    let last_group = samples.iter().rposition(|s| s.is_key).unwrap_or(0);
    if let Some(group) = samples.get_mut(last_group..) {
        keep_inside(group);
    }
    Ok(encode(&samples))
}

fn keep_inside(group: &mut [Sample]) {
    let mut at = 0;
    let begin = |s: &Sample| {
        at += i64::from(s.duration_90k);
        at - i64::from(s.duration_90k)
    };
    let decode: Vec<i64> = group.iter().map(begin).collect();
    let mut shown: Vec<(i64, usize)> =
        group.iter().zip(&decode).map(|(s, at)| at + i64::from(s.composition_90k)).zip(0..).collect();
    if shown.iter().map(|(at, _)| at).max() <= decode.last() {
        return;
    }
    shown.sort_unstable();
    for ((_, number), at) in shown.into_iter().zip(&decode) {
        group[number].composition_90k = (at - decode[number]) as i32;
    }
}

/// The samples of an index, in order. What is wrong comes as one `Err` of kind `Corrupt` and ends the iteration.
#[derive(Clone, Debug)]
pub struct Samples<'a>(Inner<'a>);

#[derive(Clone, Debug)]
enum Inner<'a> {
    Format1(Rows<'a, false>),
    Format2(Box<format2::Samples<'a>>),
    Growing(Rows<'a, true>),
    Wrong(Option<&'static str>),
}

impl Iterator for Samples<'_> {
    type Item = Result<Sample>;

    #[inline]
    fn next(&mut self) -> Option<Result<Sample>> {
        let wrong_entry = |(at, what)| invalid(format!(", entry at byte {at}: {what}"));
        match &mut self.0 {
            Inner::Format1(rows) => rows.next().map(|sample| sample.map_err(wrong_entry)),
            Inner::Format2(samples) => samples.next().map(|sample| sample.map_err(|what| invalid(format!(": {what}")))),
            Inner::Growing(rows) => rows.next().map(|sample| sample.map_err(wrong_entry)),
            Inner::Wrong(what) => what.take().map(|what| Err(invalid(format!(": {what}")))),
        }
    }
}

#[cold]
fn invalid(what: String) -> Error {
    Error::new(Kind::Corrupt, format!("video index{what}"))
}

#[cfg(test)]
mod tests;
