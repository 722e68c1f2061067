//! Recordings that have rows: whether row, file, trailer and film tell the same.

use super::film::{self, Worth};
use super::{Check, now};
use crate::base::{Error, Kind, RecordingId, Result};
use crate::media::Recording;
use crate::media::sample_index;
use crate::store::closed::ClosedRecording;
use crate::store::db::{Batch, Damage, Database};
use crate::store::dir::{Entry, SampleDir};
use crate::store::{orphan, trailer};
use std::fs::File;
use std::io::IoSlice;
use std::sync::Arc;

/// What a recording that has a row is worth.
pub(super) enum Verdict {
    Well,
    /// Wrong, but not so that anything could be mended.
    Odd(String),
    /// There is film, and one that tells what it is.
    Film {
        what: String,
        file: File,
        remedy: Box<Remedy>,
    },
    /// What is under its name is no film.
    NoFilm(String),
    NoFile,
    /// It is marked as damaged and is not.
    Sound,
}

/// What makes row, trailer and film agree again.
pub(super) struct Remedy {
    /// What they shall tell.
    closed: ClosedRecording,
    row: bool,
    trailer: bool,
    damage: Option<Worth>,
}

/// Film is what its hash says, is another, or is too short.
#[derive(PartialEq)]
enum Film {
    Right,
    Wrong,
    Unreadable(String),
}

impl Check {
    /// All recordings that have rows.
    pub(super) fn rows(&mut self) -> Result<()> {
        let mut ids = Vec::new();
        self.db.visit_ids(|id| ids.push(id))?;
        for id in ids {
            let verdict = match self.db.old_file(id)? {
                Some(old) => self.judge_old(id, &old)?,
                None => self.judge(id)?,
            };
            self.act(id, verdict)?;
        }
        Ok(())
    }

    fn judge(&self, id: RecordingId) -> Result<Verdict> {
        let Some(entry) = self.entries.get(&id.file_name()) else { return self.without_file(id) };
        if let Some(why) = &entry.hidden {
            return Ok(Verdict::Odd(format!("its sample file: {why}")));
        }
        if !entry.is_file {
            return Ok(Verdict::NoFilm(format!("its sample file is a {}", entry.kind())));
        }
        let file = match self.open(entry) {
            Ok(file) => file,
            // It may have been deleted meanwhile.
            Err(e) if e.kind() == Kind::NotFound => return self.without_file(id),
            Err(e) => return Ok(Verdict::Odd(e.to_string())),
        };
        let told = match trailer::read(&file) {
            Ok(Some(told)) if told.recording.id == id => index_agrees(&told).map(|()| told),
            Ok(Some(told)) => Err(format!("its trailer is of recording {}", told.recording.id)),
            Ok(None) => Err("it has no trailer".to_owned()),
            Err(e) if e.kind() == Kind::Disk => return Ok(Verdict::Odd(e.to_string())),
            Err(e) => Err(e.to_string()),
        };
        if self.incomplete.contains(&id) {
            return Ok(Verdict::Well);
        }
        let rows = match self.db.closed_recording(id) {
            Ok(closed) => index_agrees(&closed).map(|()| closed),
            Err(e) if e.kind() == Kind::Corrupt => {
                let what = e.to_string();
                Err(what.strip_prefix(&format!("recording {id}: ")).map_or(what.clone(), str::to_owned))
            }
            // Deleted since the ids were read.
            Err(e) if e.kind() == Kind::NotFound && self.live => return Ok(Verdict::Well),
            Err(e) if e.kind() == Kind::NotFound => Err(e.to_string()),
            Err(e) => return Err(e),
        };
        if let Some(newer) = [&rows, &told].into_iter().find_map(|r| r.as_ref().err().filter(|e| e.contains(KNOWS))) {
            return Ok(Verdict::Odd(newer.clone()));
        }
        Ok(self.compare(rows, told, file))
    }

    fn without_file(&self, id: RecordingId) -> Result<Verdict> {
        let told = self.catalog.as_ref().is_some_and(|catalog| catalog.deleted().contains(&id));
        let deleted = told || self.live && self.db.recording(id)?.is_none();
        Ok(if deleted { Verdict::Well } else { Verdict::NoFile })
    }

    fn open(&self, entry: &Entry) -> Result<File> {
        if self.options.repair { self.dir.open_append(&entry.name) } else { self.dir.open_read(&entry.name) }
    }

    fn compare(
        &self,
        rows: Result<ClosedRecording, String>,
        told: Result<ClosedRecording, String>,
        file: File,
    ) -> Verdict {
        let film_is = |c: &ClosedRecording| match orphan::hash(&file, c.recording.sample_file_bytes) {
            Ok(hash) if hash == c.blake3 => Film::Right,
            Ok(_) => Film::Wrong,
            Err(e) if e.kind() == Kind::Corrupt => Film::Wrong,
            Err(e) => Film::Unreadable(e.to_string()),
        };
        let (what, closed, row, trailer) = match (rows, told) {
            (Ok(rows), Ok(told)) => {
                let told = in_its_time(told, &rows);
                let differ = differences(&rows, &told);
                if differ.is_empty() {
                    let mark = self.damaged.get(&rows.recording.id);
                    match mark {
                        _ if !self.options.hash => return Verdict::Well,
                        Some(mark) if mark.is_of_reading() && film_is(&rows) == Film::Right => return Verdict::Sound,
                        Some(_) => return Verdict::Well,
                        None => {}
                    }
                    (String::new(), rows, false, false)
                } else {
                    let what = format!("its row and its trailer differ: {}", differ.join(", "));
                    let foreign = (rows.camera, rows.kind) != (told.camera, told.kind);
                    if foreign && film_is(&rows) != Film::Right {
                        return Verdict::NoFilm("its file is of another camera's recording".into());
                    }
                    let same_film = rows.blake3 == told.blake3;
                    let of_rows = foreign || !same_film && film_is(&rows) == Film::Right;
                    if of_rows { (what, rows, false, true) } else { (what, told, true, false) }
                }
            }
            (Ok(rows), Err(what)) => (what, rows, false, true),
            (Err(what), Ok(told)) => (what, told, true, false),
            (Err(what), Err(also)) => return Verdict::NoFilm(format!("{what}; {also}")),
        };
        let damage = match film_is(&closed) {
            Film::Right => None,
            Film::Unreadable(e) => return Verdict::Odd(e),
            Film::Wrong => match film::worth(&file, &closed) {
                Ok(worth) => Some(worth),
                Err(e) => return Verdict::Odd(e.to_string()),
            },
        };
        let what = match (&damage, what.is_empty()) {
            (None, true) => return Verdict::Well,
            (None, false) => what,
            (Some(_), true) => Damage::WRONG.to_owned(),
            (Some(_), false) => format!("{what}; {}", Damage::WRONG),
        };
        if damage == Some(Worth::Nothing) {
            return Verdict::NoFilm(what);
        }
        Verdict::Film { what, file, remedy: Box::new(Remedy { closed, row, trailer, damage }) }
    }

    fn act(&mut self, id: RecordingId, verdict: Verdict) -> Result<()> {
        let on = |what: &str| format!("recording {id}: {what}");
        if !matches!(verdict, Verdict::Well)
            && let Ok(Some(r)) = self.db.recording(id)
        {
            self.told_runs.insert(r.run_start);
        }
        match verdict {
            Verdict::Well => {}
            Verdict::Odd(what) => self.tell(on(&what)),
            Verdict::Sound => self.mend(on("it is marked as damaged, and its film is what was recorded"), |check| {
                check.db.clear_damage(id)?;
                Ok("the mark is removed".into())
            }),
            Verdict::NoFile => match self.misnamed.remove(&id) {
                Some(name) => {
                    self.entries.remove(&name);
                    self.mend(on(&format!("its sample file is named {name}")), |check| {
                        check.dir.rename(&name, &id.file_name())?;
                        Ok("named as it should be".into())
                    });
                }
                None => self.mend(on("its sample file is missing"), |check| {
                    check.lose(id)?;
                    Ok("its row is removed".into())
                }),
            },
            Verdict::NoFilm(what) => {
                let name = id.file_name();
                let put_back = self.misnamed.remove(&id);
                self.mend(on(&what), |check| {
                    let aside = check.dir.set_aside(&name)?;
                    Ok(match put_back {
                        Some(other) => {
                            check.entries.remove(&other);
                            check.dir.rename(&other, &name)?;
                            format!("set aside as {aside}, and {other} put in its place")
                        }
                        None => {
                            check.lose(id)?;
                            format!("set aside as {aside}, and its row removed")
                        }
                    })
                });
            }
            Verdict::Film { what, file, remedy } => self.mend(on(&what), |check| check.apply(id, &file, *remedy)),
        }
        Ok(())
    }

    fn apply(&mut self, id: RecordingId, file: &File, mut remedy: Remedy) -> Result<String> {
        let mut done = Vec::new();
        if remedy.row {
            done.push("its row is made anew from its trailer".to_owned());
        }
        if remedy.trailer {
            done.push("its trailer is made anew from its row".to_owned());
        }
        let mut damage = None;
        match remedy.damage {
            Some(Worth::CutAt(frames)) => {
                let all = remedy.closed.recording.video_samples;
                remedy.closed = film::cut(file, &remedy.closed, frames)?;
                (remedy.row, remedy.trailer) = (true, true);
                damage = Some(format!("of {all} frames the last {} were not whole", all as usize - frames));
                done.push(format!("cut behind frame {frames} of {all}, which stands still instead"));
            }
            Some(_) => {
                damage = Some(Damage::WRONG.to_owned());
                done.push("it stays, marked as damaged".to_owned());
            }
            None => {}
        }
        if remedy.trailer {
            self.dir
                .cut(file, remedy.closed.recording.sample_file_bytes)
                .and_then(|()| self.dir.append(file, &mut [IoSlice::new(&trailer::encode(&remedy.closed))]))
                .map_err(|e| Error::caused(Kind::Disk, format!("recording {id}: write trailer"), e))?;
        }
        if remedy.row {
            self.db.forget_recording(id)?;
            let closed = self.add_row(remedy.closed)?;
            self.db.correct_facts(&closed)?;
        }
        if let Some(what) = damage {
            self.db.note_damage(&Damage { id, found: now(), what })?;
        }
        Ok(done.join(", "))
    }

    /// Gives a recording its rows.
    pub(super) fn add_row(&self, closed: ClosedRecording) -> Result<Arc<ClosedRecording>> {
        let closed = Arc::new(closed);
        // What is wrong with the sums of its run would refuse it.
        self.db.sum_up_run(closed.recording.run_start, None)?;
        let done = self.db.commit(&Batch { closed: vec![closed.clone()], ..Batch::default() })?;
        match done.refused.into_iter().next() {
            Some((_, e)) => Err(e),
            None => Ok(closed),
        }
    }

    /// The row goes; the file, if there is one, does not. A gap tells of it.
    fn lose(&mut self, id: RecordingId) -> Result<()> {
        let recording = self.db.recording(id).ok().flatten();
        self.db.forget_recording(id)?;
        self.lost.extend(recording);
        Ok(())
    }
}

/// Some file of the directory is of a recording that the database knows; or it knows none at all.
pub(super) fn is_of(db: &Database, dir: &SampleDir) -> Result<bool> {
    let mut any = false;
    let mut ours = false;
    for entry in dir.list()?.into_iter().filter(|entry| entry.is_file) {
        let Some(id) = RecordingId::from_file_name(&entry.name) else { continue };
        any = true;
        let told = dir.open_read(&entry.name).and_then(|file| trailer::read(&file));
        if let (Ok(Some(told)), Ok(rows)) = (told, db.closed_recording(id))
            && (told.camera, told.recording.open_id, told.blake3) == (rows.camera, rows.recording.open_id, rows.blake3)
        {
            ours = true;
            break;
        }
    }
    Ok(ours || !any)
}

/// What a trailer tells, moved as a proven clock moved its row.
fn in_its_time(told: ClosedRecording, rows: &ClosedRecording) -> ClosedRecording {
    if rows.is_unproven() { told } else { told.in_proven_time(rows.clock_offset) }
}

/// In what a row and a trailer differ.
fn differences(rows: &ClosedRecording, told: &ClosedRecording) -> Vec<String> {
    let (a, b) = (&rows.recording, &told.recording);
    let numbers = [
        ("sequence", a.sequence as i64, b.sequence as i64),
        ("open id", a.open_id.into(), b.open_id.into()),
        ("run", a.run_start.composite(), b.run_start.composite()),
        ("start", a.start.0, b.start.0),
        ("wall duration", a.wall_duration.0, b.wall_duration.0),
        ("media duration", a.media_duration.0, b.media_duration.0),
        ("media offset", a.media_offset.0, b.media_offset.0),
        ("local delta", a.local_delta.0, b.local_delta.0),
        ("bytes", a.sample_file_bytes as i64, b.sample_file_bytes as i64),
        ("frames", a.video_samples.into(), b.video_samples.into()),
        ("key frames", a.video_sync_samples.into(), b.video_sync_samples.into()),
        ("index format", a.index_format.into(), b.index_format.into()),
        ("flags", a.flags.0.into(), b.flags.0.into()),
        ("clock offset", rows.clock_offset.0, told.clock_offset.0),
    ];
    let others = [
        ("end reason", a.end_reason == b.end_reason),
        ("camera", (rows.camera, rows.kind) == (told.camera, told.kind)),
        ("boot", rows.boot_id == told.boot_id),
        ("sample entry", rows.sample_entry == told.sample_entry),
        ("index", rows.video_index == told.video_index),
        ("hash", rows.blake3 == told.blake3),
    ];
    let numbers = numbers.into_iter().filter(|(_, a, b)| a != b).map(|(what, a, b)| format!("{what} {a}, not {b}"));
    numbers.chain(others.into_iter().filter(|(_, same)| !same).map(|(what, _)| what.to_owned())).collect()
}

/// The index can be read, and its samples add up to what is said of the recording.
pub(super) fn index_agrees(c: &ClosedRecording) -> Result<(), String> {
    let r: &Recording = &c.recording;
    if !sample_index::FORMATS.contains(&r.index_format) {
        let known = sample_index::FORMATS.end();
        return Err(format!("its index has format {}, {KNOWS} none above {known}", r.index_format));
    }
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

/// In what is said of something that a newer lunette wrote.
const KNOWS: &str = "this lunette knows";
