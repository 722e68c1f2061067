//! Film, windows and the shelf, on real files.

use super::*;
use crate::base::StreamId;
use crate::store::dir::SampleDir;
use bytes::Bytes;
use std::io::Read;
use std::os::unix::net::UnixStream;

fn id() -> RecordingId {
    RecordingId::new(StreamId::new(3).unwrap(), 9)
}

fn shelf() -> (tempfile::TempDir, SampleDir, Arc<Shelf>) {
    let tmp = tempfile::tempdir().unwrap();
    std::fs::write(tmp.path().join(id().file_name()), "0123456789").unwrap();
    let dir = SampleDir::open(tmp.path(), true).unwrap();
    (tmp, dir, Arc::default())
}

#[test]
fn windows_are_shared_as_bytes() {
    let (_tmp, dir, shelf) = shelf();
    let film = shelf.open(&dir, id()).unwrap();
    let bytes = Bytes::from_owner(film.window(2, 5).unwrap());
    assert_eq!(&bytes.slice(1..3)[..], b"34");
    assert_eq!(film.copy(2, 5).unwrap().as_ref(), b"23456");
    let mut buffer = [0; 2];
    film.read_exact_at(&mut buffer, 8).unwrap();
    assert_eq!(&buffer, b"89");
    assert_eq!(film.file_len().unwrap(), 10);
}

#[test]
fn a_part_of_a_window_goes_straight_from_its_file() {
    let (tmp, dir, shelf) = shelf();
    let film = shelf.open(&dir, id()).unwrap();
    let [other, bytes] = [(0, 3), (2, 8)].map(|(at, len)| Bytes::from_owner(film.window(at, len).unwrap()));
    if shelf.mapped() == (0, 0) {
        // An emulator, or a kernel before 5.14, cannot populate a map: windows are copies there.
        return;
    }
    let (reader, writer) = UnixStream::pair().unwrap();
    let sent = |bytes: &[u8]| shelf.file_range(bytes).map(|s| s.send(&writer).map_err(|e| e.to_string()));
    assert_eq!((sent(&bytes.slice(3..6)), sent(&other)), (Some(Ok(3)), Some(Ok(3))));
    let mut read = [0; 6];
    (&reader).read_exact(&mut read).unwrap();
    assert_eq!(&read, b"567012");
    assert_eq!(shelf.mapped(), (2, 11));
    assert!(sent(b"567").is_none() && sent(film.copy(5, 3).unwrap().as_ref()).is_none());
    std::fs::OpenOptions::new().write(true).open(tmp.path().join(id().file_name())).unwrap().set_len(4).unwrap();
    assert_eq!(sent(&bytes.slice(3..)), Some(Err("recording 3/9: at 5: its file ends before".into())));
    drop((bytes, other));
    assert_eq!(shelf.mapped(), (0, 0));
}

#[test]
fn what_stands_before_film_goes_with_it_in_one_packet() {
    let (_tmp, dir, shelf) = shelf();
    let film = shelf.open(&dir, id()).unwrap();
    let Some(window) = film.cached_window(2, 5).unwrap() else { return };
    let range = shelf.file_range(window.as_ref()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let writer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    writer.set_nodelay(true).unwrap();
    let (mut reader, _) = listener.accept().unwrap();
    assert_eq!(range.announce(&writer, &[IoSlice::new(b"he"), IoSlice::new(b"ad")]).unwrap(), 4);
    assert_eq!(range.send(&writer).unwrap(), 5);
    let mut read = [0; 20];
    assert_eq!(reader.read(&mut read).unwrap(), 9);
    assert_eq!(&read[..9], b"head23456");
}

#[test]
fn a_file_at_hand_is_opened_without_asking_the_disk() {
    let (_tmp, dir, shelf) = shelf();
    let Some(film) = shelf.open_at_hand(&dir, id()) else { return }; // A kernel before 5.12.
    assert_eq!((film.id(), film.file_len().unwrap(), shelf.open_files()), (id(), 10, 1));
    let again = shelf.open(&dir, id()).unwrap();
    assert!(Arc::ptr_eq(&film.0, &again.0));
    let other = RecordingId::new(StreamId::new(3).unwrap(), 10);
    assert!(shelf.open_at_hand(&dir, other).is_none());
}

#[test]
fn a_window_of_film_that_grew_is_found_and_one_beyond_it_is_not() {
    let (tmp, dir, shelf) = shelf();
    let film = shelf.open(&dir, id()).unwrap();
    assert!(film.cached_window(8, 3).is_err());
    let mut file = std::fs::OpenOptions::new().append(true).open(tmp.path().join(id().file_name())).unwrap();
    std::io::Write::write_all(&mut file, b"ab").unwrap();
    assert_eq!(film.cached_window(8, 3).unwrap().unwrap().as_ref(), b"89a");
    assert_eq!(film.cached_window(8, 5).unwrap_err().to_string(), "recording 3/9: 5 bytes at 8 of a file of 12");
}

#[test]
fn a_window_that_waited_is_looked_at_again() {
    use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
    let (_tmp, dir, shelf) = shelf();
    let film = shelf.open(&dir, id()).unwrap();
    let window = film.cached_window(0, 10).unwrap().expect("it was just written");
    let range = || shelf.file_range(window.as_ref()).unwrap();
    let later = Instant::now() + 2 * FRESH;
    assert!(range().is_at_hand(window.as_ref(), later));
    let much_later = later + 2 * FRESH;
    film.0.file.sync_all().unwrap();
    posix_fadvise(&film.0.file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).unwrap();
    if film.cached_window(0, 10).unwrap().is_some() {
        return; // This file system keeps all in memory.
    }
    assert!(range().is_at_hand(window.as_ref(), later), "nobody looked: it was there just now");
    assert!(!range().is_at_hand(window.as_ref(), much_later));
    range().read_in();
    assert!(range().is_at_hand(window.as_ref(), much_later));
}

#[test]
fn a_short_file_is_an_error_that_names_the_recording() {
    let (_tmp, dir, shelf) = shelf();
    let film = shelf.open(&dir, id()).unwrap();
    assert_eq!(film.window(8, 3).unwrap_err().to_string(), "recording 3/9: 3 bytes at 8 of a file of 10");
    assert_eq!(film.read_exact_at(&mut [0; 3], 8).unwrap_err().kind(), Kind::Corrupt);
    let other = RecordingId::new(StreamId::new(3).unwrap(), 10);
    assert_eq!(shelf.open(&dir, other).unwrap_err().kind(), Kind::NotFound);
}

#[test]
fn an_unlinked_file_weighs_until_its_last_window_is_gone() {
    let (_tmp, dir, shelf) = shelf();
    let film = shelf.open(&dir, id()).unwrap();
    let again = shelf.open(&dir, id()).unwrap();
    assert_eq!(shelf.open_files(), 1);
    dir.unlink(&id().file_name()).unwrap();
    shelf.unlinked(id(), 4096);
    let window = film.window(0, 10).unwrap();
    drop((film, again));
    assert_eq!((shelf.open_files(), shelf.lingering_bytes()), (1, 4096));
    assert_eq!(window.as_ref(), b"0123456789");
    drop(window);
    assert_eq!((shelf.open_files(), shelf.lingering_bytes()), (0, 0));
}
