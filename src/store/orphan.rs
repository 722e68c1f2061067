//! `Orphan`: a sample file without a row, and what it turns out to be.

use crate::base::{Error, Kind, RecordingId, Result, ResultExt};
use crate::media::EndReason;
use crate::media::recording::Flags;
use crate::media::sample_index;
use crate::store::closed::ClosedRecording;
use crate::store::dir::{Entry, SampleDir};
use crate::store::journal::{Mark, Story};
use crate::store::trailer;
use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;

/// A file that was closed but got no row, or was growing, or is no film at all.
#[derive(Debug)]
pub(crate) struct Orphan {
    pub(crate) id: RecordingId,
    pub(crate) entry: Entry,
    told: Result<Option<ClosedRecording>>,
}

/// What it was.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Closed and whole.
    Closed(ClosedRecording),
    /// Cut to what is whole, and closed now; why.
    Recovered(ClosedRecording, String),
    /// Nothing was written into it.
    Empty,
    /// Nothing vouches for it; why not.
    Unknown(String),
}

impl Orphan {
    /// Looks at its trailer, not at the film.
    pub(crate) fn read(dir: &SampleDir, id: RecordingId, entry: Entry) -> Self {
        let told = dir.open_read(&entry.name).and_then(|file| {
            forget_cached(&file);
            trailer::read(&file)
        });
        let told = told.and_then(|told| match told {
            Some(told) if told.recording.id != id => {
                Err(Error::new(Kind::Corrupt, format!("its trailer is of recording {}", told.recording.id)))
            }
            told => Ok(told),
        });
        Self { id, entry, told }
    }

    /// When it was opened, if its trailer tells.
    pub(crate) fn sequence(&self) -> Option<u64> {
        Some(self.told.as_ref().ok()?.as_ref()?.recording.sequence)
    }

    /// Finds out what it was, and makes it a closed file if it can be, which ended for this reason. The film of a suspect
    /// one is read. An error is the disk's: nothing is known then, and another try may
    /// go better.
    pub(crate) fn settle(
        self,
        dir: &SampleDir,
        story: Option<&Story>,
        suspect: bool,
        reason: &EndReason,
    ) -> Result<Outcome> {
        let why = match self.told {
            Ok(Some(closed)) if !suspect => return Ok(Outcome::Closed(closed)),
            Ok(Some(closed)) => {
                let film =
                    dir.open_read(&self.entry.name).and_then(|f| hash(&f, closed.recording.sample_file_bytes))?;
                if film == closed.blake3 {
                    return Ok(Outcome::Closed(closed));
                }
                "its film is not what its trailer tells".to_owned()
            }
            Ok(None) if self.entry.len == 0 => return Ok(Outcome::Empty),
            Ok(None) => "it was not closed".to_owned(),
            Err(e) if e.kind() == Kind::Corrupt => e.to_string(),
            Err(e) => return Err(e),
        };
        Ok(match story.map(|story| close_grown(dir, &self.entry.name, story, reason)).transpose()?.flatten() {
            Some(closed) => Outcome::Recovered(closed, why),
            None => Outcome::Unknown(why),
        })
    }
}

/// Cuts a file to where it and the journal agree, and closes it; `None` when they agree on nothing.
fn close_grown(dir: &SampleDir, name: &str, story: &Story, reason: &EndReason) -> Result<Option<ClosedRecording>> {
    let file = dir.open_append(name)?;
    let Some((mark, blake3)) = last_agreement(&file, &story.marks).or_fail(Kind::Disk, || "read film")? else {
        return Ok(None);
    };
    let mut closed = story.facts.clone();
    let r = &mut closed.recording;
    mark.covered.put_into(r);
    r.flags = r.flags.with(Flags::RECOVERED);
    r.end_reason = Some(reason.to_string());
    let Ok(index) = sample_index::closed(&story.index[..mark.index_len]) else { return Ok(None) };
    r.index_format = sample_index::FORMAT;
    closed.video_index = index.into();
    closed.blake3 = blake3;
    let trailer = trailer::encode(&closed);
    dir.cut(&file, mark.covered.sample_file_bytes)
        .and_then(|()| dir.append(&file, &mut [IoSlice::new(&trailer)]))
        .or_fail(Kind::Disk, || "close")?;
    Ok(Some(closed))
}

/// The last mark up to which the film is what the journal says, with the whole hash of that.
fn last_agreement(file: &File, marks: &[Mark]) -> io::Result<Option<(Mark, [u8; 32])>> {
    let mut hasher = blake3::Hasher::new();
    let mut agreed = None;
    for mark in marks {
        let whole = feed(&mut hasher, file, mark.covered.sample_file_bytes)?;
        let hash = *hasher.finalize().as_bytes();
        if !whole || !hash.starts_with(&mark.hash) {
            break;
        }
        agreed = Some((*mark, hash));
    }
    Ok(agreed)
}

/// The kernel shall not answer from memory. After a failed sync it has pages there that it takes for written and that
/// are not on the disk.
fn forget_cached(file: &File) {
    // Where it is not obeyed, memory is what there is.
    let _ = nix::fcntl::posix_fadvise(file, 0, 0, nix::fcntl::PosixFadviseAdvice::POSIX_FADV_DONTNEED);
}

/// BLAKE3 of the first `len` bytes; `Corrupt` when there are fewer.
pub(crate) fn hash(file: &File, len: u64) -> Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    match feed(&mut hasher, file, len).or_fail(Kind::Disk, || "read film")? {
        true => Ok(*hasher.finalize().as_bytes()),
        false => Err(Error::new(Kind::Corrupt, format!("less than {len} bytes of film"))),
    }
}

/// Hashes on up to `end`; false when the file ends before.
fn feed(hasher: &mut blake3::Hasher, file: &File, end: u64) -> io::Result<bool> {
    let mut buffer = vec![0; BUFFER];
    while let left @ 1.. = end.saturating_sub(hasher.count()) {
        let most = left.min(BUFFER as u64) as usize;
        match file.read_at(&mut buffer[..most], hasher.count()) {
            Ok(0) => return Ok(false),
            Ok(n) => _ = hasher.update(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(true)
}

const BUFFER: usize = 256 << 10;
