//! Retention: which film is to go, given numbers, so that what comes has room.

mod forecast;

pub use forecast::{Forecast, Holding, StreamForecast, forecast};

use crate::base::RecordingId;
use std::iter::Peekable;

/// What the film's file system has, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// What may still be written.
    pub free: u64,
    /// What is to stay free.
    pub reserve: u64,
    /// How much of the reserve others on the file system have taken. Film does not make up for it.
    pub taken: u64,
    /// What of all that may be film: what it weighs now, and what is free without the reserve.
    pub capacity: u64,
}

/// What is known of one stream, in bytes on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The most that its film may weigh; `None`: it shares the pool.
    pub retain_bytes: Option<u64>,
    /// What its film weighs, growing and protected film included.
    pub used: u64,
    /// What it will have written before the keeper acts again.
    pub need: u64,
}

/// A closed recording that may be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which one.
    pub id: RecordingId,
    /// Its place in the order of recording, over all streams.
    pub sequence: u64,
    /// What the disk gets back; 0 while somebody has it open.
    pub frees: u64,
    /// What it counts for in its stream's share.
    pub weighs: u64,
}

/// What is to be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// In the order of choosing; each once.
    pub condemned: Vec<RecordingId>,
    /// What the disk gets back by it.
    pub frees: u64,
    /// What is still missing, because there is nothing more to delete or the limit was reached.
    pub short: u64,
    /// There was more to delete than the limit allows.
    pub more: bool,
    /// The quotas are more than the disk holds: the oldest film of all streams goes, as if they shared it.
    pub overcommitted: bool,
}

impl Room {
    /// What is to be free after a deletion, beyond what is needed.
    fn floor(&self) -> u64 {
        self.reserve.saturating_sub(self.taken)
    }
}

/// Chooses what to delete. Of each stream there is its share, and its candidates in the order of recording.
///
/// Streams with a quota lose their own oldest until they keep to it. For the disk as a whole the oldest goes first, over
/// all streams that share the pool; when the pool has nothing more, or the quotas are more than the disk holds, over all
/// streams. "Oldest" is the order of recording, never a start time: clocks err. At most `limit` recordings are chosen.
pub fn choose<I>(room: &Room, streams: impl IntoIterator<Item = (Share, I)>, limit: usize) -> Choice
where
    I: Iterator<Item = Candidate>,
{
    let mut streams: Vec<_> = streams.into_iter().map(|(share, from)| (share, from.peekable())).collect();
    let need: u64 = streams.iter().map(|(share, _)| share.need).fold(0, u64::saturating_add);
    let mut choice = Choice { overcommitted: overcommitted(room, &streams), ..Choice::default() };
    for (share, candidates) in &mut streams {
        let Some(quota) = share.retain_bytes else { continue };
        while share.used.saturating_add(share.need) > quota && choice.takes_more(candidates, limit) {
            let Some(oldest) = candidates.next() else { break };
            share.used = share.used.saturating_sub(oldest.weighs);
            choice.condemn(oldest);
        }
    }
    let wanted = need.saturating_add(room.floor());
    choice.short = wanted.saturating_sub(room.free.saturating_add(choice.frees));
    let overcommitted = choice.overcommitted;
    let pooled = |share: &Share| overcommitted || share.retain_bytes.is_none();
    while choice.short > 0 {
        let oldest = oldest(&mut streams, pooled).or_else(|| oldest(&mut streams, |_| true));
        let Some(candidates) = oldest.map(|n| &mut streams[n].1) else { break };
        if !choice.takes_more(candidates, limit) {
            break;
        }
        let Some(oldest) = candidates.next() else { break };
        choice.condemn(oldest);
        choice.short = wanted.saturating_sub(room.free.saturating_add(choice.frees));
    }
    choice
}

impl Choice {
    fn takes_more<I: Iterator<Item = Candidate>>(&mut self, candidates: &mut Peekable<I>, limit: usize) -> bool {
        let full = self.condemned.len() >= limit;
        self.more |= full && candidates.peek().is_some();
        !full
    }

    fn condemn(&mut self, candidate: Candidate) {
        self.condemned.push(candidate.id);
        self.frees = self.frees.saturating_add(candidate.frees);
    }
}

/// The quotas leave the pool less than it will write, or are more than there is.
fn overcommitted<I>(room: &Room, streams: &[(Share, I)]) -> bool {
    let promised = streams.iter().map(|(share, _)| share.retain_bytes.unwrap_or(share.need));
    promised.fold(0, u64::saturating_add) > room.capacity
}

/// The stream whose next candidate was recorded first.
fn oldest<I>(streams: &mut [(Share, Peekable<I>)], of: impl Fn(&Share) -> bool) -> Option<usize>
where
    I: Iterator<Item = Candidate>,
{
    let fitting = streams.iter_mut().enumerate().filter(|(_, (share, _))| of(share));
    let next = fitting.filter_map(|(n, (_, candidates))| Some((candidates.peek()?.sequence, n)));
    next.min().map(|(_, n)| n)
}

#[cfg(test)]
mod tests;
