//! The faults: each is planted alone, with SQL or as plain files.

use crate::stage::Stage;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

/// One kind of damage.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) plant: fn(&Stage),
}

/// The second of three recordings of a run, and the first.
const SECOND: &str = "0000000100000002";
const FIRST: &str = "0000000100000001";
/// The last recording of the main stream.
const LAST: &str = "0000000100000007";
const SECOND_ID: i64 = (1 << 32) + 2;

macro_rules! faults {
    ($($name:literal: $plant:expr;)*) => { &[$(Fault { name: $name, plant: $plant }),*] };
}

fn row(stage: &Stage, set: &str) {
    stage.sql(&format!("UPDATE recording SET {set} WHERE composite_id = {SECOND_ID}"));
}

fn trailer(stage: &Stage, name: &str) -> Vec<u8> {
    stage.read(name)[stage.film_bytes(name)..].to_vec()
}

pub(crate) const FAULTS: &[Fault] = faults! {
    // Files.
    "a row without its file": |s| fs::remove_file(s.file(SECOND)).unwrap();
    "a file without its row": |s| {
        for table in ["recording_index", "recording"] {
            s.sql(&format!("DELETE FROM {table} WHERE composite_id = {SECOND_ID}"));
        }
    };
    "a file that is nobody's": |s| fs::write(s.file("0000000100000009"), "junk").unwrap();
    "a file of a stream that never was": |s| fs::write(s.file("0000000900000001"), "junk").unwrap();
    "an empty file": |s| fs::write(s.file("0000000100000009"), "").unwrap();
    "a sample file under another name": |s| fs::rename(s.file(SECOND), s.file("0000000100000002.bak")).unwrap();
    "a sample file in upper case, of which nobody knows": |s| {
        s.sql(&format!("DELETE FROM recording_index WHERE composite_id = {SECOND_ID}"));
        s.sql(&format!("DELETE FROM recording WHERE composite_id = {SECOND_ID}"));
        fs::rename(s.file(SECOND), s.file("RECORDING-2")).unwrap();
    };
    "a second copy of a sample file": |s| _ = fs::copy(s.file(SECOND), s.file("copy of 2")).unwrap();
    "a thing that does not belong here": |s| fs::write(s.file("thesis.odt"), "words").unwrap();
    "a directory that does not belong here": |s| fs::create_dir(s.file("holidays")).unwrap();
    "a directory in place of a sample file": |s| {
        fs::rename(s.file(SECOND), s.file("moved")).unwrap();
        fs::create_dir(s.file(SECOND)).unwrap();
    };
    "a link in place of a sample file": |s| {
        fs::rename(s.file(SECOND), s.file("moved")).unwrap();
        symlink("moved", s.file(SECOND)).unwrap();
    };
    "a link to nowhere": |s| symlink("/nowhere", s.file("0000000100000009")).unwrap();
    "files that others may read": |s| {
        for name in [FIRST, SECOND] {
            fs::set_permissions(s.file(name), fs::Permissions::from_mode(0o644)).unwrap();
        }
    };
    "a file that its owner may not write": |s| {
        fs::set_permissions(s.file(SECOND), fs::Permissions::from_mode(0o440)).unwrap();
    };
    "a catalog that others may read": |s| {
        fs::set_permissions(s.file("catalog"), fs::Permissions::from_mode(0o644)).unwrap();
    };
    "a directory without identity": |s| fs::remove_file(s.file("lunette-dir")).unwrap();
    "an identity that is torn": |s| s.change("lunette-dir", |text| text.truncate(9));

    // Film.
    "a flipped bit of film": |s| s.change(SECOND, |film| film[999] ^= 4);
    "a block of zeros in the middle of the film": |s| s.change(SECOND, |film| film[4096..8192].fill(0));
    "zeros from the middle of the film on": |s| {
        let end = s.film_bytes(SECOND);
        s.change(SECOND, |film| film[12_000..end].fill(0));
    };
    "nothing but zeros, as long as it was": |s| s.change(SECOND, |film| film.fill(0));
    "film that was cut off": |s| s.change(SECOND, |film| film.truncate(12_345));
    "film that was cut off before a picture was whole": |s| s.change(SECOND, |film| film.truncate(99));
    "the last recording cut off": |s| s.change(LAST, |film| film.truncate(9_000));

    // Trailers.
    "a trailer that is torn": |s| s.change(SECOND, |film| film.truncate(film.len() - 7));
    "a trailer with a flipped bit": |s| {
        let at = s.film_bytes(SECOND) + 50;
        s.change(SECOND, |film| film[at] ^= 4);
    };
    "no trailer": |s| {
        let end = s.film_bytes(SECOND);
        s.change(SECOND, |film| film.truncate(end));
    };
    "something behind the trailer": |s| s.change(SECOND, |film| film.extend(b"!"));
    "the trailer of another recording": |s| {
        let (end, other) = (s.film_bytes(SECOND), trailer(s, FIRST));
        s.change(SECOND, |film| {
            film.truncate(end);
            film.extend(other);
        });
    };
    "the film and trailer of another recording": |s| _ = fs::copy(s.file(FIRST), s.file(SECOND)).unwrap();
    "the file of another database": |s| {
        let foreign = Stage::foreign();
        fs::copy(foreign.file(SECOND), s.file(SECOND)).unwrap();
    };

    // Rows of recordings.
    "a wrong length": |s| row(s, "sample_file_bytes = sample_file_bytes + 1");
    "a wrong number of frames": |s| row(s, "video_samples = video_samples + 1");
    "a wrong duration": |s| row(s, "media_duration_delta_90k = 5");
    "a start that was moved": |s| row(s, "start_90k = start_90k + 900000");
    "the start of a run that the clock moved, moved again": |s| {
        s.sql("UPDATE recording SET start_90k = start_90k + 900000 WHERE composite_id = (3 << 32) + 2");
    };
    "a wrong place in its run": |s| row(s, "run_offset = 0");
    "a wrong media offset": |s| row(s, "media_offset_90k = media_offset_90k + 1");
    "a wrong number of bytes before it": |s| row(s, "bytes_offset = bytes_offset + 1");
    "a sequence that is given twice": |s| row(s, "sequence = 1");
    "flags that nobody knows": |s| row(s, "flags = 64");
    "a wrong hash": |s| s.sql(&format!("UPDATE recording_index SET blake3 = zeroblob(32) WHERE composite_id = {SECOND_ID}"));
    "a bad index": |s| s.sql(&format!("UPDATE recording_index SET video_index = x'0000' WHERE composite_id = {SECOND_ID}"));
    "an index that is missing": |s| s.sql(&format!("DELETE FROM recording_index WHERE composite_id = {SECOND_ID}"));
    "an index of nothing": |s| s.sql("INSERT INTO recording_index VALUES ((1 << 32) + 77, zeroblob(32), x'2902')");

    // Other rows.
    "wrong sums of a run": |s| s.sql("UPDATE run SET video_samples = video_samples + 1 WHERE id = (1 << 32) + 1");
    "a run that is missing": |s| s.sql("DELETE FROM run WHERE id = (1 << 32) + 1");
    "a run that nothing is of": |s| s.sql(
        "INSERT INTO run SELECT (1 << 32) + 9, stream_id, open_id, clock_offset_90k, unproven, (1 << 32) + 9,
            (1 << 32) + 9, start_90k, 1, 0, 0, 1, 1, 1, NULL FROM run WHERE id = (1 << 32) + 1");
    "a run that reaches into the next": |s| s.sql("UPDATE run SET last_id = (1 << 32) + 5 WHERE id = (1 << 32) + 1");
    "garbage that has a row": |s| s.sql(&format!("INSERT INTO garbage VALUES ({SECOND_ID})"));
    "a sample entry that nothing needs": |s| s.sql(
        "INSERT INTO video_sample_entry SELECT 9, x'00', width, height, 1, 1, 'avc1' FROM video_sample_entry WHERE id = 1");
    "a sample entry that is missing": |s| s.sql("DELETE FROM video_sample_entry WHERE id = 2");
    "an opening that is missing": |s| s.sql("DELETE FROM open");
    "a stream that is missing": |s| s.sql("DELETE FROM stream WHERE id = 2");
    "a camera that is missing": |s| s.sql("DELETE FROM camera WHERE name = 'yard'");
    "a session of a user that never was": |s| s.sql("INSERT INTO session VALUES (zeroblob(32), 7, 1, 1)");
    "a gap of a stream that never was": |s| s.sql("INSERT INTO gap VALUES (77, 1, 2, 'camera silent', '')");
    "a gap that ends before it begins": |s| {
        s.sql("UPDATE gap SET end_90k = start_90k - 90000 WHERE stream_id = 1 AND end_90k IS NOT NULL");
    };
    "a gap within film": |s| s.sql(
        "INSERT INTO gap SELECT stream_id, start_90k + 2700000, start_90k + 3600000, 'camera silent', ''
            FROM run WHERE id = (1 << 32) + 1");
    "a gap that reaches into film": |s| {
        s.sql("UPDATE gap SET end_90k = end_90k + 1800000 WHERE stream_id = 1 AND end_90k IS NOT NULL");
    };
    "a gap without an end": |s| s.sql("UPDATE gap SET end_90k = NULL WHERE stream_id = 1");
    "a hole without a gap": |s| s.sql("DELETE FROM gap WHERE stream_id = 1 AND end_90k IS NOT NULL");
    "a table's index that lacks a row": |s| s.sql(&format!(
        "CREATE TEMP TABLE copy AS SELECT * FROM recording WHERE composite_id = {SECOND_ID};
        DELETE FROM recording WHERE composite_id = {SECOND_ID};
        CREATE TEMP TABLE hidden AS SELECT * FROM sqlite_schema WHERE name = 'recording_cover';
        PRAGMA writable_schema = on;
        DELETE FROM sqlite_schema WHERE name = 'recording_cover';
        PRAGMA writable_schema = reset;
        INSERT INTO recording SELECT * FROM copy;
        PRAGMA writable_schema = on;
        INSERT INTO sqlite_schema SELECT * FROM hidden;
        PRAGMA writable_schema = reset;"));

    // Catalog and journal.
    "no catalog": |s| fs::remove_file(s.file("catalog")).unwrap();
    "a catalog that is torn": |s| s.change("catalog", |text| text.truncate(99));
    "a catalog that is out of date": |s| s.change("catalog", |text| {
        *text = String::from_utf8(text.clone()).unwrap().replace("porch", "patio").into_bytes();
    });
    "a catalog in a directory of its name": |s| {
        fs::remove_file(s.file("catalog")).unwrap();
        fs::create_dir(s.file("catalog")).unwrap();
    };
    "a journal that is none": |s| s.change("journal", |bytes| *bytes = b"Dear diary, ".repeat(9));
    "a journal that is a directory": |s| {
        fs::remove_file(s.file("journal")).unwrap();
        fs::create_dir(s.file("journal")).unwrap();
    };
};
