//! Every operation of the sample directory fails: once, for a while, and until the disk is mended; at every call, and as
//! every errno that disks have. Whatever it is: no panic, recording goes on after, nothing that was durable is lost.

use super::*;
use crate::store::dir::Op;
use crate::store::dir::tests::faults::{Faults, Plan};
use nix::errno::Errno;
use std::collections::BTreeMap;

/// What was durable at some time: no fault that comes later may take it.
type Promises = BTreeMap<RecordingId, Vec<u8>>;

/// A directory with something of everything that a start finds, and what it holds.
fn prepared() -> (Place, StreamId, Promises) {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let barrier = || store.shared_for_tests().mount.attached().unwrap().written(FIVE_SECONDS).unwrap();
    let (garbage, _) = record(&store, stream, true, 6);
    let row = record(&store, stream, false, 6);
    store.flush().unwrap();
    let (mut growing, mut script) = begin(&store, stream, false);
    add(&mut growing, script.frames(11));
    barrier();
    let orphan = record(&store, stream, true, 7);
    barrier();
    let condemned = crate::store::db::Batch { condemned: vec![garbage], ..Default::default() };
    store.db().commit(&condemned).unwrap();
    let crashed = place.crash();
    fs::write(crashed.film().join("stranger"), "hello").unwrap();
    fs::write(crashed.film().join(RecordingId::new(stream, 9).file_name()), "").unwrap();
    let recovered = (growing.id(), script.film[..script.film.len() - 110].to_vec());
    (crashed, stream, [row, orphan, recovered].into())
}

/// A copy, where syncs cost nothing.
fn copy_of(place: &Place) -> Place {
    let shm = Path::new("/dev/shm");
    let tmp = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
    copy_dir(place.tmp.path(), tmp.path());
    Place { tmp }
}

/// What a daemon does in a minute; the disk may refuse any of it.
fn work(store: &Store, stream: StreamId, promises: &mut Promises) {
    let barrier = || store.shared_for_tests().mount.attached().map(|a| a.written(FIVE_SECONDS).unwrap());
    let mut sent = Promises::new();
    let mut grows = None;
    for round in 0..2 {
        let Ok(mut growing) = store.begin(head(stream, true, START)) else { continue };
        let mut script = Script::new(START);
        for _ in 0..2 {
            let _ = script.frames(6).into_iter().try_for_each(|frame| growing.append(frame));
            barrier();
        }
        sent.insert(growing.id(), script.film.clone());
        match round {
            0 => growing.close(script.close()),
            _ => grows = Some((growing, script)),
        }
    }
    promise(store, stream, &sent, promises);
    if let Some((mut growing, mut script)) = grows {
        let durable = script.film.len() - 105;
        let went_on = growing.append(script.frame(true, 100)).is_ok();
        sent.insert(growing.id(), script.film.clone());
        if went_on && promises.keys().any(|&id| sent.contains_key(&id)) {
            promises.insert(growing.id(), script.film[..durable].to_vec());
        }
    }
    let oldest = promises.pop_first();
    store.delete(oldest.map(|(id, _)| id));
    promise(store, stream, &sent, promises);
}

/// What has a row after a flush that went well.
fn promise(store: &Store, stream: StreamId, sent: &Promises, promises: &mut Promises) {
    if store.flush().is_err() {
        return;
    }
    for row in store.db().recordings(stream, ALWAYS).unwrap() {
        if let Some(film) = sent.get(&row.id) {
            promises.insert(row.id, film[..row.sample_file_bytes as usize].to_vec());
        }
    }
}

/// One store's life with one fault, and what the disk was asked.
fn live(from: &(Place, StreamId, Promises), plan: Plan, minutes: usize) -> (Vec<Op>, Vec<Op>) {
    let (place, stream, mut promises) = (copy_of(&from.0), from.1, from.2.clone());
    let what = format!("{plan:?}");
    let faults = Faults::of(&place.film());
    faults.all_is_synced(&place.film());
    faults.plan(Some(plan));
    let store =
        Store::open(place.options()).unwrap_or_else(|e| panic!("{what}: a disk is no reason not to serve: {e}"));
    for _ in 0..minutes {
        work(&store, stream, &mut promises);
    }
    let asked = faults.asked();
    faults.plan(None);

    // It goes on by itself.
    let well = (0..2).any(|_| store.flush().is_ok());
    assert!(well, "{what}: {:?}", store.trouble());
    let after = record(&store, stream, true, 6);
    store.flush().unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(store.trouble(), None, "{what}");
    promises.extend([after]);
    store.shutdown(START, FIVE_SECONDS).unwrap_or_else(|e| panic!("{what}: {e}"));
    drop(store);
    ends_well(&place, stream, &promises, &what);
    asked
}

/// Everything promised is there, and everything there agrees with itself.
fn ends_well(place: &Place, stream: StreamId, promises: &Promises, what: &str) {
    let store = place.open();
    let found: BTreeMap<_, _> =
        store.recordings(stream, ALWAYS).unwrap().iter().map(|r| (r.id, film_of(&store, r))).collect();
    // Only a full disk costs film that is whole: the oldest.
    let made_room = what.contains("ENOSPC");
    let oldest_left = found.keys().next();
    for (id, film) in promises {
        if made_room && oldest_left.is_some_and(|oldest| id < oldest) {
            continue;
        }
        let found = found.get(id).unwrap_or_else(|| panic!("{what}: recording {id} is lost; {:?}", place.names()));
        assert!(found.starts_with(film), "{what}: recording {id}: {} of {} bytes", found.len(), film.len());
    }
    let before = store.problems();
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    let everything = CheckOptions { hash: true, repair: false };
    let wrong = check(&place.options().db_dir, &place.film(), everything).unwrap();
    assert_eq!(wrong, [""; 0], "{what}; found at the start: {before:?}");
}

/// The fault at each call, until there are no more calls. How many stores lived, and how many calls were refused.
fn at_every_call(minutes: usize, plan: impl Fn(usize) -> Plan) -> (usize, usize) {
    let from = prepared();
    let mut refused_in_all = 0;
    for at in 0.. {
        let (asked, refused) = live(&from, plan(at), minutes);
        refused_in_all += refused.len();
        if asked.len() <= at {
            assert!(at >= 9, "few operations were asked: {asked:?}");
            println!("{at} stores lived, {refused_in_all} operations were refused");
            return (at, refused_in_all);
        }
    }
    unreachable!("a scenario ends")
}

fn changes(op: Op) -> bool {
    !matches!(op, Op::Open | Op::Read | Op::List | Op::Stat)
}

#[test]
fn any_call_may_fail_once() {
    let (stores, refused) = at_every_call(1, |at| Plan { calls: 1, ..Plan::from(at, Errno::EIO) });
    assert_eq!(stores, refused);
}

#[test]
fn any_write_may_fail_halfway() {
    at_every_call(1, |at| Plan { calls: 1, halfway: true, of: |op| op == Op::Append, ..Plan::from(at, Errno::EIO) });
}

#[test]
fn the_disk_may_be_ill_from_any_call_on_until_it_is_mended() {
    at_every_call(1, |at| Plan::from(at, Errno::EIO));
}

#[test]
fn the_disk_may_be_full_from_any_call_on_until_there_is_room() {
    at_every_call(1, |at| Plan { of: changes, halfway: true, ..Plan::from(at, Errno::ENOSPC) });
}

#[test]
fn the_card_may_turn_read_only_from_any_call_on_until_it_is_writable_again() {
    at_every_call(1, |at| Plan { of: changes, ..Plan::from(at, Errno::EROFS) });
}

#[test]
fn a_sync_may_fail_and_lose_what_it_was_to_cover() {
    at_every_call(4, |at| Plan { calls: 1, loses: true, of: |op| op == Op::Sync, ..Plan::from(at, Errno::EIO) });
}
