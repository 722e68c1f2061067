//! `Network`: two network namespaces and a wire between them.

use nix::sched::{CloneFlags, setns, unshare};
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::process::Command;
use std::thread;

/// The recorder's namespace is that of the test's thread and all it starts; cameras live in the other. Both end with
/// the test.
pub(crate) struct Network {
    cameras: File,
}

impl Network {
    /// Makes them. `None` where that cannot be, which with `CI` is a failure.
    pub(crate) fn of(what: &str) -> Option<Self> {
        match Self::new() {
            Ok(network) => Some(network),
            Err(why) => {
                assert!(std::env::var("CI").is_err(), "{what}: {why}");
                println!("# skipped: {what}: no network namespaces here: {why}");
                None
            }
        }
    }

    fn new() -> Result<Self, String> {
        let alone = || unshare(CloneFlags::CLONE_NEWNET).map_err(|e| format!("a network namespace: {e}"));
        let cameras = thread::spawn(move || {
            alone()?;
            File::open("/proc/thread-self/ns/net").map_err(|e| e.to_string())
        });
        let cameras = cameras.join().unwrap()?;
        alone()?;
        let network = Self { cameras };
        ip("link set lo up")?;
        ip("link add name eth0 type veth peer name cam0")?;
        // Link-local addresses are good at once.
        for interface in ["eth0", "cam0"] {
            let file = format!("/proc/sys/net/ipv6/conf/{interface}/accept_dad");
            let _ = fs::write(file, "0");
        }
        ip(&format!("link set cam0 netns /proc/{}/fd/{}", std::process::id(), network.cameras.as_raw_fd()))?;
        ip("address add 10.77.0.1/24 dev eth0")?;
        ip("link set eth0 up")?;
        network.among_cameras(|| {
            let _ = fs::write("/proc/sys/net/ipv6/conf/cam0/accept_dad", "0");
            [
                "link set lo up",
                "address add 10.77.0.2/24 dev cam0",
                "link set cam0 up",
                "route add 224.0.0.0/4 dev cam0",
            ]
            .into_iter()
            .try_for_each(ip)
        })?;
        Ok(network)
    }

    /// Does this where the cameras are, on a thread of its own.
    pub(crate) fn among_cameras<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let there = scope.spawn(|| {
                setns(&self.cameras, CloneFlags::CLONE_NEWNET).unwrap();
                work()
            });
            there.join().unwrap()
        })
    }

    /// For threads that stay there.
    pub(crate) fn cameras(&self) -> File {
        self.cameras.try_clone().unwrap()
    }

    /// The cameras' address is another one from now on.
    pub(crate) fn move_cameras(&self, from: &str, to: &str) {
        self.among_cameras(|| {
            ip(&format!("address del {from}/24 dev cam0")).unwrap();
            ip(&format!("address add {to}/24 dev cam0")).unwrap();
            // It went with the last address.
            ip("route add 224.0.0.0/4 dev cam0").unwrap();
        });
    }
}

/// `ip ARGUMENTS` in the namespace of this thread.
fn ip(arguments: &str) -> Result<(), String> {
    let done = Command::new("ip").args(arguments.split(' ')).output().map_err(|e| format!("ip: {e}"))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&done.stderr))),
    }
}
