//! Damage, and what is told of it.

use super::*;
use crate::base::WallTime;
use crate::store::tests::{FIVE_SECONDS, Place, START, record};
use std::fs;

const HASH: CheckOptions = CheckOptions { hash: true, repair: false };
const REPAIR: CheckOptions = CheckOptions { hash: true, repair: true };

/// Three recordings, and no daemon.
fn place() -> Place {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    for n in 0..3 {
        record(&store, stream, n == 0, 6);
    }
    store.shutdown(START, FIVE_SECONDS).unwrap();
    place
}

fn run(place: &Place, options: CheckOptions) -> Vec<String> {
    check(&place.options().db_dir, &place.film(), options).unwrap()
}

fn listed(place: &Place) -> String {
    let store = place.open();
    let stream = store.cameras()[0].streams[0].id;
    let all = store.recordings(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
    store.shutdown(START, FIVE_SECONDS).unwrap();
    all.iter().map(|r| r.id.to_string()).collect::<Vec<_>>().join(" ")
}

fn change(place: &Place, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = place.film().join(name);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn sql(place: &Place, sql: &str) {
    Database::open(&place.options().db_dir, Access::Write).unwrap().write_sql(sql);
}

/// The first look sees it, the second mends it, the third finds all well and the recordings listed.
fn mended(place: &Place, seen: &str, repaired: &str, left: &str) {
    assert_eq!(run(place, HASH), [seen]);
    assert_eq!(run(place, REPAIR), [format!("{seen}; repaired: {repaired}")]);
    assert_eq!(run(place, HASH), [""; 0]);
    assert_eq!(listed(place), left);
}

#[test]
fn all_is_well_after_a_shutdown() {
    let place = place();
    assert_eq!(run(&place, HASH), [""; 0]);
    let store = place.open();
    assert_eq!(check(&place.options().db_dir, &place.film(), HASH).unwrap_err().kind(), Kind::Conflict);
    drop(store);
}

#[test]
fn a_missing_file() {
    let place = place();
    fs::remove_file(place.film().join("0000000100000002")).unwrap();
    mended(&place, "recording 1/2: its sample file is missing", "its row is removed", "1/1 1/3");
}

#[test]
fn a_bit_of_film_that_turned_is_seen_by_its_hash_alone() {
    let place = place();
    change(&place, "0000000100000002", |film| film[99] ^= 1);
    assert_eq!(run(&place, CheckOptions::default()), [""; 0]);
    let seen = "recording 1/2: its film is not what was recorded";
    mended(&place, seen, "its file is set aside and its row removed", "1/1 1/3");
    assert!(place.names().contains(&"aside.0000000100000002".to_owned()));
}

#[test]
fn a_file_that_was_cut() {
    let place = place();
    change(&place, "0000000100000002", |film| film.truncate(600));
    let seen = "recording 1/2: it has no trailer; less than 615 bytes of film";
    mended(&place, seen, "its file is set aside and its row removed", "1/1 1/3");
}

#[test]
fn a_trailer_that_is_damaged() {
    let place = place();
    change(&place, "0000000100000002", |film| film[700] ^= 1);
    let seen = "recording 1/2: trailer: its checksum is another";
    mended(&place, seen, "its trailer is made anew from its row", "1/1 1/2 1/3");
}

#[test]
fn an_index_that_is_damaged() {
    let place = place();
    sql(&place, "UPDATE recording_index SET video_index = x'0200' WHERE composite_id & 255 = 2");
    let seen = "recording 1/2: video index: cut off";
    mended(&place, seen, "its row is made anew from its trailer", "1/1 1/2 1/3");
}

#[test]
fn a_row_that_tells_something_else() {
    let place = place();
    sql(&place, "UPDATE recording SET sequence = 77 WHERE composite_id & 255 = 2");
    let seen = "recording 1/2: its row and its trailer differ";
    mended(&place, seen, "its row is made anew from its trailer", "1/1 1/2 1/3");
}

#[test]
fn files_without_rows() {
    let place = place();
    fs::write(place.film().join("0000000100000009"), "junk").unwrap();
    let seen = "recording 1/9: its file has neither a row nor a trailer";
    mended(&place, seen, "set aside as aside.0000000100000009", "1/1 1/2 1/3");
}
