//! Tests that the tables refuse what cannot be (Fc13, Fc17), constraint by constraint.

use crate::store::db::testing::Fixture;
use crate::store::db::version::SCHEMA;
use rusqlite::{Connection, ffi};
use std::collections::BTreeSet;

/// A row in every table, so that an update meets each constraint.
const ROWS: &str = "
    INSERT INTO clock_proof VALUES (zeroblob(16), 0);
    INSERT INTO damage VALUES ((1 << 32) + 1, 10, 'torn');
    INSERT INTO old_file VALUES ((1 << 32) + 1, zeroblob(16), zeroblob(20));
    INSERT INTO verification VALUES (1, 0, 10, 0);
    INSERT INTO garbage VALUES (1 << 32);
    INSERT INTO gap VALUES (1, 10, 20, 'camera silent', '');
    INSERT INTO onvif VALUES (1, 'urn:uuid:1', '', 'http://192.0.2.1/', NULL, NULL, 1);
    INSERT INTO declined_device VALUES ('urn:uuid:2');
    INSERT INTO event VALUES (1, 10, 20, 'motion', '');
    INSERT INTO protected_span VALUES (1, 10, 20);
    INSERT INTO user VALUES (1, 'owner', '$argon2id$', 'owner', 0);
    INSERT INTO user_camera VALUES (1, 1);
    INSERT INTO session VALUES (zeroblob(32), 1, 10, 20);
    INSERT INTO token VALUES (1, 'backup', zeroblob(32), 10, 'owner', 0);
    INSERT INTO token_camera VALUES (1, 1);";

/// Each breaks one CHECK of the table that it names.
const REFUSED: &str = "
    UPDATE version SET id = -1
    UPDATE meta SET id = 2
    UPDATE meta SET database_uuid = x'00'
    UPDATE meta SET directory_uuid = x'00'
    UPDATE open SET id = 0
    UPDATE open SET id = 0x100000000
    UPDATE open SET boot_id = x'00'
    UPDATE clock_proof SET boot_id = x'00'
    UPDATE open SET software = ''
    UPDATE open SET end_90k = 7
    UPDATE open SET end_90k = 7, duration_90k = -1
    UPDATE camera SET id = 0
    UPDATE camera SET uuid = x'00'
    UPDATE camera SET name = ''
    UPDATE camera SET name = ' porch'
    UPDATE camera SET name = printf('%.65c', 'x')
    UPDATE camera SET removed = 2
    UPDATE onvif SET endpoint = ''
    UPDATE onvif SET service = ''
    UPDATE onvif SET snapshot = ''
    UPDATE onvif SET events = ''
    UPDATE onvif SET by_itself = 2
    UPDATE declined_device SET endpoint = ''
    UPDATE event SET end_90k = 9
    UPDATE event SET kind = ''
    UPDATE stream SET id = 0 WHERE kind = 'sub'
    UPDATE stream SET id = 0x80000000 WHERE kind = 'sub'
    UPDATE stream SET kind = 'third'
    UPDATE stream SET source = ''
    UPDATE stream SET transport = 'pigeon'
    UPDATE stream SET record = 2
    UPDATE stream SET retain_bytes = -1
    UPDATE video_sample_entry SET id = 0
    UPDATE video_sample_entry SET data = x''
    UPDATE video_sample_entry SET width = 0
    UPDATE video_sample_entry SET height = 0x10000
    UPDATE video_sample_entry SET pixel_aspect_h = 0
    UPDATE video_sample_entry SET pixel_aspect_v = 0
    UPDATE video_sample_entry SET rfc6381_codec = ''
    UPDATE run SET unproven = 2
    UPDATE run SET wall_duration_90k = -1
    UPDATE run SET media_duration_90k = -1
    UPDATE run SET sample_file_bytes = 0
    UPDATE run SET video_samples = 0
    UPDATE run SET video_sync_samples = 0
    UPDATE run SET stream_id = 2
    UPDATE run SET last_id = last_id + (1 << 32)
    UPDATE run SET id = 1 << 32
    UPDATE run SET id = id + 1
    UPDATE run SET last_id = first_id - 1
    UPDATE run SET recordings = 0
    UPDATE run SET recordings = 2
    UPDATE recording SET run_offset = -1
    UPDATE recording SET sequence = 0
    UPDATE recording SET start_90k = 20000000000000001
    UPDATE recording SET start_90k = -20000000000000001
    UPDATE recording SET wall_duration_90k = -1
    UPDATE recording SET wall_duration_90k = 27000000
    UPDATE recording SET media_offset_90k = -1
    UPDATE recording SET bytes_offset = -1
    UPDATE recording SET samples_offset = -1
    UPDATE recording SET sample_file_bytes = 0
    UPDATE recording SET video_samples = 0
    UPDATE recording SET video_sync_samples = 0
    UPDATE recording SET video_sync_samples = video_samples + 1
    UPDATE recording SET index_format = 0
    UPDATE recording SET flags = -1
    UPDATE recording SET end_reason = ''
    UPDATE recording SET stream_id = 2
    UPDATE recording SET run_offset = 1
    UPDATE recording SET media_duration_delta_90k = -1 - wall_duration_90k
    UPDATE recording SET media_duration_delta_90k = 27000000 - wall_duration_90k
    UPDATE recording_index SET blake3 = x'00'
    UPDATE recording_index SET video_index = x'00'
    UPDATE damage SET what = ''
    UPDATE old_file SET composite_id = 1
    UPDATE old_file SET uuid = x'00'
    UPDATE old_file SET sha1 = x'00'
    UPDATE verification SET id = 2
    UPDATE verification SET rounds = -1
    UPDATE verification SET done_sequence = -1
    UPDATE garbage SET composite_id = 7
    UPDATE gap SET end_90k = 9
    UPDATE gap SET cause = ''
    UPDATE protected_span SET end_90k = 10
    UPDATE user SET name = ''
    UPDATE user SET password_hash = 'hunter2'
    UPDATE user SET role = 'nobody'
    UPDATE user SET limited = 1
    UPDATE session SET secret_hash = x'00'
    UPDATE token SET name = ' a'
    UPDATE token SET secret_hash = x'00'
    UPDATE token SET role = 'nobody'
    UPDATE token SET limited = 1";

#[test]
fn every_check_refuses() {
    let (_dir, conn) = filled();
    let mut broken = BTreeSet::new();
    for sql in lines(REFUSED) {
        let e = conn.execute(sql, ()).expect_err(sql);
        assert_eq!(e.sqlite_error().unwrap().extended_code, ffi::SQLITE_CONSTRAINT_CHECK, "{sql}: {e}");
        let table = sql.split(' ').nth(1).unwrap();
        let check = e.to_string().replace("CHECK constraint failed: ", "");
        broken.insert(format!("{table}: {check}"));
    }
    let all = checks(&conn);
    assert_eq!(all.difference(&broken).collect::<Vec<_>>(), [""; 0], "checks that no line of REFUSED breaks");
    assert_eq!(all, broken);
}

#[test]
fn every_reference_is_enforced() {
    let (_dir, conn) = filled();
    let sql =
        "SELECT t.name, f.\"from\" FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'";
    let references = texts(&conn, &format!("SELECT name || ' ' || \"from\" FROM ({sql}) ORDER BY 1"));
    assert_eq!(
        references.join("\n"),
        "damage composite_id
event camera_id
gap stream_id
onvif camera_id
protected_span stream_id
recording open_id
recording stream_id
recording video_sample_entry_id
recording_index composite_id
run open_id
run stream_id
run video_sample_entry_id
session user_id
stream camera_id
token_camera camera_id
token_camera token_id
user_camera camera_id
user_camera user_id"
    );
    let strays = "
        UPDATE damage SET composite_id = 99
        UPDATE event SET camera_id = 99
        UPDATE gap SET stream_id = 99
        UPDATE onvif SET camera_id = 99
        UPDATE protected_span SET stream_id = 99
        UPDATE recording SET open_id = 99
        UPDATE recording SET stream_id = 99, composite_id = (99 << 32) + 1
        UPDATE recording SET video_sample_entry_id = 99
        UPDATE recording_index SET composite_id = 99
        UPDATE run SET open_id = 99
        UPDATE run SET video_sample_entry_id = 99
        UPDATE run SET stream_id = 99, id = (99 << 32) + 1, first_id = (99 << 32) + 1, last_id = (99 << 32) + 1
        UPDATE session SET user_id = 99
        UPDATE stream SET camera_id = 99
        UPDATE token_camera SET camera_id = 99
        UPDATE token_camera SET token_id = 99
        UPDATE user_camera SET camera_id = 99
        UPDATE user_camera SET user_id = 99
        DELETE FROM recording
        DELETE FROM stream
        DELETE FROM open";
    for sql in lines(strays) {
        let e = conn.execute(sql, ()).expect_err(sql);
        assert_eq!(e.sqlite_error().unwrap().extended_code, ffi::SQLITE_CONSTRAINT_FOREIGNKEY, "{sql}: {e}");
    }
    conn.execute_batch("DELETE FROM user; DELETE FROM token").unwrap();
    for gone in ["session", "user_camera", "token_camera"] {
        assert_eq!(texts(&conn, &format!("SELECT '{gone}' FROM {gone}")), [""; 0]);
    }
}

#[test]
fn every_table_has_types() {
    let (_dir, conn) = filled();
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite_%'";
    assert_eq!(texts(&conn, sql), [""; 0]);
}

#[test]
fn ids_of_cameras_and_streams_are_never_used_again() {
    let (_dir, conn) = filled();
    let reused = "
        DELETE FROM recording_index; DELETE FROM recording; DELETE FROM run; DELETE FROM gap;
        DELETE FROM protected_span; DELETE FROM stream; DELETE FROM camera;
        INSERT INTO camera (uuid, name, username, password) VALUES (zeroblob(16), 'new', '', '');
        INSERT INTO stream (camera_id, kind, source, transport, record) SELECT id, 'main', 'x', 'tcp', 1 FROM camera;";
    conn.execute_batch(reused).unwrap();
    assert_eq!(texts(&conn, "SELECT camera_id || ' ' || id FROM stream"), ["2 3"]);
}

/// A row stays small (Fc12): what a minute of one stream adds to the database, the index blob apart.
#[test]
fn a_recording_costs_few_bytes() {
    let f = Fixture::new();
    let day = 133_960_904_600_000 / 90_000;
    f.insert((1..=1440).map(|n| f.closed(n, 1, day + i64::from(n) * 60, 60)));
    let dir = f.close();
    let conn = Connection::open(dir.path().join("db")).unwrap();
    let bytes = |name: &str| -> i64 {
        let sql = "SELECT sum(payload) / 1440 FROM dbstat WHERE name = ?1 AND pagetype = 'leaf'";
        conn.query_row(sql, [name], |row| row.get(0)).unwrap()
    };
    let (row, cover) = (bytes("recording"), bytes("recording_cover"));
    assert!(row <= 48 && cover <= 56, "{row} {cover}");
}

/// A database with a recording and a row in each other table, seen without our own functions.
fn filled() -> (tempfile::TempDir, Connection) {
    let f = Fixture::new();
    f.insert([f.closed(1, 1, 0, 60)]);
    let dir = f.close();
    let conn = Connection::open(dir.path().join("db")).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = on").unwrap();
    conn.execute_batch(ROWS).unwrap();
    (dir, conn)
}

/// `table: expression` of every CHECK of the schema.
fn checks(conn: &Connection) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for table in texts(conn, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
        let sql = texts(conn, &format!("SELECT sql FROM sqlite_schema WHERE name = '{table}'")).remove(0);
        for check in sql.split("CHECK (").skip(1) {
            all.insert(format!("{table}: {}", until_closed(check)));
        }
    }
    assert_eq!(SCHEMA.matches("CHECK (").count(), all.len(), "two of a table are alike");
    all
}

/// The text before the parenthesis that closes what was opened before it.
fn until_closed(text: &str) -> &str {
    let mut depth = 1;
    let end = text.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    &text[..end.expect("balanced parentheses")]
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn texts(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
