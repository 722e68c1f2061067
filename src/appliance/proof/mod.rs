//! `Proof`: whether a system that runs for the first time works. Values in, a verdict out; who looks is elsewhere.
//!
//! docs/decisions/0135-proof.md has the reasons.

mod record;

pub use record::{Here, Record, Start};

use std::collections::BTreeMap;
use std::time::Duration;

/// How long a new system may take, and how long it must then record without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From the daemon's start to the verdict at the latest.
    pub window: Duration,
    /// So long without a break is enough.
    pub steady: Duration,
}

/// What was seen at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Why the page does not answer.
    pub page: Option<String>,
    /// Why film that was recorded cannot be read back, or none be written.
    pub store: Option<String>,
    /// The streams that recorded before the upgrade, as far as they still shall.
    pub streams: Vec<SeenStream>,
}

/// What was seen of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenStream {
    /// Such as `porch/main`.
    pub name: String,
    /// Its camera takes connections where it gives its pictures: without that it is not the recorder's fault.
    pub answers: bool,
    /// In which session it is being recorded, by the recorder's count; `None`: it is not.
    pub session: Option<u64>,
    /// What went wrong last.
    pub trouble: Option<String>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Look again.
    Wait,
    /// It works.
    Good,
    /// It does not.
    Failed {
        /// In words.
        why: String,
        /// The streams that should have recorded and did not.
        missing: Vec<String>,
    },
}

/// A look that lasts.
#[derive(Debug)]
pub struct Proof {
    patience: Patience,
    /// Since when page and store are well.
    well: Option<Duration>,
    /// Since when each stream records, and in which session.
    steady: BTreeMap<String, (u64, Duration)>,
}

impl Proof {
    /// Nothing was seen yet.
    pub fn new(patience: Patience) -> Self {
        Self { patience, well: None, steady: BTreeMap::new() }
    }

    /// Judges by all that was seen up to now, which is so long after the beginning.
    pub fn see(&mut self, now: Duration, seen: &Seen) -> Verdict {
        let is_well = seen.page.is_none() && seen.store.is_none();
        self.well = is_well.then(|| self.well.unwrap_or(now));
        let mut steady = BTreeMap::new();
        for stream in &seen.streams {
            let Some(session) = stream.session else { continue };
            let since = match self.steady.get(&stream.name) {
                Some(&(before, since)) if before == session => since,
                _ => now,
            };
            steady.insert(stream.name.clone(), (session, since));
        }
        self.steady = steady;
        let lasts = |since: Option<Duration>| since.is_some_and(|since| now - since >= self.patience.steady);
        let counted = seen.streams.iter().filter(|stream| stream.answers);
        let missing: Vec<&SeenStream> =
            counted.filter(|stream| !lasts(self.steady.get(&stream.name).map(|(_, since)| *since))).collect();
        if lasts(self.well) && missing.is_empty() {
            return Verdict::Good;
        }
        if now < self.patience.window {
            return Verdict::Wait;
        }
        let words = [("the page does not answer", &seen.page), ("the film's store does not work", &seen.store)];
        let mut why: Vec<String> =
            words.iter().filter_map(|(what, why)| Some(format!("{what}: {}", why.as_ref()?))).collect();
        why.extend(missing.iter().map(|stream| {
            let trouble = stream.trouble.as_deref().unwrap_or("it begins again and again");
            format!("{} does not record: {trouble}", stream.name)
        }));
        if why.is_empty() {
            why.push("page and store did not stay well".to_owned());
        }
        Verdict::Failed { why: why.join("; "), missing: missing.iter().map(|stream| stream.name.clone()).collect() }
    }
}

#[cfg(test)]
mod tests;
