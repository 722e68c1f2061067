//! `Reading`: a recording whose film is read again, piece by piece.

use super::direct::{ALIGNMENT, Direct};
use crate::base::{Kind, RecordingId, Result};
use crate::store::db::Database;
use crate::store::dir::SampleDir;
use sha1::{Digest, Sha1};

/// How far it is read. The file is open only while pieces are read one after the other.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) id: RecordingId,
    pub(super) sequence: u64,
    /// Bytes of film.
    film_bytes: u64,
    wanted: Wanted,
    hash: Hash,
    /// So many are hashed.
    done: u64,
    file: Option<Direct>,
    /// It was read once before, and was not well.
    pub(super) is_again: bool,
}

/// What the film was when it was recorded.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Blake3([u8; 32]),
    /// Of the original system, which has nothing but film in a file.
    Sha1([u8; 20]),
}

#[derive(Debug)]
enum Hash {
    Blake3(Box<blake3::Hasher>),
    Sha1(Sha1),
}

/// What reading found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// It is what was recorded.
    Right,
    /// It is not, or there is too little or too much of it.
    Wrong,
    /// The disk does not give it; why.
    Unreadable(String),
    /// There is no such file.
    Missing,
}

impl Reading {
    /// Of a recording of this sequence; `None` when it has no row: then there is nothing to compare with yet,
    /// or not any more. Blocks on the database.
    pub(super) fn begin(db: &Database, id: RecordingId, sequence: u64) -> Result<Option<Self>> {
        let Some(row) = db.recording(id)? else { return Ok(None) };
        let wanted = match db.film_hash(id) {
            Ok(Some(hash)) => Wanted::Blake3(hash),
            Ok(None) => match db.old_file(id)? {
                Some(old) => Wanted::Sha1(old.sha1),
                None => return Ok(None),
            },
            // Deleted just now.
            Err(e) if e.kind() == Kind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let (film_bytes, hash) = (row.sample_file_bytes, wanted.hash());
        Ok(Some(Self { id, sequence, film_bytes, wanted, hash, done: 0, file: None, is_again: false }))
    }

    /// From the beginning, once more.
    pub(super) fn again(mut self) -> Self {
        (self.hash, self.done, self.file, self.is_again) = (self.wanted.hash(), 0, None, true);
        self
    }

    /// Holds nothing open; where it was is remembered.
    pub(super) fn let_go(&mut self) {
        self.file = None;
    }

    /// Reads a piece. Tells how much that was, and what was found once it is clear. Blocks on the disk.
    pub(super) fn read_on(&mut self, dir: &SampleDir) -> (u64, Option<Finding>) {
        match self.read_piece(dir) {
            Ok(read) => read,
            Err(finding) => (0, Some(finding)),
        }
    }

    fn read_piece(&mut self, dir: &SampleDir) -> Result<(u64, Option<Finding>), Finding> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => Direct::open(dir, &dir.file_name(self.id)).map_err(|e| match e.kind() {
                Kind::NotFound => Finding::Missing,
                _ => Finding::Unreadable(e.to_string()),
            })?,
        };
        // Pieces begin at whole pages, and all but the last are whole.
        debug_assert!(self.done.is_multiple_of(ALIGNMENT as u64));
        let piece = file.read(self.done).map_err(|e| Finding::Unreadable(format!("read at {}: {e}", self.done)))?;
        let film = piece.len().min(usize::try_from(self.film_bytes - self.done).unwrap_or(usize::MAX));
        self.hash.update(&piece[..film]);
        self.done += film as u64;
        let (read, at_end) = (piece.len() as u64, piece.len() < Direct::PIECE);
        if self.done == self.film_bytes {
            let too_long = matches!(self.wanted, Wanted::Sha1(_)) && piece.len() > film;
            return Ok((read, Some(if !too_long && self.is_right() { Finding::Right } else { Finding::Wrong })));
        }
        if at_end {
            return Ok((read, Some(Finding::Wrong)));
        }
        self.file = Some(file);
        Ok((read, None))
    }

    fn is_right(&self) -> bool {
        match (&self.hash, &self.wanted) {
            (Hash::Blake3(hasher), Wanted::Blake3(wanted)) => hasher.finalize() == *wanted,
            (Hash::Sha1(hasher), Wanted::Sha1(wanted)) => hasher.clone().finalize()[..] == wanted[..],
            _ => false,
        }
    }
}

impl Wanted {
    fn hash(&self) -> Hash {
        match self {
            Self::Blake3(_) => Hash::Blake3(Box::default()),
            Self::Sha1(_) => Hash::Sha1(Sha1::new()),
        }
    }
}

impl Hash {
    fn update(&mut self, film: &[u8]) {
        match self {
            Self::Blake3(hasher) => _ = hasher.update(film),
            Self::Sha1(hasher) => hasher.update(film),
        }
    }
}
