//! `init`: what a player must know before the first [`Fragment`](super::Fragment) of a sample entry.

use crate::media::SampleEntry;
use crate::media::mp4::boxes::Boxes;
use crate::media::mp4::header::{self, Header};
use crate::media::mp4::moov::VIDEO;
use bytes::Bytes;
use std::convert::Infallible;
use std::slice;
use std::sync::Arc;

/// The initialisation segment of a sample entry: `ftyp`, and a `moov` that has no sample of its own. The same entry has
/// the same bytes for ever.
pub fn init(sample_entry: &Arc<SampleEntry>) -> Bytes {
    let sample_entry = slice::from_ref(sample_entry);
    let mut b = Boxes::<Infallible>::default();
    b.plain(b"ftyp", |b| {
        b.put(b"iso6"); // with it came tfdt
        b.u32(0);
        b.put(b"iso6mp41");
    });
    let header = Header::of_fragments();
    b.plain(b"moov", |b| {
        header.mvhd(b, VIDEO.track);
        b.plain(b"trak", |b| {
            header.tkhd(b, VIDEO, header::shown_size(sample_entry));
            b.plain(b"mdia", |b| {
                header.mdhd(b);
                header::hdlr(b, b"vide");
                b.plain(b"minf", |b| {
                    header::vmhd(b);
                    header::dinf(b);
                    b.plain(b"stbl", |b| {
                        header::stsd(b, sample_entry);
                        b.full(b"stts", 0, 0, |b| b.u32(0));
                        b.full(b"stsc", 0, 0, |b| b.u32(0));
                        b.full(b"stsz", 0, 0, |b| b.zeros(8));
                        b.full(b"stco", 0, 0, |b| b.u32(0));
                    });
                });
            });
        });
        // 8.8.1, 8.8.3: fragments say all of each sample, so that the defaults mean nothing.
        b.plain(b"mvex", |b| {
            b.full(b"trex", 0, 0, |b| {
                b.u32(VIDEO.track);
                b.u32(1); // the sample entry
                b.zeros(12);
            });
        });
    });
    b.finish().0
}
