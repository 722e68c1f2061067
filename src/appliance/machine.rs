//! What the machine is and how busy: out of the kernel's files, below a root that tests can choose.

use std::fs;
use std::path::Path;

/// What it is, and how busy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machine {
    /// What it is called.
    pub host_name: String,
    /// Such as `Raspberry Pi 4 Model B Rev 1.4`.
    pub model: Option<String>,
    /// `A` or `B`, as the boot loader said.
    pub booted_slot: Option<String>,
    /// Seconds since it was started.
    pub uptime: f64,
    /// How many threads wanted a processor, over the last minute.
    pub load: f64,
    /// Of memory.
    pub total_bytes: u64,
    /// Of that: what may still be taken.
    pub available_bytes: u64,
}

impl Machine {
    /// As it is now. What the kernel does not tell is left out.
    pub fn read(root: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let first = |text: String| text.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
        let memory = read("proc/meminfo");
        let bytes = |name: &str| {
            let line = memory.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        let model = read("proc/device-tree/model");
        let model = model.trim_end_matches('\0').trim();
        let command = read("proc/cmdline");
        let slot = command.split_ascii_whitespace().find_map(|word| word.strip_prefix("rauc.slot="));
        Self {
            host_name: read("proc/sys/kernel/hostname").trim().to_owned(),
            model: (!model.is_empty()).then(|| model.to_owned()),
            booted_slot: slot.map(str::to_owned),
            uptime: first(read("proc/uptime")).unwrap_or(0.0),
            load: first(read("proc/loadavg")).unwrap_or(0.0),
            total_bytes: bytes("MemTotal"),
            available_bytes: bytes("MemAvailable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_tells() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Machine::read(root.path()), Machine::default());
        let files = [
            ("proc/device-tree/model", "Raspberry Pi 2 Model B Rev 1.1\0"),
            ("proc/cmdline", "root=PARTUUID=4c554e45-02 rauc.slot=A quiet\n"),
            ("proc/uptime", "350735.47 234388.90\n"),
            ("proc/loadavg", "0.52 0.58 0.59 1/977 12345\n"),
            ("proc/sys/kernel/hostname", "lunette\n"),
            ("proc/meminfo", "MemTotal:         945364 kB\nMemFree: 5 kB\nMemAvailable:     715432 kB\n"),
        ];
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let told = Machine {
            host_name: "lunette".into(),
            model: Some("Raspberry Pi 2 Model B Rev 1.1".into()),
            booted_slot: Some("A".into()),
            uptime: 350_735.47,
            load: 0.52,
            total_bytes: 945_364 << 10,
            available_bytes: 715_432 << 10,
        };
        assert_eq!(Machine::read(root.path()), told);
    }
}
