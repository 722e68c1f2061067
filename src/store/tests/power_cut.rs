//! Power cuts: at any moment, with whatever the file system had no time for.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[test]
fn whatever_the_moment_of_a_power_cut_the_next_start_has_what_was_whole() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let mut told = Vec::new();
    let mut films = Vec::new();
    let mut crash = |films: &[Vec<u8>]| {
        let copy = place.crash();
        let store = copy.open();
        told.push(listed(&store, stream).join("; "));
        for r in store.recordings(stream, ALWAYS).unwrap() {
            let film = film_of(&store, &r);
            assert!(films[r.id.number() as usize - 1].starts_with(&film));
        }
        // A second start changes nothing more.
        let before = store.recordings(stream, ALWAYS).unwrap();
        store.shutdown(START, FIVE_SECONDS).unwrap();
        drop(store);
        let store = copy.open();
        assert_eq!(store.recordings(stream, ALWAYS).unwrap(), before);
        assert_eq!(store.problems(), [""; 0]);
        store.shutdown(START, FIVE_SECONDS).unwrap();
        drop(store);
        let everything = CheckOptions { hash: true, repair: false };
        assert_eq!(check(&copy.options().db_dir, &copy.film(), everything).unwrap(), [""; 0]);
    };
    let barrier = || store.shared_for_tests().mount.attached().unwrap().written(FIVE_SECONDS).unwrap();

    let (mut growing, mut script) = begin(&store, stream, true);
    barrier();
    crash(&films);
    add(&mut growing, script.frames(1));
    barrier();
    films.push(script.film.clone());
    crash(&films);
    add(&mut growing, script.frames(6));
    barrier();
    films[0] = script.film.clone();
    crash(&films);
    growing.close(script.close());
    barrier();
    crash(&films);
    store.flush().unwrap();
    crash(&films);
    let (growing, script) = begin(&store, stream, false);
    let (mut growing, mut script) = (growing, script);
    add(&mut growing, script.frames(6));
    barrier();
    films.push(script.film.clone());
    crash(&films);
    drop(growing);
    barrier();
    crash(&films);
    let dropped = "recorder stopped: the session ended without closing its recording";
    assert_eq!(
        told,
        [
            "",
            "",
            "1/1: 6 frames, recovered, power cut",
            "1/1: 7 frames",
            "1/1: 7 frames",
            "1/1: 7 frames; 1/2: 5 frames, recovered, power cut",
            &format!("1/1: 7 frames; 1/2: 6 frames, trailing zero, {dropped}"),
        ]
    );
}

#[test]
fn film_that_was_torn_is_cut_to_where_the_journal_vouches_for_it() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let (mut growing, mut script) = begin(&store, stream, true);
    for _ in 0..3 {
        add(&mut growing, script.frames(6));
        store.flush().unwrap();
    }
    for len in [0usize, 300, 515, 600, 1230, 1800, 1845] {
        let copy = place.crash();
        let path = copy.film().join(growing.id().file_name());
        let mut bytes = fs::read(&path).unwrap();
        // The file system may give zeros where it had no time to write.
        bytes[len..].fill(0);
        fs::write(&path, bytes).unwrap();
        let store = copy.open();
        // Each flush left a mark at the end of all frames but its last; the writer may have left more.
        let least = [0, 510, 1125, 1740].into_iter().rfind(|&mark| mark <= len).unwrap();
        let found = store.recordings(stream, ALWAYS).unwrap();
        let film = found.first().map_or(Vec::new(), |r| film_of(&store, r));
        assert!((least..=len).contains(&film.len()), "{least} {} {len}", film.len());
        assert!(script.film.starts_with(&film));
        let recovered = |r: &Recording| line(r).ends_with(", recovered, power cut");
        assert!(found.iter().all(recovered));
        let aside = copy.names().iter().filter(|n| n.starts_with("aside.")).count();
        assert_eq!(aside, usize::from(found.is_empty()));
    }
}

/// What a session does, and what happens to it.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// So many frames.
    Frames(usize),
    Close,
    /// The session dies.
    Drop,
    Flush,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1usize..8).prop_map(Act::Frames),
        1 => Just(Act::Close),
        1 => Just(Act::Drop),
        2 => Just(Act::Flush),
    ];
    prop::collection::vec(act, 1..20)
}

type Files = BTreeMap<String, Vec<u8>>;

fn files(dir: &Path) -> Files {
    let read = |e: std::io::Result<fs::DirEntry>| {
        let e = e.unwrap();
        (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())
    };
    fs::read_dir(dir).unwrap().map(read).collect()
}

/// A file of which a part was written since the last sync, that part being there or zero or not.
fn torn(synced: &[u8], now: &[u8], luck: u8) -> Vec<u8> {
    let Some(fresh) = now.strip_prefix(synced) else { return now.to_vec() };
    let kept = fresh.len() * usize::from(luck % 16) / 15;
    let mut fresh = fresh.to_vec();
    match luck / 16 % 3 {
        0 => fresh.truncate(kept),
        1 => fresh[kept..].fill(0),
        // Blocks reach the disk in any order.
        _ => fresh[..kept].fill(0),
    }
    [synced, &fresh].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_was_synced_is_there_and_nothing_is_there_that_was_not_recorded(
        acts in acts(),
        luck in prop::collection::vec(any::<u8>(), 40),
    ) {
        let place = Place::new();
        let (store, stream) = place.with_camera();
        let mut films = Vec::new();
        let mut open: Option<(Growing, Script)> = None;
        let mut synced_frames: Vec<String> = Vec::new();
        let mut synced = files(&place.film());
        for act in acts {
            match act {
                Act::Frames(n) => {
                    let (growing, script) = open.get_or_insert_with(|| {
                        films.push(Vec::new());
                        begin(&store, stream, true)
                    });
                    add(growing, script.frames(n));
                    *films.last_mut().unwrap() = script.film.clone();
                }
                Act::Close => {
                    if let Some((growing, mut script)) = open.take() {
                        growing.close(script.close());
                    }
                }
                Act::Drop => open = None,
                Act::Flush => {
                    store.flush().unwrap();
                    synced_frames = store.recordings(stream, ALWAYS).unwrap().iter()
                        .map(|r| format!("{} {}", r.id, r.video_samples)).collect();
                    synced = files(&place.film());
                }
            }
        }
        store.shared_for_tests().mount.attached().unwrap().written(FIVE_SECONDS).unwrap();

        let copy = place.crash();
        let none = Vec::new();
        for ((name, now), luck) in files(&place.film()).into_iter().zip(luck) {
            fs::write(copy.film().join(&name), torn(synced.get(&name).unwrap_or(&none), &now, luck)).unwrap();
        }
        let store = copy.open();
        let found = store.recordings(stream, ALWAYS).unwrap();
        for r in &found {
            let film = film_of(&store, r);
            prop_assert!(films[r.id.number() as usize - 1].starts_with(&film));
        }
        for line in &synced_frames {
            let (id, frames) = line.split_once(' ').unwrap();
            let r = found.iter().find(|r| r.id.to_string() == id);
            prop_assert!(r.is_some_and(|r| r.video_samples >= frames.parse().unwrap()), "{line}");
        }
        store.shutdown(START, FIVE_SECONDS).unwrap();
        drop(store);
        let everything = CheckOptions { hash: true, repair: false };
        prop_assert_eq!(check(&copy.options().db_dir, &copy.film(), everything).unwrap(), [""; 0]);
    }
}
