//! `Movie`: what stands before the film: `ftyp`, `moov`, and the header of `mdat` (ISO/IEC 14496-12).

use crate::base::WallTime;
use crate::media::SampleEntry;
use crate::media::mp4::boxes::Boxes;
use crate::media::mp4::edit::EditList;
use crate::media::mp4::header::{self, Header, Place, number};
use crate::media::mp4::subtitles::{TEXT_BYTES, track_size, tx3g};
use crate::media::mp4::table::{ChunkTable, Part, SampleTable, Totals};
use std::sync::Arc;

/// A file with a video track, and perhaps one of texts, whose samples lie in chunks, a segment each, in one `mdat`: of
/// each segment first the texts, so that a player that reads on has them when it comes to the pictures.
#[derive(Debug)]
pub struct Movie<'a> {
    /// When what it shows began.
    pub created: WallTime,
    /// What it shows of its samples.
    pub edits: &'a EditList,
    /// How to decode the samples; at least one.
    pub sample_entries: &'a [Arc<SampleEntry>],
    /// How many segments there are.
    pub segments: u32,
    /// How many of everything there are in them.
    pub totals: Totals,
    /// Frames may be shown in another order than they are decoded in.
    pub is_reordered: bool,
    /// There is a track of texts.
    pub has_texts: bool,
}

impl Movie<'_> {
    /// The whole file. The tables must be below 1 GiB.
    pub fn write(&self) -> Boxes<Part> {
        let mut b = Boxes::default();
        b.plain(b"ftyp", |b| {
            b.put(b"isom");
            b.u32(0x200);
            b.put(b"isomiso2mp41");
            if self.is_reordered {
                b.put(b"iso4"); // with it came composition offsets below 0
            }
        });
        let header = |duration| Header::new(self.created, duration);
        let shown = header(self.edits.shown());
        b.plain(b"moov", |b| {
            shown.mvhd(b, VIDEO.track + u32::from(self.has_texts));
            b.plain(b"trak", |b| {
                shown.tkhd(b, VIDEO, header::shown_size(self.sample_entries));
                self.edts(b);
                b.plain(b"mdia", |b| {
                    header(self.edits.media_duration()).mdhd(b);
                    self.video(b);
                });
            });
            if self.has_texts {
                b.plain(b"trak", |b| {
                    shown.tkhd(b, TEXTS, track_size(header::shown_size(self.sample_entries)));
                    b.plain(b"mdia", |b| {
                        // As long as what is shown of the video: it needs no edits of its own.
                        shown.mdhd(b);
                        self.texts(b);
                    });
                });
            }
        });
        b.large(b"mdat", |b| b.leave(Part::Media, self.totals.media_bytes()));
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
        let Totals { samples, sync_samples, .. } = self.totals;
        header::stsd(b, self.sample_entries);
        self.samples(b, b"stts", samples, SampleTable::Stts);
        if self.is_reordered {
            // 8.6.1.3
            b.full(b"ctts", 1, 0, |b| {
                b.u32(samples);
                b.leave(Part::Samples(SampleTable::Ctts), self.totals.bytes_in(SampleTable::Ctts));
            });
        }
        self.chunks(b, b"stsc", self.segments, ChunkTable::Stsc);
        self.samples(b, b"stss", sync_samples, SampleTable::Stss);
        // 8.7.3.2
        b.full(b"stsz", 0, 0, |b| {
            b.u32(0); // they differ
            b.u32(samples);
            b.leave(Part::Samples(SampleTable::Stsz), self.totals.bytes_in(SampleTable::Stsz));
        });
        self.chunks(b, b"co64", self.segments, ChunkTable::Co64);
    }

    fn texts(&self, b: &mut Boxes<Part>) {
        // What Apple's players look for, and the others know.
        header::hdlr(b, b"sbtl");
        b.plain(b"minf", |b| {
            b.full(b"nmhd", 0, 0, |_| {}); // 8.4.5.2
            header::dinf(b);
            b.plain(b"stbl", |b| self.text_stbl(b));
        });
    }

    fn text_stbl(&self, b: &mut Boxes<Part>) {
        b.full(b"stsd", 0, 0, |b| {
            b.u32(1);
            tx3g(b, track_size(header::shown_size(self.sample_entries)));
        });
        self.chunks(b, b"stts", self.totals.text_runs, ChunkTable::TextStts);
        self.chunks(b, b"stsc", self.segments, ChunkTable::TextStsc);
        b.full(b"stsz", 0, 0, |b| {
            b.u32(TEXT_BYTES as u32); // each of them
            b.u32(self.totals.texts);
        });
        self.chunks(b, b"co64", self.segments, ChunkTable::TextCo64);
    }

    /// A table that begins with the count of its entries, made from indexes.
    fn samples(&self, b: &mut Boxes<Part>, kind: &[u8; 4], count: u32, table: SampleTable) {
        b.full(kind, 0, 0, |b| {
            b.u32(count);
            b.leave(Part::Samples(table), self.totals.bytes_in(table));
        });
    }

    /// The same, made from the list of segments.
    fn chunks(&self, b: &mut Boxes<Part>, kind: &[u8; 4], count: u32, table: ChunkTable) {
        b.full(kind, 0, 0, |b| {
            b.u32(count);
            b.leave(Part::Chunks(table), table.bytes(self.segments, &self.totals));
        });
    }
}

/// The only track of a film without texts.
pub(super) const VIDEO: Place = Place { track: 1, layer: 0, alternate_group: 0 };

/// Some players offer only what is of a group.
const TEXTS: Place = Place { track: 2, layer: -1, alternate_group: 1 };
