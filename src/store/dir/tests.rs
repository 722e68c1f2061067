//! The sample directory.

pub(crate) mod faults;

use super::*;

fn names(dir: &SampleDir) -> Vec<String> {
    dir.list().unwrap().into_iter().map(|e| e.name).collect()
}

#[test]
fn an_identity_stays_and_locks() {
    let tmp = tempfile::tempdir().unwrap();
    let uuid = Uuid::from_u128(7);
    let mut dir = SampleDir::open(tmp.path(), true).unwrap();
    assert_eq!(dir.uuid(), None);
    dir.initialize(uuid).unwrap();
    assert_eq!(names(&dir), ["lunette-dir"]);
    assert_eq!(SampleDir::open(tmp.path(), true).unwrap_err().kind(), Kind::Conflict);
    assert_eq!(SampleDir::open(tmp.path(), false).unwrap().uuid(), Some(uuid));
    drop(dir);
    assert_eq!(SampleDir::open(tmp.path(), true).unwrap().uuid(), Some(uuid));
}

#[test]
fn a_missing_directory_and_a_strange_identity_are_told_apart() {
    let tmp = tempfile::tempdir().unwrap();
    assert_eq!(SampleDir::open(&tmp.path().join("no"), true).unwrap_err().kind(), Kind::NotFound);
    std::fs::write(tmp.path().join("lunette-dir"), "hello\n").unwrap();
    assert_eq!(SampleDir::open(tmp.path(), true).unwrap_err().kind(), Kind::Corrupt);
}

#[test]
fn an_identity_that_was_torn_is_none() {
    let tmp = tempfile::tempdir().unwrap();
    let whole = format!("lunette sample directory 1\n{}\n", Uuid::from_u128(7));
    let cut = (0..whole.len() - 1).map(|len| whole.as_bytes()[..len].to_vec());
    let zeros = (0..whole.len()).map(|len| [&whole.as_bytes()[..len], &vec![0; whole.len() - len]].concat());
    for torn in cut.chain(zeros) {
        std::fs::write(tmp.path().join("lunette-dir"), &torn).unwrap();
        let mut dir = SampleDir::open(tmp.path(), true).unwrap();
        assert_eq!((dir.uuid(), dir.is_torn()), (None, true), "{torn:?}");
        dir.initialize(Uuid::from_u128(8)).unwrap();
        assert_eq!((dir.uuid(), dir.is_torn()), (Some(Uuid::from_u128(8)), false));
    }
}

#[test]
fn a_sync_in_the_midst_of_a_change_does_not_count_for_it() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = SampleDir::open(tmp.path(), true).unwrap();
    let syncs = || {
        dir.fail_after(0);
        let failed = dir.sync_all().is_err();
        dir.fail_after(i64::MAX);
        failed
    };
    assert!(!syncs());
    dir.changing(|| dir.sync_all().unwrap());
    assert!(syncs());
    dir.sync_all().unwrap();
    assert!(!syncs());
    let file = dir.create("a").unwrap();
    let changes: [&dyn Fn(); 4] = [
        &|| dir.append(&file, &mut [IoSlice::new(b"film")]).unwrap(),
        &|| dir.cut(&file, 1).unwrap(),
        &|| dir.rename("a", "b").unwrap(),
        &|| assert!(dir.unlink("b").unwrap()),
    ];
    for change in changes {
        dir.sync_all().unwrap();
        change();
        assert!(syncs());
    }
}

#[test]
fn files_are_created_once_and_only_appended_to() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = SampleDir::open(tmp.path(), true).unwrap();
    let file = dir.create("a").unwrap();
    let parts: Vec<Vec<u8>> = (0..3000u32).map(|i| i.to_be_bytes().to_vec()).collect();
    let mut slices: Vec<_> = parts.iter().map(|p| IoSlice::new(p)).collect();
    dir.append(&file, &mut slices).unwrap();
    dir.append(&file, &mut [IoSlice::new(b"end")]).unwrap();
    assert_eq!(std::fs::read(tmp.path().join("a")).unwrap(), [parts.concat(), b"end".to_vec()].concat());
    assert_eq!(dir.create("a").unwrap_err().kind(), Kind::Disk);
    assert_eq!(dir.stat("a").unwrap().unwrap().len, 12_003);
    assert_eq!(dir.stat("b").unwrap(), None);
    assert!(dir.unlink("a").unwrap());
    assert!(!dir.unlink("a").unwrap());
}

#[test]
fn what_is_set_aside_replaces_nothing_and_keeps_its_number() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = SampleDir::open(tmp.path(), true).unwrap();
    for content in ["one", "two"] {
        std::fs::write(tmp.path().join("00000003000006ce"), content).unwrap();
        dir.set_aside("00000003000006ce").unwrap();
    }
    let entries = dir.list().unwrap();
    assert_eq!(names(&dir), ["aside.00000003000006ce", "aside.00000003000006ce.2"]);
    for entry in entries {
        assert_eq!(entry.takes_number().unwrap().to_string(), "3/1742");
    }
}

#[test]
fn a_replaced_file_is_whole() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = SampleDir::open(tmp.path(), true).unwrap();
    dir.replace_private("catalog", b"one").unwrap();
    std::fs::write(tmp.path().join("catalog.new"), "torn").unwrap();
    dir.replace_private("catalog", b"two").unwrap();
    assert_eq!(names(&dir), ["catalog"]);
    assert_eq!(std::fs::read(tmp.path().join("catalog")).unwrap(), b"two");
}
