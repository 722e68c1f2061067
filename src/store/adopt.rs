//! `adopt`: a lost database is built anew from its sample directory alone.

use crate::base::{Error, Kind, RecordingId, Result, ResultExt, StreamId};
use crate::store::catalog::{self, Catalog, CatalogSampleEntry};
use crate::store::check::film::{self, Worth};
use crate::store::check::references::{LOST_SOURCE, lost_stream};
use crate::store::check::{now, timeline};
use crate::store::closed::ClosedRecording;
use crate::store::db::{Access, Batch, Damage, Database, Heritage};
use crate::store::dir::{Entry, SampleDir};
use crate::store::journal_file::JournalFile;
use crate::store::old_file;
use crate::store::recover::{Known, recover};
use crate::store::settings::Settings;
use crate::store::{journal, journal_file, orphan, trailer};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fs;
use std::io::{ErrorKind, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// What was adopted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Recordings that are listed now.
    pub recordings: usize,
    /// Cameras, those included that were removed and whose film was kept.
    pub cameras: usize,
    /// What an owner must do or know, a line each.
    pub notes: Vec<String>,
}

/// Builds the database of a sample directory anew, in `db_dir`: recordings with their ids, times and runs, cameras,
/// streams, gaps. Users, and the logins of cameras, are in no file beside the film: they are asked for anew.
///
/// The database is made under another name and takes its place when it is whole: a run that was interrupted is begun
/// again. A database that is there and holds anything is left alone, with `Conflict`; one that is damaged is moved aside.
/// Takes the directory's lock. Blocks for long: it reads the end of each sample file.
///
/// With the settings of the database that was lost these are not asked: cameras and users are as they were.
pub fn adopt(db_dir: &Path, sample_dir: &Path, settings: Option<&Settings>) -> Result<Adopted> {
    let mut adopted = Adopted::default();
    let mut dir = SampleDir::open(sample_dir, true)?;
    let entries: Vec<Entry> = dir.list()?.into_iter().filter(|entry| entry.takes_number().is_some()).collect();
    let catalog = read_catalog(&dir, &mut adopted);
    let has_old = dir.stat(old_file::NAME)?.is_some();
    if entries.is_empty() && !has_old && catalog.as_ref().is_none_or(|catalog| catalog.cameras.is_empty()) {
        let what = format!("{} holds neither film nor a catalog of cameras: nothing to adopt", sample_dir.display());
        return Err(Error::new(Kind::BadInput, what));
    }
    make_way(db_dir, dir.uuid(), &mut adopted)?;
    let directory = match dir.uuid() {
        Some(uuid) => uuid,
        None => {
            adopted.notes.push("the directory had no identity: it has a new one".into());
            let uuid = Uuid::new_v4();
            dir.initialize(uuid)?;
            uuid
        }
    };
    let new = Building::begin(db_dir)?;
    let db = Database::open(&new.dir, Access::Write)?;
    let mut adoption = Adoption { dir: Arc::new(dir), db, catalog, adopted, streams: BTreeSet::new() };
    adoption.begin(directory)?;
    adoption.closed(entries)?;
    adoption.old()?;
    adoption.rest()?;
    let own = adoption.db.meta()?.database;
    // Those of another film have other ids.
    if let Some(settings) = settings.filter(|settings| adoption.catalog.is_none() || settings.database == own) {
        adoption.db.restore_settings(settings)?;
    }
    let Adoption { db, adopted, .. } = adoption;
    drop(db);
    new.finish(db_dir)?;
    Ok(adopted)
}

/// What the directory tells beside the film, if it can be read.
fn read_catalog(dir: &SampleDir, adopted: &mut Adopted) -> Option<Catalog> {
    let none = || Error::new(Kind::NotFound, "there is no catalog");
    Catalog::read(dir)
        .and_then(|catalog| catalog.ok_or_else(none))
        .inspect_err(|e| {
            adopted.notes.push(format!(
                "{e}: cameras are known from their film alone, and have neither names nor sources; gaps are known as far as \
                 film tells why it ended"
            ));
        })
        .ok()
}

/// A database that is there is only in the way if there is something in it, and can be read.
fn make_way(db_dir: &Path, directory: Option<Uuid>, adopted: &mut Adopted) -> Result<()> {
    let file = db_dir.join(Database::FILE_NAME);
    if !file.exists() {
        return Ok(());
    }
    let look = || -> Result<Option<&str>> {
        let db = Database::open(db_dir, Access::Read)?;
        let integrity = db.integrity()?;
        if let Some(line) = integrity.into_iter().next() {
            return Err(Error::new(Kind::Corrupt, line));
        }
        let mut any = false;
        db.visit_ids(|_| any = true)?;
        Ok(match () {
            () if directory.is_some() && db.meta()?.directory == directory => {
                Some("it is the database of this very directory: `lunette check --repair` finds film that has no row")
            }
            () if any || !db.cameras()?.is_empty() => Some(
                "it has cameras of its own, and ids of both would be the same: adopt with a `db_dir` of its own, or move \
                 it away first",
            ),
            () => None,
        })
    };
    match look() {
        Ok(Some(why)) => Err(Error::new(Kind::Conflict, format!("database {}: {why}", file.display()))),
        // Made by a start that found its database lost.
        Ok(None) => Ok(()),
        Err(e) if e.kind() == Kind::NotFound => Ok(()),
        Err(e) if e.kind() == Kind::Corrupt => {
            let aside = set_aside(db_dir)?;
            adopted.notes.push(format!("database {}: {e}; moved aside as {aside}", file.display()));
            Ok(())
        }
        Err(e) => Err(e),
    }
}

/// Moves a damaged database aside, its log with it, and tells its new name.
fn set_aside(db_dir: &Path) -> Result<String> {
    let free = |n: &u32| !db_dir.join(format!("{}.aside.{n}", Database::FILE_NAME)).exists();
    let n = (1..).find(free).expect("there are fewer files than numbers");
    for suffix in ["-wal", "-shm", ""] {
        let from = db_dir.join(format!("{}{suffix}", Database::FILE_NAME));
        let to = db_dir.join(format!("{}.aside.{n}{suffix}", Database::FILE_NAME));
        match fs::rename(&from, to) {
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            done => done.or_fail(Kind::Disk, || format!("move {} aside", from.display()))?,
        }
    }
    Ok(format!("{}.aside.{n}", Database::FILE_NAME))
}

/// A database under another name, until it is whole.
struct Building {
    dir: PathBuf,
}

impl Building {
    /// What an interrupted adoption left is begun again.
    fn begin(db_dir: &Path) -> Result<Self> {
        let dir = db_dir.join("adopting");
        match fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                Err(Error::caused(Kind::Disk, format!("remove {}", dir.display()), e))
            }
            _ => Ok(Self { dir }),
        }
    }

    /// It takes its place. The log of the empty one that may be there goes first: it is of another database.
    fn finish(self, db_dir: &Path) -> Result<()> {
        let finish = || -> std::io::Result<()> {
            for suffix in ["-wal", "-shm"] {
                match fs::remove_file(db_dir.join(format!("{}{suffix}", Database::FILE_NAME))) {
                    Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
                    _ => {}
                }
            }
            fs::File::open(self.dir.join(Database::FILE_NAME))?.sync_all()?;
            fs::rename(self.dir.join(Database::FILE_NAME), db_dir.join(Database::FILE_NAME))?;
            fs::remove_dir_all(&self.dir)?;
            fs::File::open(db_dir)?.sync_all()
        };
        finish().or_fail(Kind::Disk, || format!("put the database into {}", db_dir.display()))
    }
}

struct Adoption {
    dir: Arc<SampleDir>,
    db: Database,
    catalog: Option<Catalog>,
    adopted: Adopted,
    /// Those that have a row.
    streams: BTreeSet<StreamId>,
}

impl Adoption {
    /// What is to be there before the first recording.
    fn begin(&mut self, directory: Uuid) -> Result<()> {
        let known = self.catalog.as_ref();
        let numbers = known.map(|c| c.sample_entries.iter().map(|entry| entry.id).max().unwrap_or(0));
        self.db.succeed(&Heritage {
            database: known.map(|catalog| catalog.database),
            directory,
            last_open: known.map_or(0, |catalog| catalog.last_open),
            last_stream: known.map_or(0, |catalog| catalog.last_stream),
            last_sample_entry: numbers.unwrap_or(0),
        })?;
        let Some(catalog) = &self.catalog else { return Ok(()) };
        self.db.add_clock_proofs(&catalog.proofs())?;
        for stream in catalog.cameras.iter().flat_map(|camera| &camera.streams) {
            if let Some(lost) = StreamId::new(stream.id.into()).and_then(|id| catalog.stream(id)) {
                self.db.restore_stream(&lost)?;
                self.streams.insert(lost.id());
            }
        }
        for camera in catalog.cameras.iter().filter(|camera| camera.login && !camera.removed) {
            self.adopted.notes.push(format!(
                "camera {:?} needs its login again: lunette camera edit {:?} --username … --password-file …",
                camera.name, camera.name
            ));
        }
        Ok(())
    }

    /// Every file that was closed. The newest wait: no journal may vouch for them, and then their film is read.
    fn closed(&mut self, entries: Vec<Entry>) -> Result<()> {
        let mut newest: BinaryHeap<Reverse<(u64, RecordingId)>> = BinaryHeap::new();
        let mut waiting: BTreeMap<RecordingId, ClosedRecording> = BTreeMap::new();
        let mut batch = Vec::new();
        for entry in entries.into_iter().filter(|entry| entry.is_file) {
            let Some(id) = RecordingId::from_file_name(&entry.name) else { continue };
            let told = self.dir.open_read(&entry.name).and_then(|file| trailer::read(&file));
            // What is wrong with the others is found when the rest is looked at.
            let Ok(Some(told)) = told else { continue };
            if told.recording.id != id || self.was_removed(id.stream()) {
                continue;
            }
            newest.push(Reverse((told.recording.sequence, id)));
            waiting.insert(id, told);
            if newest.len() > SUSPECTS {
                let Reverse((_, oldest)) = newest.pop().expect("there are many");
                batch.extend(waiting.remove(&oldest));
            }
            if batch.len() >= BATCH {
                self.commit(std::mem::take(&mut batch))?;
            }
        }
        self.commit(batch)?;
        let stories = journal::replay(journal_file::read(&self.dir).entries).stories;
        for told in waiting.values() {
            // These get their rows with the rest, and need their streams by then.
            self.prepare(told)?;
            if !stories.contains_key(&told.recording.id) {
                self.salvage(told)?;
            }
        }
        Ok(())
    }

    /// What the original system recorded, as far as its files are there.
    fn old(&mut self) -> Result<()> {
        let (dir, mut batch) = (self.dir.clone(), Vec::new());
        let told = old_file::visit(&dir, |old, closed| {
            if dir.stat(&old.file_name())?.is_none() || self.was_removed(closed.recording.id.stream()) {
                return Ok(());
            }
            self.prepare(&closed)?;
            batch.push((old, closed));
            if batch.len() >= BATCH {
                self.db.adopt_old(&std::mem::take(&mut batch))?;
            }
            Ok(())
        });
        self.db.adopt_old(&batch)?;
        match told {
            Err(e) if e.kind() == Kind::Corrupt => {
                self.adopted.notes.push(format!("{e}: what it told behind that has no row, its film stays"));
            }
            told => told?,
        }
        dir.set_old_names(self.db.old_files()?);
        Ok(())
    }

    /// A file that was closed and whose film is not what it was: what is whole of it stays, and the damage is told. One
    /// of which nothing is whole is left to be set aside.
    fn salvage(&mut self, told: &ClosedRecording) -> Result<()> {
        let id = told.recording.id;
        let file = self.dir.open_append(&id.file_name())?;
        if orphan::hash(&file, told.recording.sample_file_bytes)? == told.blake3 {
            return Ok(());
        }
        let (left, what) = match film::worth(&file, told)? {
            Worth::Nothing => return Ok(()),
            Worth::Played => (told.clone(), Damage::WRONG.to_owned()),
            Worth::CutAt(frames) => {
                let lost = told.recording.video_samples as usize - frames;
                let cut = film::cut(&file, told, frames)?;
                self.dir
                    .cut(&file, cut.recording.sample_file_bytes)
                    .and_then(|()| self.dir.append(&file, &mut [IoSlice::new(&trailer::encode(&cut))]))
                    .or_fail(Kind::Disk, || format!("recording {id}: write trailer"))?;
                (cut, format!("the last {lost} of {} frames were not whole", told.recording.video_samples))
            }
        };
        self.commit(vec![left])?;
        self.adopted.notes.push(format!("recording {id}: {what}; it stays, marked as damaged"));
        self.db.note_damage(&Damage { id, found: now(), what })?;
        Ok(())
    }

    /// The owner removed it with its film; the next start unlinks what is left of it.
    fn was_removed(&self, stream: StreamId) -> bool {
        let last = self.catalog.as_ref().map_or(0, |catalog| catalog.last_stream);
        !self.streams.contains(&stream) && i64::from(stream.get()) <= last
    }

    /// A stream that the catalog does not know, and the number that a sample entry had.
    fn prepare(&mut self, told: &ClosedRecording) -> Result<()> {
        let stream = told.recording.id.stream();
        if self.streams.insert(stream) {
            self.db.restore_stream(&lost_stream(told, self.catalog.as_ref()))?;
            self.adopted.notes.push(format!(
                "stream {stream} is known from its film alone: tell its source, which is {LOST_SOURCE:?} now"
            ));
        }
        if let Some(catalog) = &self.catalog {
            let name = CatalogSampleEntry::name(&told.sample_entry);
            if let Some(entry) = catalog.sample_entries.iter().find(|entry| entry.blake3 == name) {
                self.db.number_sample_entry(entry.id, &told.sample_entry);
            }
        }
        Ok(())
    }

    fn commit(&mut self, batch: Vec<ClosedRecording>) -> Result<()> {
        for told in &batch {
            self.prepare(told)?;
        }
        let closed = batch.into_iter().map(Arc::new).collect();
        let done = self.db.commit(&Batch { closed, ..Batch::default() })?;
        self.adopted.notes.extend(done.refused.iter().map(|(_, e)| format!("its file stays, without a row: {e}")));
        Ok(())
    }

    /// What a start does too: what grew at the end, what is damaged, what does not belong there. Then the gaps.
    fn rest(&mut self) -> Result<()> {
        let mut known = Known { streams: self.db.stream_ids()?, ..Known::default() };
        self.db.visit_ids(|id| known.rows.push(id))?;
        let recovered = recover(&self.dir, &known)?;
        for closed in &recovered.closed {
            self.prepare(closed)?;
        }
        self.dir.sync_all()?;
        let done = self.db.commit(&Batch { closed: recovered.closed, ..Batch::default() })?;
        self.adopted.notes.extend(done.refused.iter().map(|(_, e)| format!("its file stays, without a row: {e}")));
        self.adopted.notes.extend(recovered.problems);
        self.gaps()?;
        JournalFile::begin(self.dir.clone(), &recovered.unresolved)?;
        let mut recordings = 0;
        self.db.visit_ids(|_| recordings += 1)?;
        self.adopted.recordings = recordings;
        self.adopted.cameras = self.db.cameras()?.len();
        self.dir.replace_private(catalog::NAME, &Catalog::of(&self.db)?.encode())?;
        self.dir.sync_all()
    }

    /// The gaps of the catalog, and those since, as far as film tells why it ended.
    fn gaps(&mut self) -> Result<()> {
        if let Some(catalog) = &self.catalog {
            self.db.commit(&Batch { gaps: catalog.gaps(), ..Batch::default() })?;
            for &stream in &self.streams {
                match catalog.protected(stream) {
                    spans if spans.is_empty() => {}
                    spans => self.db.set_protected_spans(stream, &spans)?,
                }
            }
            for damage in &catalog.damaged {
                if let Some(damage) = damage.damage() {
                    self.db.note_damage(&damage)?;
                }
            }
        }
        for &stream in &self.streams {
            let film = self.db.recordings_by_number(stream, 0..=u32::MAX)?;
            let findings = timeline::examine(&film, &self.db.all_gaps(stream)?);
            let gaps = findings.into_iter().filter_map(|finding| finding.put).map(|gap| (stream, gap)).collect();
            self.db.commit(&Batch { gaps, ..Batch::default() })?;
        }
        Ok(())
    }
}

/// Recordings in one transaction.
const BATCH: usize = 1000;
/// How many of the newest files are looked at as a start does.
const SUSPECTS: usize = 64;
