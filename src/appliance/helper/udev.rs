//! What udev found out about disks, out of its files: no program is run and no disk is read for it.

use super::Places;
use crate::base::{Kind, Result, ResultExt};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A disk or a partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// Such as `sda1`.
    pub(super) name: String,
    pub(super) bytes: u64,
    /// The disk that it is a part of.
    pub(super) part_of: Option<String>,
    /// Udev's words for it, such as `ID_FS_TYPE`.
    pub(super) words: BTreeMap<String, String>,
}

/// All that are there, without what is no disk.
pub(super) fn blocks(places: &Places) -> Result<Vec<Block>> {
    let class = places.system("/sys/class/block");
    let mut found = Vec::new();
    for entry in fs::read_dir(&class).or_fail(Kind::Internal, || class.display().to_string())? {
        let Ok(entry) = entry else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        if !["sd", "mmcblk", "nvme", "vd"].iter().any(|kind| name.starts_with(kind)) || name.contains("boot") {
            continue;
        }
        found.extend(block(places, &entry.path(), name));
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn block(places: &Places, path: &Path, name: String) -> Option<Block> {
    let read = |file: &str| fs::read_to_string(path.join(file)).ok().map(|text| text.trim().to_owned());
    // In units of 512 bytes, whatever the disk's own are.
    let bytes = read("size")?.parse::<u64>().ok()? * 512;
    let is_part = path.join("partition").exists();
    let parent = fs::canonicalize(path).ok().and_then(|real| Some(real.parent()?.file_name()?.to_str()?.to_owned()));
    let words = fs::read_to_string(places.system("/run/udev/data").join(format!("b{}", read("dev")?)));
    let words = words.unwrap_or_default();
    let words = words.lines().filter_map(|line| line.strip_prefix("E:")?.split_once('='));
    let words = words.map(|(word, value)| (word.to_owned(), value.to_owned())).collect();
    (bytes > 0).then(|| Block { name, bytes, part_of: parent.filter(|_| is_part), words })
}

impl Block {
    pub(super) fn word(&self, word: &str) -> Option<&str> {
        self.words.get(word).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Where each of them is mounted, by name.
pub(super) fn mounts(places: &Places) -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(places.system("/proc/self/mounts")).unwrap_or_default();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        let (Some(device), Some(at)) = (words.next(), words.next()) else { continue };
        let Some(device) = device.strip_prefix("/dev/") else { continue };
        let real = fs::canonicalize(places.system("/dev").join(device)).ok();
        let name = real.and_then(|real| Some(real.file_name()?.to_str()?.to_owned()));
        found.entry(name.unwrap_or_else(|| device.to_owned())).or_default().insert(at.to_owned());
    }
    found
}
