//! The boxes that say when and how long: `mvhd`, `tkhd`, `mdhd`; and the small ones that stand in every video track.
//! `moov` of a whole file and that of an initialisation segment are made of them.

use crate::base::time::UNITS_PER_SEC;
use crate::base::{MediaDuration, WallTime};
use crate::media::SampleEntry;
use crate::media::mp4::boxes::Boxes;
use std::sync::Arc;

/// What a track has that another has not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) track: u32,
    /// Lower ones lie in front.
    pub(super) layer: i16,
    /// Tracks of the same are there to choose from; 0 is none.
    pub(super) alternate_group: u16,
}

/// When and how long something is shown; its boxes are of version 1 where 32 bits are not enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    /// Seconds since 1904.
    created: u64,
    duration: u64,
}

impl Header {
    /// Of something that began at a time, and lasts so long.
    pub(super) fn new(created: WallTime, duration: MediaDuration) -> Self {
        let created = (created.unix_seconds() + SECONDS_1904_TO_1970).max(0) as u64;
        Self { created, duration: number(duration) }
    }

    /// Of what is only told in fragments: it began whenever.
    pub(super) fn of_fragments() -> Self {
        Self { created: 0, duration: 0 }
    }

    /// 8.2.2, of a movie with so many tracks.
    pub(super) fn mvhd<T>(self, b: &mut Boxes<T>, tracks: u32) {
        self.full(b, b"mvhd", 0, |b, version| {
            b.u32(TIME_SCALE);
            b.sized(version, self.duration);
            b.u32(0x0001_0000); // rate 1.0
            b.u16(0x0100); // volume 1.0
            b.zeros(10);
            matrix(b);
            b.zeros(24);
            b.u32(tracks + 1); // the next track
        });
    }

    /// 8.3.2, of a track with a width and a height, 16.16.
    pub(super) fn tkhd<T>(self, b: &mut Boxes<T>, place: Place, (width, height): (u32, u32)) {
        self.full(b, b"tkhd", ENABLED | IN_MOVIE, |b, version| {
            b.u32(place.track);
            b.zeros(4);
            b.sized(version, self.duration);
            b.zeros(8);
            b.u16(place.layer as u16);
            b.u16(place.alternate_group);
            b.zeros(4); // volume of what makes no sound, reserved
            matrix(b);
            b.u32(width);
            b.u32(height);
        });
    }

    /// 8.4.2
    pub(super) fn mdhd<T>(self, b: &mut Boxes<T>) {
        self.full(b, b"mdhd", 0, |b, version| {
            b.u32(TIME_SCALE);
            b.sized(version, self.duration);
            b.u16(UNDETERMINED);
            b.zeros(2);
        });
    }

    /// A box that begins with creation and modification time.
    fn full<T>(self, b: &mut Boxes<T>, kind: &[u8; 4], flags: u32, body: impl FnOnce(&mut Boxes<T>, u8)) {
        // All ones is no duration but "unknown".
        let version = u8::from(self.duration.max(self.created) >= u64::from(u32::MAX));
        b.full(kind, version, flags, |b| {
            b.sized(version, self.created);
            b.sized(version, self.created);
            body(b, version);
        });
    }
}

/// 8.4.3
pub(super) fn hdlr<T>(b: &mut Boxes<T>, kind: &[u8; 4]) {
    b.full(b"hdlr", 0, 0, |b| {
        b.zeros(4);
        b.put(kind);
        b.zeros(12);
        b.put(b"Lunette\0");
    });
}

/// 12.1.2
pub(super) fn vmhd<T>(b: &mut Boxes<T>) {
    b.full(b"vmhd", 0, 1, |b| b.zeros(8));
}

/// 8.7.1: the samples are in this file.
pub(super) fn dinf<T>(b: &mut Boxes<T>) {
    b.plain(b"dinf", |b| {
        b.full(b"dref", 0, 0, |b| {
            b.u32(1);
            b.full(b"url ", 0, IN_THIS_FILE, |_| {});
        });
    });
}

/// 8.5.2
pub(super) fn stsd<T>(b: &mut Boxes<T>, sample_entries: &[Arc<SampleEntry>]) {
    b.full(b"stsd", 0, 0, |b| {
        b.u32(sample_entries.len() as u32);
        for entry in sample_entries {
            b.put(&entry.data);
        }
    });
}

/// The size of the largest picture on a screen of square pixels, for [`Header::tkhd`].
pub(super) fn shown_size(sample_entries: &[Arc<SampleEntry>]) -> (u32, u32) {
    let largest = |of: fn(&SampleEntry) -> u32| sample_entries.iter().map(|e| of(e)).max().unwrap_or(0);
    (largest(shown_width), largest(|e| u32::from(e.height) << 16))
}

fn shown_width(entry: &SampleEntry) -> u32 {
    let (horizontal, vertical) = entry.pixel_aspect;
    let width = (u64::from(entry.width) << 16) * u64::from(horizontal) / u64::from(vertical.max(1));
    u32::try_from(width).unwrap_or(u32::MAX)
}

/// As boxes write it.
pub(super) fn number(duration: MediaDuration) -> u64 {
    u64::try_from(duration.0).expect("durations of samples are not negative")
}

/// Upright and in its own size.
fn matrix<T>(b: &mut Boxes<T>) {
    for n in [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000] {
        b.u32(n);
    }
}

const TIME_SCALE: u32 = UNITS_PER_SEC as u32;
const ENABLED: u32 = 1;
const IN_MOVIE: u32 = 2;
const IN_THIS_FILE: u32 = 1;
const SECONDS_1904_TO_1970: i64 = 2_082_844_800;

/// The language code `und`, in three times five bits.
const UNDETERMINED: u16 = 0x55c4;
