//! Faults that a sample directory can be given: any operation, at any call, for as long as a test likes.

use crate::store::dir::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

/// What the disk does wrong, and what was asked of it. It belongs to the path, so that it is there before a directory is
/// opened, and stays when that is let go.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    plan: Option<Plan>,
    /// An entry that can be neither looked at nor unlinked.
    entry: Option<String>,
    /// All that was asked since the plan was made.
    asked: Vec<Op>,
    /// The refused ones among them.
    refused: Vec<Op>,
    file_system: Option<FileSystem>,
    /// The disk is full until so many sample files are unlinked.
    until_unlinked: usize,
    /// How much of each file a sync covered.
    synced: BTreeMap<String, u64>,
}

/// Which calls fail.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The number of the first one that fails, from 0.
    pub(crate) at: usize,
    /// How many do.
    pub(crate) calls: usize,
    /// As what.
    pub(crate) errno: Errno,
    /// Which operations are counted.
    pub(crate) of: fn(Op) -> bool,
    /// A write that fails has written its first half.
    pub(crate) halfway: bool,
    /// A sync that fails has lost a page of each file that it should have covered, and the next one succeeds.
    pub(crate) loses: bool,
}

impl Plan {
    /// This call fails, and all that follow.
    pub(crate) fn from(at: usize, errno: Errno) -> Self {
        Self { at, calls: usize::MAX, errno, of: |_| true, halfway: false, loses: false }
    }
}

/// What a full disk refuses.
fn writes(op: Op) -> bool {
    matches!(op, Op::Create | Op::Append | Op::Cut | Op::Sync)
}

impl Faults {
    /// Those of a path.
    pub(crate) fn of(path: &Path) -> Arc<Self> {
        static ALL: Mutex<BTreeMap<PathBuf, Weak<Faults>>> = Mutex::new(BTreeMap::new());
        let mut all = ALL.lock().unwrap();
        all.retain(|_, faults| faults.strong_count() > 0);
        all.get(path).and_then(Weak::upgrade).unwrap_or_else(|| {
            let faults = Arc::new(Self::default());
            all.insert(path.to_owned(), Arc::downgrade(&faults));
            faults
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// From now on the disk does this; `None`: it is well.
    pub(crate) fn plan(&self, plan: Option<Plan>) {
        let mut inner = self.lock();
        (inner.asked, inner.refused) = Default::default();
        inner.plan = plan;
    }

    pub(crate) fn file_system(&self) -> Option<FileSystem> {
        self.lock().file_system
    }

    /// What is in the directory now is on the disk.
    pub(crate) fn all_is_synced(&self, path: &Path) {
        let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
        let lengths = entries.map(|e| (e.file_name().into_string().unwrap(), e.metadata().unwrap().len()));
        self.lock().synced = lengths.collect();
    }

    /// What was asked since, and what of it refused.
    pub(crate) fn asked(&self) -> (Vec<Op>, Vec<Op>) {
        let inner = self.lock();
        (inner.asked.clone(), inner.refused.clone())
    }

    pub(crate) fn hit(&self, op: Op, name: &str) -> nix::Result<()> {
        let mut inner = self.lock();
        if matches!(op, Op::Stat | Op::Unlink) && inner.entry.as_deref() == Some(name) {
            return Err(Errno::EIO);
        }
        if inner.until_unlinked > 0 && matches!(op, Op::Create | Op::Append) {
            return Err(Errno::ENOSPC);
        }
        let Some(plan) = inner.plan.clone() else { return Ok(()) };
        if !(plan.of)(op) {
            return Ok(());
        }
        let call = inner.asked.len();
        inner.asked.push(op);
        if call < plan.at || call - plan.at >= plan.calls {
            return Ok(());
        }
        inner.refused.push(op);
        Err(plan.errno)
    }

    pub(crate) fn note_unlinked(&self) {
        let mut inner = self.lock();
        inner.until_unlinked = inner.until_unlinked.saturating_sub(1);
    }

    pub(crate) fn append_half(&self, mut file: &File, slices: &[IoSlice<'_>]) {
        if self.lock().plan.as_ref().is_some_and(|plan| plan.halfway) {
            let all: Vec<u8> = slices.iter().flat_map(|s| s.iter().copied()).collect();
            file.write_all(&all[..all.len() / 2]).unwrap();
        }
    }

    pub(crate) fn synced(&self, well: bool, path: &Path) {
        let inner = self.lock();
        if !inner.plan.as_ref().is_some_and(|plan| plan.loses) {
            return;
        }
        let covered_then = inner.synced.clone();
        drop(inner);
        if well {
            return self.all_is_synced(path);
        }
        for entry in std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap()) {
            let name = entry.file_name().into_string().unwrap();
            let covered = covered_then.get(&name).copied().unwrap_or(0);
            let new = entry.metadata().unwrap().len().saturating_sub(covered);
            if new == 0 || name == SampleDir::IDENTITY {
                continue;
            }
            // A part of what is new, wherever it may be.
            let fifth = new / 5;
            let file = File::options().write(true).open(entry.path()).unwrap();
            let lost = vec![0; fifth.max(1) as usize];
            std::os::unix::fs::FileExt::write_all_at(&file, &lost, covered + fifth * 2).unwrap();
        }
    }
}

impl SampleDir {
    /// The next `n` writes succeed, then the disk is full.
    pub(crate) fn fill_after(&self, n: i64) {
        self.fail_writes(n, Errno::ENOSPC);
    }

    /// The next `n` writes succeed, then the disk fails.
    pub(crate) fn fail_after(&self, n: i64) {
        self.fail_writes(n, Errno::EIO);
    }

    fn fail_writes(&self, n: i64, errno: Errno) {
        let at = usize::try_from(n).unwrap();
        self.faults.plan((n < i64::MAX).then(|| Plan { of: writes, ..Plan::from(at, errno) }));
    }

    /// The disk is full until so many sample files are unlinked.
    pub(crate) fn full_until_unlinked(&self, n: usize) {
        self.faults.lock().until_unlinked = n;
    }

    /// The file system says this of itself.
    pub(crate) fn fake_file_system(&self, fake: Option<FileSystem>) {
        self.faults.lock().file_system = fake;
    }

    /// The entry of this name, if any, can be neither looked at nor unlinked.
    pub(crate) fn fail_entry(&self, name: Option<&str>) {
        self.faults.lock().entry = name.map(str::to_owned);
    }
}
