//! What is deleted goes: rows, files and what is left of a camera.

use super::*;

#[test]
fn deleting_takes_the_row_then_the_file_then_the_garbage() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let (one, film) = record(&store, stream, true, 6);
    let (two, _) = record(&store, stream, false, 6);
    let (growing, _) = begin(&store, stream, false);
    let grows = growing.id();
    store.flush().unwrap();
    let open = store.film(one).unwrap();
    // One that is there, one that grows, one that never was.
    store.delete([one, grows, RecordingId::new(stream, 99)]);
    assert_eq!(listed(&store, stream).len(), 2);
    store.flush().unwrap();
    assert_eq!(listed(&store, stream), ["1/2: 6 frames"]);
    assert_eq!(sums(&store, stream), (1, 615, 54_000));
    assert!(!place.names().contains(&one.file_name()));
    assert_eq!(open.window(0, 6).unwrap().as_ref(), &film[..6]);
    assert!(store.open_film().1 > 0);
    drop(open);
    assert_eq!(store.open_film(), (0, 0));
    assert_eq!(store.db().garbage().unwrap(), [one]);
    store.flush().unwrap();
    assert_eq!(store.db().garbage().unwrap(), []);
    assert!(place.names().contains(&two.file_name()));
}

#[test]
fn a_file_that_cannot_be_unlinked_keeps_neither_rows_nor_other_files_waiting() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let other = store.add_camera(&new_camera("gate")).unwrap().streams[0].id;
    let (kept, _) = record(&store, other, true, 6);
    let (stuck, _) = record(&store, stream, true, 6);
    let (gone, _) = record(&store, stream, false, 6);
    store.flush().unwrap();
    dir(&store).fail_entry(Some(&stuck.file_name()));
    store.remove_camera(store.cameras()[0].uuid, crate::store::db::Film::Condemn).unwrap();
    for n in 2..4 {
        record(&store, other, false, 6);
        store.flush().unwrap();
        assert_eq!(store.db().recordings(other, ALWAYS).unwrap().len(), n);
    }
    assert!(place.names().contains(&stuck.file_name()) && !place.names().contains(&gone.file_name()));
    assert_eq!(store.db().garbage().unwrap(), [stuck]);
    let two = RecordingId::new(other, 2);
    store.delete([kept, two]);
    dir(&store).fail_entry(Some(&kept.file_name()));
    store.flush().unwrap();
    assert!(place.names().contains(&kept.file_name()) && !place.names().contains(&two.file_name()));
    dir(&store).fail_entry(None);
    store.flush().unwrap();
    store.flush().unwrap();
    assert!(!place.names().contains(&stuck.file_name()) && !place.names().contains(&kept.file_name()));
    assert_eq!(store.db().garbage().unwrap(), []);
}

#[test]
fn garbage_that_a_start_could_not_unlink_goes_with_a_flush() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let (id, _) = record(&store, stream, true, 6);
    store.flush().unwrap();
    store.db().commit(&crate::store::db::Batch { condemned: vec![id], ..Default::default() }).unwrap();
    let copy = place.crash();
    // No unlink takes a directory away.
    let file = copy.film().join(id.file_name());
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let store = copy.open();
    assert_eq!(store.problems().len(), 1, "{:?}", store.problems());
    assert_eq!(store.db().garbage().unwrap(), [id]);
    record(&store, stream, true, 6);
    store.flush().unwrap();
    assert_eq!(listed(&store, stream), ["1/2: 6 frames"]);
    fs::remove_dir(&file).unwrap();
    fs::write(&file, "").unwrap();
    store.flush().unwrap();
    store.flush().unwrap();
    assert!(!file.exists());
    assert_eq!(store.db().garbage().unwrap(), []);
}

#[test]
fn garbage_is_unlinked_at_the_start() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let (id, _) = record(&store, stream, true, 6);
    store.flush().unwrap();
    let batch = crate::store::db::Batch { condemned: vec![id], ..Default::default() };
    store.db().commit(&batch).unwrap();
    let copy = place.crash();
    assert!(copy.names().contains(&id.file_name()));
    let store = copy.open();
    assert!(!copy.names().contains(&id.file_name()));
    assert_eq!(store.db().garbage().unwrap(), []);
    assert_eq!(begin(&store, stream, true).0.id().number(), 2);
}

#[test]
fn film_of_a_camera_that_was_removed_with_it_goes_at_the_start_too() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let gate = store.add_camera(&new_camera("gate")).unwrap().streams[0].id;
    let (flushed, _) = record(&store, stream, true, 6);
    store.flush().unwrap();
    let (closed, _) = record(&store, stream, false, 6);
    let (mut growing, mut script) = begin(&store, stream, false);
    add(&mut growing, script.frames(6));
    let (kept, _) = record(&store, gate, true, 6);
    store.shared_for_tests().mount.attached().unwrap().written(FIVE_SECONDS).unwrap();
    store.remove_camera(store.cameras()[0].uuid, crate::store::db::Film::Condemn).unwrap();
    let copy = place.crash();
    // Of a stream that this database never had: it may know nothing of it because it is an old copy.
    let stranger = RecordingId::new(StreamId::new(77).unwrap(), 1).file_name();
    fs::copy(copy.film().join(kept.file_name()), copy.film().join(&stranger)).unwrap();
    for gone in [flushed, closed, growing.id()] {
        assert!(copy.names().contains(&gone.file_name()));
    }
    let store = copy.open();
    assert_eq!(listed(&store, gate), ["3/1: 6 frames"]);
    let aside = format!("aside.{stranger}");
    assert_eq!(copy.names(), [&kept.file_name(), &aside, "catalog", "journal", "lunette-dir"]);
    assert_eq!(store.problems().len(), 1, "{:?}", store.problems());
    assert_eq!(store.db().garbage().unwrap(), []);
}

#[test]
fn a_camera_is_removed_with_all_its_film_even_what_grows() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let other = store.add_camera(&new_camera("gate")).unwrap().streams[0].id;
    let (kept, _) = record(&store, other, true, 6);
    record(&store, stream, true, 6);
    store.flush().unwrap();
    record(&store, stream, false, 6);
    let (mut growing, mut script) = begin(&store, stream, false);
    add(&mut growing, script.frames(6));
    store.remove_camera(store.cameras()[0].uuid, crate::store::db::Film::Condemn).unwrap();
    store.flush().unwrap();
    drop(growing);
    store.flush().unwrap();
    store.flush().unwrap();
    assert_eq!(listed(&store, stream), [""; 0]);
    assert_eq!(place.names(), [&kept.file_name(), "catalog", "journal", "lunette-dir"]);
    assert_eq!(store.db().garbage().unwrap(), []);
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    assert_eq!(place.open().problems(), [""; 0]);
}
