//! Files that a power cut left empty, cut off, or full of zeros: each kind of file in turn.

use super::*;
use crate::base::{Error, Result};
use std::collections::BTreeMap;

/// What became of a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Empty,
    /// Its second half is gone.
    Half,
    /// As long as it was, and nothing but zeros.
    Zeros,
    /// Its first half is zeros.
    ZerosBefore,
    /// Its second half is zeros.
    ZerosBehind,
    /// One bit in its middle is another.
    Bit,
    /// It is gone.
    Gone,
}

const DAMAGES: [Damage; 7] =
    [Damage::Empty, Damage::Half, Damage::Zeros, Damage::ZerosBefore, Damage::ZerosBehind, Damage::Bit, Damage::Gone];

impl Damage {
    fn to(self, file: &Path) {
        let mut bytes = fs::read(file).unwrap();
        let half = bytes.len() / 2;
        match self {
            Self::Empty => bytes.clear(),
            Self::Half => bytes.truncate(half),
            Self::Zeros => bytes.fill(0),
            Self::ZerosBefore => bytes[..half].fill(0),
            Self::ZerosBehind => bytes[half..].fill(0),
            Self::Bit => bytes[half] ^= 4,
            Self::Gone => return fs::remove_file(file).unwrap(),
        }
        fs::write(file, bytes).unwrap();
    }
}

/// A recorder that was cut off while it had one of each: a recording with a row, one that waits for it, one that grows.
struct Scene {
    place: Place,
    stream: StreamId,
    /// It records on: what is looked at are copies.
    _store: Arc<Store>,
    films: BTreeMap<u32, Vec<u8>>,
    _growing: Growing,
}

/// Frames without a key frame among them: the writer, which may wake between any two, writes at key frames, and how much
/// the journal vouches for would be luck.
fn rest(script: &mut Script, frames: usize) -> Vec<Append> {
    (0..frames).map(|i| script.frame(false, 100 + i)).collect()
}

/// An identity is another each time.
fn hide_uuid(line: &str) -> String {
    let words = line.split(' ').map(|word| if uuid::Uuid::try_parse(word).is_ok() { "UUID" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

impl Scene {
    fn new() -> Self {
        let place = Place::new();
        let (store, stream) = place.with_camera();
        let mut films = BTreeMap::new();
        let (id, film) = record(&store, stream, true, 12);
        films.insert(id.number(), film);
        // The end empties the write-ahead log into the database.
        store.shutdown(START, FIVE_SECONDS).unwrap();
        drop(store);
        let store = place.open();
        let (id, film) = record(&store, stream, true, 12);
        films.insert(id.number(), film);
        store.flush().unwrap();
        let (mut closing, mut script) = begin(&store, stream, false);
        add(&mut closing, script.frames(6));
        store.catch_up().unwrap();
        add(&mut closing, rest(&mut script, 6));
        store.catch_up().unwrap();
        films.insert(closing.id().number(), script.film.clone());
        closing.close(script.close());
        store.catch_up().unwrap();
        let (mut growing, mut script) = begin(&store, stream, false);
        add(&mut growing, script.frames(11));
        store.catch_up().unwrap();
        add(&mut growing, rest(&mut script, 11));
        store.catch_up().unwrap();
        films.insert(growing.id().number(), script.film);
        Self { place, stream, _store: store, films, _growing: growing }
    }

    /// What a start makes of it after this damage: what is listed, then what the owner is told.
    fn after(&self, file: &str, damage: Damage) -> Vec<String> {
        let copy = self.place.crash();
        // Files that are there for moments only.
        let film = copy.film();
        for (new, of) in [("journal.new", "journal"), ("catalog.new", "catalog"), ("lunette-dir.new", "lunette-dir")] {
            if file.ends_with(new) {
                fs::copy(film.join(of), film.join(new)).unwrap();
            }
        }
        damage.to(&copy.tmp.path().join(file));
        let here = copy.tmp.path().display().to_string();
        let store = match Store::open(copy.options()) {
            Ok(store) => store,
            Err(e) => return vec![format!("refused: {e}").replace(&here, "")],
        };
        let mut told = self.listed(&store);
        told.extend(store.trouble().map(|trouble| format!("trouble: {trouble}")));
        told.extend(store.problems());
        told = told.into_iter().map(|line| hide_uuid(&line.replace(&here, ""))).collect();
        // What a camera sends now is recorded.
        if let Ok(mut growing) = store.begin(head(self.stream, true, START)) {
            assert!(growing.id().number() >= 5, "{file} {damage:?}: {}", growing.id());
            let mut script = Script::new(START);
            add(&mut growing, script.frames(6));
            growing.close(script.end());
            store.flush().unwrap();
            store.shutdown(START, FIVE_SECONDS).unwrap();
            drop(store);
            let everything = CheckOptions { hash: true, repair: false };
            let found = check(&copy.options().db_dir, &copy.film(), everything).unwrap();
            told.extend(found.iter().map(|line| format!("check: {line}")));
        } else {
            told.push("nothing is recorded".into());
        }
        told
    }

    /// Each recording, after a look at its film: there is none that was not recorded.
    fn listed(&self, store: &Store) -> Vec<String> {
        let recordings = match store.recordings(self.stream, ALWAYS) {
            Ok(recordings) => recordings,
            Err(e) => return vec![e.to_string()],
        };
        let film = |r: &Recording| -> Result<String> {
            let film = store.film(r.id).map_err(|_| Error::new(Kind::NotFound, "there is no film"))?;
            let mut bytes = vec![0; r.sample_file_bytes as usize];
            film.read_exact_at(&mut bytes, 0)?;
            Ok(if self.films[&r.id.number()].starts_with(&bytes) { String::new() } else { ", other film".into() })
        };
        let tell = |r: &Recording| format!("{}{}", line(r), film(r).unwrap_or_else(|e| format!(", not played: {e}")));
        recordings.iter().map(tell).collect()
    }
}

/// What differs from a start without damage.
fn difference(without: &[String], with: &[String]) -> String {
    let lost = without.iter().filter(|line| !with.contains(line)).map(|line| format!("\n  - {line}"));
    let new = with.iter().filter(|line| !without.contains(line)).map(|line| format!("\n  + {line}"));
    let difference: String = lost.chain(new).collect();
    if difference.is_empty() { " nothing".into() } else { difference }
}

/// Damages that come to the same are told together.
fn consequences(scene: &Scene, without: &[String], name: &str, file: &str) -> String {
    let mut told: Vec<(String, String)> = Vec::new();
    // Which uuid, or which page of the schema, a damage in the middle hits is luck: for those see `disks` and
    // `db::database`.
    let is_clear = |damage: &&Damage| match name {
        "lunette-dir" => !matches!(damage, Damage::Bit),
        "db" => !matches!(damage, Damage::Half | Damage::ZerosBehind | Damage::Bit),
        _ => true,
    };
    for &damage in DAMAGES.iter().filter(is_clear) {
        let difference = difference(without, &scene.after(file, damage));
        match told.iter_mut().find(|(_, d)| *d == difference) {
            Some((damages, _)) => damages.push_str(&format!(", {damage:?}")),
            None => told.push((format!("{damage:?}"), difference)),
        }
    }
    told.iter().map(|(damages, difference)| format!("{name}: {damages}:{difference}\n")).collect()
}

#[test]
fn film_is_recovered_or_set_aside_whichever_file_was_torn() {
    let scene = Scene::new();
    let of = |n| format!("film/{}", RecordingId::new(scene.stream, n).file_name());
    let without = scene.after("film/catalog.new", Damage::Gone);
    assert_eq!(without.join("\n"), UNDAMAGED);
    let told: String = [
        ("with a row", &*of(2)),
        ("closed", &of(3)),
        ("growing", &of(4)),
        ("journal", "film/journal"),
        ("journal.new", "film/journal.new"),
        ("catalog", "film/catalog"),
        ("catalog.new", "film/catalog.new"),
        ("lunette-dir", "film/lunette-dir"),
        ("lunette-dir.new", "film/lunette-dir.new"),
        ("db", "db/db"),
        ("db-wal", "db/db-wal"),
        ("db-shm", "db/db-shm"),
    ]
    .map(|(name, file)| consequences(&scene, &without, name, file))
    .concat();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/tests/damage.txt"), &told).unwrap();
    } else {
        assert_eq!(told, include_str!("damage.txt"));
    }
}

#[test]
fn a_directory_whose_identity_was_torn_is_known_by_its_catalog_or_by_its_film() {
    let film = |place: &Place| {
        let (store, stream) = place.with_camera();
        record(&store, stream, true, 6);
        store.flush().unwrap();
        store.shutdown(START, FIVE_SECONDS).unwrap();
    };
    let [ours, others] = [Place::new(), Place::new()];
    film(&ours);
    film(&others);
    for (whose, without_catalog, is_taken) in
        [(&ours, false, true), (&ours, true, true), (&others, false, false), (&others, true, false)]
    {
        let copy = ours.crash();
        fs::remove_dir_all(copy.film()).unwrap();
        fs::create_dir(copy.film()).unwrap();
        copy_dir(&whose.film(), &copy.film());
        fs::write(copy.film().join("lunette-dir"), "").unwrap();
        if without_catalog {
            fs::remove_file(copy.film().join("catalog")).unwrap();
        }
        let trouble = copy.open().trouble();
        assert_eq!(trouble.is_none(), is_taken, "{trouble:?}");
    }
}

#[test]
fn a_new_database_takes_a_directory_that_was_just_being_made() {
    let place = Place::new();
    fs::create_dir(place.film()).unwrap();
    fs::write(place.film().join("lunette-dir"), "lunette sam").unwrap();
    assert_eq!(place.open().trouble(), None);
}

/// What the start makes of a machine that was cut off.
const UNDAMAGED: &str = "\
1/1: 12 frames
1/2: 12 frames
1/3: 12 frames
1/4: 21 frames, recovered, power cut
recording 1/4: recovered: it was not closed";
