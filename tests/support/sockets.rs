//! What the kernel holds for a process and the process has not read.

use std::collections::HashSet;
use std::fs;

/// Bytes that wait in the TCP and UDP sockets of a process.
pub(crate) fn unread(pid: u32) -> u64 {
    let own = inodes(pid);
    let mut unread = 0;
    for kind in ["tcp", "udp"] {
        for line in fs::read_to_string(format!("/proc/net/{kind}")).unwrap().lines().skip(1) {
            // proc(5): … tx_queue:rx_queue … inode …
            let words: Vec<&str> = line.split_whitespace().collect();
            if own.contains(words[9]) {
                let received = words[4].rsplit_once(':').unwrap().1;
                unread += u64::from_str_radix(received, 16).unwrap();
            }
        }
    }
    unread
}

fn inodes(pid: u32) -> HashSet<String> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let targets = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    let inode = |target: &str| Some(target.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned());
    targets.filter_map(|target| inode(target.to_str()?)).collect()
}
