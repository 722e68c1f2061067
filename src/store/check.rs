//! `check`: whether rows, indexes, files, trailers and film agree, and what can be done where they do not.

mod entries;
pub(crate) mod film;
mod old;
pub(crate) mod references;
pub(crate) mod rows;
mod tables;
pub(crate) mod timeline;

use crate::base::{Error, Kind, RecordingId, Result, WallTime};
use crate::media::Recording;
use crate::store::catalog::{self, Catalog};
use crate::store::db::{Access, Damage, Database};
use crate::store::dir::{Entry, SampleDir};
use crate::store::journal::{self, Entry as JournalEntry, Story};
use crate::store::journal_file::{self, JournalFile};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// How thoroughly to look, and whether to mend.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckOptions {
    /// Read all film, and compare it with its BLAKE3.
    pub hash: bool,
    /// Mend what can be mended. Film that is damaged stays and is marked; what nobody could play is moved aside under a
    /// name that begins with `aside.`; none is ever deleted.
    pub repair: bool,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What is wrong, a line each, with what was done about it; none is well.
    pub problems: Vec<String>,
    /// What an owner may want to know and is no problem, a line each.
    pub notes: Vec<String>,
}

/// The problems that [`inspect`] finds.
pub fn check(db_dir: &Path, sample_dir: &Path, options: CheckOptions) -> Result<Vec<String>> {
    inspect(db_dir, sample_dir, options).map(|report| report.problems)
}

/// Compares everything with everything. Takes the sample directory's lock; while a daemon has it only looks, and passes
/// over what the daemon is just doing. `Conflict` if it is to repair then, and when the directory is another database's.
pub fn inspect(db_dir: &Path, sample_dir: &Path, options: CheckOptions) -> Result<Report> {
    let db = Database::open(db_dir, if options.repair { Access::Write } else { Access::Read })?;
    let mut report = Report::default();
    tables::integrity(&db, options.repair, &mut report)?;
    let (dir, live) = open_dir(&db, sample_dir, options, &mut report)?;
    if live {
        report.notes.push("a lunette records meanwhile: what it is just writing is passed over".into());
    }
    dir.set_old_names(db.old_files()?);
    let mut check = Check::begin(db, dir, options, live, report)?;
    check.references()?;
    check.rows()?;
    check.strangers()?;
    check.permissions()?;
    check.tables()?;
    check.timelines()?;
    check.catalog()?;
    check.end()
}

/// The directory, and whether somebody else records into it.
fn open_dir(db: &Database, path: &Path, options: CheckOptions, report: &mut Report) -> Result<(SampleDir, bool)> {
    let (mut dir, live) = match SampleDir::open(path, true) {
        Err(e) if e.kind() == Kind::Conflict && !options.repair => (SampleDir::open(path, false)?, true),
        Err(e) if e.kind() == Kind::Conflict => return Err(e.on("stop the daemon before a repair")),
        opened => (opened?, false),
    };
    let own = db.meta()?.directory;
    match (own, dir.uuid()) {
        (Some(own), Some(found)) if own == found => {}
        (Some(own), None) if rows::is_of(db, &dir)? => {
            let what = if dir.is_torn() { "is torn" } else { "there is none" };
            let mut line = format!("lunette-dir: {what}, and the film is this database's");
            if options.repair {
                dir.initialize(own)?;
                line.push_str("; repaired: written anew");
            }
            report.problems.push(line);
        }
        _ => {
            let path = path.display();
            return Err(Error::new(Kind::Conflict, format!("{path} is not the sample directory of this database")));
        }
    }
    Ok((dir, live))
}

/// A check under way.
struct Check {
    db: Database,
    dir: Arc<SampleDir>,
    options: CheckOptions,
    /// A daemon records meanwhile.
    live: bool,
    report: Report,
    /// Everything in the directory, by name.
    entries: BTreeMap<String, Entry>,
    /// Sample files under another name than their trailers tell.
    misnamed: BTreeMap<RecordingId, String>,
    /// What the journal tells of recordings that grew.
    stories: BTreeMap<RecordingId, Story>,
    /// What the journal must go on telling.
    unresolved: Vec<JournalEntry>,
    catalog: Option<Catalog>,
    /// Recordings whose rows are told to be incomplete already.
    incomplete: BTreeSet<RecordingId>,
    /// Runs of which something is told already.
    told_runs: BTreeSet<RecordingId>,
    /// Damage that is known.
    damaged: BTreeMap<RecordingId, Damage>,
    /// Recordings whose rows were taken away.
    lost: Vec<Recording>,
}

impl Check {
    fn begin(db: Database, dir: SampleDir, options: CheckOptions, live: bool, report: Report) -> Result<Self> {
        let damaged = db.damaged()?.into_iter().map(|d| (d.id, d)).collect();
        let mut check = Self {
            db,
            dir: Arc::new(dir),
            options,
            live,
            report,
            entries: BTreeMap::new(),
            misnamed: BTreeMap::new(),
            stories: BTreeMap::new(),
            unresolved: Vec::new(),
            catalog: None,
            incomplete: BTreeSet::new(),
            told_runs: BTreeSet::new(),
            damaged,
            lost: Vec::new(),
        };
        check.entries = check.dir.list()?.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
        check.read_journal();
        check.catalog = Catalog::read(&check.dir).ok().flatten();
        check.find_misnamed();
        Ok(check)
    }

    /// Tells a problem, and does something about it if that is wished.
    fn mend(&mut self, what: String, repair: impl FnOnce(&mut Self) -> Result<String>) {
        let line = match self.options.repair {
            false => what,
            true => match repair(self) {
                Ok(done) => format!("{what}; repaired: {done}"),
                Err(e) => format!("{what}; cannot be repaired: {e}"),
            },
        };
        self.report.problems.push(line);
    }

    /// Tells a problem that nothing can be done about here.
    fn tell(&mut self, what: impl Into<String>) {
        self.report.problems.push(what.into());
    }

    fn read_journal(&mut self) {
        let found = journal_file::read(&self.dir);
        self.stories = journal::replay(found.entries).stories;
        for (name, e) in found.unreadable {
            self.mend(format!("{name}: {e}"), |check| Ok(format!("set aside as {}", check.dir.set_aside(name)?)));
        }
        for name in journal_file::NAMES {
            let mut head = Vec::new();
            let read = self.dir.open_read(name).map(|file| file.take(16).read_to_end(&mut head));
            if matches!(read, Ok(Ok(_))) && !head.is_empty() && head != journal::MAGIC {
                self.mend(format!("{name}: is no journal"), |check| {
                    Ok(format!("set aside as {}", check.dir.set_aside(name)?))
                });
            }
        }
    }

    /// Whether the catalog tells what the database does.
    fn catalog(&mut self) -> Result<()> {
        let right = Catalog::of(&self.db)?;
        let right = match &self.catalog {
            Some(there) => right.with(there.deleted.clone(), there.reserve),
            None => right,
        };
        let what = match Catalog::read(&self.dir) {
            Ok(Some(there)) => match there.is_behind(&right) {
                // It follows the holes once an hour.
                None => return Ok(()),
                Some(_) if self.live => return Ok(()),
                // What is wrong is in the database.
                Some(_) if !self.report.problems.is_empty() => {
                    if self.options.repair {
                        self.dir.replace_private(catalog::NAME, &right.encode())?;
                    }
                    return Ok(());
                }
                Some(what) => format!("catalog: {what} not as in the database"),
            },
            Ok(None) if self.live => return Ok(()),
            Ok(None) => "catalog: there is none".to_owned(),
            Err(e) => e.to_string(),
        };
        self.mend(what, |check| {
            if check.entries.get(catalog::NAME).is_some_and(|entry| !entry.is_file) {
                check.dir.set_aside(catalog::NAME)?;
            }
            check.dir.replace_private(catalog::NAME, &right.encode())?;
            Ok("written anew".into())
        });
        Ok(())
    }

    fn end(mut self) -> Result<Report> {
        if self.options.repair {
            // What the old journal told of files is settled now, or told again.
            JournalFile::begin(self.dir.clone(), &self.unresolved)?;
            self.dir.sync_all()?;
        }
        let marks = self.db.damaged()?;
        let known = marks.iter().filter(|damage| self.damaged.contains_key(&damage.id));
        self.report.notes.extend(known.map(|damage| {
            let found = damage.found.text(&TimeZone::UTC);
            format!("recording {}: {}; found {found}, and marked as damaged", damage.id, damage.what)
        }));
        let aside = self.entries.values().filter(|entry| entry.name.starts_with(SampleDir::ASIDE));
        self.report.notes.extend(aside.map(|e| format!("{}: {} bytes that were set aside earlier", e.name, e.len)));
        Ok(self.report)
    }
}

/// The moment at which damage is found.
pub(crate) fn now() -> WallTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    WallTime(crate::base::time::units(since))
}

#[cfg(test)]
mod tests;
