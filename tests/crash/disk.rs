//! `Disk`: a block device with ext4 that remembers each write and flush, and images of what a power cut left of it.
//!
//! qemu-storage-daemon shows an image as a file (FUSE) and logs what is done to it (blklogwrites); a loop device makes a
//! disk of that file. All of it is in a mount namespace of the test's own, so nothing stays behind.

use crate::support::process::{Process, run_silently};
use crate::support::wait::{secs, wait_until};
use nix::mount::MsFlags;
use nix::sched::CloneFlags;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A disk that is written to.
pub(crate) struct Disk {
    /// Where its file system is.
    pub(crate) mount: Mount,
    /// What it was before it was mounted.
    pub(crate) blank: Vec<u8>,
    storage: Process,
    dir: TempDir,
}

/// A mounted image.
pub(crate) struct Mount(PathBuf);

/// A small disk: how much is copied for each cut.
const BYTES: u64 = 48 << 20;

/// Goes into a mount namespace that ends with this thread and what it starts. Tells why this cannot be here.
pub(crate) fn alone_with_disks() -> Result<(), String> {
    for program in ["qemu-storage-daemon", "mkfs.ext4", "mount", "umount", "setpriv"] {
        Command::new(program).arg("--version").output().map_err(|e| format!("{program}: {e}"))?;
    }
    for device in ["/dev/fuse", "/dev/loop-control"] {
        let open = fs::File::options().read(true).write(true).open(device);
        open.map_err(|e| format!("{device}: {e}"))?;
    }
    let private = || {
        nix::sched::unshare(CloneFlags::CLONE_NEWNS)?;
        nix::mount::mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
    };
    private().map_err(|e| format!("a mount namespace: {e}"))
}

/// A directory in memory, if there is one: each cut is a whole image.
pub(crate) fn memory() -> TempDir {
    let shm = Path::new("/dev/shm");
    if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap()
}

impl Disk {
    /// Makes an empty one and mounts it with these options of ext4.
    pub(crate) fn new(options: &str) -> Self {
        let dir = memory();
        let at = |name: &str| dir.path().join(name);
        let image = at("image");
        fs::File::create(&image).unwrap().set_len(BYTES).unwrap();
        let extended = "lazy_itable_init=0,lazy_journal_init=0,nodiscard";
        let mut mkfs = Command::new("mkfs.ext4");
        run_silently(mkfs.args(["-q", "-b", "4096", "-J", "size=4", "-E", extended]).arg(&image));
        let blank = fs::read(&image).unwrap();
        for name in ["log", "disk"] {
            fs::File::create(at(name)).unwrap();
        }
        // It ends with the thread that started it, however that ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "qemu-storage-daemon"]);
        let file = |name: &str| at(name).display().to_string();
        for blockdev in [
            format!("driver=file,node-name=image,filename={}", file("image")),
            format!("driver=file,node-name=log,filename={}", file("log")),
            "driver=raw,node-name=raw,file=image".into(),
            "driver=blklogwrites,node-name=logged,file=raw,log=log,log-sector-size=512".into(),
        ] {
            command.args(["--blockdev", &blockdev]);
        }
        let export = format!("type=fuse,id=disk,node-name=logged,mountpoint={},writable=on", file("disk"));
        let storage = Process::start("qemu-storage-daemon", command.args(["--export", &export]));
        wait_until("the disk is there", secs(20), || (at("disk").metadata().ok()?.len() == BYTES).then_some(()));
        Self { mount: Mount::new(&at("disk"), &at("mount"), options), blank, storage, dir }
    }

    /// How much was done to it by now: all that had completed is in the log before that.
    pub(crate) fn position(&self) -> u64 {
        self.dir.path().join("log").metadata().unwrap().len()
    }

    /// Lets go of it. What it was, and all that was done to it.
    pub(crate) fn end(self) -> (Vec<u8>, Vec<u8>) {
        let Self { mount, blank, storage, dir } = self;
        drop(mount);
        drop(storage);
        (blank, fs::read(dir.path().join("log")).unwrap())
    }
}

impl Mount {
    /// Mounts an image at a new directory.
    pub(crate) fn new(image: &Path, at: &Path, options: &str) -> Self {
        fs::create_dir_all(at).unwrap();
        run_silently(Command::new("mount").args(["-t", "ext4", "-o", &format!("loop,{options}")]).arg(image).arg(at));
        Self(at.to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let ended = Command::new("umount").arg(&self.0).status();
        // Not to hide the panic that led here.
        if !std::thread::panicking() {
            assert!(ended.unwrap().success(), "umount {}", self.0.display());
        }
    }
}
