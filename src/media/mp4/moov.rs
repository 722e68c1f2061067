//! `Movie`: what stands before the film: `ftyp`, `moov`, and the header of `mdat` (ISO/IEC 14496-12).

use crate::base::WallTime;
use crate::media::SampleEntry;
use crate::media::mp4::boxes::Boxes;
use crate::media::mp4::edit::EditList;
use crate::media::mp4::header::{self, Header, number};
use crate::media::mp4::table::{ChunkTable, Part, SampleTable, Totals};
use std::sync::Arc;

/// A file with one video track whose samples lie in chunks, a segment each, in one `mdat`.
#[derive(Debug)]
pub struct Movie<'a> {
    /// When what it shows began.
    pub created: WallTime,
    /// What it shows of its samples.
    pub edits: &'a EditList,
    /// How to decode the samples; at least one.
    pub sample_entries: &'a [Arc<SampleEntry>],
    /// How many of everything there are.
    pub totals: Totals,
}

impl Movie<'_> {
    /// The whole file. The tables must be below 1 GiB.
    pub fn write(&self) -> Boxes<Part> {
        let mut b = Boxes::default();
        b.plain(b"ftyp", |b| {
            b.put(b"isom");
            b.u32(0x200);
            b.put(b"isomiso2mp41");
        });
        let header = |duration| Header::new(self.created, duration);
        let shown = header(self.edits.shown());
        b.plain(b"moov", |b| {
            shown.mvhd(b, VIDEO_TRACK);
            b.plain(b"trak", |b| {
                shown.tkhd(b, VIDEO_TRACK, header::shown_size(self.sample_entries));
                self.edts(b);
                b.plain(b"mdia", |b| {
                    header(self.edits.media_duration()).mdhd(b);
                    self.video(b);
                });
            });
        });
        b.large(b"mdat", |b| self.leave(b, Part::Film));
        b
    }

    /// 8.6.5, 8.6.6
    fn edts(&self, b: &mut Boxes<Part>) {
        if self.edits.is_plain() {
            return;
        }
        let edits = self.edits.edits();
        // A media time of version 0 is signed.
        let is_large = self.edits.media_duration().0 > i64::from(i32::MAX);
        let version = u8::from(is_large);
        b.plain(b"edts", |b| {
            b.full(b"elst", version, 0, |b| {
                b.u32(edits.len() as u32);
                for edit in edits {
                    b.sized(version, number(edit.duration));
                    b.sized(version, number(edit.media_time));
                    b.u16(1); // rate 1.0: integer part, fraction
                    b.u16(0);
                }
            });
        });
    }

    fn video(&self, b: &mut Boxes<Part>) {
        header::hdlr(b, b"vide");
        b.plain(b"minf", |b| {
            header::vmhd(b);
            header::dinf(b);
            b.plain(b"stbl", |b| self.stbl(b));
        });
    }

    fn stbl(&self, b: &mut Boxes<Part>) {
        let Totals { segments, samples, sync_samples, .. } = self.totals;
        header::stsd(b, self.sample_entries);
        self.table(b, b"stts", samples, Part::Samples(SampleTable::Stts));
        self.table(b, b"stsc", segments, Part::Chunks(ChunkTable::Stsc));
        self.table(b, b"stss", sync_samples, Part::Samples(SampleTable::Stss));
        // 8.7.3.2
        b.full(b"stsz", 0, 0, |b| {
            b.u32(0); // they differ
            b.u32(samples);
            self.leave(b, Part::Samples(SampleTable::Stsz));
        });
        self.table(b, b"co64", segments, Part::Chunks(ChunkTable::Co64));
    }

    /// A table that begins with the count of its entries.
    fn table(&self, b: &mut Boxes<Part>, kind: &[u8; 4], count: u32, part: Part) {
        b.full(kind, 0, 0, |b| {
            b.u32(count);
            self.leave(b, part);
        });
    }

    fn leave(&self, b: &mut Boxes<Part>, part: Part) {
        b.leave(part, self.totals.bytes_of(part));
    }
}

/// The only track.
pub(super) const VIDEO_TRACK: u32 = 1;
