//! `Upload`: a bundle as it comes in. RAUC refuses a file that somebody still has open: it is closed before it gets its name.

use super::Turn;
use crate::base::{Error, Kind, Result, ResultExt, error::is_full_disk};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// It goes away when it is dropped before its end.
#[derive(Debug)]
pub struct Upload {
    file: Option<File>,
    part: PathBuf,
    written: u64,
    limit: u64,
    turn: Option<Turn>,
}

/// What a whole one is called.
pub(super) const NAME: &str = "bundle.raucb";

impl Upload {
    pub(super) fn begin(directory: &Path, limit: u64, turn: Turn) -> Result<Self> {
        let what = || format!("begin an upload in {}", directory.display());
        fs::create_dir_all(directory).or_fail(Kind::Disk, what)?;
        // What a cut left behind, and what nobody installed: there is room for one.
        for left in fs::read_dir(directory).or_fail(Kind::Disk, what)?.flatten() {
            if left.path().extension().is_some_and(|e| e == "part" || e == "raucb") {
                let _ = fs::remove_file(left.path());
            }
        }
        let part = directory.join(format!("{NAME}.part"));
        let file = File::create(&part).or_fail(Kind::Disk, what)?;
        Ok(Self { file: Some(file), part, written: 0, limit, turn: Some(turn) })
    }

    /// How much of it is here.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// More of it. False: it is larger than any bundle for this machine. Blocks on the disk.
    pub fn write(&mut self, bytes: &[u8]) -> Result<bool> {
        self.written += bytes.len() as u64;
        if self.written > self.limit {
            return Ok(false);
        }
        let file = self.file.as_mut().expect("it is open until its end");
        file.write_all(bytes).map_err(|e| failed(&self.part, e))?;
        Ok(true)
    }

    /// That was all: it is on the disk, closed, and has its name. Blocks on the disk.
    pub fn finish(mut self) -> Result<Turn> {
        let file = self.file.take().expect("it is open until its end");
        let done = file.sync_all();
        drop(file);
        done.and_then(|()| fs::rename(&self.part, self.part.with_file_name(NAME)))
            .map_err(|e| failed(&self.part, e))?;
        Ok(self.turn.take().expect("it is there until its end"))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.turn.is_some() {
            drop(self.file.take());
            let _ = fs::remove_file(&self.part);
        }
    }
}

fn failed(path: &Path, e: io::Error) -> Error {
    match is_full_disk(&e) {
        true => Error::caused(Kind::Disk, "there is no room for the bundle on the state partition", e),
        false => Error::caused(Kind::Disk, format!("write {}", path.display()), e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::sync::Semaphore;

    fn turn() -> Turn {
        Turn(Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap())
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_bundle_has_its_name_when_it_is_whole_and_none_is_left_when_it_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = dir.path().join("upload");
        let mut upload = Upload::begin(&uploads, 10, turn()).unwrap();
        assert!(upload.write(b"hello").unwrap());
        assert_eq!(names(&uploads), ["bundle.raucb.part"]);
        upload.finish().unwrap();
        assert_eq!(names(&uploads), ["bundle.raucb"]);
        assert_eq!(fs::read(uploads.join(NAME)).unwrap(), b"hello");
        // The next takes its room at once.
        let mut upload = Upload::begin(&uploads, 10, turn()).unwrap();
        assert_eq!(names(&uploads), ["bundle.raucb.part"]);
        assert!(upload.write(b"hello").unwrap());
        assert!(!upload.write(b"world!").unwrap());
        drop(upload);
        assert_eq!(names(&uploads), [""; 0]);
    }
}
