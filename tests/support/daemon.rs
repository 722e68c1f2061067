//! `Home` and `Daemon`: a place for a recorder's files, and `lunette run` working in it.

use super::http::{self, Answer};
use super::process::Process;
use super::wait::{secs, wait_until};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A temporary directory with a configuration, a database and a sample directory. It outlives the daemons in it.
pub(crate) struct Home {
    dir: TempDir,
    /// What the daemon tells: `RUST_LOG`.
    pub(crate) log: &'static str,
}

/// A camera to be added. `Default` fills what a test does not care about.
#[derive(Default, Clone, Copy)]
pub(crate) struct NewCamera<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its main stream.
    pub(crate) url: &'a str,
    /// User name and password.
    pub(crate) login: Option<(&'a str, &'a str)>,
    /// RTP in datagrams.
    pub(crate) udp: bool,
}

impl Home {
    /// Nothing is recorded in it yet.
    pub(crate) fn new() -> Self {
        let sync_interval = Self::SYNC_INTERVAL_SECS;
        Self::with_store(&format!(
            "db_dir = 'db'\nsample_dir = 'sample'\nreserve = '1MiB'\nsync_interval = '{sync_interval}s'"
        ))
    }

    /// With these words for `[store]`. Paths are relative to the home.
    pub(crate) fn with_store(store: &str) -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap(), log: "info" };
        let config = format!(
            "[store]\n{store}\n[web]\nlogin = 'none'\nlisten = ['127.0.0.1:0']\n[recorder]\ndiscovery = 'off'\n"
        );
        fs::write(home.path("lunette.toml"), config).unwrap();
        home
    }

    /// Rows are written so often: as a rule, once a minute.
    pub(crate) fn flush_every(&self, seconds: u64) {
        let file = self.path("lunette.toml");
        let config = fs::read_to_string(&file).unwrap();
        fs::write(file, config.replace("sync_interval", &format!("flush_interval = '{seconds}s'\nsync_interval")))
            .unwrap();
    }

    /// Whoever comes over TCP has to log in.
    pub(crate) fn require_login(&self) {
        self.configure(|config| config.replace("login = 'none'", "login = 'required'"));
    }

    /// Changes the configuration.
    pub(crate) fn configure(&self, change: impl FnOnce(String) -> String) {
        let file = self.path("lunette.toml");
        let config = fs::read_to_string(&file).unwrap();
        fs::write(file, change(config)).unwrap();
    }

    /// How often film is made durable; a crash costs at most that and a group of pictures.
    pub(crate) const SYNC_INTERVAL_SECS: u64 = 2;

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Its directory.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// `lunette ARGS`, ready to be run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lunette"));
        command.arg("--config").arg(self.path("lunette.toml")).args(args);
        command.env("RUST_LOG", self.log).current_dir(self.dir());
        command
    }

    /// Runs a verb to its end.
    pub(crate) fn lunette(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a verb to its end and returns what it printed. Panics unless its status is 0.
    pub(crate) fn expect(&self, args: &[&str]) -> String {
        let output = self.lunette(args);
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "lunette {args:?}: {}\n{said}", output.status);
        said.into_owned()
    }

    /// `lunette camera add …`, whether a daemon runs or not.
    pub(crate) fn add_camera(&self, camera: NewCamera<'_>) {
        let mut args = vec!["camera", "add", "--name", camera.name, "--url", camera.url];
        let password_file = self.path("password");
        if let Some((username, password)) = camera.login {
            fs::write(&password_file, password).unwrap();
            args.extend(["--username", username, "--password-file", password_file.to_str().unwrap()]);
        }
        if camera.udp {
            args.extend(["--transport", "udp"]);
        }
        self.expect(&args);
    }

    /// Starts `lunette run` and waits until it answers.
    pub(crate) fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    /// The same, with these in its environment.
    pub(crate) fn start_with(&self, environment: &[(&str, &Path)]) -> Daemon {
        let started = self.try_start(environment);
        started.unwrap_or_else(|said| panic!("lunette run ended at once:\n{}", said.join("\n")))
    }

    /// The same, or what it said when it ended at once.
    pub(crate) fn try_start(&self, environment: &[(&str, &Path)]) -> Result<Daemon, Vec<String>> {
        let environment = environment.iter().map(|(name, value)| (name, value));
        Self::try_start_as(self.command(&["run"]).envs(environment))
    }

    /// Starts `lunette run` and waits until it answers, though there is no film yet.
    pub(crate) fn start_without_film(&self) -> Daemon {
        Self::try_listen_as(&mut self.command(&["run"])).unwrap_or_else(|said| panic!("{}", said.join("\n")))
    }

    /// The same, however `lunette run` is to be started.
    pub(crate) fn try_start_as(command: &mut Command) -> Result<Daemon, Vec<String>> {
        let mut daemon = Self::try_listen_as(command)?;
        let opened = wait_until("the film is there", secs(60), || match daemon.process.has_ended() {
            true => Some(false),
            false => (daemon.try_get("/api/session")?.json()["waitsFor"].is_null()).then_some(true),
        });
        if opened { Ok(daemon) } else { Err(daemon.process.said()) }
    }

    fn try_listen_as(command: &mut Command) -> Result<Daemon, Vec<String>> {
        let mut process = Process::start("lunette", command);
        let listens = |line: &String| {
            let rest = &line[line.find("http://127.0.0.1:")? + "http://".len()..];
            let end = rest.find(|c: char| !c.is_ascii_digit() && !".:".contains(c)).unwrap_or(rest.len());
            rest[..end].parse().ok()
        };
        let started = wait_until("lunette says its address", secs(30), || match process.has_ended() {
            true => {
                process.wait(secs(10));
                Some(Err(process.said()))
            }
            false => process.said().iter().find_map(listens).map(Ok),
        });
        let daemon = Daemon { address: started?, process };
        wait_until("the API answers", secs(10), || daemon.try_get("/api/session"));
        Ok(daemon)
    }
}

/// A running `lunette run`.
pub(crate) struct Daemon {
    /// The process. Dropping it kills it.
    pub(crate) process: Process,
    address: SocketAddr,
}

impl Daemon {
    /// Where it serves.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `GET path`.
    pub(crate) fn get(&self, path: &str) -> Answer {
        http::get(self.address, path).unwrap_or_else(|e| panic!("GET {path}: {e}"))
    }

    /// What `path` is for other programs.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn try_get(&self, path: &str) -> Option<Answer> {
        http::get(self.address, path).ok()
    }

    /// What the API says of a camera, by its name.
    pub(crate) fn camera(&self, name: &str) -> Option<Value> {
        let cameras = self.get("/api/").json()["cameras"].clone();
        cameras.as_array().unwrap().iter().find(|camera| camera["name"] == name).cloned()
    }

    /// A path of a camera's main stream: `recordings`, `view.mp4?…`.
    pub(crate) fn main_stream(&self, name: &str, resource: &str) -> String {
        let uuid = self.camera(name).unwrap_or_else(|| panic!("a camera {name}"))["uuid"].clone();
        format!("/api/cameras/{}/main/{resource}", uuid.as_str().unwrap())
    }

    /// Recordings of a camera's main stream as the API lists them, each on its own.
    pub(crate) fn recordings(&self, name: &str) -> Vec<Value> {
        let listed = self.get(&self.main_stream(name, "recordings?split90k=1")).json();
        let mut recordings = listed["recordings"].as_array().unwrap().clone();
        recordings.sort_by_key(|r| r["startId"].as_i64());
        recordings
    }

    /// Waits until such a trouble with the disks is told; with `None`, until there is none.
    pub(crate) fn wait_for_trouble(&self, words: Option<&str>) {
        wait_until(&format!("trouble {words:?}"), secs(60), || {
            let told = self.get("/api/").json()["trouble"].clone();
            match words {
                None => told.is_null(),
                Some(words) => told.as_str().is_some_and(|told| told.contains(words)),
            }
            .then_some(())
        });
    }

    /// Frames of a camera's main stream that are listed.
    pub(crate) fn frames(&self, name: &str) -> i64 {
        self.recordings(name).iter().map(|r| r["videoSamples"].as_i64().unwrap()).sum()
    }

    /// Waits until so many more frames are listed.
    pub(crate) fn wait_for_more(&self, name: &str, frames: i64) {
        let wanted = self.frames(name) + frames;
        wait_until(&format!("{frames} more frames of {name}"), secs(60), || {
            (self.frames(name) >= wanted).then_some(())
        });
    }

    /// Waits until so many seconds of a camera are listed.
    pub(crate) fn wait_for_film(&self, name: &str, seconds: u64) {
        wait_until(&format!("{seconds} s of {name}"), secs(seconds + 40), || {
            let sum: i64 = self.recordings(name).iter().map(|r| r["mediaDuration90k"].as_i64().unwrap()).sum();
            (sum >= seconds as i64 * 90_000).then_some(())
        });
    }

    /// Asks it to end, and waits until it has: it must succeed within the five seconds that it has for it, give or take
    /// a busy machine.
    pub(crate) fn stop(mut self) -> Vec<String> {
        self.process.signal(Signal::SIGTERM);
        let status = self.process.wait(secs(10));
        let said = self.process.said();
        assert!(status.success(), "lunette run ended with {status}: {:#?}", &said[said.len().saturating_sub(20)..]);
        said
    }

    /// Kills it as a power cut would end it.
    pub(crate) fn kill(mut self) {
        self.process.signal(Signal::SIGKILL);
        self.process.wait(secs(10));
    }
}
