//! The verbs through the real binary: wrong usage is told in one line with status 2, failures with status 3.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// A directory with a configuration that keeps everything inside of it.
struct Home {
    dir: TempDir,
}

/// What a verb did: its status, standard output and standard error.
#[derive(Debug, PartialEq)]
struct Told {
    status: i32,
    out: String,
    err: String,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        let config = format!(
            "[store]\ndb_dir = {:?}\nsample_dir = {:?}\n[web]\nlogin = 'none'\nlisten = ['127.0.0.1:0']\n[recorder]\ndiscovery = 'off'\n[log]\nlevel = 'warn'\n",
            path("db"),
            path("sample")
        );
        std::fs::write(dir.path().join("lunette.toml"), config).unwrap();
        Self { dir }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn show(&self) -> String {
        self.path().display().to_string()
    }

    /// Three seconds of moving pictures, 10 a second, coded as asked.
    fn clip(&self, name: &str, coding: &[&str]) {
        let input = ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=3"];
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(input).args(["-pix_fmt", "yuvj420p"]).args(coding).arg(self.path().join(name));
        assert!(ffmpeg.status().unwrap().success(), "{name}");
    }

    /// A hash of each picture, decoded.
    fn frames(&self, name: &str) -> String {
        let what = ["-map", "0:v", "-fps_mode", "passthrough", "-f", "framehash", "-"];
        let mut ffmpeg = Command::new("ffmpeg");
        let told =
            ffmpeg.args(["-nostdin", "-v", "error", "-i"]).arg(self.path().join(name)).args(what).output().unwrap();
        assert!(told.stderr.is_empty(), "{}", String::from_utf8_lossy(&told.stderr));
        let lines = String::from_utf8(told.stdout).unwrap();
        let hashes = lines.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit(',').next());
        hashes.map(|hash| hash.trim().to_owned() + "\n").collect()
    }

    /// Runs a verb in the directory; `line` is split at blanks.
    fn lunette(&self, line: &str) -> Told {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.words(&words)
    }

    /// Starts `run` and waits until it listens and has its film.
    fn daemon(&self, words: &[&str]) -> Daemon {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lunette"));
        command.args(words).current_dir(self.path()).env("RUST_LOG", "info").stderr(Stdio::piped());
        let mut daemon = Daemon(command.spawn().unwrap());
        let mut lines = BufReader::new(daemon.0.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("film: open in ")), "it ended");
        // What it says later must find a reader, or it would end by a broken pipe.
        std::thread::spawn(move || lines.for_each(drop));
        daemon
    }

    fn words(&self, words: &[&str]) -> Told {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lunette"));
        command.args(words).current_dir(self.path()).env_remove("RUST_LOG").env("TZ", "UTC");
        Told::from(command.output().unwrap())
    }
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

#[test]
fn wrong_usage_of_every_verb_is_one_line_and_status_2() {
    let home = Home::new();
    let lines = [
        ("", "a verb is missing"),
        ("fly", "unrecognized subcommand 'fly'"),
        ("--config", "a value is required for '--config <FILE>'"),
        ("--config nowhere.toml init", "config nowhere.toml: no such file"),
        ("ts", "required arguments were not provided: <VALUE>..."),
        ("ts 2020-01-01T00:00:00 soon", "time \"soon\": expected"),
        ("run --fast", "unexpected argument '--fast'"),
        ("run porch", "unexpected argument 'porch'"),
        ("init here", "unexpected argument 'here'"),
        ("camera", "a verb is missing"),
        ("camera paint", "unrecognized subcommand 'paint'"),
        ("camera add --name porch", "required arguments were not provided: --url <URL>"),
        ("camera add --name a --url rtsp://h/ --transport pigeon", "invalid value 'pigeon' for '--transport"),
        ("camera add --name a --url rtsp://h/ --retain much", "size \"much\": expected a whole number"),
        ("camera add --name a --url rtsp://h/ --password-file nowhere", "--password-file nowhere: No such file"),
        ("camera add --name a --url http://h/", "only rtsp:, pipe: and exec: are known"),
        ("camera edit", "required arguments were not provided: <NAME>"),
        ("camera edit porch --record perhaps", "invalid value 'perhaps' for '--record"),
        ("camera list porch", "unexpected argument 'porch'"),
        ("camera remove", "required arguments were not provided: <NAME>"),
        ("camera test", "required arguments were not provided: <NAME|--url <URL>>"),
        ("camera test porch --url rtsp://h/", "cannot be used with"),
        ("camera test porch --stream third", "expected main or sub"),
        ("camera test --url nonsense", "begins with none of rtsp:, pipe: and exec:"),
        ("check --deep", "unexpected argument '--deep'"),
        ("export --camera porch", "required arguments were not provided: --start <TIME> --end <TIME> --output <FILE>"),
        ("export --camera a --start x --end 2 -o f.mp4", "--start: time \"x\": expected"),
        ("export --camera a --start 2 --end 2 -o f.mp4", "--end: must be after --start"),
        ("import", "required arguments were not provided: --camera <NAME> --start <TIME> <FILE>"),
        ("import film.avi --camera a --start 1", "import film.avi: the name ends in none of"),
        ("import nowhere.h264 --camera a --start 1", "import nowhere.h264: No such file"),
        ("import a.h264 --camera a --start 1 --fps 0", "expected a number from 0.1 to 240"),
    ];
    let mut wrong = Vec::new();
    for (line, expected) in lines {
        let told = home.lunette(line);
        let one_line = told.err.starts_with("lunette: ") && told.err.lines().count() == 1;
        if !(one_line && told.err.contains(expected) && told.status == 2 && told.out.is_empty()) {
            wrong.push(format!("{line}: expected {expected:?}, got {told:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn help_and_version_are_answers() {
    let home = Home::new();
    for line in ["--help", "--version", "camera --help", "camera add --help", "import --help"] {
        let told = home.lunette(line);
        assert_eq!((told.status, told.err.as_str()), (0, ""), "{line}");
        assert!(!told.out.is_empty(), "{line}");
    }
}

#[test]
fn a_configuration_with_an_unknown_key_is_refused_with_its_place() {
    let home = Home::new();
    std::fs::write(home.path().join("lunette.toml"), "[store]\ndb_dri = '/d'\n").unwrap();
    let told = home.lunette("init");
    let begin = "lunette: config lunette.toml: line 2, column 1: unknown field `db_dri`, expected one of `db_dir`, ";
    assert!(told.status == 2 && told.err.starts_with(begin), "{told:?}");
}

#[test]
fn ts_opens_neither_configuration_nor_database() {
    let home = Home::new();
    std::fs::write(home.path().join("lunette.toml"), "this is no toml").unwrap();
    let told = home.lunette("ts 133960904641234 2017-03-02T11:34:56:01234+00:00");
    let out = "2017-03-02T11:34:56:01234+00:00\n133960904641234\n".to_owned();
    assert_eq!(told, Told { status: 0, out, err: String::new() });
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn init_makes_what_is_missing_and_says_where() {
    let home = Home::new();
    let told = home.lunette("init");
    assert_eq!((told.status, told.err.as_str()), (0, ""));
    assert!(
        told.out.lines().eq([format!("database in {}/db", home.show()), format!("film in {}/sample", home.show())])
    );
    assert_eq!(home.lunette("init").status, 0);
    assert_eq!(home.lunette("check"), Told { status: 0, out: String::new(), err: String::new() });
}

#[test]
fn cameras_are_managed_without_a_daemon() {
    let home = Home::new();
    let nothing = home.lunette("camera list");
    assert!(nothing.status == 3 && nothing.err.lines().count() == 1, "nothing is made by looking: {nothing:?}");
    std::fs::write(home.path().join("password"), "hunter2\nnotes\n").unwrap();
    let added =
        home.lunette("camera add --name porch --url rtsp://u@h/main --sub-url rtsp://h/sub --password-file password");
    assert!(added.status == 0 && added.out.starts_with("added camera porch ("), "{added:?}");
    assert_eq!(home.lunette("camera add --name porch --url rtsp://h/").status, 3);
    assert_eq!(home.lunette("camera edit porch --name yard --retain 2GiB --record false").status, 0);
    let told = home.lunette("camera edit nobody --name x");
    assert_eq!((told.status, told.err.as_str()), (3, "lunette: camera \"nobody\": no such camera; known: yard\n"));
    assert!(home.lunette("camera edit yard").err.contains("nothing to change"));
    let elsewhere = home.lunette("camera edit yard --url rtsp://other/main");
    assert!(
        elsewhere.status == 2 && elsewhere.err.contains("its password would go to another server"),
        "{elsewhere:?}"
    );
    assert_eq!(home.lunette("camera edit yard --url rtsp://h/main --password-file password").status, 0);
    let listed: serde_json::Value = serde_json::from_str(&home.lunette("camera list --json").out).unwrap();
    let camera = &listed["cameras"][0];
    assert_eq!((&camera["name"], &camera["username"]), (&"yard".into(), &"u".into()));
    for (kind, source) in [("main", "rtsp://h/main"), ("sub", "rtsp://h/sub")] {
        let stream = &camera["streams"][kind];
        assert_eq!((&stream["source"], &stream["retainBytes"]), (&source.into(), &(2u64 << 30).into()), "{kind}");
    }
    assert!(!listed.to_string().contains("hunter2"));
    assert_eq!(home.lunette("camera remove yard").out, "removed camera yard; its film stays\n");
    assert_eq!(home.lunette("camera remove yard --delete-film").out, "removed camera yard and its film\n");
    assert_eq!(home.lunette("camera list").out, "no cameras yet: lunette camera add --name NAME --url URL\n");
}

#[test]
fn a_camera_that_does_not_answer_is_told_in_words() {
    let home = Home::new();
    let told = home.lunette("camera test --url rtsp://127.0.0.1:1/");
    assert_eq!((told.status, told.err.lines().count()), (3, 1));
    assert!(told.err.contains("camera unreachable"), "{told:?}");
}

#[test]
fn what_was_imported_is_exported_and_can_be_imported_again() {
    let home = Home::new();
    home.clip("film.h264", &["-c:v", "libx264", "-tune", "zerolatency", "-g", "10", "-f", "h264"]);
    assert_eq!(home.lunette("camera add --name porch --url rtsp://h/ --sub-url rtsp://h/ --record false").status, 0);
    let imported = home.lunette("import film.h264 --camera porch --start 2024-05-01T10:00:00 --fps 10");
    assert_eq!(imported.out, "imported 2.9 s of film, until 2024-05-01T10:00:02:81000+00:00\n");
    let span = "--start 2024-05-01T10:00:00 --end 2024-05-01T10:01:00";
    let exported = home.lunette(&format!("export --camera porch {span} -o film.mp4"));
    assert!(exported.status == 0 && exported.out.starts_with("film.mp4: "), "{exported:?}");
    assert_eq!(home.lunette(&format!("export --camera porch {span} -o film.mp4")).status, 3, "nothing is overwritten");
    let again = home.lunette("import film.mp4 --camera porch --stream sub --start 2024-05-01T10:00:00");
    assert_eq!(again, imported);
    home.lunette(&format!("export --camera porch --stream sub {span} -o again.mp4"));
    assert_eq!(home.frames("again.mp4"), home.frames("film.h264"));
    assert_eq!(home.frames("again.mp4").lines().count(), 30);
    assert_eq!(home.lunette("check --hash"), Told { status: 0, out: String::new(), err: String::new() });
}

#[test]
fn what_is_imported_between_films_ends_one_hole_and_begins_another() {
    let home = Home::new();
    home.clip("film.h264", &["-c:v", "libx264", "-tune", "zerolatency", "-g", "10", "-f", "h264"]);
    assert_eq!(home.lunette("camera add --name porch --url rtsp://h/ --record false").status, 0);
    for minute in [10, 30, 20, 25] {
        let line = format!("import film.h264 --camera porch --start 2024-05-01T10:{minute}:00Z --fps 10");
        assert_eq!(home.lunette(&line).status, 0);
        assert_eq!(home.lunette("check"), Told { status: 0, out: String::new(), err: String::new() });
    }
    let db = rusqlite::Connection::open(home.dir.path().join("db/db")).unwrap();
    let sql = "SELECT strftime('%M:%S', start_90k / 90000, 'unixepoch') || ' ' ||
        ifnull(strftime('%M:%S', end_90k / 90000, 'unixepoch'), '') || ' ' || cause FROM gap ORDER BY start_90k";
    let mut statement = db.prepare(sql).unwrap();
    let gaps: Vec<String> = statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(gaps, ["10:02 20:00 not told", "20:02 25:00 not told", "25:02 30:00 not told", "30:02  not told"]);
}

#[test]
fn film_is_protected_without_a_daemon() {
    let home = Home::new();
    home.clip("film.h264", &["-c:v", "libx264", "-tune", "zerolatency", "-g", "10", "-f", "h264"]);
    assert_eq!(home.lunette("camera add --name porch --url rtsp://h/ --record false").status, 0);
    assert_eq!(home.lunette("import film.h264 --camera porch --start 2024-05-01T10:00:00 --fps 10").status, 0);
    let protect = |words: &str| home.lunette(&format!("protect {words}"));
    assert_eq!(protect("list porch").out, "nothing is protected\n");
    let span = "--start 2024-05-01T10:00:01 --end 2024-05-01T10:00:02";
    let kept = "START                            END\n\
        2024-05-01T10:00:01:00000+00:00  2024-05-01T10:00:02:00000+00:00\n";
    assert_eq!(protect(&format!("add porch {span}")), Told { status: 0, out: kept.into(), err: String::new() });
    assert_eq!(protect("list porch").out, kept);
    assert_eq!(protect(&format!("remove porch {span}")).out, "nothing is protected\n");
    let never = protect("add porch --start 2023-05-01T10:00:01 --end 2023-05-01T10:00:02");
    assert_eq!((never.status, never.err.as_str()), (2, "lunette: nothing was recorded within the span\n"));
    assert_eq!(protect("add porch --end 1 --start 2").err, "lunette: --end: must be after --start\n");
}

#[test]
fn b_frames_of_an_mp4_come_back_in_their_order() {
    let home = Home::new();
    home.clip("film.mp4", &["-c:v", "libx264", "-bf", "3", "-b-pyramid", "normal", "-g", "10", "-sc_threshold", "0"]);
    assert_eq!(home.lunette("camera add --name porch --url rtsp://h/ --record false").status, 0);
    let imported = home.lunette("import film.mp4 --camera porch --start 2024-05-01T10:00:00");
    assert!(imported.status == 0 && imported.out.starts_with("imported "), "{imported:?}");
    let span = "--start 2024-05-01T10:00:00 --end 2024-05-01T10:01:00";
    assert_eq!(home.lunette(&format!("export --camera porch {span} -o again.mp4")).status, 0);
    assert_eq!(home.frames("again.mp4"), home.frames("film.mp4"));
    assert_eq!(home.lunette("check --hash"), Told { status: 0, out: String::new(), err: String::new() });
}

#[test]
fn b_frames_of_a_raw_stream_come_back_in_their_order() {
    let home = Home::new();
    let x265 = "log-level=none:bframes=4:open-gop=1:keyint=15:min-keyint=15:scenecut=0";
    for (camera, clip, coding) in [
        ("porch", "film.h264", &["-c:v", "libx264", "-bf", "3", "-b_strategy", "0", "-g", "15", "-slices", "3"][..]),
        ("yard", "film.h265", &["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", x265]),
    ] {
        home.clip(clip, coding);
        assert_eq!(home.lunette(&format!("camera add --name {camera} --url rtsp://h/ --record false")).status, 0);
        // The stream says itself that it has ten pictures a second.
        let imported = home.lunette(&format!("import {clip} --camera {camera} --start 2024-05-01T10:00:00"));
        assert_eq!(imported.out, "imported 2.9 s of film, until 2024-05-01T10:00:02:81000+00:00\n", "{imported:?}");
        let span = "--start 2024-05-01T10:00:00 --end 2024-05-01T10:01:00";
        assert_eq!(home.lunette(&format!("export --camera {camera} {span} -o {clip}.mp4")).status, 0);
        assert_eq!(home.frames(&format!("{clip}.mp4")), home.frames(clip), "{clip}");
        assert_eq!(home.frames(clip).lines().count(), 30);
    }
    assert_eq!(home.lunette("check --hash"), Told { status: 0, out: String::new(), err: String::new() });
}

#[test]
fn files_that_cannot_be_imported_are_refused_in_words() {
    let home = Home::new();
    home.clip("parts.mp4", &["-c:v", "libx264", "-movflags", "frag_keyframe+empty_moov"]);
    home.clip("jpeg.mp4", &["-c:v", "mjpeg"]);
    std::fs::write(home.path().join("text.mp4"), "not at all an mp4 file").unwrap();
    std::fs::write(home.path().join("text.h264"), "no pictures here").unwrap();
    assert_eq!(home.lunette("camera add --name porch --url rtsp://h/ --record false").status, 0);
    for (file, why) in [
        ("parts.mp4", "it is fragmented"),
        ("jpeg.mp4", "its codec is mp4v"),
        ("text.mp4", "breaks off"),
        ("text.h264", "there is no H.264 picture in it"),
    ] {
        let told = home.lunette(&format!("import {file} --camera porch --start 1"));
        assert!(told.status == 2 && told.err.contains(why) && told.err.lines().count() == 1, "{file}: {told:?}");
    }
    let told = home.lunette("import text.h264 --camera garden --start 1");
    assert!(told.status == 3 && told.err.contains("camera \"garden\" has no main stream"), "{told:?}");
}

#[test]
fn an_export_that_fails_leaves_no_file() {
    let home = Home::new();
    assert_eq!(home.lunette("camera add --name porch --url rtsp://h/ --record false").status, 0);
    let told = home.lunette("export --camera porch --start 1 --end 2 -o film.mp4");
    assert_eq!((told.status, told.err.as_str()), (3, "lunette: nothing was recorded in this span\n"));
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("mp4")), "{left:?}");
}

#[test]
fn verbs_go_through_the_daemon_while_it_runs() {
    let home = Home::new();
    let daemon = home.daemon(&["run"]);
    let socket = std::fs::metadata(home.path().join("db/lunette.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    let added = home.words(&["camera", "add", "--name", "pi", "--url", "exec:sleep 9", "--record", "false"]);
    assert!(added.status == 0 && added.out.starts_with("added camera pi ("), "{added:?}");
    assert!(home.lunette("camera list").out.contains("exec:sleep"));
    assert_eq!(home.lunette("camera edit pi --name hall").status, 0);
    let told = home.lunette("export --camera hall --start 1 --end 2 -o film.mp4");
    assert_eq!(told.err, "lunette: nothing was recorded in this span\n");
    home.clip("film.h264", &["-c:v", "libx264", "-tune", "zerolatency", "-f", "h264"]);
    for verb in ["run", "init", "check --repair", "import film.h264 --camera hall --start 1"] {
        let told = home.lunette(verb);
        assert!(
            told.status == 3 && told.err.lines().last().unwrap().contains("in use by another lunette"),
            "{verb}: {told:?}"
        );
    }
    assert_eq!(daemon.end(), 0);
    assert!(!home.path().join("db/lunette.sock").exists());
    assert!(home.lunette("camera list").out.contains("hall"));
}

#[test]
fn a_daemon_that_only_reads_leaves_the_lock_to_others() {
    let home = Home::new();
    assert_eq!(home.lunette("init").status, 0);
    let daemon = home.daemon(&["run", "--read-only"]);
    assert_eq!(home.lunette("camera add --name porch --url rtsp://h/ --record false").status, 0);
    assert_eq!(daemon.end(), 0);
}

/// A daemon that answers.
struct Daemon(Child);

impl Daemon {
    /// Asks it to stop, and gives its exit status.
    fn end(mut self) -> i32 {
        let id = i32::try_from(self.0.id()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGTERM).unwrap();
        self.0.wait().unwrap().code().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
