//! `Movie`: what stands before the film: `ftyp`, `moov`, and the header of `mdat` (ISO/IEC 14496-12).

use crate::base::time::UNITS_PER_SEC;
use crate::base::{MediaDuration, WallTime};
use crate::media::SampleEntry;
use crate::media::mp4::boxes::Boxes;
use crate::media::mp4::edit::EditList;
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
        b.plain(b"moov", |b| {
            self.mvhd(b);
            b.plain(b"trak", |b| {
                self.tkhd(b);
                self.edts(b);
                b.plain(b"mdia", |b| self.mdia(b));
            });
        });
        b.large(b"mdat", |b| self.leave(b, Part::Film));
        b
    }

    /// 8.2.2
    fn mvhd(&self, b: &mut Boxes<Part>) {
        let duration = number(self.edits.shown());
        let version = self.version_for(duration);
        b.full(b"mvhd", version, 0, |b| {
            self.times(b, version);
            b.u32(TIME_SCALE);
            b.sized(version, duration);
            b.u32(0x0001_0000); // rate 1.0
            b.u16(0x0100); // volume 1.0
            b.zeros(10);
            matrix(b);
            b.zeros(24);
            b.u32(TRACK_ID + 1); // the next track
        });
    }

    /// 8.3.2
    fn tkhd(&self, b: &mut Boxes<Part>) {
        let duration = number(self.edits.shown());
        let version = self.version_for(duration);
        b.full(b"tkhd", version, ENABLED | IN_MOVIE, |b| {
            self.times(b, version);
            b.u32(TRACK_ID);
            b.zeros(4);
            b.sized(version, duration);
            b.zeros(16); // reserved, layer, alternate group, volume of what makes no sound, reserved
            matrix(b);
            let size = |of: fn(&SampleEntry) -> u32| self.sample_entries.iter().map(|e| of(e)).max().unwrap_or(0);
            b.u32(size(shown_width));
            b.u32(size(|e| u32::from(e.height) << 16));
        });
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

    fn mdia(&self, b: &mut Boxes<Part>) {
        let duration = number(self.edits.media_duration());
        let version = self.version_for(duration);
        // 8.4.2
        b.full(b"mdhd", version, 0, |b| {
            self.times(b, version);
            b.u32(TIME_SCALE);
            b.sized(version, duration);
            b.u16(UNDETERMINED);
            b.zeros(2);
        });
        // 8.4.3
        b.full(b"hdlr", 0, 0, |b| {
            b.zeros(4);
            b.put(b"vide");
            b.zeros(12);
            b.put(b"Lunette\0");
        });
        b.plain(b"minf", |b| {
            b.full(b"vmhd", 0, 1, |b| b.zeros(8)); // 12.1.2
            b.plain(b"dinf", |b| {
                b.full(b"dref", 0, 0, |b| {
                    b.u32(1);
                    b.full(b"url ", 0, IN_THIS_FILE, |_| {});
                });
            });
            b.plain(b"stbl", |b| self.stbl(b));
        });
    }

    fn stbl(&self, b: &mut Boxes<Part>) {
        let Totals { segments, samples, sync_samples, .. } = self.totals;
        b.full(b"stsd", 0, 0, |b| {
            b.u32(self.sample_entries.len() as u32);
            for entry in self.sample_entries {
                b.put(&entry.data);
            }
        });
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

    /// Creation and modification time.
    fn times(&self, b: &mut Boxes<Part>, version: u8) {
        b.sized(version, self.created_1904());
        b.sized(version, self.created_1904());
    }

    fn created_1904(&self) -> u64 {
        (self.created.unix_seconds() + SECONDS_1904_TO_1970).max(0) as u64
    }

    /// All ones is no duration but "unknown".
    fn version_for(&self, duration: u64) -> u8 {
        u8::from(duration.max(self.created_1904()) >= u64::from(u32::MAX))
    }
}

const TIME_SCALE: u32 = UNITS_PER_SEC as u32;
const TRACK_ID: u32 = 1;
const ENABLED: u32 = 1;
const IN_MOVIE: u32 = 2;
const IN_THIS_FILE: u32 = 1;
const SECONDS_1904_TO_1970: i64 = 2_082_844_800;

/// The language code `und`, in three times five bits.
const UNDETERMINED: u16 = 0x55c4;

/// The width on a screen of square pixels, 16.16.
fn shown_width(entry: &SampleEntry) -> u32 {
    let (horizontal, vertical) = entry.pixel_aspect;
    let width = (u64::from(entry.width) << 16) * u64::from(horizontal) / u64::from(vertical.max(1));
    u32::try_from(width).unwrap_or(u32::MAX)
}

fn number(duration: MediaDuration) -> u64 {
    u64::try_from(duration.0).expect("durations of samples are not negative")
}

/// Upright and in its own size.
fn matrix(b: &mut Boxes<Part>) {
    for n in [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000] {
        b.u32(n);
    }
}
