//! `SmallDisk`: a real file system of a few hundred MB, in a mount namespace that goes with the test.

use super::process::Process;
use super::wait::secs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted disk. Dropping it ends its namespace, and with that the mount and the loop device.
pub(crate) struct SmallDisk {
    holder: Process,
    at: PathBuf,
    /// What it is: `ext4`, `f2fs` or `tmpfs`.
    pub(crate) kind: String,
}

impl SmallDisk {
    /// A disk of `kind` at a new directory `at`; where such a one cannot be mounted, a tmpfs. `None`, and said so, where
    /// nothing can be mounted at all.
    pub(crate) fn mount(kind: &str, at: &Path, mib: u64) -> Option<Self> {
        std::fs::create_dir(at).unwrap();
        let mut command = Command::new("unshare");
        if !nix::unistd::Uid::effective().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--mount", "--propagation", "private", "sh", "-c", MOUNT, "sh", kind]);
        command.arg(at).arg(at.with_extension("image")).arg(mib.to_string());
        let mut holder = Process::start("small disk", &mut command);
        let said = holder.wait_for_line("what it mounted", secs(60), |line| {
            line.strip_prefix("mounted ").or_else(|| line.strip_prefix("nothing")).map(str::to_owned)
        });
        match said.is_empty() {
            false => Some(Self { holder, at: at.to_owned(), kind: said }),
            true => {
                println!("skipped: nothing can be mounted here: {:?}", holder.said());
                None
            }
        }
    }

    /// The same command, in the namespace of the disk.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        if !nix::unistd::Uid::effective().is_root() {
            inside.args(["--user", "--preserve-credentials"]);
        }
        inside.arg("--mount").arg("--target").arg(self.holder.id().to_string()).arg("--");
        inside.arg(command.get_program()).args(command.get_args());
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        inside
    }

    /// Its directory, as the test sees it.
    pub(crate) fn path(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.at.strip_prefix("/").unwrap())
    }
}

/// Kind, directory, image, MiB. The disks of tests beside this one stay theirs: a copy here would outlive what they unmount.
const MOUNT: &str = r#"
while read -r device at _; do
	case $device in
	/dev/loop* | lunette-test) [ "$at" = / ] || umount -l "$at" 2>/dev/null ;;
	esac
done </proc/self/mounts
image() {
	truncate -s "$3M" "$2" && "$4" $5 "$2" >/dev/null 2>&1 && mount -o loop "$2" "$1" 2>/dev/null
}
case $1 in
ext4) image "$2" "$3" "$4" mkfs.ext4 "-q -F -m 0" && echo "mounted ext4" ;;
f2fs) image "$2" "$3" "$4" mkfs.f2fs "-f" && echo "mounted f2fs" ;;
*) false ;;
esac || { mount -t tmpfs -o "size=$4M" tmpfs "$2" && echo "mounted tmpfs"; } || echo nothing
exec cat
"#;
