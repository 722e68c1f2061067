//! What the sample directory holds besides film: trailers, the journal, the catalog.

use super::input::Input;
use lunette::store::formats::{read_trailer, renew_journal, rewrite_catalog, rewrite_journal, write_trailer};

/// The bytes as they are, as a catalog, and as payloads of a journal with right checksums, each behind its length in two
/// bytes: what is read is written as it was, and read again alike; what a new journal repeats changes nothing.
pub fn journal(data: &[u8]) {
    let mut input = Input(data);
    let mut framed = rewrite_journal(b"lunette journal\x01");
    while !input.0.is_empty() {
        let len = usize::from(input.short());
        let payload = input.take(len);
        framed.extend((payload.len() as u32).to_le_bytes());
        framed.extend(payload);
        framed.extend(checksum(payload));
    }
    for bytes in [data, &framed] {
        let written = rewrite_journal(bytes);
        assert_eq!(rewrite_journal(&written), written);
        let renewed = renew_journal(bytes);
        assert_eq!(renew_journal(&renewed), renewed);
        assert_eq!(renew_journal(&written), renewed);
    }
    if let Ok(catalog) = rewrite_catalog(data) {
        assert_eq!(rewrite_catalog(&catalog).expect("our own catalog"), catalog);
    }
}

/// The bytes as a file, and as the body of a trailer behind as much film as it may tell of: a recording whose trailer is
/// read alike, or an error in words.
pub fn trailer(data: &[u8]) {
    check_trailer(data);
    let body = [data, &(data.len() as u32).to_le_bytes(), &checksum(data), b"lunette\n"].concat();
    check_trailer(&body);
    // Where the body has the length of the film: behind format, ids, sequence and six times.
    let told = data.get(2 + 8 + 8 + 4 + 8 * 6..).and_then(|rest| rest.first_chunk::<8>());
    if let Some(film) = told.map(|bytes| u64::from_le_bytes(*bytes)).filter(|&film| film < 1 << 16) {
        check_trailer(&[&vec![0; film as usize], &body[..]].concat());
    }
}

fn check_trailer(file: &[u8]) {
    if let Ok(Some(closed)) = read_trailer(file) {
        let film = vec![0; closed.recording.sample_file_bytes as usize];
        let again = read_trailer(&[film, write_trailer(&closed)].concat());
        assert_eq!(again.expect("our own trailer"), Some(closed));
    }
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    *blake3::hash(bytes).as_bytes().first_chunk().expect("a hash has 32 bytes")
}
