//! The power goes: the disk's own log of writes is replayed to this moment and that, with what was not flushed in
//! any order, and the recorder is started on what is left.

use crate::block_log::{BlockLog, Cut, Replay};
use crate::disk::{self, Disk, Mount};
use crate::luck::{Luck, number_from};
use crate::stage::Stage;
use crate::support::daemon::{Daemon, Home};
use crate::support::film::Film;
use crate::told::{Id, Listing, Place, Told};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

/// Film is synced every so often, in ms.
const SYNC_MS: u64 = 500;
/// A line of the log may be written a little after what it tells of.
const SLACK: Duration = Duration::from_millis(100);

#[test]
fn film_and_database_on_one_disk() {
    cut_power("one disk", "noatime", false);
}

#[test]
fn the_database_on_a_disk_of_its_own() {
    cut_power("two disks", "noatime", true);
}

#[test]
fn a_file_system_that_tells_names_before_film() {
    cut_power("one disk, data=writeback", "noatime,data=writeback,commit=1", false);
}

fn cut_power(what: &str, options: &str, apart: bool) {
    if let Err(why) = disk::alone_with_disks() {
        assert!(std::env::var("CI").is_err(), "{what}: {why}");
        println!("# skipped: {what}: no block devices here: {why}");
        return;
    }
    let mut luck = Luck::new(what);
    let seconds = number_from("LUNETTE_CRASH_SECONDS").unwrap_or(8);
    let wanted = number_from("LUNETTE_CRASH_CUTS").unwrap_or(16) as usize;
    let past = Past::record(&mut luck, Duration::from_secs(seconds), options, apart);
    let cuts = past.cuts(&mut luck, wanted);
    let mut after = After::new(options, apart);
    let mut replays: Vec<_> = past.logs.iter().map(|(blank, log)| Replay::new(log, blank.clone())).collect();
    for (n, moment) in cuts.iter().enumerate() {
        let disks: Vec<_> =
            replays.iter_mut().zip(&moment.cuts).map(|(replay, &cut)| replay.disk(cut, &mut luck)).collect();
        eprintln!("{what}: cut {n}: {:?}", moment.cuts);
        after.look(&past, moment, &disks, n);
    }
    println!(
        "{what}: {} cuts of {} writes and flushes, {} at flushes; {} recordings that were durable are there, {} were \
         recovered; {} films decode; of what was listed at most {:.1} s were lost; {} set aside",
        cuts.len(),
        past.logs.iter().map(|(_, log)| log.len()).sum::<usize>(),
        cuts.iter().filter(|m| m.cuts.iter().all(|c| c.kept_percent == 100)).count(),
        after.held,
        after.recovered,
        after.decoded,
        after.worst.as_secs_f64(),
        after.aside,
    );
}

/// What happened, as those saw it who looked.
struct Past {
    /// Each disk as it was before, and what was done to it.
    logs: Vec<(Vec<u8>, BlockLog)>,
    /// How long the logs were at a moment: what had completed before is in them.
    samples: Vec<(SystemTime, Vec<u64>)>,
    /// What the API told, with when it had.
    listings: Vec<(SystemTime, Listing)>,
    /// When each sync began and had ended.
    syncs: Vec<(SystemTime, SystemTime)>,
    stage: Stage,
}

/// A moment at which the power goes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    /// One for each disk.
    cuts: Vec<Cut>,
    /// What was done before this is on the disks, if it was flushed.
    floor: SystemTime,
    /// What began after this is not.
    ceiling: SystemTime,
}

fn home_on(mounts: &[&Path]) -> Home {
    let (film, db) = (mounts[0], mounts.last().unwrap());
    let mut home = Home::with_store(&format!(
        "db_dir = '{}'\nsample_dir = '{}'\nsync_interval = '{SYNC_MS}ms'\nflush_interval = '1s'",
        db.join("db").display(),
        film.join("sample").display(),
    ));
    home.log = "info,lunette::store::syncer=debug";
    home
}

impl Past {
    fn record(luck: &mut Luck, length: Duration, options: &str, apart: bool) -> Self {
        let disks: Vec<_> = (0..=usize::from(apart)).map(|_| Disk::new(options)).collect();
        let mounts: Vec<_> = disks.iter().map(|disk| disk.mount.path()).collect();
        let home = home_on(&mounts);
        let film = mounts[0].join("sample");
        let mut stage = Stage::new();
        let (mut samples, mut listings) = (Vec::new(), Vec::new());
        let over = &AtomicBool::new(false);
        let begun = SystemTime::now();
        let said = thread::scope(|scope| {
            let sampler = scope.spawn(|| sample(&disks, over));
            let daemon = home.start();
            let place = Place { server: daemon.address(), film: &film };
            assert!(stage.fill(place.server));
            let watcher = scope.spawn(move || {
                let mut known = BTreeMap::new();
                let mut listings = Vec::new();
                while !over.load(Ordering::Acquire) {
                    let Some(listing) = Listing::get(place, &known) else { continue };
                    known.clone_from(&listing.recordings);
                    listings.push((SystemTime::now(), listing));
                }
                listings
            });
            while begun.elapsed().unwrap() < length {
                thread::sleep(Duration::from_millis(luck.of(50..1500)));
                assert!(stage.change(place.server, luck));
            }
            // The watcher's last question must be answered before the daemon ends.
            over.store(true, Ordering::Release);
            listings.extend(watcher.join().unwrap());
            samples.extend(sampler.join().unwrap());
            daemon.stop()
        });
        let syncs = said.iter().filter_map(|line| sync(line)).collect();
        let logs = disks.into_iter().map(Disk::end).map(|(blank, log)| (blank, BlockLog::new(log))).collect();
        Self { logs, samples, listings, syncs, stage }
    }

    /// Moments to look at, in their order: after flushes, and at any time with only a part of what was not flushed.
    fn cuts(&self, luck: &mut Luck, wanted: usize) -> Vec<Moment> {
        let mut moments = BTreeSet::new();
        let last = self.samples.last().expect("it was looked at the disks").1.clone();
        let flushes: Vec<Vec<usize>> = self.logs.iter().map(|(_, log)| log.flushes().collect()).collect();
        while moments.len() < wanted {
            let kept_percent = [100, 0, 30, 60, 90][moments.len() % 5];
            moments.insert(if let [(_, log)] = &self.logs[..] {
                // One disk: any entry is a moment.
                let most = log.entries_at(last[0]);
                let entries = match kept_percent {
                    100 => flushes[0][luck.of(0..flushes[0].partition_point(|&n| n <= most) as u64) as usize],
                    _ => luck.of(0..most as u64) as usize,
                };
                self.moment(log.position(entries), vec![Cut { entries, kept_percent }])
            } else {
                // Of two disks only what was seen at one moment is known to belong together.
                let (at, positions) = &self.samples[luck.of(0..self.samples.len() as u64) as usize];
                let entries = self.logs.iter().zip(positions).map(|((_, log), &at)| log.entries_at(at));
                let cuts = entries.map(|entries| Cut { entries, kept_percent }).collect();
                Moment { cuts, floor: *at, ceiling: *at }
            });
        }
        let mut moments: Vec<_> = moments.into_iter().collect();
        moments.sort_by_key(|m| (m.floor, m.cuts[0]));
        moments
    }

    fn moment(&self, position: u64, cuts: Vec<Cut>) -> Moment {
        let before = self.samples.partition_point(|(_, at)| at[0] <= position);
        let floor = before.checked_sub(1).map_or(SystemTime::UNIX_EPOCH, |n| self.samples[n].0);
        let after = self.samples.partition_point(|(_, at)| at[0] < position);
        let ceiling = self.samples.get(after).map_or(SystemTime::now(), |(at, _)| *at);
        Moment { cuts, floor, ceiling }
    }

    /// What was listed before the last sync began that had ended before the cut.
    fn durable(&self, moment: &Moment) -> Option<&Listing> {
        let (begun, _) = self.syncs.iter().rfind(|(_, ended)| *ended <= moment.floor)?;
        self.listings.iter().rfind(|(told, _)| *told + SLACK <= *begun).map(|(_, listing)| listing)
    }

    /// The last that was listed before the cut.
    fn listed(&self, moment: &Moment) -> Option<&Listing> {
        self.listings.iter().rfind(|(told, _)| *told <= moment.floor).map(|(_, listing)| listing)
    }
}

/// How long the logs are, again and again; of several only what was the same before and after the others were looked at.
fn sample(disks: &[Disk], over: &AtomicBool) -> Vec<(SystemTime, Vec<u64>)> {
    let mut samples: Vec<(SystemTime, Vec<u64>)> = Vec::new();
    let look = || disks.iter().map(Disk::position).collect::<Vec<_>>();
    while !over.load(Ordering::Acquire) {
        let (at, positions) = (SystemTime::now(), look());
        if positions == look() {
            samples.push((at, positions));
        }
        thread::sleep(Duration::from_millis(2));
    }
    samples
}

/// When a sync began and had ended, from a line of the log.
fn sync(line: &str) -> Option<(SystemTime, SystemTime)> {
    let (head, took) = line.split_once("synced in ")?;
    let took: f64 = took.strip_suffix(" s")?.parse().unwrap();
    let time: jiff::Timestamp = head.trim_start_matches('[').split(' ').next()?.parse().unwrap();
    let told = SystemTime::from(time);
    Some((told - Duration::from_secs_f64(took) - Duration::from_millis(1), told + Duration::from_millis(1)))
}

/// The recorder on what is left, and what it made of it.
struct After {
    dir: tempfile::TempDir,
    options: String,
    home: Home,
    held: usize,
    recovered: usize,
    decoded: usize,
    aside: usize,
    /// Film that was listed before the cut and is not there.
    worst: Duration,
}

impl After {
    fn new(options: &str, apart: bool) -> Self {
        let dir = disk::memory();
        let mounts: Vec<_> = (0..=usize::from(apart)).map(|n| dir.path().join(format!("mount{n}"))).collect();
        let home = home_on(&mounts.iter().map(|path| &**path).collect::<Vec<_>>());
        let options = options.to_owned();
        Self { dir, options, home, held: 0, recovered: 0, decoded: 0, aside: 0, worst: Duration::ZERO }
    }

    /// Mounts the disks, starts the recorder, and compares.
    fn look(&mut self, past: &Past, moment: &Moment, disks: &[Vec<u8>], n: usize) {
        let mounts: Vec<_> = disks.iter().enumerate().map(|(n, disk)| self.mount(n, disk)).collect();
        let film = mounts[0].path().join("sample");
        let daemon = self.home.start();
        let said = daemon.get("/api/").json();
        assert_eq!(said["trouble"], serde_json::Value::Null);
        let found = Listing::get(Place { server: daemon.address(), film: &film }, &BTreeMap::new()).unwrap();
        past.stage.was_as_told(&found, moment.floor, moment.ceiling);
        let empty = BTreeMap::new();
        let durable = past.durable(moment).map_or(&empty, |listing| &listing.recordings);
        self.held += found.holds(durable, &film, &past.stage, moment.ceiling).0;
        for (id, told) in past.listed(moment).map_or(&empty, |listing| &listing.recordings) {
            if !past.stage.asked_to_go(&told.camera, moment.ceiling) && !past.stage.is_small(&told.camera) {
                let end = found.recordings.get(id).map_or(told.start_90k, |now| now.end_90k);
                let lost = (told.end_90k - end).max(0) as f64 / 90_000.0;
                self.worst = self.worst.max(Duration::from_secs_f64(lost));
            }
        }
        let cut = |r: &&Told| r.end_reason.as_deref() == Some("power cut");
        self.recovered += found.recordings.values().filter(cut).count();
        if n.is_multiple_of(8) {
            self.decode(&daemon, &found, &past.stage);
        }
        daemon.stop();
        self.home.expect(&["check", "--hash"]);
        self.aside += film.read_dir().unwrap().filter(|e| is_aside(e.as_ref().unwrap())).count();
    }

    fn mount(&self, n: usize, disk: &[u8]) -> Mount {
        let image = self.dir.path().join(format!("image{n}"));
        fs::write(&image, disk).unwrap();
        Mount::new(&image, &self.dir.path().join(format!("mount{n}")), &self.options)
    }

    /// The film of every stream of which none goes meanwhile is whole to those who play it.
    fn decode(&mut self, daemon: &Daemon, found: &Listing, stage: &Stage) {
        let stays = |(_, told): &(&Id, &Told)| !stage.is_small(&told.camera);
        let streams: BTreeSet<_> =
            found.recordings.iter().filter(stays).map(|(id, told)| (id.0, &told.camera)).collect();
        let all = daemon.get("/api/cameras").json();
        for (stream, camera) in streams {
            let camera = all["cameras"].as_array().unwrap().iter().find(|c| c["uuid"] == **camera).unwrap();
            let kind = if camera["streams"]["main"]["id"] == stream { "main" } else { "sub" };
            let of_stream = || found.recordings.iter().filter(|(id, _)| id.0 == stream).map(|(_, told)| told);
            let frames: i64 = of_stream().map(|told| told.frames).sum();
            // What is recorded meanwhile comes behind that.
            let end = of_stream().map(|told| told.end_90k).max().unwrap() + 1;
            let uuid = camera["uuid"].as_str().unwrap();
            let span = format!("/api/cameras/{uuid}/{kind}/view.mp4?start90k=1&end90k={end}");
            let answer = daemon.get(&span);
            assert_eq!(answer.status, 200, "{}", answer.text());
            let film = Film::save(&self.home.path("film.mp4"), &answer.body);
            assert_eq!(film.decode() as i64, frames);
            self.decoded += 1;
        }
    }
}

fn is_aside(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with("aside.")
}
