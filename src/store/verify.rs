//! `Verifier`: the thread that reads all film again, so that what a disk has lost is known before somebody needs it.
//!
//! It reads recording after recording in the order of recording, a piece at a time, and remembers where it is; how fast is
//! [`Pace`]'s. Whoever watches or records goes first. docs/decisions/0090-verification.md says why it is so.

mod direct;
mod reading;
mod status;

pub(crate) use status::Verified;
pub use status::{Activity, Verification};

use crate::base::{Kind, RecordingId, Result, ResultExt, WallTime};
use crate::media::verification::{Pace, Progress, at_most};
use crate::store::attached::Attached;
use crate::store::db::{Damage, Place};
use crate::store::dir::SampleDir;
use crate::store::mmap;
use crate::store::shared::Shared;
use direct::Direct;
use log::{error, info, warn};
use reading::{Finding, Reading};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// The thread, as its store knows it.
#[derive(Debug)]
pub(crate) struct Handle {
    stop: SyncSender<()>,
    /// Ends when the thread does.
    ended: Mutex<Receiver<()>>,
}

/// What is read, and what comes next. Each turn is short; between them nothing is locked, and as a rule nothing open.
#[derive(Debug)]
pub(crate) struct Verifier {
    pace: Pace,
    reading: Option<Reading>,
    /// To be read again then: it was not well.
    again: Option<(Reading, Instant)>,
    /// The last sequence of this round.
    last: Option<u64>,
    /// When the recording before was done.
    rested_since: Instant,
    /// How many viewers had waited for the disk when it was looked at, and since when that is so.
    viewers: (usize, Instant),
}

impl Handle {
    /// Starts the thread, which reads all film within this time, again and again. Blocks on the database.
    pub(crate) fn start(shared: &Arc<Shared>, round: Duration) -> Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let (running, ended) = sync_channel(1);
        let verifier = Verifier::new(shared, Pace::new(round), Instant::now())?;
        let weak = Arc::downgrade(shared);
        let work = move || {
            let _running: SyncSender<()> = running;
            mmap::ask_the_disk_last();
            verifier.run(&weak, &stopped);
        };
        let thread = thread::Builder::new().name("verifier".into()).spawn(work);
        thread.or_fail(Kind::Internal, || "start the verifier's thread")?;
        Ok(Self { stop, ended: Mutex::new(ended) })
    }

    /// Ends it, and waits for that no longer than this: it may be at a dead disk.
    pub(crate) fn stop(&self, patience: Duration) {
        // There is room, or it was told already.
        let _ = self.stop.try_send(());
        // Its end is the end of its sender.
        let _ = self.ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(patience);
    }
}

impl Verifier {
    /// Goes on where the database says.
    pub(crate) fn new(shared: &Shared, pace: Pace, now: Instant) -> Result<Self> {
        shared.verified.begin(shared.db.verified()?);
        Ok(Self { pace, reading: None, again: None, last: None, rested_since: now, viewers: (0, now) })
    }

    fn run(mut self, shared: &Weak<Shared>, stopped: &Receiver<()>) {
        let mut wait = Duration::ZERO;
        loop {
            match stopped.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
            // While it waits it holds nothing of the store.
            let Some(shared) = shared.upgrade() else { return };
            wait = self.turn(&shared, Instant::now(), (shared.clock)());
        }
    }

    /// Does a little, and says when the next turn is. Blocks on the disk.
    pub(crate) fn turn(&mut self, shared: &Shared, now: Instant, wall: WallTime) -> Duration {
        let Some(attached) = shared.mount.attached() else {
            (self.reading, self.again, self.last) = (None, None, None);
            shared.verified.tell(|told| told.activity = Activity::Waiting);
            return AWAY;
        };
        if self.reading.is_none() {
            match self.choose(shared, now, wall) {
                Ok(None) => {}
                Ok(Some(rest)) => {
                    shared.verified.tell(|told| (told.activity, told.trouble) = (Activity::Resting, None));
                    return rest.min(self.pace.longest_rest());
                }
                Err(e) => return wait_for(shared, e.to_string()),
            }
        }
        if self.must_give_way(shared, now) {
            self.reading.iter_mut().for_each(Reading::let_go);
            shared.verified.tell(|told| told.activity = Activity::GivingWay);
            return GIVE_WAY;
        }
        let Some(mut reading) = self.reading.take() else { return Duration::ZERO };
        if !shared.capacity.is_closed(reading.id) {
            self.done(shared, reading.sequence, now);
            return Duration::ZERO;
        }
        shared.verified.tell(|told| told.activity = Activity::Reading);
        let (read, finding) = reading.read_on(&attached.dir);
        shared.verified.tell(|told| told.read_bytes += read);
        match finding {
            None => self.reading = Some(reading),
            Some(finding) => self.judge(shared, &attached, reading, finding, (now, wall)),
        }
        at_most(read)
    }

    /// Begins to read what is due, or says for how long nothing is.
    fn choose(&mut self, shared: &Shared, now: Instant, wall: WallTime) -> Result<Option<Duration>> {
        if let Some((_, then)) = &self.again
            && *then > now
        {
            return Ok(Some(*then - now));
        }
        if let Some((reading, _)) = self.again.take() {
            self.reading = Some(reading.again());
            return Ok(None);
        }
        let Some(newest) = shared.capacity.last_closed() else { return Ok(Some(self.pace.longest_rest())) };
        let last = *self.last.get_or_insert(newest);
        let mut place = shared.verified.place().unwrap_or(Place { rounds: 0, began: wall, done_sequence: 0 });
        // The clock was set back.
        place.began = place.began.min(wall);
        shared.verified.set_place(place);
        let elapsed = Duration::from_secs_f64((wall - place.began).as_secs_f64());
        let left_bytes = shared.capacity.weight_between(place.done_sequence, last);
        let progress = Progress { left_bytes, elapsed };
        let bytes = shared.capacity.weight_between(0, last);
        shared.verified.tell(|told| {
            (told.bytes, told.left_bytes, told.bytes_per_second) = (bytes, left_bytes, self.pace.rate(progress));
        });
        let Some((id, sequence, weight)) = shared.capacity.next_closed(place.done_sequence, last) else {
            let rest = self.pace.until_next(elapsed);
            if rest.is_zero() {
                info!("all film was read again, {} recordings are damaged", shared.damages.all().len());
                shared.verified.set_place(Place { rounds: place.rounds + 1, began: wall, done_sequence: 0 });
                self.last = None;
            }
            return Ok(Some(rest));
        };
        // As it was planned when the one before was done, but for what came and went since.
        let elapsed = elapsed.saturating_sub(now.saturating_duration_since(self.rested_since));
        let interval = self.pace.interval(Progress { left_bytes, elapsed }, weight);
        let due = self.rested_since + interval.saturating_sub(at_most(weight));
        if due > now {
            return Ok(Some(due - now));
        }
        match Reading::begin(&shared.db, id, sequence) {
            Ok(Some(reading)) => self.reading = Some(reading),
            // Without a row there is nothing to compare it with; with a row that cannot be read, `check` has the words.
            Ok(None) => self.done(shared, sequence, now),
            Err(e) if e.kind() == Kind::Corrupt => {
                warn!("recording {id}: not verified: {e}");
                self.done(shared, sequence, now);
            }
            Err(e) => return Err(e),
        }
        Ok(self.reading.is_none().then_some(Duration::ZERO))
    }

    /// Somebody waits for the disk, or a viewer did just now and will again.
    fn must_give_way(&mut self, shared: &Shared, now: Instant) -> bool {
        let (waiting, waited) = shared.shelf.waiting();
        if waited != self.viewers.0 {
            self.viewers = (waited, now);
            return true;
        }
        let is_quiet = waited == 0 || now.saturating_duration_since(self.viewers.1) >= QUIET;
        waiting > 0 || !is_quiet || shared.mount.pulse().is_busy()
    }

    /// This one, and all of this round before it, is done.
    fn done(&mut self, shared: &Shared, sequence: u64, now: Instant) {
        self.rested_since = now;
        if let Some(place) = shared.verified.place() {
            shared.verified.set_place(Place { done_sequence: sequence.max(place.done_sequence), ..place });
        }
    }

    /// What is not well is read again before it is told: it may have been our memory, a cable or a busy bus.
    fn judge(
        &mut self,
        shared: &Shared,
        attached: &Attached,
        reading: Reading,
        finding: Finding,
        (now, wall): (Instant, WallTime),
    ) {
        let (id, sequence) = (reading.id, reading.sequence);
        let known = shared.damages.all().get(&id).cloned();
        let done = match finding {
            Finding::Right => {
                if reading.is_again {
                    warn!(
                        "recording {id}: read wrong once and right then: memory, cable or disk are not to be relied on"
                    );
                    shared.verified.tell(|told| told.unsteady += 1);
                }
                match known.filter(Damage::is_of_reading) {
                    Some(_) => clear(shared, id),
                    None => Ok(()),
                }
            }
            // It went meanwhile.
            _ if !shared.capacity.is_closed(id) => Ok(()),
            Finding::Wrong | Finding::Unreadable(_) if known.is_some() => Ok(()),
            _ if !reading.is_again => {
                self.again = Some((reading, now + SECOND_LOOK));
                return;
            }
            Finding::Wrong => mark(shared, Damage { id, found: wall, what: Damage::WRONG.to_owned() }),
            Finding::Unreadable(why) => answers(&attached.dir).and_then(|()| {
                mark(shared, Damage { id, found: wall, what: format!("{}: {why}", Damage::UNREADABLE) })
            }),
            Finding::Missing => answers(&attached.dir).map(|()| {
                error!("recording {id}: its sample file is missing");
                attached.add_missing(&[id]);
                shared.unflushed.all_changed();
            }),
        };
        match done {
            Ok(()) => {
                shared.verified.tell(|told| told.read_recordings += 1);
                self.done(shared, sequence, now);
            }
            Err(e) => {
                let wait = wait_for(shared, format!("recording {id}: {e}"));
                self.again = Some((reading, now + wait));
            }
        }
    }
}

/// It cannot go on for now.
fn wait_for(shared: &Shared, why: String) -> Duration {
    shared.verified.tell(|told| {
        if told.trouble.as_ref() != Some(&why) {
            warn!("film is not being read again: {why}; tried again every {} s", AWAY.as_secs());
        }
        (told.activity, told.trouble) = (Activity::Waiting, Some(why));
    });
    AWAY
}

/// The disk is there and can be read: what it does not give is that file's own trouble.
fn answers(dir: &SampleDir) -> Result<()> {
    dir.must_be_in_place()?;
    let mut identity = Direct::open(dir, SampleDir::IDENTITY)?;
    identity.read(0).or_fail(Kind::Disk, || format!("read {}", SampleDir::IDENTITY)).map(|_| ())
}

fn mark(shared: &Shared, damage: Damage) -> Result<()> {
    let line = format!("recording {}: {}; it stays, and is marked as damaged", damage.id, damage.what);
    if shared.damages.note(&shared.db, damage)? {
        error!("{line}");
        // Should the database get lost, the catalog tells it.
        shared.set_cameras_changed();
    }
    Ok(())
}

fn clear(shared: &Shared, id: RecordingId) -> Result<()> {
    shared.damages.clear(&shared.db, id)?;
    info!("recording {id}: its film is what was recorded; it is not marked as damaged any more");
    shared.set_cameras_changed();
    Ok(())
}

/// What was not well is read again after so long: what disturbed it has passed by then, or never will.
const SECOND_LOOK: Duration = Duration::from_secs(10);
/// How long to wait for a disk or a database that is not there.
const AWAY: Duration = Duration::from_secs(60);
/// How long to wait when somebody waits for the disk.
const GIVE_WAY: Duration = Duration::from_millis(100);
/// A viewer who asked the disk so lately will soon ask it again.
const QUIET: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
