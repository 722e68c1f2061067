//! A place with an old store in it, and what the binary does there.

use crate::fixture::{Layout, OldDatabase, OldRecording};
use bytes::Bytes;
use lunette::media::mp4::Track;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use uuid::Uuid;

/// 2017-03-02T12:00:00Z.
pub(crate) const NOON: i64 = 1_488_456_000 * 90_000;

/// A configuration, a database and a directory of sample files.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        let config = format!(
            "[store]\ndb_dir = {:?}\nsample_dir = {:?}\nreserve = '1MiB'\n[web]\nlogin = 'none'\nlisten = ['127.0.0.1:0']\n[recorder]\ndiscovery = 'off'\n",
            place.db_dir(),
            place.sample_dir()
        );
        fs::write(place.path("lunette.toml"), config).unwrap();
        fs::create_dir(place.sample_dir()).unwrap();
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn db_dir(&self) -> PathBuf {
        self.path("db")
    }

    pub(crate) fn sample_dir(&self) -> PathBuf {
        self.path("sample")
    }

    /// Version 0 or 1 with film of two cameras: see [`Clip::fill`].
    pub(crate) fn with(layout: Layout, clip: &Clip) -> Self {
        let place = Self::new();
        let mut db = place.database(layout, clip);
        clip.fill(&mut db, &place.sample_dir());
        place
    }

    pub(crate) fn database(&self, layout: Layout, clip: &Clip) -> OldDatabase {
        OldDatabase::create(&self.db_dir(), layout, &clip.sample_entry, clip.size)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lunette"));
        command.arg("--config").arg(self.path("lunette.toml")).args(args);
        command.stdin(Stdio::null()).env("TZ", "UTC").env_remove("RUST_LOG");
        command
    }

    /// Status and all that was said.
    pub(crate) fn lunette(&self, args: &[&str]) -> (i32, String) {
        let Output { status, stdout, stderr } = self.command(args).output().unwrap();
        let said = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
        (status.code().unwrap_or(-1), said.replace(&self.dir.path().display().to_string(), "PLACE"))
    }

    /// The same where it must go well.
    pub(crate) fn expect(&self, args: &[&str]) -> String {
        let (status, said) = self.lunette(args);
        assert_eq!(status, 0, "lunette {args:?}: {said}");
        said
    }

    pub(crate) fn open_database(&self) -> Connection {
        Connection::open(self.db_dir().join("db")).unwrap()
    }

    /// All that the rows say, but for what is new in every database.
    pub(crate) fn rows(&self) -> String {
        let tables = [
            ("version", "id, notes"),
            ("open", "*"),
            ("camera", "*"),
            ("stream", "*"),
            ("video_sample_entry", "*"),
            ("run", "*"),
            ("recording", "*"),
            ("recording_index", "*"),
            ("old_file", "*"),
        ];
        let conn = self.open_database();
        tables.iter().map(|(table, columns)| format!("{table}\n{}", rows(&conn, table, columns))).collect()
    }

    /// Type, name, table and text of everything in the schema.
    pub(crate) fn schema(&self) -> String {
        rows(&self.open_database(), "sqlite_schema", "type, name, tbl_name, sql")
    }

    /// The names of the sample directory.
    pub(crate) fn files(&self) -> Vec<String> {
        names(&self.sample_dir())
    }
}

/// The names in a directory.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = entries.collect();
    names.sort();
    names
}

fn rows(conn: &Connection, table: &str, columns: &str) -> String {
    let mut statement = conn.prepare(&format!("SELECT {columns} FROM {table} ORDER BY 1, 2")).unwrap();
    let count = statement.column_count();
    let row = statement.query_map((), |row| {
        let cells = (0..count).map(|i| {
            row.get_ref(i).map(|value| match value {
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                value => format!("{value:?}"),
            })
        });
        Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join(" ") + "\n")
    });
    row.unwrap().map(Result::unwrap).collect()
}

/// Six seconds of moving pictures, ten a second, a key frame every second.
pub(crate) struct Clip {
    pub(crate) sample_entry: Vec<u8>,
    pub(crate) size: (u16, u16),
    /// Each with its bytes.
    frames: Vec<(bool, Vec<u8>)>,
    /// A hash of each picture.
    pub(crate) pictures: String,
}

impl Clip {
    pub(crate) fn make() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clip.mp4");
        let source = ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=6"];
        let coding = ["-c:v", "libx264", "-bf", "0", "-g", "10", "-pix_fmt", "yuv420p", "-preset", "ultrafast"];
        let made = Command::new("ffmpeg").args(source).args(coding).arg(&file).status();
        assert!(made.expect("ffmpeg; try scripts/install-deps").success());
        let bytes = fs::read(&file).unwrap();
        let track = Track::of_moov(&moov(&bytes)).unwrap();
        let sample = |s: lunette::media::mp4::reader::Located| bytes[s.offset as usize..][..s.bytes as usize].to_vec();
        let frames = track.samples().enumerate().map(|(i, s)| (i % 10 == 0, sample(s.unwrap())));
        Self {
            sample_entry: track.sample_entry.data.to_vec(),
            size: (track.sample_entry.width, track.sample_entry.height),
            frames: frames.collect(),
            pictures: pictures(&file),
        }
    }

    /// A second of it: frames as an index has them, and the film.
    pub(crate) fn second(&self, n: usize, ends_run: bool) -> (Vec<(i64, i64, bool)>, Vec<u8>) {
        let frames = &self.frames[10 * n..10 * (n + 1)];
        let film = frames.iter().flat_map(|(_, data)| data.clone()).collect();
        let mut index: Vec<_> = frames.iter().map(|(is_key, data)| (9000, data.len() as i64, *is_key)).collect();
        if ends_run {
            index[9].0 = 0;
        }
        (index, film)
    }

    /// Of each camera all six seconds: one run of three, which ends without a last duration, and another of three
    /// after an hour. The second camera's are half a second later.
    pub(crate) fn fill(&self, db: &mut OldDatabase, sample_dir: &Path) -> Vec<OldRecording> {
        let mut all = vec![];
        for n in 0..6 {
            for camera in 1..=2 {
                let (frames, film) = self.second(n, n == 2);
                let hour = if n < 3 { 0 } else { 3600 };
                let start = NOON + (n as i64 + hour) * 90_000 + (camera - 1) * 45_000;
                let recording =
                    OldRecording { run_offset: n as i64 % 3, ..OldRecording::of(camera, start, &frames, &film) };
                fs::write(sample_dir.join(recording.file_name()), film).unwrap();
                db.add(&recording);
                all.push(recording);
            }
        }
        all
    }
}

/// A hash of each picture of a film, decoded.
pub(crate) fn pictures(file: &Path) -> String {
    let what = ["-map", "0:v", "-fps_mode", "passthrough", "-f", "framehash", "-"];
    let told = Command::new("ffmpeg").args(["-nostdin", "-v", "error", "-i"]).arg(file).args(what).output().unwrap();
    assert!(told.stderr.is_empty(), "{}", String::from_utf8_lossy(&told.stderr));
    let lines = String::from_utf8(told.stdout).unwrap();
    let hashes = lines.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit(',').next());
    hashes.map(|hash| hash.trim().to_owned() + "\n").collect()
}

fn moov(mut file: &[u8]) -> Bytes {
    loop {
        let size = u32::from_be_bytes(*file.first_chunk().unwrap()) as usize;
        if &file[4..8] == b"moov" {
            return Bytes::copy_from_slice(&file[8..size]);
        }
        file = &file[size..];
    }
}

/// A uuid for a file of this number.
pub(crate) fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(0xabcd << 64 | n)
}
