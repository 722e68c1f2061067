//! `Disk`: a real file system that can be taken away, frozen and broken.

use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A file system in a file, or in memory, mounted somewhere. Dropped, it is thawed and unmounted.
pub(crate) struct Disk {
    at: PathBuf,
    /// Where its file is, if it is in one.
    image: Option<TempDir>,
}

impl Disk {
    /// An ext4 of so many MiB, mounted there. `None`, and a word why, where that cannot be: a test goes without it.
    pub(crate) fn ext4(at: &Path, mib: u32) -> Option<Self> {
        let image = tempfile::tempdir().unwrap();
        let file = image.path().join("image");
        std::fs::File::create(&file).unwrap().set_len(u64::from(mib) << 20).unwrap();
        let made = run(Command::new("mkfs.ext4").args(["-q", "-E", "lazy_itable_init=0"]).arg(&file));
        let disk = Self { at: at.to_owned(), image: Some(image) };
        std::fs::create_dir_all(at).unwrap();
        made.and_then(|()| disk.mount()).map_err(skipped).ok()?;
        Some(disk)
    }

    /// A file system in memory of so many KiB.
    pub(crate) fn tmpfs(at: &Path, kib: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let disk = Self { at: at.to_owned(), image: None };
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kib}k,mode=700"), "lunette-test"])
            .arg(at))
        .map_err(skipped)
        .ok()?;
        Some(disk)
    }

    fn mount(&self) -> Result<(), String> {
        let image = self.image.as_ref().expect("only a disk in a file is mounted again").path().join("image");
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(&self.at))
    }

    /// Unmounts it, as it does that is pulled out while files are open.
    pub(crate) fn take_away(&self) {
        run(Command::new("umount").arg("-l").arg(&self.at)).unwrap();
    }

    /// Mounts it again.
    pub(crate) fn bring_back(&self) {
        self.mount().unwrap();
    }

    /// Mounts it in another way: `ro`, `rw`, `size=…`.
    pub(crate) fn remount(&self, options: &str) {
        run(Command::new("mount").arg("-o").arg(format!("remount,{options}")).arg(&self.at)).unwrap();
    }

    /// Whoever writes waits from now on.
    pub(crate) fn freeze(&self) {
        run(Command::new("fsfreeze").arg("-f").arg(&self.at)).unwrap();
    }

    /// Who waited goes on.
    pub(crate) fn thaw(&self) {
        run(Command::new("fsfreeze").arg("-u").arg(&self.at)).unwrap();
    }

    /// Most of what it holds cannot be read any more: the kernel says EIO. What is written from now on can.
    pub(crate) fn lose_what_it_holds(&self) {
        let image = self.image.as_ref().expect("only a disk in a file loses it").path().join("image");
        std::fs::File::options().write(true).open(image).unwrap().set_len(1 << 20).unwrap();
    }

    /// The kernel finds an error in it and turns it read-only, as it does with a card that is worn out. False where it
    /// cannot be asked to.
    pub(crate) fn break_it(&self) -> bool {
        let source = Command::new("findmnt").args(["-n", "-o", "SOURCE", "--target"]).arg(&self.at).output().unwrap();
        let source = String::from_utf8(source.stdout).unwrap();
        let device = Path::new(source.trim()).file_name().unwrap().to_owned();
        let trigger = Path::new("/sys/fs/ext4").join(device).join("trigger_fs_error");
        self.remount("errors=remount-ro");
        std::fs::write(trigger, "a test").map_err(|e| skipped(e.to_string())).is_ok()
    }
}

/// A library that makes calls of the daemon fail, as `tests/support/faulty_disk.c` says; made once.
pub(crate) fn faulty_disk() -> &'static Path {
    static LIBRARY: std::sync::OnceLock<(TempDir, PathBuf)> = std::sync::OnceLock::new();
    let (_, library) = LIBRARY.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let library = dir.path().join("faulty_disk.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/faulty_disk.c");
        run(Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl")).unwrap();
        (dir, library)
    });
    library
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Most of the time it is not frozen, and sometimes not mounted.
        let _ = run(Command::new("fsfreeze").arg("-u").arg(&self.at));
        let _ = run(Command::new("umount").arg("-l").arg(&self.at));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    let error = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", error.trim())) }
}

fn skipped(why: String) {
    eprintln!("skipped: no file system of its own for this test: {why}");
}
