//! The keeper: looks at the disk and says what is to go.

use crate::base::{RecordingId, Result};
use crate::media::retention::{self, Candidate, Choice, Holding, Room, Share};
use crate::store::capacity::file_system::reserve;
use crate::store::capacity::{Capacity, Inner, Setting, Size, Storage, StreamStorage};
use crate::store::dir::SampleDir;
use crate::store::film::Shelf;
use crate::store::stats::Stats;
use crate::store::unflushed::Unflushed;
use crate::store::{catalog, journal_file};
use log::{error, info, warn};
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// What the keeper saw.
#[derive(Clone, Debug)]
pub(crate) struct Outlook {
    room: Room,
    storage: Storage,
    /// What all streams will have written before the keeper acts again, twice.
    need: u64,
}

impl Outlook {
    /// There is no time to wait for the next flush.
    pub(crate) fn is_urgent(&self) -> bool {
        self.room.free < self.need / 2
    }
}

impl Capacity {
    /// Looks at the disk, which may block for as long as the disk does.
    pub(crate) fn look(&self, dir: &SampleDir, shelf: &Shelf, unflushed: &Unflushed, now: Instant) -> Result<Outlook> {
        let mut small = Vec::new();
        for name in [SampleDir::IDENTITY, catalog::NAME].iter().chain(&journal_file::NAMES) {
            small.push((*name, dir.stat(name)?.map_or(0, |e| e.disk_bytes)));
        }
        let file_system = dir.file_system()?;
        let own_state = self.state_bytes(dir.device()?);
        let mut inner = self.lock();
        small.into_iter().for_each(|(name, bytes)| inner.ledger.weigh_other(name, bytes));
        let lingering = shelf.lingering_bytes();
        let used = inner.ledger.bytes() + lingering;
        let others = file_system.in_use().saturating_sub(used).saturating_sub(own_state);
        let (reserve, granted) = reserve(self.reserve, file_system.size());
        let free = file_system.free();
        let taken = inner.taken(reserve, free, others);
        let capacity = used.saturating_add(free.saturating_sub(reserve - taken));
        let room = Room { free, reserve, taken, capacity: capacity.saturating_sub(inner.ledger.other_bytes()) };
        let streams = inner.holdings(self.horizon, unflushed, now);
        let need = streams.iter().map(|s| s.holding.share.need).fold(0, u64::saturating_add);
        let storage = Storage {
            file_system_bytes: file_system.size(),
            free_bytes: free,
            reserve_bytes: reserve,
            taken_bytes: taken,
            capacity_bytes: capacity,
            used_bytes: used,
            lingering_bytes: lingering,
            other_bytes: inner.ledger.other_bytes(),
            streams,
            deleted_recordings: inner.deleted.0,
            deleted_bytes: inner.deleted.1,
            overcommitted: false,
            trouble: (!granted).then(|| {
                let (wish, size) = (self.reserve.unwrap_or(0), file_system.size());
                format!(
                    "reserve: {} are more than half of a disk of {}; {} are kept free instead",
                    Size(wish),
                    Size(size),
                    Size(reserve)
                )
            }),
        };
        Ok(Outlook { room, storage, need })
    }

    /// What our database weighs, if it is on this device.
    fn state_bytes(&self, device: u64) -> u64 {
        let Ok(entries) = std::fs::read_dir(&self.state_dir) else { return 0 };
        let files = entries.filter_map(|entry| entry.ok()?.metadata().ok());
        files.filter(|m| m.is_file() && m.dev() == device).map(|m| m.blocks() * 512).sum()
    }

    /// What is to go; `asked` is what a writer on a full disk needs at once.
    pub(crate) fn choose(&self, outlook: &Outlook, shelf: &Shelf, asked: Option<u64>) -> Choice {
        let inner = self.lock();
        let room = match asked {
            // It says that it is full, whatever the file system counts.
            Some(_) => Room { free: 0, reserve: 0, ..outlook.room },
            None => outlook.room,
        };
        let candidate = |closed: super::ledger::Closed| Candidate {
            id: closed.id,
            sequence: closed.sequence,
            frees: if shelf.is_open(closed.id) { 0 } else { closed.bytes },
            weighs: closed.bytes,
        };
        let mut asked = asked.unwrap_or(0);
        let streams = outlook.storage.streams.iter().map(|s| {
            let mut share = s.holding.share;
            share.need = share.need.saturating_add(std::mem::take(&mut asked));
            let closed = inner.ledger.closed(s.stream).filter(|closed| !inner.protected.has(closed.id));
            (share, closed.map(candidate))
        });
        retention::choose(&room, streams, LIMIT)
    }

    /// What was seen, and what came of it, is told to whoever asks.
    pub(crate) fn tell(&self, mut outlook: Outlook, choice: &Choice) {
        let storage = &mut outlook.storage;
        storage.overcommitted = choice.overcommitted;
        storage.trouble = trouble(&outlook.room, outlook.need, choice).or(storage.trouble.take());
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let before = report.as_ref().and_then(|r| r.trouble.as_deref());
        match (before, storage.trouble.as_deref()) {
            (before, Some(now)) if before.map(kind) != Some(kind(now)) => error!("{now}"),
            (Some(_), None) => info!("the film's disk is well again"),
            _ => {}
        }
        *report = Some(Arc::new(outlook.storage));
    }

    /// Compares what is known with the directory itself. Blocks on the disk, for long where there are many files.
    pub(crate) fn compare(&self, dir: &SampleDir) -> Result<()> {
        let entries = dir.list()?;
        let weight = |id: RecordingId| dir.stat(&dir.file_name(id)).ok().flatten().map(|e| e.disk_bytes);
        let wrong = self.lock().ledger.compare(&entries, weight);
        if wrong > 0 {
            warn!("{}: its files weigh {} else than was known", dir.path().display(), Size(wrong));
        }
        Ok(())
    }
}

impl Inner {
    /// How much of the reserve is missing by the doing of others. What was missing when the recorder was started is
    /// theirs too: film left the reserve alone. But of a reserve that was raised meanwhile, film makes room for the rest.
    fn taken(&mut self, reserve: u64, free: u64, others: u64) -> u64 {
        let missing = reserve.saturating_sub(free);
        let taken = match self.others {
            Some(before) => (self.taken + others.saturating_sub(before)).saturating_sub(before.saturating_sub(others)),
            None => self.last_reserve.unwrap_or(reserve).saturating_sub(free),
        };
        self.taken = taken.min(missing);
        (self.others, self.last_reserve) = (Some(others), Some(reserve));
        self.taken
    }

    fn holdings(&mut self, horizon: Duration, unflushed: &Unflushed, now: Instant) -> Vec<StreamStorage> {
        let known = |stream| self.streams.iter().any(|s| s.stream == stream);
        let left = self.ledger.streams().filter(|&stream| !known(stream));
        let left = left.map(|stream| Setting { stream, retain_bytes: None, record: false });
        let all: Vec<_> = self.streams.iter().copied().chain(left).collect();
        all.into_iter().map(|setting| self.holding(setting, horizon, unflushed, now)).collect()
    }

    fn holding(&mut self, setting: Setting, horizon: Duration, unflushed: &Unflushed, now: Instant) -> StreamStorage {
        let Setting { stream, retain_bytes, record } = setting;
        let (used, written) = self.ledger.stream(stream);
        self.rates.note(stream, written, now);
        let mean = || if record { mean(&unflushed.stats(stream)) } else { 0.0 };
        let steady = self.rates.steady(stream);
        let soon = if steady.is_some() { self.rates.soon(stream) } else { self.rates.soon(stream).max(mean()) };
        let share = Share { retain_bytes, used, need: (soon * horizon.as_secs_f64()) as u64 };
        let protected = self.protected_bytes(stream);
        let bytes_per_day = steady.unwrap_or_else(mean) * 86_400.0;
        StreamStorage { stream, holding: Holding { share, protected, bytes_per_day } }
    }
}

/// Bytes a second of all that is there.
fn mean(stats: &Stats) -> f64 {
    let seconds = stats.duration().as_secs_f64();
    if seconds >= 1.0 { stats.sample_file_bytes() as f64 / seconds } else { 0.0 }
}

/// What an owner should do something about; up to the first colon it says which of the things that can be.
fn trouble(room: &Room, need: u64, choice: &Choice) -> Option<String> {
    let (free, reserve, taken) = (Size(room.free), Size(room.reserve), Size(room.taken));
    if choice.short > 0 && !choice.more && room.free < need {
        return Some(format!(
            "the film's disk is full, and there is no film left to delete: {free} are free, {} would be needed",
            Size(need)
        ));
    }
    if room.taken > room.reserve / 10 && room.free < need.saturating_add(room.reserve) {
        return Some(format!(
            "others fill the film's disk: they have taken {taken} of the {reserve} that are to stay free, {free} are \
             left; old film goes only for new film"
        ));
    }
    let over = "the quotas of the streams are more than the film's disk holds: the oldest film of all goes first";
    choice.overcommitted.then(|| over.to_owned())
}

fn kind(trouble: &str) -> &str {
    trouble.split(':').next().unwrap_or(trouble)
}

/// How many recordings go at once at most: a transaction of so many takes well below a second.
pub(super) const LIMIT: usize = 1000;
