//! What systemd is told of this process: that it is ready, what it does, that it lives. Without systemd nothing is.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Who is told.
#[derive(Debug)]
pub struct Notify(Option<(UnixDatagram, SocketAddr)>);

impl Notify {
    /// Whom the environment names. Nobody, where it names nobody or there is no such socket.
    pub fn from_env() -> Self {
        Self(env::var_os("NOTIFY_SOCKET").and_then(|path| Self::to(&path).ok()))
    }

    fn to(path: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
        // sd_notify(3): a socket whose path begins with @ is in the abstract name space.
        let address = match path.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(path)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok((socket, address))
    }

    /// What was to be started is there.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// In words, for `systemctl status`.
    pub fn status(&self, words: &str) {
        self.tell(&format!("STATUS={}", words.replace('\n', " ")));
    }

    /// It lives.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// It ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, what: &str) {
        if let Some((socket, address)) = &self.0 {
            // Who does not listen any more cannot be helped.
            let _ = socket.send_to_addr(what.as_bytes(), address);
        }
    }
}

/// How often to say that it lives: half of what systemd waits for. `None`: it does not.
pub fn watchdog() -> Option<Duration> {
    let is_ours = env::var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
    let micros: u64 = env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    (is_ours && micros > 0).then(|| Duration::from_micros(micros / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_hears_of_it_by_path_and_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let name = format!("@lunette-test-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name.as_bytes()[1..]).unwrap();
        let ears = [UnixDatagram::bind(&path).unwrap(), UnixDatagram::bind_addr(&abstract_name).unwrap()];
        for (ear, address) in ears.iter().zip([path.as_os_str(), OsStr::new(&name)]) {
            let notify = Notify(Some(Notify::to(address).unwrap()));
            notify.ready();
            notify.status("two\nlines");
            notify.alive();
            for expected in ["READY=1", "STATUS=two lines", "WATCHDOG=1"] {
                let mut heard = [0; 64];
                let length = ear.recv(&mut heard).unwrap();
                assert_eq!(std::str::from_utf8(&heard[..length]).unwrap(), expected);
            }
        }
        Notify(None).ready();
    }
}
