//! Keeps the code on the floors that `docs/architecture.md` draws.
//!
//! When a check fails, first ask whether the shared word belongs on a lower floor. If the drawing is what should change,
//! change it here and there together.

use std::fs;
use std::path::{Path, PathBuf};

/// Top-level modules, ground floor first. A module imports only from floors below its own.
const FLOORS: &[&[&str]] =
    &[&["base"], &["media"], &["appliance", "camera", "live", "store"], &["recorder", "web"], &["cmd"]];

/// A word and the only paths below `src/` whose code may say it.
const FENCES: &[(&str, &[&str])] = &[
    ("unsafe", &["store/mmap.rs"]),
    ("memmap2::", &["store/mmap.rs"]),
    ("rusqlite::", &["store/db", "store/upgrade"]),
    ("retina::", &["camera/rtsp"]),
    ("rtime_clock::", &["recorder/clock"]),
    ("h264_reader::", &["media/"]),
    ("hyper::", &["web/", "cmd/", "camera/onvif"]),
    ("hyper_util::", &["web/", "cmd/", "camera/onvif"]),
    ("quick_xml::", &["camera/onvif"]),
    ("http_auth::", &["camera/onvif"]),
    ("http_serve::", &["web/", "cmd/"]),
    ("argon2::", &["web/auth"]),
    ("subtle::", &["web/auth"]),
    ("getrandom::", &["web/auth"]),
    ("ring::aead::", &["web/auth/sealed.rs"]),
    ("rustls::", &["web/tls"]),
    ("tokio_rustls::", &["web/tls", "web/direct.rs"]),
    ("rcgen::", &["web/tls"]),
    ("tokio_tungstenite::", &["web/live"]),
    ("zbus::", &["appliance/helper"]),
    ("listenfd::", &["cmd/helper"]),
    ("nix::", &["appliance/", "camera/", "store/", "cmd/"]),
    ("tokio::", &["appliance/", "camera/", "live/", "store/", "recorder/", "web/", "cmd/"]),
    ("::now()", &["appliance/", "camera/", "store/", "recorder/", "web/", "cmd/"]),
    ("println!", &["cmd/"]),
    ("print!", &["cmd/"]),
    ("eprintln!", &["cmd/"]),
    ("env_logger::", &["cmd/"]),
    (".unwrap()", &[]),
];

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for file in sources() {
        let Some(own) = floor(file.module()) else { continue };
        for (line, used) in imports(&file.code) {
            if used == file.module() {
                continue;
            }
            match floor(used) {
                Some(other) if other < own => {}
                Some(other) => wrong.push(format!("{}:{line}: floor {own} imports {used} of floor {other}", file.name)),
                None => wrong.push(format!("{}:{line}: {used} is no module of a floor", file.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn fenced_words_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for file in sources() {
        for (word, rooms) in FENCES {
            if rooms.iter().any(|room| file.name.starts_with(room)) {
                continue;
            }
            for (at, line) in file.code.iter().enumerate() {
                if says(line, word) {
                    wrong.push(format!("{}:{}: `{word}` belongs to {}", file.name, at + 1, rooms.join(", ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Fc8. Rows of other tables are few.
#[test]
fn every_query_of_recordings_and_runs_has_its_plan_told() {
    let sources = sources();
    let mut untold = Vec::new();
    for file in sources.iter().filter(|file| file.name.starts_with("store/db")) {
        let rooms = [file.name.clone(), file.own_tests(), file.tests_beside()];
        let near = sources.iter().filter(|source| rooms.contains(&source.name));
        let told: Vec<String> = near.flat_map(|source| planned(&source.text)).collect();
        for constant in file.code.join("\n").split("const ").skip(1) {
            let (name, rest) = constant.split_once(':').unwrap();
            let sql = rest.split(";\n").next().unwrap();
            let reads =
                |table: &str| ["FROM", "JOIN", "UPDATE"].iter().any(|verb| says(sql, &format!("{verb} {table}")));
            if ["recording", "recording_index", "run"].into_iter().any(reads) && !told.iter().any(|told| told == name) {
                untold.push(format!("src/{}: {name}", file.name));
            }
        }
    }
    assert!(untold.is_empty(), "constants of a file without a snapshot by `plan`: {untold:#?}");
}

/// What a text hands to `plan`: one constant, an array, or some in brackets.
fn planned(text: &str) -> Vec<String> {
    let text: String = text.split_whitespace().collect();
    let called = text.split("plan(").skip(1).filter_map(|rest| rest.split(')').next());
    let mapped = text.split(".map(plan)").filter_map(|before| match before.strip_suffix(']') {
        Some(several) => several.rsplit('[').next(),
        None => before.rsplit(['(', '=', '{', ';']).next(),
    });
    called.chain(mapped).flat_map(|names| names.split(',')).map(str::to_owned).collect()
}

#[test]
fn every_file_begins_with_what_it_is() {
    for file in sources() {
        assert!(file.text.starts_with("//!"), "src/{} has no `//!` line", file.name);
    }
}

#[test]
fn drawing_and_map_name_every_module() {
    let drawing = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for name in FLOORS.iter().copied().flatten() {
        assert!(drawing.contains(&format!("src/{name}")), "docs/architecture.md forgot src/{name}");
        assert!(map.contains(&format!("pub mod {name};")), "src/lib.rs has no {name}");
    }
    for line in map.lines().filter_map(|line| line.strip_prefix("pub mod ")) {
        let name = line.trim_end_matches(';');
        assert!(floor(name).is_some(), "src/{name} has no floor");
    }
}

/// A file below `src/`.
struct Source {
    /// Its path below `src/`.
    name: String,
    text: String,
    /// Its lines up to the unit tests, without comments.
    code: Vec<String>,
}

impl Source {
    fn read(src: &Path, path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
        let is_test = name.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "testing.rs"));
        let code = if is_test { Vec::new() } else { code(&text) };
        Self { name, text, code }
    }

    /// Of a file with a room of its own.
    fn own_tests(&self) -> String {
        self.name.replace(".rs", "/tests.rs")
    }

    fn tests_beside(&self) -> String {
        self.name.rsplit_once('/').map_or(String::new(), |(room, _)| format!("{room}/tests.rs"))
    }

    fn module(&self) -> &str {
        self.name.split(['/', '.']).next().unwrap()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut found: Vec<PathBuf> = Vec::new();
    let mut dirs = vec![src.clone()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => dirs.push(path),
                false => found.push(path),
            }
        }
    }
    found.retain(|path| path.extension().is_some_and(|e| e == "rs"));
    found.sort();
    found.iter().map(|path| Source::read(&src, path)).collect()
}

fn code(text: &str) -> Vec<String> {
    let body = text.split("#[cfg(test)]").next().unwrap();
    body.lines().map(|line| line.split("//").next().unwrap().to_owned()).collect()
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Every module named after `crate::`, with its line number.
fn imports(code: &[String]) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, line) in code.iter().enumerate() {
        for (_, rest) in line.match_indices("crate::").map(|(i, m)| (i, &line[i + m.len()..])) {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            assert!(end > 0, "write one path a line, `use crate::module::…`: {line}");
            found.push((at + 1, &rest[..end]));
        }
    }
    found
}

/// `line` holds `word`, and not only as a part of a longer name.
fn says(line: &str, word: &str) -> bool {
    let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
    line.match_indices(word).any(|(at, _)| {
        let goes_on_before =
            word.starts_with(|c| is_name(&c)) && line[..at].chars().next_back().filter(is_name).is_some();
        let goes_on_after = word.ends_with(|c| is_name(&c)) && line[at + word.len()..].starts_with(|c| is_name(&c));
        !goes_on_before && !goes_on_after
    })
}

#[test]
fn a_fenced_word_is_a_whole_word() {
    assert!(says("let t = Instant::now();", "::now()"));
    assert!(says("unsafe { f() }", "unsafe"));
    assert!(!says("#![deny(unsafe_code)]", "unsafe"));
    assert!(!says("eprintln!(\"\")", "println!"));
    assert!(!says("my_hyper::rt()", "hyper::"));
}
