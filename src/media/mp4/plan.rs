//! `Plan`: a whole mp4 file that knows its length, its tag and its pieces before any of it is made.

use crate::base::{Error, Kind, Result, WallTime};
use crate::media::mp4::boxes::{Content, Region};
use crate::media::mp4::moov::Movie;
use crate::media::mp4::piece::Piece;
use crate::media::mp4::planned::{Planned, fill};
use crate::media::mp4::subtitles;
use crate::media::mp4::table::{Part, Row, Totals};
use bytes::Bytes;
use jiff::tz::TimeZone;
use std::ops::Range;

/// Raised whenever the bytes made for the same recordings change, so that nobody joins ranges of two files.
pub const FORMAT_VERSION: u32 = 1;

/// A file, as a list of pieces: `ftyp`, `moov` with tables made when they are read, `mdat` with the film.
///
/// To answer a request for a range, go through [`Plan::pieces`]: film is read from its sample file; for the rest
/// [`Plan::generate`] gives the whole piece, of which the range is wanted.
#[derive(Debug)]
pub struct Plan {
    head: Bytes,
    regions: Box<[Region<Part>]>,
    rows: Box<[Row]>,
    film_offset: u64,
    /// That of the texts, if it has any.
    zone: Option<TimeZone>,
    etag: String,
    created: WallTime,
    modified: WallTime,
}

impl Plan {
    /// Puts the file together, with texts in `zone`; the last of what it shows ends at `modified`.
    pub(super) fn new(movie: &Movie<'_>, rows: Box<[Row]>, zone: Option<TimeZone>, modified: WallTime) -> Self {
        let boxes = movie.write();
        let film_offset = boxes.len() - movie.totals.media_bytes();
        let (head, regions) = boxes.finish();
        let etag = etag(&head, &rows, zone.as_ref());
        Self { head, regions, rows, film_offset, zone, etag, created: movie.created, modified }
    }

    /// How many bytes the file has.
    pub fn len(&self) -> u64 {
        self.regions.last().map_or(0, |region| region.end)
    }

    /// Never: a file has a head.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A strong entity tag, quotes included: it differs if a byte of the file differs, and depends on nothing else.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// When what it shows began.
    pub fn created(&self) -> WallTime {
        self.created
    }

    /// When what it shows ended.
    pub fn modified(&self) -> WallTime {
        self.modified
    }

    /// Where the film with its texts begins: as many bytes come before it.
    pub fn film_offset(&self) -> u64 {
        self.film_offset
    }

    /// How much memory it takes.
    pub fn memory_bytes(&self) -> usize {
        let tables = size_of_val(&*self.regions) + size_of_val(&*self.rows);
        size_of::<Self>() + self.head.len() + tables + self.etag.len()
    }

    /// The piece that holds the byte at `offset`, and where in the file it lies; `None` from the end on.
    pub fn piece_at(&self, offset: u64) -> Option<(Piece, Range<u64>)> {
        let number = self.regions.partition_point(|region| region.end <= offset);
        let region = self.regions.get(number)?;
        let start = number.checked_sub(1).map_or(0, |before| self.regions[before].end);
        Some(match &region.content {
            Content::Written(range) => (Piece::Head(range.clone()), start..region.end),
            Content::Left(Part::Chunks(table)) => (Piece::Chunks(*table), start..region.end),
            Content::Left(Part::Samples(table)) => {
                let (segment, row, place) = self.row_at(offset - start, |sums| sums.bytes_in(*table));
                let piece = Piece::Samples { table: *table, segment, recording: row.recording };
                (piece, start + place.start..start + place.end)
            }
            Content::Left(Part::Media) => {
                let (segment, row, place) = self.row_at(offset - start, Totals::media_bytes);
                let film_start = start + place.start + row.texts.bytes();
                if offset < film_start {
                    return Some((Piece::Texts { segment, recording: row.recording }, start + place.start..film_start));
                }
                let piece = Piece::Film { recording: row.recording, bytes: row.segment.bytes.clone() };
                (piece, film_start..start + place.end)
            }
        })
    }

    /// The segment whose bytes in a part hold the one at `offset` of that part, and where in the part they are.
    fn row_at(&self, offset: u64, bytes: impl Fn(&Totals) -> u64) -> (usize, &Row, Range<u64>) {
        let after = self.rows.partition_point(|row| bytes(&row.before) <= offset);
        let segment = after.checked_sub(1).expect("the first segment begins where its part does");
        let row = &self.rows[segment];
        let start = bytes(&row.before);
        (segment, row, start..start + bytes(&Totals::of(row)))
    }

    /// See [`Planned`].
    pub fn pieces(&self, range: Range<u64>) -> impl Iterator<Item = (Piece, Range<u64>)> {
        (self as &dyn Planned).pieces(range)
    }

    /// The bytes of a whole piece of this plan that is no film. `index` is the `video_index` of the piece's recording
    /// where it names one, else it is not looked at. After `Ok` they are as many as were promised; an index that does
    /// not hold what the plan was made from is an `Err` of kind `Corrupt`.
    pub fn generate(&self, piece: &Piece, index: &[u8]) -> Result<Bytes> {
        match (piece, &self.zone) {
            (Piece::Head(range), _) => Ok(self.head.slice(range.clone())),
            (Piece::Chunks(table), _) => Ok(table.entries(&self.rows, self.film_offset).into()),
            (Piece::Samples { table, segment, recording }, _) => {
                let row = &self.rows[*segment];
                let mut out = vec![0; Totals::of(row).bytes_in(*table) as usize];
                let written = row.write(*table, index, &mut out);
                written.map(|()| out.into()).map_err(|e| e.on(format_args!("recording {recording}")))
            }
            (Piece::Texts { segment, .. }, Some(zone)) => Ok(self.rows[*segment].texts.write(zone).into()),
            _ => Err(Error::new(Kind::Internal, format!("{piece}: it is not made by this plan"))),
        }
    }

    /// See [`Planned`].
    pub fn describe(&self) -> String {
        (self as &dyn Planned).describe()
    }
}

impl Planned for Plan {
    fn file_len(&self) -> u64 {
        self.len()
    }

    fn etag(&self) -> &str {
        self.etag()
    }

    fn modified(&self) -> WallTime {
        self.modified()
    }

    fn film_offset(&self) -> u64 {
        self.film_offset()
    }

    fn memory_bytes(&self) -> usize {
        self.memory_bytes()
    }

    fn piece_at(&self, offset: u64) -> Option<(Piece, Range<u64>)> {
        self.piece_at(offset)
    }

    fn generate(&self, piece: &Piece, index: &[u8]) -> Result<Bytes> {
        self.generate(piece, index)
    }

    fn generate_into(&self, piece: &Piece, index: &[u8], out: &mut [u8]) -> Result<()> {
        if let Piece::Samples { table, segment, recording } = piece {
            let written = self.rows[*segment].write(*table, index, out);
            return written.map_err(|e| e.on(format_args!("recording {recording}")));
        }
        fill(piece, &self.generate(piece, index)?, out)
    }
}

/// Head and rows shape all bytes but the samples, and those are told by recording and opening.
fn etag(head: &[u8], rows: &[Row], zone: Option<&TimeZone>) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(&FORMAT_VERSION.to_le_bytes()).update(&(head.len() as u64).to_le_bytes()).update(head);
    for Row { recording, open_id, sample_entry, segment, texts, before: _ } in rows {
        let mut row = [0; 48];
        row[..8].copy_from_slice(&recording.composite().to_le_bytes());
        row[8..12].copy_from_slice(&open_id.to_le_bytes());
        row[12..16].copy_from_slice(&sample_entry.to_le_bytes());
        row[16..20].copy_from_slice(&segment.samples.start.to_le_bytes());
        row[20..24].copy_from_slice(&segment.samples.end.to_le_bytes());
        row[24..32].copy_from_slice(&segment.bytes.start.to_le_bytes());
        row[32..40].copy_from_slice(&segment.bytes.end.to_le_bytes());
        row[40..44].copy_from_slice(&segment.last_duration_90k.unwrap_or(-1).to_le_bytes());
        row[44..].copy_from_slice(&segment.sync_samples.to_le_bytes());
        hash.update(&row);
        if zone.is_some() {
            hash.update(&texts.start.0.to_le_bytes());
            hash.update(&texts.lead.to_le_bytes()).update(&texts.count.to_le_bytes());
        }
    }
    if let Some(zone) = zone {
        let start = rows.iter().map(|row| row.texts.start).min().unwrap_or_default();
        let end = rows.iter().map(|row| row.texts.end()).max().unwrap_or_default();
        for (from, offset) in subtitles::offsets(zone, start..end) {
            hash.update(&from.to_le_bytes()).update(&offset.to_le_bytes());
        }
    }
    format!("\"{}\"", &hash.finalize().to_hex()[..32])
}
