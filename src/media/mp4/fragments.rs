//! `Fragments`: a planned media segment, of each recording a [`Fragment`] with its film behind it.

use crate::base::{Error, Kind, MediaDuration, RecordingId, Result, WallTime};
use crate::media::mp4::moof::Fragment;
use crate::media::mp4::piece::Piece;
use crate::media::mp4::planned::Planned;
use crate::media::{Recording, Segment};
use bytes::Bytes;
use std::ops::Range;

/// Raised whenever the bytes made for the same recordings change, so that nobody joins ranges of two files.
pub const FORMAT_VERSION: u32 = 1;

/// A stretch of one run with one sample entry: `styp`, and then `moof` and `mdat` for each recording. Played behind the
/// [`init`](super::init()) of its sample entry.
#[derive(Debug)]
pub struct Fragments {
    start: Start,
    rows: Box<[Row]>,
    len: u64,
    etag: String,
    modified: WallTime,
}

/// Where a media segment begins, as far as its bytes do not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The first recording of its run.
    pub run: RecordingId,
    /// How to decode it; see [`Recording::sample_entry_id`].
    pub sample_entry_id: i32,
    /// From the first frame, a key frame, to where the wanted part begins.
    pub leading: MediaDuration,
    /// Of the first frame: from the start of the run to it, and what else was asked to be added.
    pub decode_time: MediaDuration,
    /// When the first frame was captured.
    pub wall: WallTime,
}

#[derive(Debug)]
struct Row {
    recording: RecordingId,
    open_id: u32,
    decode_time: MediaDuration,
    segment: Segment,
    /// Where its `moof` begins in the file.
    offset: u64,
}

impl Row {
    fn samples(&self) -> u32 {
        self.segment.samples.end - self.segment.samples.start
    }

    fn film_bytes(&self) -> u64 {
        self.segment.bytes.end - self.segment.bytes.start
    }

    fn head_len(&self) -> u64 {
        Fragment::head_len(self.samples(), self.film_bytes(), self.segment.is_reordered)
    }
}

impl Fragments {
    /// Of parts of recordings in the order in which they are played; a last frame without duration should have been
    /// lent one. None at all is an `Err` of kind `NotFound`. `BadInput`, with the moment, when they are not of one run
    /// and one sample entry without a hole. Decode times count from the start of the run; `base` is added to them.
    pub fn of(parts: &[(Recording, Segment)], base: MediaDuration) -> Result<Self> {
        let (first, segment) =
            parts.first().ok_or_else(|| Error::new(Kind::NotFound, "nothing was recorded in this span"))?;
        let mut file = Self {
            start: Start {
                run: first.run_start,
                sample_entry_id: first.sample_entry_id,
                leading: segment.hidden,
                decode_time: base + first.media_offset + segment.start,
                wall: first.start + segment.start.as_wall(),
            },
            rows: Box::default(),
            len: STYP.len() as u64,
            etag: String::new(),
            modified: first.start,
        };
        let mut rows = Vec::with_capacity(parts.len());
        let mut decode_time = file.start.decode_time;
        for (recording, segment) in parts {
            file.check(recording, segment, decode_time - base)
                .map_err(|e| e.on(format!("recording {}", recording.id)))?;
            let (segment, open_id) = (segment.clone(), recording.open_id);
            let end = segment.start + segment.duration;
            file.modified = file.modified.max(recording.start + end.as_wall());
            let row = Row { recording: recording.id, open_id, decode_time, segment, offset: file.len };
            decode_time = base + recording.media_offset + end;
            file.len += row.head_len() + row.film_bytes();
            rows.push(row);
        }
        file.etag = etag(&rows);
        file.rows = rows.into();
        Ok(file)
    }

    /// The part goes on where those before it ended.
    fn check(&self, recording: &Recording, segment: &Segment, expected: MediaDuration) -> Result<()> {
        let refused = |what: &str| {
            let at = recording.start + segment.start.as_wall();
            let what = format!("{what} at {at}, and a media segment has none inside: ask for the two sides apart");
            Err(Error::new(Kind::BadInput, what))
        };
        if recording.run_start != self.start.run {
            return refused("another run begins");
        }
        if recording.sample_entry_id != self.start.sample_entry_id {
            return refused("the video's parameters change");
        }
        if recording.media_offset + segment.start != expected {
            return refused("a hole or a step back ends");
        }
        if segment.bytes.end - segment.bytes.start > MAX_FILM_BYTES {
            return Err(Error::new(Kind::BadInput, "above 4 GiB: ask for a part of it"));
        }
        Ok(())
    }

    /// Where it begins.
    pub fn start(&self) -> &Start {
        &self.start
    }
}

impl Planned for Fragments {
    fn file_len(&self) -> u64 {
        self.len
    }

    fn etag(&self) -> &str {
        &self.etag
    }

    fn modified(&self) -> WallTime {
        self.modified
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.rows) + self.etag.len()
    }

    fn piece_at(&self, offset: u64) -> Option<(Piece, Range<u64>)> {
        if offset >= self.len {
            return None;
        }
        let Some(segment) = self.rows.partition_point(|row| row.offset <= offset).checked_sub(1) else {
            return Some((Piece::Head(0..STYP.len()), 0..STYP.len() as u64));
        };
        let row = &self.rows[segment];
        let film = row.offset + row.head_len();
        Some(if offset < film {
            (Piece::Fragment { segment, recording: row.recording }, row.offset..film)
        } else {
            let piece = Piece::Film { recording: row.recording, bytes: row.segment.bytes.clone() };
            (piece, film..film + row.film_bytes())
        })
    }

    fn generate(&self, piece: &Piece, index: &[u8]) -> Result<Bytes> {
        match piece {
            Piece::Head(range) => Ok(Bytes::from_static(STYP).slice(range.clone())),
            Piece::Fragment { segment, recording } => {
                let Row { segment, decode_time, .. } = &self.rows[*segment];
                let mut samples = Vec::new();
                let read = segment.read(index, |sample| samples.push(sample));
                read.map_err(|e| e.on(format_args!("recording {recording}")))?;
                let sequence = Fragment::sequence_at(*decode_time);
                let is_reordered = segment.is_reordered;
                Ok(Fragment { sequence, decode_time: *decode_time, samples: &samples, is_reordered }.head())
            }
            _ => Err(Error::new(Kind::Internal, format!("{piece}: a media segment does not make it"))),
        }
    }
}

/// ISO/IEC 14496-12 8.16.2: the brand of fragments with 64-bit decode times, whose offsets count from `moof`.
const STYP: &[u8; 20] = b"\0\0\0\x14stypiso6\0\0\0\0iso6";

/// With its header the box has a 32-bit size, which is all that some players read.
const MAX_FILM_BYTES: u64 = u32::MAX as u64 - 8;

/// What shapes the bytes but the samples, and those are told by recording and opening.
fn etag(rows: &[Row]) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(b"m4s").update(&FORMAT_VERSION.to_le_bytes());
    for Row { recording, open_id, decode_time, segment, offset: _ } in rows {
        hash.update(&recording.composite().to_le_bytes()).update(&open_id.to_le_bytes());
        hash.update(&decode_time.0.to_le_bytes());
        hash.update(&segment.samples.start.to_le_bytes()).update(&segment.samples.end.to_le_bytes());
        hash.update(&segment.last_duration_90k.unwrap_or(-1).to_le_bytes());
    }
    format!("\"{}\"", &hash.finalize().to_hex()[..32])
}
