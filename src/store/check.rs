//! `check`: whether rows, indexes, files, trailers and film agree, and what can be done where they do not.

use crate::base::{Error, Kind, RecordingId, Result};
use crate::media::Recording;
use crate::media::recording::Flags;
use crate::media::sample_index;
use crate::store::closed::ClosedRecording;
use crate::store::db::{Access, Batch, Database};
use crate::store::dir::SampleDir;
use crate::store::{journal, journal_file, orphan, trailer};
use std::fs::File;
use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;

/// How thoroughly to look, and whether to mend.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckOptions {
    /// Read all film, and compare it with its BLAKE3.
    pub hash: bool,
    /// Mend what can be mended: rows from trailers, trailers from rows. Film that agrees with nothing is moved aside
    /// under a name that begins with `aside.`; none is ever deleted.
    pub repair: bool,
}

/// Compares everything with everything and tells each problem in a line; none is well. Takes the sample directory's
/// lock: `Conflict` while a daemon records into it.
pub fn check(db_dir: &Path, sample_dir: &Path, options: CheckOptions) -> Result<Vec<String>> {
    let db = Database::open(db_dir, if options.repair { Access::Write } else { Access::Read })?;
    let dir = SampleDir::open(sample_dir, true)?;
    if dir.uuid().is_none() || dir.uuid() != db.meta()?.directory {
        let path = sample_dir.display();
        return Err(Error::new(Kind::Conflict, format!("{path} is not the sample directory of this database")));
    }
    let mut check = Check { db, dir, options, problems: Vec::new() };
    check.rows()?;
    check.orphans()?;
    for run in check.db.wrong_runs()? {
        check.problems.push(format!("run {run}: its sums are not those of its recordings"));
    }
    check.dir.sync_all()?;
    Ok(check.problems)
}

struct Check {
    db: Database,
    dir: SampleDir,
    options: CheckOptions,
    problems: Vec<String>,
}

/// What a file is worth that has a row.
enum Verdict {
    Well,
    /// Wrong, but not so that anything could be mended.
    Odd(String),
    /// Film and trailer agree; the rows do not.
    BadRow(String, Box<ClosedRecording>),
    /// Film and rows agree; the trailer does not.
    BadTrailer(String, Box<ClosedRecording>, File),
    /// The film agrees with nothing.
    BadFilm(String),
    NoFile,
}

impl Check {
    fn rows(&mut self) -> Result<()> {
        let mut ids = Vec::new();
        self.db.visit_ids(|id| ids.push(id))?;
        for id in ids {
            let verdict = self.judge(id)?;
            self.act(id, verdict)?;
        }
        Ok(())
    }

    fn judge(&self, id: RecordingId) -> Result<Verdict> {
        let rows = match self.db.closed_recording(id) {
            Ok(closed) => index_agrees(&closed).map(|()| closed),
            Err(e) if e.kind() == Kind::Corrupt => Err(e.to_string()),
            Err(e) => return Err(e),
        };
        let file = match self.dir.open_append(&id.file_name()) {
            Ok(file) => file,
            Err(e) if e.kind() == Kind::NotFound => return Ok(Verdict::NoFile),
            Err(e) => return Ok(Verdict::Odd(e.to_string())),
        };
        let told = match trailer::read(&file) {
            Ok(Some(told)) if told.recording.id == id => index_agrees(&told).map(|()| told),
            Ok(Some(told)) => Err(format!("its trailer is of recording {}", told.recording.id)),
            Ok(None) => Err("it has no trailer".to_owned()),
            Err(e) => Err(e.to_string()),
        };
        let film_is = |c: &ClosedRecording| match orphan::hash(&file, c.recording.sample_file_bytes) {
            Ok(hash) if hash == c.blake3 => Ok(()),
            Ok(_) => Err("its film is not what was recorded".to_owned()),
            Err(e) => Err(e.to_string()),
        };
        Ok(match (rows, told) {
            (Ok(rows), Ok(told)) => match same(&rows, &told) {
                Ok(()) if !self.options.hash => Verdict::Well,
                Ok(()) => film_is(&rows).map_or_else(Verdict::BadFilm, |()| Verdict::Well),
                Err(what) => match (film_is(&rows), film_is(&told)) {
                    (_, Ok(())) => Verdict::BadRow(what, Box::new(told)),
                    (Ok(()), Err(_)) => Verdict::BadTrailer(what, Box::new(rows), file),
                    (Err(_), Err(e)) => Verdict::BadFilm(format!("{what}; {e}")),
                },
            },
            (Ok(rows), Err(what)) => match film_is(&rows) {
                Ok(()) => Verdict::BadTrailer(what, Box::new(rows), file),
                Err(e) => Verdict::BadFilm(format!("{what}; {e}")),
            },
            (Err(what), Ok(told)) => match film_is(&told) {
                Ok(()) => Verdict::BadRow(what, Box::new(told)),
                Err(e) => Verdict::BadFilm(format!("{what}; {e}")),
            },
            (Err(what), Err(also)) => Verdict::BadFilm(format!("{what}; {also}")),
        })
    }

    fn act(&mut self, id: RecordingId, verdict: Verdict) -> Result<()> {
        let repair = self.options.repair;
        let (mut text, done) = match verdict {
            Verdict::Well => return Ok(()),
            Verdict::Odd(what) => (what, ""),
            Verdict::NoFile => ("its sample file is missing".to_owned(), "its row is removed"),
            Verdict::BadRow(what, told) => {
                if repair {
                    self.remove_row(id)?;
                    let done = self.db.commit(&Batch { closed: vec![Arc::new(*told)], ..Batch::default() })?;
                    if let Some((_, e)) = done.refused.into_iter().next() {
                        return Err(e);
                    }
                }
                (what, "its row is made anew from its trailer")
            }
            Verdict::BadTrailer(what, rows, file) => {
                if repair {
                    self.dir
                        .cut(&file, rows.recording.sample_file_bytes)
                        .and_then(|()| self.dir.append(&file, &mut [IoSlice::new(&trailer::encode(&rows))]))
                        .map_err(|e| Error::caused(Kind::Disk, format!("recording {id}: write trailer"), e))?;
                }
                (what, "its trailer is made anew from its row")
            }
            Verdict::BadFilm(what) => {
                if repair {
                    self.dir.set_aside(&id.file_name())?;
                }
                (what.clone(), "its file is set aside and its row removed")
            }
        };
        if repair && !done.is_empty() {
            if done.ends_with("removed") {
                self.remove_row(id)?;
            }
            text = format!("{text}; repaired: {done}");
        }
        self.problems.push(format!("recording {id}: {text}"));
        Ok(())
    }

    /// The row goes; the file, if there is one, does not.
    fn remove_row(&self, id: RecordingId) -> Result<()> {
        self.db.commit(&Batch { condemned: vec![id], unlinked: vec![id], ..Batch::default() })?;
        Ok(())
    }

    /// Files without a row.
    fn orphans(&mut self) -> Result<()> {
        let garbage = self.db.garbage()?;
        let found = journal_file::read(&self.dir);
        self.problems.extend(found.unreadable.iter().map(|(name, e)| format!("{name}: {e}")));
        let stories = journal::replay(found.entries).stories;
        let streams = self.db.stream_ids()?;
        for entry in self.dir.list()? {
            let Some(id) = RecordingId::from_file_name(&entry.name) else { continue };
            if garbage.binary_search(&id).is_ok() || self.db.recording(id)?.is_some() {
                continue;
            }
            let told = self.dir.open_read(&entry.name).and_then(|file| trailer::read(&file));
            let what = match told {
                _ if streams.was_removed(id.stream()) => {
                    "is of a camera that was removed; the next start unlinks it".to_owned()
                }
                _ if stories.contains_key(&id) => "was growing at the end; the next start closes it".to_owned(),
                Ok(Some(told)) if told.recording.id == id => "has no row; the next start makes it one".to_owned(),
                Err(e) if e.kind() == Kind::Disk => e.to_string(),
                _ if self.options.repair => {
                    let aside = self.dir.set_aside(&entry.name)?;
                    format!("has neither a row nor a trailer; repaired: set aside as {aside}")
                }
                _ => "has neither a row nor a trailer".to_owned(),
            };
            self.problems.push(format!("recording {id}: its file {what}"));
        }
        Ok(())
    }
}

/// Rows and trailer tell the same, but for what a proven clock changes in rows alone: when it was.
fn same(rows: &ClosedRecording, told: &ClosedRecording) -> Result<(), String> {
    let timeless = |c: &ClosedRecording| ClosedRecording {
        recording: Recording {
            sample_entry_id: 0,
            start: Default::default(),
            flags: Flags(c.recording.flags.0 & !Flags::UNPROVEN_TIME.0),
            ..c.recording.clone()
        },
        clock_offset: Default::default(),
        ..c.clone()
    };
    match timeless(rows) == timeless(told) {
        true => Ok(()),
        false => Err("its row and its trailer differ".to_owned()),
    }
}

/// The index can be read, and its samples add up to what is said of the recording.
fn index_agrees(c: &ClosedRecording) -> Result<(), String> {
    let r = &c.recording;
    let format = sample_index::format(&c.video_index);
    if r.index_format != format {
        return Err(format!("its index is of format {format}, not {}", r.index_format));
    }
    let (mut samples, mut keys, mut bytes, mut duration, mut last) = (0u32, 0u32, 0u64, 0i64, 0);
    for sample in sample_index::samples(&c.video_index) {
        let sample = sample.map_err(|e| e.to_string())?;
        samples += 1;
        keys += u32::from(sample.is_key);
        bytes += u64::from(sample.bytes);
        duration += i64::from(sample.duration_90k);
        last = sample.duration_90k;
    }
    let sums = [
        (i64::from(samples), i64::from(r.video_samples), "frames"),
        (i64::from(keys), i64::from(r.video_sync_samples), "key frames"),
        (bytes as i64, r.sample_file_bytes as i64, "bytes"),
        (duration, r.media_duration.0, "units of duration"),
    ];
    if let Some((found, said, what)) = sums.into_iter().find(|(found, said, _)| found != said) {
        return Err(format!("its index has {found} {what}, not {said}"));
    }
    if (last == 0) != r.has_trailing_zero() {
        return Err("its index and its flags differ on whether the last frame has a duration".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
