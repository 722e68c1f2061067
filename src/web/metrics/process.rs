//! What the recorder itself takes.

use super::text::{Kind, Text};
use std::fs;

pub(super) fn write(text: &mut Text) {
    // These names are those that Prometheus' own libraries have for it.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for (name, help, word) in [
        ("process_resident_memory_bytes", "Resident memory size in bytes.", "VmRSS:"),
        ("process_virtual_memory_bytes", "Virtual memory size in bytes.", "VmSize:"),
    ] {
        if let Some(bytes) = kilobytes(&status, word) {
            text.one(Kind::Gauge, name, help, bytes * 1024);
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is this.
        let count = open.count().saturating_sub(1);
        text.one(Kind::Gauge, "process_open_fds", "Number of open file descriptors.", count);
    }
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(most) = most_files(&limits) {
        text.one(Kind::Gauge, "process_max_fds", "Maximum number of open file descriptors.", most);
    }
    if let Some(seconds) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(cpu_seconds) {
        let help = "Total user and system CPU time spent in seconds.";
        text.one(Kind::Counter, "process_cpu_seconds_total", help, seconds);
    }
}

/// A line of proc_pid_status(5).
fn kilobytes(status: &str, word: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(word))?.split_whitespace().next()?.parse().ok()
}

/// `Max open files`, as far as it is now; `None` where there is no limit.
fn most_files(limits: &str) -> Option<u64> {
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

/// Fields 14 and 15 of proc_pid_stat(5), behind the name, which may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) as f64 / TICKS_A_SECOND)
}

/// On all that Linux runs on.
const TICKS_A_SECOND: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_tells_is_read() {
        assert_eq!(kilobytes("Name:\tx\nVmRSS:\t    5120 kB\n", "VmRSS:"), Some(5120));
        assert_eq!(kilobytes("", "VmRSS:"), None);
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024   524288   files\n";
        assert_eq!((most_files(limits), most_files("Max open files  unlimited  unlimited  files")), (Some(1024), None));
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 9 0 100 200 300";
        assert_eq!((cpu_seconds(stat), cpu_seconds("")), (Some(4.0), None));
        assert!(cpu_seconds(&fs::read_to_string("/proc/self/stat").unwrap()).is_some());
    }
}
