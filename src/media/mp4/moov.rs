//! `Movie`: what stands before the film: `ftyp`, `moov`, and the header of `mdat` (ISO/IEC 14496-12).

use crate::base::time::UNITS_PER_SEC;
use crate::base::{MediaDuration, WallTime};
use crate::media::SampleEntry;
use crate::media::mp4::boxes::Boxes;
use crate::media::mp4::edit::EditList;
use crate::media::mp4::subtitles::TEXT_BYTES;
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
    /// There is a track of texts.
    pub has_texts: bool,
}

/// What a track has that another has not.
struct Track {
    id: u32,
    handler: &'static [u8; 4],
    /// Lower ones lie in front.
    layer: i16,
    /// Tracks of the same are there to choose from.
    alternate_group: u16,
    /// How long all the media is, shown or not.
    media_duration: u64,
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
                let track = self.video();
                self.tkhd(b, &track);
                self.edts(b);
                self.mdia(b, &track, |b| {
                    b.full(b"vmhd", 0, 1, |b| b.zeros(8)); // 12.1.2
                    dinf(b);
                    b.plain(b"stbl", |b| self.video_tables(b));
                });
            });
            if self.has_texts {
                b.plain(b"trak", |b| {
                    let track = self.texts();
                    self.tkhd(b, &track);
                    self.mdia(b, &track, |b| {
                        b.full(b"nmhd", 0, 0, |_| {}); // 8.4.5.2
                        dinf(b);
                        b.plain(b"stbl", |b| self.text_tables(b));
                    });
                });
            }
        });
        b.large(b"mdat", |b| b.leave(Part::Media, self.totals.media_bytes()));
        b
    }

    fn video(&self) -> Track {
        let media_duration = number(self.edits.media_duration());
        Track { id: VIDEO_ID, handler: b"vide", layer: 0, alternate_group: 0, media_duration }
    }

    /// It lasts as long as what is shown of the video, and so needs no edits of its own. `sbtl` is what Apple's players
    /// look for, and the others know it; they offer it in their menu if it is of a group.
    fn texts(&self) -> Track {
        let media_duration = number(self.edits.shown());
        Track { id: VIDEO_ID + 1, handler: b"sbtl", layer: -1, alternate_group: 2, media_duration }
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
            b.u32(VIDEO_ID + 1 + u32::from(self.has_texts)); // the next track
        });
    }

    /// 8.3.2
    fn tkhd(&self, b: &mut Boxes<Part>, track: &Track) {
        let duration = number(self.edits.shown());
        let version = self.version_for(duration);
        b.full(b"tkhd", version, ENABLED | IN_MOVIE, |b| {
            self.times(b, version);
            b.u32(track.id);
            b.zeros(4);
            b.sized(version, duration);
            b.zeros(8);
            b.u16(track.layer as u16);
            b.u16(track.alternate_group);
            b.zeros(4); // volume of what makes no sound, reserved
            matrix(b);
            let (width, height) = self.picture();
            b.u32(width);
            b.u32(height);
        });
    }

    /// The size of the largest picture as it is shown, 16.16.
    fn picture(&self) -> (u32, u32) {
        let size = |of: fn(&SampleEntry) -> u32| self.sample_entries.iter().map(|e| of(e)).max().unwrap_or(0);
        (size(shown_width), size(|e| u32::from(e.height) << 16))
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

    fn mdia(&self, b: &mut Boxes<Part>, track: &Track, minf: impl FnOnce(&mut Boxes<Part>)) {
        let version = self.version_for(track.media_duration);
        b.plain(b"mdia", |b| {
            // 8.4.2
            b.full(b"mdhd", version, 0, |b| {
                self.times(b, version);
                b.u32(TIME_SCALE);
                b.sized(version, track.media_duration);
                b.u16(UNDETERMINED);
                b.zeros(2);
            });
            // 8.4.3
            b.full(b"hdlr", 0, 0, |b| {
                b.zeros(4);
                b.put(track.handler);
                b.zeros(12);
                b.put(b"Lunette\0");
            });
            b.plain(b"minf", minf);
        });
    }

    fn video_tables(&self, b: &mut Boxes<Part>) {
        let Totals { samples, sync_samples, .. } = self.totals;
        b.full(b"stsd", 0, 0, |b| {
            b.u32(self.sample_entries.len() as u32);
            for entry in self.sample_entries {
                b.put(&entry.data);
            }
        });
        self.samples(b, b"stts", samples, SampleTable::Stts);
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

    fn text_tables(&self, b: &mut Boxes<Part>) {
        let (width, height) = self.picture();
        b.full(b"stsd", 0, 0, |b| {
            b.u32(1);
            b.plain(b"tx3g", |b| tx3g(b, width >> 16, height >> 16));
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
const VIDEO_ID: u32 = 1;
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

/// 8.7.1
fn dinf(b: &mut Boxes<Part>) {
    b.plain(b"dinf", |b| {
        b.full(b"dref", 0, 0, |b| {
            b.u32(1);
            b.full(b"url ", 0, IN_THIS_FILE, |_| {});
        });
    });
}

/// White on half a shadow, in the middle of the lowest line of the picture (3GPP TS 26.245 5.16). Most players put it
/// where they like.
fn tx3g(b: &mut Boxes<Part>, width: u32, height: u32) {
    let short = |n: u32| n.min(i16::MAX as u32) as u16;
    b.zeros(6);
    b.u16(1); // the first data reference
    b.u32(0); // neither scrolling nor karaoke
    b.put(&[1, 0xff]); // in the middle, at the bottom
    b.u32(0x0000_0080); // red, green, blue, opacity
    for edge in [0, 0, short(height), short(width)] {
        b.u16(edge);
    }
    b.zeros(4); // the style of all characters
    b.u16(FONT);
    b.put(&[0, (height / 20).clamp(8, 0xff) as u8]);
    b.u32(0xffff_ffff);
    b.plain(b"ftab", |b| {
        b.u16(1);
        b.u16(FONT);
        b.put(b"\x09Monospace");
    });
}

const FONT: u16 = 1;

/// Upright and in its own size.
fn matrix(b: &mut Boxes<Part>) {
    for n in [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000] {
        b.u32(n);
    }
}
