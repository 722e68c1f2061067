//! `Pulse`: how the disks are doing, as the threads that wait for them notice.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the store's threads say of the disks before and after they ask something of them. From memory.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<Signs>);

#[derive(Debug, Default)]
struct Signs {
    /// What the disk of film refused last; `None` once it took something again.
    refused: Option<String>,
    /// Since when each kind of work goes on.
    busy: [Option<Instant>; 3],
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// Film is written.
    Film,
    /// The file system of film is synced.
    Sync,
    /// Rows are written.
    Rows,
}

/// A thread is at work until this is dropped.
#[derive(Debug)]
pub(crate) struct Busy<'a>(&'a Pulse, Work);

impl Pulse {
    fn lock(&self) -> MutexGuard<'_, Signs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A disk is asked for something, of which each kind is asked by one thread.
    pub(crate) fn busy(&self, work: Work, now: Instant) -> Busy<'_> {
        self.lock().busy[work as usize] = Some(now);
        Busy(self, work)
    }

    /// A thread waits for a disk just now.
    pub(crate) fn is_busy(&self) -> bool {
        self.lock().busy.iter().any(Option::is_some)
    }

    /// Film was not written, and why.
    pub(crate) fn refuses(&self, why: String) {
        self.lock().refused = Some(why);
    }

    /// Film was written, or another disk is there.
    pub(crate) fn takes(&self) {
        self.lock().refused = None;
    }

    /// What is wrong just now: a disk that does not answer, or refuses.
    pub(crate) fn trouble(&self, now: Instant) -> Option<String> {
        let signs = self.lock();
        let hangs = |work: &&Work| signs.busy[**work as usize].is_some_and(|since| now - since >= PATIENCE);
        let silent = [Work::Film, Work::Sync, Work::Rows].iter().find(hangs).map(|work| match work {
            Work::Film => "the disk does not answer: film waits to be written",
            Work::Sync => "the disk does not answer: the sample directory is being synced",
            Work::Rows => "the database does not answer: rows wait to be written",
        });
        silent.map(str::to_owned).or_else(|| signs.refused.clone())
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.lock().busy[self.1 as usize] = None;
    }
}

/// A disk that takes longer is not just slow.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_silent_for_long_or_refuses_is_told_until_it_is_well() {
        let (pulse, start) = (Pulse::default(), Instant::now());
        let at = |seconds| pulse.trouble(start + Duration::from_secs(seconds));
        pulse.refuses("full".into());
        let sync = pulse.busy(Work::Sync, start);
        assert_eq!(at(9).as_deref(), Some("full"));
        assert_eq!(at(10).unwrap(), "the disk does not answer: the sample directory is being synced");
        drop(sync);
        assert_eq!(at(10).as_deref(), Some("full"));
        pulse.takes();
        assert_eq!(at(10), None);
    }
}
