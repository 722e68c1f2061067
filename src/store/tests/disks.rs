//! The disk that is another one, not ours alone, or failing.

use super::*;

#[test]
fn another_disk_is_not_recorded_into_until_the_right_one_is_back() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    record(&store, stream, true, 6);
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    let away = place.tmp.path().join("away");
    fs::rename(place.film(), &away).unwrap();
    for make_another in [false, true] {
        if make_another {
            fs::create_dir(place.film()).unwrap();
        }
        let store = place.open();
        let trouble = store.trouble().unwrap();
        assert!(trouble.contains(if make_another { "wrong disk or not mounted" } else { "there is no" }), "{trouble}");
        assert_eq!(listed(&store, stream), ["1/1: 6 frames"]);
        assert_eq!(store.begin(head(stream, true, START)).unwrap_err().kind(), Kind::Conflict);
        if make_another {
            assert_eq!(fs::read_dir(place.film()).unwrap().count(), 0);
            fs::remove_dir(place.film()).unwrap();
            fs::rename(&away, place.film()).unwrap();
            store.flush().unwrap();
            assert_eq!(store.trouble(), None);
            record(&store, stream, true, 6);
            store.flush().unwrap();
            assert_eq!(listed(&store, stream), ["1/1: 6 frames", "1/2: 6 frames"]);
        }
        store.shutdown(START, FIVE_SECONDS).unwrap();
    }
}

#[test]
fn a_directory_with_other_things_or_other_film_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.film()).unwrap();
    fs::write(place.film().join("thesis.odt"), "").unwrap();
    assert_eq!(Store::open(place.options()).unwrap_err().kind(), Kind::Conflict);
    assert_eq!(place.names(), ["thesis.odt"]);

    let place = Place::new();
    let (store, stream) = place.with_camera();
    record(&store, stream, true, 6);
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    let other = Options { db_dir: place.tmp.path().join("other"), ..place.options() };
    let e = Store::open(other).unwrap_err();
    assert!(
        e.to_string().contains("holds what another database recorded: if that database is lost, `lunette adopt` "),
        "{e}"
    );
}

#[test]
fn two_daemons_do_not_share_a_directory() {
    let place = Place::new();
    let (store, _) = place.with_camera();
    assert_eq!(Store::open(place.options()).unwrap_err().kind(), Kind::Conflict);
    let looked = Store::open(Options { read_only: true, ..place.options() }).unwrap();
    assert_eq!(looked.cameras().len(), 1);
    assert_eq!(looked.flush().unwrap_err().kind(), Kind::Conflict);
    drop(store);
}

#[test]
fn a_failed_sync_ends_what_grows_and_nothing_becomes_a_row_until_one_succeeds() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    record(&store, stream, true, 6);
    let (mut growing, mut script) = begin(&store, stream, false);
    add(&mut growing, script.frames(6));
    store.shared_for_tests().mount.attached().unwrap().written(FIVE_SECONDS).unwrap();
    dir(&store).fail_after(0);
    assert_eq!(store.flush().unwrap_err().kind(), Kind::Disk);
    assert!(store.db().recordings(stream, ALWAYS).unwrap().is_empty());
    assert!(store.trouble().unwrap().contains("Input/output error"));
    dir(&store).fail_after(i64::MAX);
    store.flush().unwrap();
    assert_eq!(store.trouble(), None);
    let reason = growing.append(script.frame(false, 1)).unwrap_err();
    assert_eq!(reason.cause, crate::media::recording::Cause::DiskFailed);
    let all = listed(&store, stream);
    assert_eq!((all.len(), all[0].as_str()), (2, "1/1: 6 frames"));
    assert!(all[1].starts_with("1/2: 6 frames, trailing zero, disk failed: sync"), "{}", all[1]);
}

#[test]
fn while_no_row_can_be_written_recording_goes_on_and_the_rows_come_later() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    store.db().write_sql("ALTER TABLE recording_index RENAME TO hidden");
    for n in 0..3 {
        record(&store, stream, n == 0, 6);
        assert!(store.flush().is_err());
    }
    let all = store.recordings(stream, ALWAYS).unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(store.db().recordings(stream, ALWAYS).unwrap(), []);
    store.db().write_sql("ALTER TABLE hidden RENAME TO recording_index");
    store.flush().unwrap();
    assert_eq!(store.db().recordings(stream, ALWAYS).unwrap(), all);
    assert_eq!(store.recordings(stream, ALWAYS).unwrap(), all);
}
