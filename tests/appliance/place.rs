//! `Place`: a machine of ours in a folder, with a bus, RAUC, the helper and the daemon.

use crate::bundles::Bundle;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) struct Place {
    directory: TempDir,
    rauc: String,
    port: u16,
}

/// It ends when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Bus, RAUC and helper of a start.
pub(crate) struct Machine {
    #[allow(dead_code)]
    processes: Vec<Process>,
}

pub(crate) struct Daemon {
    #[allow(dead_code)]
    process: Process,
    port: u16,
}

impl Place {
    /// `None` where no RAUC can be had; with CI=true that is a failure.
    pub(crate) fn new() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/appliance/get-rauc");
        // Tests run side by side: the first fetches it.
        let got =
            Command::new("flock").arg(std::env::temp_dir().join("lunette-get-rauc")).arg(script).output().unwrap();
        if !got.status.success() {
            let why = String::from_utf8_lossy(&got.stderr).into_owned();
            assert!(std::env::var_os("CI").is_none(), "no RAUC: {why}");
            eprintln!("left out, no RAUC: {why}");
            return None;
        }
        let rauc = String::from_utf8(got.stdout).unwrap().trim().to_owned();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = Self { directory: tempfile::tempdir().unwrap(), rauc, port };
        place.furnish();
        Some(place)
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn furnish(&self) {
        for folder in ["data", "mnt", "state/upload", "proof", "root/etc"] {
            fs::create_dir_all(self.at(folder)).unwrap();
        }
        for name in ["ours", "stranger"] {
            let mut openssl = Command::new("openssl");
            openssl
                .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj"])
                .arg(format!("/CN={name}"));
            openssl
                .arg("-keyout")
                .arg(self.at(&format!("{name}.key")))
                .arg("-out")
                .arg(self.at(&format!("{name}.pem")));
            assert!(openssl.output().unwrap().status.success());
        }
        for slot in ["A", "B"] {
            fs::write(self.at(&format!("slot.{slot}")), vec![0; 1 << 20]).unwrap();
            fs::write(self.at(&format!("boots.{slot}")), "good\n").unwrap();
        }
        fs::write(self.at("primary"), "A\n").unwrap();
        let here = self.directory.path().display();
        let files = [
            (
                "bus.conf",
                format!(
                    "<busconfig><type>system</type><listen>unix:path={here}/bus</listen><policy context=\"default\">\
                     <allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow own=\"*\"/><allow user=\"*\"/>\
                     </policy></busconfig>"
                ),
            ),
            ("boot-loader", format!("#!/bin/sh\ncd {here}\n{BOOT_LOADER}")),
            (
                "system.conf",
                format!(
                    "[system]\ncompatible=lunette-armv7\nbootloader=custom\nbundle-formats=plain verity\n\
                     data-directory={here}/data\nmountprefix={here}/mnt\n[handlers]\n\
                     bootloader-custom-backend={here}/boot-loader\n[keyring]\npath={here}/ours.pem\n\
                     [slot.rootfs.0]\ndevice={here}/slot.A\ntype=raw\nbootname=A\n\
                     [slot.rootfs.1]\ndevice={here}/slot.B\ntype=raw\nbootname=B\n"
                ),
            ),
            (
                "lunette.toml",
                format!(
                    "[store]\ndb_dir = '{here}/db'\nsample_dir = '{here}/film'\n[recorder]\ndiscovery = 'off'\n\
                     [web]\nlisten = ['127.0.0.1:{}']\nlogin = 'none'\n\
                     [appliance]\nhelper = '{here}/helper.sock'\nstate = '{here}/state'\n\
                     [appliance.proof]\ndir = '{here}/proof'\nwindow = '3s'\nsteady = '1s'\n",
                    self.port
                ),
            ),
        ];
        for (name, text) in files {
            fs::write(self.at(name), text).unwrap();
        }
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(self.at("boot-loader"), executable).unwrap();
    }

    /// The machine starts from a slot, in which version 0.2.0 was flashed or 0.3.0 installed.
    pub(crate) fn start(&self, slot: &str) -> Machine {
        for socket in ["bus", "helper.sock"] {
            let _ = fs::remove_file(self.at(socket));
        }
        let version = if slot == "A" { "0.2.0" } else { "0.3.0" };
        fs::write(self.at("root/etc/os-release"), format!("ID=lunette\nVERSION_ID={version}\n")).unwrap();
        let mut bus = Command::new("dbus-daemon");
        bus.arg("--nofork").arg("--config-file").arg(self.at("bus.conf"));
        let mut processes = vec![self.spawn(&mut bus, "bus")];
        wait_until("the bus", || UnixStream::connect(self.at("bus")).is_ok());
        let mut rauc = Command::new(&self.rauc);
        rauc.arg("--conf").arg(self.at("system.conf")).arg(format!("--override-boot-slot={slot}")).arg("service");
        processes.push(self.spawn(&mut rauc, "rauc"));
        let mut helper = self.lunette();
        helper.arg("helper").arg("--socket").arg(self.at("helper.sock")).arg("--root").arg(self.at("root"));
        processes.push(self.spawn(&mut helper, "helper"));
        wait_until("RAUC", || {
            self.at("helper.sock").exists() && self.ask(&serde_json::json!({"verb": "status"}))["ok"].is_object()
        });
        Machine { processes }
    }

    pub(crate) fn daemon(&self) -> Daemon {
        let process = self.spawn(self.lunette().arg("run"), "daemon");
        let daemon = Daemon { process, port: self.port };
        wait_until("the daemon", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
        wait_until("its film", || daemon.get("/api/")["trouble"].is_null());
        daemon
    }

    fn lunette(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lunette"));
        command.arg("--config").arg(self.at("lunette.toml"));
        command
    }

    fn spawn(&self, command: &mut Command, name: &str) -> Process {
        let log = fs::File::options().create(true).append(true).open(self.at(&format!("{name}.log"))).unwrap();
        command.env("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={}", self.at("bus").display()));
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Process(command.spawn().unwrap())
    }

    /// The exit status of the proof.
    pub(crate) fn prove(&self) -> i32 {
        let mut command = self.lunette();
        command.arg("helper").arg("--root").arg(self.at("root")).arg("prove");
        let mut process = self.spawn(&mut command, "proof");
        process.0.wait().unwrap().code().unwrap()
    }

    /// The last line that the helper says.
    pub(crate) fn ask(&self, request: &Value) -> Value {
        let Ok(mut stream) = UnixStream::connect(self.at("helper.sock")) else { return Value::Null };
        writeln!(stream, "{request}").unwrap();
        let last = BufReader::new(stream).lines().last().unwrap().unwrap();
        serde_json::from_str(&last).unwrap()
    }

    /// Where a bundle is to lie.
    pub(crate) fn uploaded(&self) -> String {
        self.at("state/upload/bundle.raucb").to_str().unwrap().to_owned()
    }

    pub(crate) fn lay(&self, bundle: &Bundle) {
        fs::write(self.uploaded(), bundle.bytes(self)).unwrap();
    }

    pub(crate) fn sign(&self, name: &str, content: &Path, made: &Path) {
        let (key, certificate) = (self.at(&format!("{name}.key")), self.at(&format!("{name}.pem")));
        let mut rauc = Command::new(&self.rauc);
        rauc.arg("bundle").arg("--key").arg(key).arg("--cert").arg(&certificate).arg("--keyring").arg(&certificate);
        let done = rauc.arg(content).arg(made).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// The slot that is started next.
    pub(crate) fn boots(&self) -> String {
        fs::read_to_string(self.at("primary")).unwrap().trim().to_owned()
    }

    /// What the boot loader thinks of a slot.
    pub(crate) fn state(&self, slot: &str) -> String {
        fs::read_to_string(self.at(&format!("boots.{slot}"))).unwrap().trim().to_owned()
    }

    pub(crate) fn slot(&self, slot: &str) -> Vec<u8> {
        fs::read(self.at(&format!("slot.{slot}"))).unwrap()
    }

    /// All that an upgrade could touch.
    pub(crate) fn everything(&self) -> Vec<Vec<u8>> {
        let names = ["slot.A", "slot.B", "boots.A", "boots.B", "primary", "proof/proof.json", "data/central.raucs"];
        names.iter().map(|name| fs::read(self.at(name)).unwrap_or_default()).collect()
    }
}

impl Daemon {
    pub(crate) fn get(&self, path: &str) -> Value {
        self.send("GET", path, "", b"").1
    }

    pub(crate) fn send(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> (u16, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {media_type}\r\n\
             Content-Length: {length}\r\n\r\n"
        )
        .unwrap();
        // It may be refused before it is read.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer);
        let status = text.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let from = text.find(['{', '[']).unwrap_or(text.len());
        let to = text.rfind(['}', ']']).map_or(text.len(), |at| at + 1);
        (status, serde_json::from_str(&text[from..to.max(from)]).unwrap_or(Value::Null))
    }

    pub(crate) fn wait_for(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            last = self.get(path);
            if is_so(&last) {
                return last;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{path}: {last}");
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LIMIT, "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Far beyond what any of it takes.
const LIMIT: Duration = Duration::from_secs(60);

/// As RAUC calls one (docs/integration.rst, "Custom").
const BOOT_LOADER: &str = r#"case $1 in
get-primary) cat primary ;;
set-primary) echo "$2" >primary; echo good >"boots.$2" ;;
get-state) cat "boots.$2" ;;
set-state) echo "$3" >"boots.$2" ;;
esac
"#;
