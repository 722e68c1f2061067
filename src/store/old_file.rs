//! `OldFile`: the sample file of a recording that the original system made, and the file that tells of all of them.
//!
//! Such a file keeps its name, a uuid, and has no trailer. What a trailer would say stands in [`NAME`], a record for
//! each; a record whose sample file is gone means nothing.

use crate::base::{Error, Kind, RecordingId, Result, ResultExt};
use crate::store::closed::ClosedRecording;
use crate::store::dir::SampleDir;
use crate::store::trailer::{put_facts, take_facts};
use crate::store::wire::{Reader, Writer, checksum};
use sha1::{Digest, Sha1};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use uuid::Uuid;

/// Which file, and what its film was when it was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OldFile {
    /// The file's name, in the usual form with hyphens.
    pub(crate) uuid: Uuid,
    /// SHA-1 of the whole file, which is film alone.
    pub(crate) sha1: [u8; 20],
}

impl OldFile {
    /// The name in the sample directory.
    pub(crate) fn file_name(&self) -> String {
        self.uuid.hyphenated().to_string()
    }

    /// Whether a name in the sample directory is of this kind.
    pub(crate) fn is_name(name: &str) -> bool {
        name.len() == 36 && Uuid::try_parse(name).is_ok()
    }

    /// Whether the file is film of this length and nothing else. `Corrupt` where it is not.
    pub(crate) fn has_length(file: &File, film_bytes: u64) -> Result<()> {
        match file.metadata().or_fail(Kind::Disk, || "stat")?.len() {
            len if len == film_bytes => Ok(()),
            len => Err(Error::new(Kind::Corrupt, format!("its file has {len} bytes, not {film_bytes}"))),
        }
    }

    /// Whether this is the film: it is read whole. `Corrupt` says what is wrong.
    pub(crate) fn verify(&self, file: &File, film_bytes: u64) -> Result<()> {
        Self::has_length(file, film_bytes)?;
        let (mut hash, mut at, mut buffer) = (Sha1::new(), 0, vec![0; 256 << 10]);
        while at < film_bytes {
            let most = buffer.len().min(usize::try_from(film_bytes - at).unwrap_or(usize::MAX));
            match file.read_at(&mut buffer[..most], at).or_fail(Kind::Disk, || "read film")? {
                0 => return Err(Error::new(Kind::Corrupt, format!("less than {film_bytes} bytes of film"))),
                n => {
                    hash.update(&buffer[..n]);
                    at += n as u64;
                }
            }
        }
        match <[u8; 20]>::from(hash.finalize()) == self.sha1 {
            true => Ok(()),
            false => Err(Error::new(Kind::Corrupt, "its film is not what was recorded")),
        }
    }
}

/// Which recording has which old name. There may be half a million, so each takes 28 bytes.
#[derive(Debug, Default)]
pub(crate) struct OldNames {
    by_uuid: Vec<(Uuid, RecordingId)>,
    /// Places in `by_uuid`, by id.
    by_id: Vec<u32>,
}

impl OldNames {
    pub(crate) fn new(files: Vec<(RecordingId, Uuid)>) -> Self {
        let mut by_uuid: Vec<_> = files.into_iter().map(|(id, uuid)| (uuid, id)).collect();
        by_uuid.sort_unstable();
        by_uuid.shrink_to_fit();
        let mut by_id: Vec<u32> = (0..by_uuid.len() as u32).collect();
        by_id.sort_unstable_by_key(|&at| by_uuid[at as usize].1);
        Self { by_uuid, by_id }
    }

    /// Whose file has this name.
    pub(crate) fn id(&self, name: &str) -> Option<RecordingId> {
        if self.by_uuid.is_empty() || !OldFile::is_name(name) {
            return None;
        }
        let uuid = Uuid::try_parse(name).ok()?;
        let at = self.by_uuid.binary_search_by_key(&uuid, |(uuid, _)| *uuid).ok()?;
        Some(self.by_uuid[at].1)
    }

    /// The name of a recording's file.
    pub(crate) fn name(&self, id: RecordingId) -> Option<String> {
        let at = self.by_id.binary_search_by_key(&id, |&at| self.by_uuid[at as usize].1).ok()?;
        Some(self.by_uuid[self.by_id[at] as usize].0.hyphenated().to_string())
    }
}

/// The file in the sample directory.
pub(crate) const NAME: &str = "old-recordings";
/// The same until it is whole.
pub(crate) const NEW: &str = "old-recordings.new";

/// Writes the file anew, a recording after the other, without holding them.
#[derive(Debug)]
pub(crate) struct OldRecordings<'a> {
    dir: &'a SampleDir,
    file: BufWriter<File>,
}

impl<'a> OldRecordings<'a> {
    /// Begins it beside the one that is there, if there is one.
    pub(crate) fn create(dir: &'a SampleDir) -> Result<Self> {
        dir.unlink(NEW)?;
        let mut file = BufWriter::new(dir.create(NEW)?);
        file.write_all(MAGIC).or_fail(Kind::Disk, || format!("write {NEW}"))?;
        Ok(Self { dir, file })
    }

    /// Adds a recording.
    pub(crate) fn add(&mut self, old: &OldFile, closed: &ClosedRecording) -> Result<()> {
        let mut w = Writer::default();
        w.uuid(old.uuid);
        w.fixed(&old.sha1);
        put_facts(&mut w, closed);
        w.bytes(&closed.video_index);
        let payload = w.0;
        let len = u32::try_from(payload.len()).expect("a record is far below 4 GiB").to_le_bytes();
        let parts = [&len[..], &payload, &checksum(&payload)];
        parts.iter().try_for_each(|part| self.file.write_all(part)).or_fail(Kind::Disk, || format!("write {NEW}"))
    }

    /// Puts it in its place, durable.
    pub(crate) fn finish(self) -> Result<()> {
        let what = || format!("write {NEW}");
        let file = self.file.into_inner().map_err(|e| Error::caused(Kind::Disk, what(), e.into_error()))?;
        file.sync_all().or_fail(Kind::Disk, what)?;
        self.dir.rename(NEW, NAME)?;
        self.dir.sync_names()
    }
}

/// Tells `visit` every recording of the file, in the order in which they were written; nothing where there is no file.
/// `Corrupt` where a record is torn or strange: those before it were told.
pub(crate) fn visit(dir: &SampleDir, mut visit: impl FnMut(OldFile, ClosedRecording) -> Result<()>) -> Result<()> {
    let file = match dir.open_read(NAME) {
        Ok(file) => file,
        Err(e) if e.kind() == Kind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    let mut file = BufReader::new(file);
    let mut magic = [0; MAGIC.len()];
    read(&mut file, &mut magic)?;
    if magic != *MAGIC {
        return Err(Error::new(Kind::Corrupt, format!("{NAME}: is no such file, or of another format")));
    }
    while !at_the_end(&mut file)? {
        let mut len = [0; 4];
        read(&mut file, &mut len)?;
        let len = u32::from_le_bytes(len);
        if len > LIMIT {
            return Err(Error::new(Kind::Corrupt, format!("{NAME}: a record of {len} bytes")));
        }
        let (mut payload, mut sum) = (vec![0; len as usize], [0; 8]);
        read(&mut file, &mut payload)?;
        read(&mut file, &mut sum)?;
        if checksum(&payload) != sum {
            return Err(Error::new(Kind::Corrupt, format!("{NAME}: a record whose checksum is another")));
        }
        let (old, closed) = decode(&payload).map_err(|e| e.on(NAME))?;
        visit(old, closed)?;
    }
    Ok(())
}

fn decode(payload: &[u8]) -> Result<(OldFile, ClosedRecording)> {
    let mut r = Reader::new(payload);
    let old = OldFile { uuid: r.uuid()?, sha1: r.fixed()? };
    let mut closed = take_facts(&mut r)?;
    closed.video_index = Arc::from(r.bytes()?);
    r.end()?;
    Ok((old, closed))
}

fn at_the_end(file: &mut BufReader<File>) -> Result<bool> {
    use std::io::BufRead;
    Ok(file.fill_buf().or_fail(Kind::Disk, || format!("read {NAME}"))?.is_empty())
}

fn read(file: &mut impl Read, buffer: &mut [u8]) -> Result<()> {
    file.read_exact(buffer).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => Error::new(Kind::Corrupt, format!("{NAME}: its end is missing")),
        _ => Error::caused(Kind::Disk, format!("read {NAME}"), e),
    })
}

const MAGIC: &[u8; 16] = b"lunette old\0\0\0\0\x01";
/// More than a minute of 1000 frames a second needs.
const LIMIT: u32 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::trailer::tests::example;

    fn recordings() -> Vec<(OldFile, ClosedRecording)> {
        let old = |n: u32| OldFile { uuid: Uuid::from_u128(n.into()), sha1: [n as u8; 20] };
        let closed = |n: u32| ClosedRecording { blake3: [0; 32], ..example(n) };
        (1..4).map(|n| (old(n), closed(n))).collect()
    }

    fn told(dir: &SampleDir) -> (Vec<(OldFile, ClosedRecording)>, Result<()>) {
        let mut told = Vec::new();
        let result = visit(dir, |old, closed| {
            told.push((old, closed));
            Ok(())
        });
        (told, result)
    }

    #[test]
    fn what_was_written_is_told_and_damage_ends_it() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = SampleDir::open(tmp.path(), false).unwrap();
        assert_eq!(told(&dir).0, []);
        let mut file = OldRecordings::create(&dir).unwrap();
        recordings().iter().for_each(|(old, closed)| file.add(old, closed).unwrap());
        assert_eq!(told(&dir).0, [], "it is not whole");
        file.finish().unwrap();
        let (all, end) = told(&dir);
        end.unwrap();
        assert_eq!(all, recordings());

        let whole = std::fs::read(tmp.path().join(NAME)).unwrap();
        let record = (whole.len() - MAGIC.len()) / 3;
        for (cut, left) in [(whole.len() - 1, 2), (MAGIC.len() + record + 2, 1), (9, 0)] {
            std::fs::write(tmp.path().join(NAME), &whole[..cut]).unwrap();
            let (all, end) = told(&dir);
            assert_eq!((all.len(), end.unwrap_err().kind()), (left, Kind::Corrupt), "{cut}");
        }
        let mut changed = whole;
        changed[MAGIC.len() + record + 30] ^= 1;
        std::fs::write(tmp.path().join(NAME), &changed).unwrap();
        let (all, end) = told(&dir);
        assert_eq!(
            (all.len(), end.unwrap_err().to_string().as_str()),
            (1, "old-recordings: a record whose checksum is another")
        );
    }

    #[test]
    fn names_and_recordings_are_found_by_each_other() {
        let id = |n| RecordingId::new(crate::base::StreamId::new(1).unwrap(), n);
        let files: Vec<_> = (1..100).map(|n| (id(n), Uuid::from_u128(u128::from(n) * 7 % 100))).collect();
        let names = OldNames::new(files.clone());
        for (id, uuid) in files {
            assert_eq!(names.name(id), Some(uuid.to_string()));
            assert_eq!(names.id(&uuid.to_string()), Some(id));
        }
        assert_eq!((names.name(id(200)), names.id("journal")), (None, None));
        assert_eq!(names.id(&Uuid::from_u128(1000).to_string()), None);
    }

    #[test]
    fn film_is_known_by_its_sha1() {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("film");
        std::fs::write(&path, "abc").unwrap();
        let sha1 = [
            0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0,
            0xd8, 0x9d,
        ];
        let old = OldFile { uuid: Uuid::nil(), sha1 };
        let verify = |bytes| old.verify(&File::open(&path).unwrap(), bytes).map_err(|e| e.to_string());
        assert_eq!(verify(3), Ok(()));
        assert_eq!(verify(4), Err("its file has 3 bytes, not 4".into()));
        std::fs::write(&path, "abd").unwrap();
        assert_eq!(verify(3), Err("its film is not what was recorded".into()));
        assert!(OldFile::is_name(&old.file_name()) && !OldFile::is_name("00000003000006ce"));
    }
}
