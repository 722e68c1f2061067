//! SIGKILL at any moment, again and again: what was listed once is there at the next start.

use crate::luck::{Luck, number_from};
use crate::stage::Stage;
use crate::support::daemon::{Daemon, Home};
use crate::support::process::Process;
use crate::support::wait::secs;
use crate::told::{Id, Listing, Place, Told};
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Film is synced every so often, in ms.
const SYNC_MS: u64 = 500;
/// How many kills there are when nobody asks for more.
const SHORT: u64 = 22;
/// What the recorder promises to lose at most: that, and two seconds.
const LOSS_90K: i64 = (SYNC_MS as i64 + 2000) * 90;

#[test]
fn what_was_listed_once_survives_any_kill() {
    let mut luck = Luck::new("kill");
    let kills = number_from("LUNETTE_CRASH_KILLS").unwrap_or(SHORT);
    let longest_ms = if kills > SHORT { 6000 } else { 2500 };
    let home = Home::with_store(&format!(
        "db_dir = 'db'\nsample_dir = 'sample'\nsync_interval = '{SYNC_MS}ms'\nflush_interval = '1s'"
    ));
    let film = home.path("sample");
    let mut stage = Stage::new();
    let mut known = BTreeMap::new();
    let mut tally = Tally::default();
    for kill in 1..=kills {
        if luck.percent(20) {
            tally.early += 1;
            kill_at_the_start(&home, luck.of(0..400));
        }
        let mut daemon = home.start();
        let found = tally.hold(&daemon, &film, &known, &stage);
        if kill.is_multiple_of(10) {
            daemon.stop();
            home.expect(&["check", "--hash"]);
            daemon = home.start();
        }
        stage.go_on(&found);
        known = found.recordings;

        let place = Place { server: daemon.address(), film: &film };
        assert!(stage.fill(place.server));
        let life = Duration::from_millis(luck.of(0..longest_ms));
        let over = AtomicBool::new(false);
        let killed = thread::scope(|scope| {
            let watcher = scope.spawn(|| watch(place, &mut known, &over));
            let begun = Instant::now();
            while begun.elapsed() < life && stage.change(place.server, &mut luck) {
                let rest = life.saturating_sub(begun.elapsed());
                thread::sleep(rest.min(Duration::from_millis(luck.of(50..1000))));
            }
            daemon.process.signal(Signal::SIGKILL);
            let killed = UNIX_EPOCH.elapsed().unwrap();
            over.store(true, Ordering::Release);
            watcher.join().unwrap();
            killed
        });
        daemon.kill();
        tally.killed_90k = killed.as_micros() as i64 * 9 / 100;
    }
    let daemon = home.start();
    tally.hold(&daemon, &film, &known, &stage);
    daemon.stop();
    home.expect(&["check", "--hash"]);
    let aside = film.read_dir().unwrap().filter(|e| is_aside(e.as_ref().unwrap())).count();
    println!(
        "kill: {kills} times, and {} times while it started; {} cameras removed with their film; of what was listed \
         ({} recordings) nothing lost, {} deleted for want of room; {} recordings recovered, the worst lost its last {:.1} s; {aside} set aside",
        tally.early,
        stage.removed(),
        tally.held,
        tally.gone,
        tally.recovered,
        tally.worst_90k as f64 / 90_000.0
    );
}

fn is_aside(entry: &DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with("aside.")
}

/// What came of it all.
#[derive(Default)]
struct Tally {
    /// Kills while it started.
    early: u64,
    /// Recordings that were listed before a kill and are there, film and all.
    held: usize,
    /// Recordings that went for want of room, while it was not looked.
    gone: usize,
    /// Recordings that grew when the kill came, and were closed by the next start.
    recovered: u64,
    /// The most that was missing at the end of one of those.
    worst_90k: i64,
    /// When the last kill came.
    killed_90k: i64,
}

impl Tally {
    /// All that is known is there, and what grew lost no more than promised.
    fn hold(&mut self, daemon: &Daemon, film: &Path, known: &BTreeMap<Id, Told>, stage: &Stage) -> Listing {
        let found = Listing::get(Place { server: daemon.address(), film }, &BTreeMap::new()).unwrap();
        let (held, gone) = found.holds(known, film, stage, SystemTime::now());
        self.held += held;
        self.gone += gone;
        for (id, now) in &found.recordings {
            let was_closed = known.get(id).is_some_and(|told| !told.growing);
            if now.end_reason.as_deref() == Some("power cut") && !was_closed {
                self.recovered += 1;
                let lost = self.killed_90k - now.end_90k;
                assert!(lost <= LOSS_90K, "{id:?}: its last {lost} units are lost");
                self.worst_90k = self.worst_90k.max(lost);
            }
        }
        found
    }
}

/// What it is told until the recorder ends.
fn watch(place: Place<'_>, known: &mut BTreeMap<Id, Told>, over: &AtomicBool) {
    while !over.load(Ordering::Acquire) {
        let Some(listing) = Listing::get(place, known) else { continue };
        // What was removed meanwhile, or older than what is there and had to make room, has no film to compare.
        let is_behind = |id: &Id| listing.recordings.keys().any(|other| other.0 == id.0 && other.1 <= id.1);
        known.retain(|id, _| is_behind(id));
        known.extend(listing.recordings);
    }
}

/// Kills it so many milliseconds after it was called: it recovers then, or writes rows, or has just begun to record.
fn kill_at_the_start(home: &Home, after_ms: u64) {
    let mut process = Process::start("lunette", &mut home.command(&["run"]));
    thread::sleep(Duration::from_millis(after_ms));
    process.signal(Signal::SIGKILL);
    process.wait(secs(10));
}
