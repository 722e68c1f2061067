//! A disk that is full all the time: film goes round, and nothing but the oldest is lost.
//!
//! `LUNETTE_DISK_MIB` and `LUNETTE_ROUNDS` make it longer: 256 and 5, say.

use crate::support::cameras::clips;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::small_disk::SmallDisk;
use crate::support::wait::{secs, wait_until};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const CAMERAS: [&str; 4] = ["porch", "gate", "yard", "door"];

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

struct Stage {
    home: Home,
    disk: SmallDisk,
    daemon: Daemon,
}

impl Stage {
    /// Four cameras of 1 MB/s each, whose recordings are of eleven seconds. `None` where no disk can be had.
    fn new(kind: &str, mib: u64) -> Option<Self> {
        let home = Home::new();
        let disk = SmallDisk::mount(kind, &home.path("disk"), mib)?;
        let config = format!(
            "[store]\ndb_dir = '{}'\nsample_dir = '{}'\nreserve = '{}MiB'\nsync_interval = '1s'\nflush_interval = '1s'\n\
             [web]\nlogin = 'none'\nlisten = ['127.0.0.1:0']\n[recorder]\ndiscovery = 'off'\n",
            home.path("db").display(),
            home.path("disk/film").display(),
            mib / 16
        );
        fs::write(home.path("lunette.toml"), config).unwrap();
        let camera = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/loud_camera.py");
        let clip = clips().join("main.15fps.h264");
        let url = format!("exec:h264@15:python3 '{}' '{}' 15 66000 11", camera.display(), clip.display());
        let daemon = Home::try_start_as(&mut disk.inside(&home.command(&["run"]))).unwrap();
        for name in CAMERAS {
            home.add_camera(NewCamera { name, url: &url, ..Default::default() });
        }
        Some(Self { home, disk, daemon })
    }

    fn storage(&self) -> Value {
        self.daemon.get("/api/storage").json()
    }

    fn figure(&self, name: &str) -> u64 {
        self.storage()["disk"][name].as_u64().unwrap()
    }

    /// What all in the sample directory weighs, by our own stat.
    fn weighs(&self) -> u64 {
        let film = fs::read_dir(self.disk.path().join("film")).unwrap();
        film.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.blocks() * 512)).sum()
    }

    fn newest(&self, name: &str) -> i64 {
        let recordings = self.daemon.recordings(name);
        recordings.iter().filter_map(|r| r["endTime90k"].as_i64()).max().unwrap_or(0)
    }

    /// Each camera goes on for so long.
    fn goes_on(&self, seconds: i64) {
        let before = CAMERAS.map(|name| self.newest(name));
        for (name, before) in CAMERAS.into_iter().zip(before) {
            let more = || (self.newest(name) >= before + seconds * 90_000).then_some(());
            wait_until(&format!("{seconds} s more of {name}"), secs(90), more);
        }
    }

    /// Why film is missing, where the disk is named.
    fn disk_gaps(&self) -> Vec<String> {
        let gaps = CAMERAS.map(|name| self.daemon.get(&self.daemon.main_stream(name, "gaps")).json()["gaps"].clone());
        let gaps = gaps.iter().flat_map(|gaps| gaps.as_array().unwrap());
        let told = gaps.map(|gap| format!("{}: {}", gap["cause"].as_str().unwrap(), gap["detail"].as_str().unwrap()));
        told.filter(|told| told.contains("disk")).collect()
    }

    /// Of each camera the newest recordings are left, without a hole; the database and the files agree.
    fn ends_well(self) {
        for name in CAMERAS {
            let numbers: Vec<_> = self.daemon.recordings(name).iter().map(|r| r["startId"].as_i64().unwrap()).collect();
            assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{name}: {numbers:?}");
        }
        assert_eq!(self.disk_gaps(), [""; 0]);
        self.daemon.stop();
        let checked = self.disk.inside(&self.home.command(&["check", "--hash"])).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
}

/// The disk goes round `rounds` times.
fn goes_round(stage: &Stage, rounds: u64) {
    let capacity = {
        wait_until("the disk is looked at", secs(30), || stage.storage()["disk"].is_object().then_some(()));
        stage.figure("capacityBytes")
    };
    let mut least_free = u64::MAX;
    wait_until(&format!("{rounds} rounds of {} MB", capacity / 1_000_000), secs(120 + 120 * rounds), || {
        least_free = least_free.min(stage.figure("freeBytes"));
        (stage.figure("deletedBytes") >= rounds * capacity).then_some(())
    });
    let seen = stage.storage();
    println!(
        "{}: {} recordings of {} MB deleted, {} MB hold {} s of film, never less than {} MB free",
        stage.disk.kind,
        seen["disk"]["deletedRecordings"],
        seen["disk"]["deletedBytes"].as_u64().unwrap() / 1_000_000,
        capacity / 1_000_000,
        seen["streams"].as_array().unwrap().iter().map(|s| s["duration90k"].as_i64().unwrap()).sum::<i64>() / 90_000,
        least_free / 1_000_000
    );
    assert!(least_free > 0, "room was made ahead");
    assert_eq!(seen["trouble"], Value::Null, "{seen}");
    // What is written meanwhile is a few MB.
    let (told, weighs) = (stage.figure("usedBytes"), stage.weighs());
    assert!(told.abs_diff(weighs) < 24_000_000, "told {told}, but it weighs {weighs}");
}

#[test]
fn a_small_disk_goes_round_and_a_neighbour_and_a_quota_come_meanwhile() {
    let Some(stage) = Stage::new("ext4", number("LUNETTE_DISK_MIB", 144)) else { return };
    goes_round(&stage, number("LUNETTE_ROUNDS", 1));

    // A neighbour fills the disk to the last block.
    let balloon = stage.disk.path().join("balloon");
    let before = stage.figure("usedBytes");
    let mut taken = 0;
    wait_until("the disk is full", secs(60), || {
        let written = fs::OpenOptions::new().append(true).create(true).open(&balloon).unwrap();
        let full = std::io::Write::write_all(&mut &written, &vec![7; 1 << 20]).is_err();
        taken = written.metadata().unwrap().len();
        full.then_some(())
    });
    let told = || stage.storage()["trouble"].as_str().is_some_and(|t| t.starts_with("others fill")).then_some(());
    wait_until("the neighbour is told of", secs(30), told);
    stage.goes_on(15);
    let lost = before.saturating_sub(stage.figure("usedBytes"));
    println!("a neighbour of {} MB cost {} MB of film", taken / 1_000_000, lost / 1_000_000);
    assert_eq!(stage.disk_gaps(), [""; 0], "recording goes on");
    fs::remove_file(&balloon).unwrap();
    let well = || stage.storage()["trouble"].is_null().then_some(());
    wait_until("all is well again", secs(30), well);

    // A quota comes over the API, while it is recorded.
    stage.home.expect(&["camera", "edit", "porch", "--retain", "8MiB"]);
    let used = |camera: &str| {
        let seen = stage.storage();
        let streams = seen["streams"].as_array().unwrap().clone();
        streams.iter().find(|s| s["name"] == camera).unwrap()["usedBytes"].as_u64().unwrap()
    };
    wait_until("the quota is kept to", secs(60), || (used("porch") < 24 << 20).then_some(()));
    stage.goes_on(10);
    assert!(used("gate") > used("porch"), "the other one has the room now");
    stage.ends_well();
}

#[test]
fn a_small_flash_disk_goes_round() {
    let Some(stage) = Stage::new("f2fs", number("LUNETTE_DISK_MIB", 144)) else { return };
    if stage.disk.kind != "f2fs" {
        println!("this kernel, or this machine, has no f2fs: on {} instead", stage.disk.kind);
    }
    goes_round(&stage, number("LUNETTE_ROUNDS", 1));
    stage.ends_well();
}
