//! Disks for film: which there are, which is taken, and how one becomes ready.

use super::Places;
use super::udev::{self, Block};
use crate::appliance::protocol::is_word;
use crate::base::{Error, Kind, Result, ResultExt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// A disk, as the owner knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Disk {
    /// Such as `sda`.
    pub device: String,
    /// What stands on it, as far as it tells.
    pub name: String,
    /// How large it is.
    pub bytes: u64,
    /// How it is attached: `usb`, `mmc`.
    pub bus: String,
    /// The system is on it: it is never formatted.
    pub is_system: bool,
    /// File systems on it.
    pub file_systems: Vec<FileSystem>,
}

/// A file system on a disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileSystem {
    /// Such as `sda1`.
    pub device: String,
    /// Such as `ext4`.
    pub kind: String,
    /// Its name.
    pub label: Option<String>,
    /// What it is known by for good.
    pub uuid: String,
    /// How large what it is on is.
    pub bytes: u64,
    /// Where it is mounted.
    pub mounted: Vec<String>,
    /// Film is to be kept on it.
    pub adopted: bool,
}

/// All disks with what is on them.
pub(super) fn list(places: &Places) -> Result<Vec<Disk>> {
    let blocks = udev::blocks(places)?;
    let mounts = udev::mounts(places);
    let adopted = adopted(places);
    let disks = blocks.iter().filter(|block| block.part_of.is_none());
    Ok(disks.map(|disk| told(disk, &blocks, &mounts, adopted.as_deref())).collect())
}

fn told(
    disk: &Block,
    blocks: &[Block],
    mounts: &BTreeMap<String, std::collections::BTreeSet<String>>,
    adopted: Option<&str>,
) -> Disk {
    let own = blocks.iter().filter(|block| block.name == disk.name || block.part_of.as_ref() == Some(&disk.name));
    let file_systems: Vec<FileSystem> = own
        .filter_map(|block| {
            let uuid = block.word("ID_FS_UUID")?.to_owned();
            Some(FileSystem {
                device: block.name.clone(),
                kind: block.word("ID_FS_TYPE")?.to_owned(),
                label: block.word("ID_FS_LABEL").map(str::to_owned),
                adopted: adopted == Some(&uuid),
                uuid,
                bytes: block.bytes,
                mounted: mounts.get(&block.name).into_iter().flatten().cloned().collect(),
            })
        })
        .collect();
    let is_card = disk.name.starts_with("mmcblk");
    let own_mounts = mounts.iter().filter(|(name, _)| **name == disk.name || name.starts_with(&disk.name));
    let is_system = own_mounts.flat_map(|(_, at)| at).any(|at| at == "/" || at == "/state");
    let words = [disk.word("ID_VENDOR"), disk.word("ID_MODEL").or(disk.word("ID_NAME")), disk.word("ID_SERIAL_SHORT")];
    let name = words.into_iter().flatten().collect::<Vec<_>>().join(" ").replace('_', " ");
    Disk {
        device: disk.name.clone(),
        name: if name.is_empty() { disk.name.clone() } else { name },
        bytes: disk.bytes,
        bus: disk.word("ID_BUS").unwrap_or(if is_card { "mmc" } else { "other" }).to_owned(),
        is_system: is_system || is_card,
        file_systems,
    }
}

fn adopted(places: &Places) -> Option<String> {
    let text = fs::read_to_string(places.system(ADOPTED)).ok()?;
    text.lines().next().map(str::to_owned).filter(|uuid| !uuid.is_empty())
}

/// From the next start on, film is kept there; `None`: on the card.
pub(super) fn adopt(places: &Places, uuid: Option<&str>) -> Result<()> {
    let path = places.system(ADOPTED);
    let Some(uuid) = uuid else {
        return match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::caused(Kind::Disk, format!("remove {}", path.display()), e))
            }
            _ => Ok(()),
        };
    };
    let disks = list(places)?;
    let found = disks.iter().flat_map(|disk| disk.file_systems.iter().map(move |fs| (disk, fs)));
    let (disk, found) = found
        .into_iter()
        .find(|(_, fs)| fs.uuid == uuid)
        .ok_or_else(|| Error::new(Kind::NotFound, format!("no disk has the file system {uuid}")))?;
    if disk.is_system {
        return Err(Error::new(
            Kind::BadInput,
            format!("{} is the card of the system: choose the card itself", disk.name),
        ));
    }
    if found.kind != "ext4" {
        let what = format!("{} has {}: film needs ext4; format it, or choose another", found.device, found.kind);
        return Err(Error::new(Kind::BadInput, what));
    }
    fits(found.bytes)?;
    keep(&path, &format!("{uuid}\n"))
}

/// Makes a disk empty and ready for film. What the system or anybody else has mounted is left alone.
pub(super) async fn format(places: &Places, device: &str, confirm: &str) -> Result<Disk> {
    let find = || -> Result<Disk> {
        let found = list(places)?.into_iter().find(|disk| disk.device == device);
        found.ok_or_else(|| Error::new(Kind::NotFound, format!("there is no disk {device}")))
    };
    let disk = find()?;
    if disk.name != confirm {
        let what = format!("{device} is now \"{}\" and not \"{confirm}\": nothing was done", disk.name);
        return Err(Error::new(Kind::Conflict, what));
    }
    if disk.is_system {
        return Err(Error::new(Kind::BadInput, format!("{} is the disk of the system", disk.name)));
    }
    let mounts = udev::mounts(places);
    if let Some((name, at)) = mounts.iter().find(|(name, _)| name.starts_with(device)) {
        let at = at.iter().next().map_or("", String::as_str);
        return Err(Error::new(
            Kind::Conflict,
            format!("{name} is in use at {at}: choose the card first and start anew"),
        ));
    }
    fits(disk.bytes)?;
    // The same as the card's film partition has (image/layout.env), under a name of its own.
    let mut command = Command::new("mkfs.ext4");
    command.args(["-q", "-F", "-b", "4096", "-m", "0", "-i", "262144", "-L", "lunette-film"]);
    command.arg(places.system("/dev").join(device));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let done = command.output().await.or_fail(Kind::Internal, || "mkfs.ext4")?;
    if !done.status.success() {
        let words = String::from_utf8_lossy(&done.stderr);
        let words: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        return Err(Error::new(Kind::Disk, format!("format {}: {}", disk.name, words.join("; "))));
    }
    find()
}

/// A 32-bit kernel reads no page of a file system behind 2^32.
fn fits(bytes: u64) -> Result<()> {
    if bytes >= LARGEST_BYTES {
        return Err(Error::new(Kind::BadInput, "the disk has 16 TiB or more, which this machine's kernel cannot use"));
    }
    Ok(())
}

/// After a power cut the file is as it was, or as it is to be.
pub(super) fn keep(path: &Path, text: &str) -> Result<()> {
    let what = || format!("write {}", path.display());
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(Error::new(Kind::Internal, what()));
    };
    debug_assert!(is_word(name, 255, "-_."));
    let beside = directory.join(format!(".{name}.new"));
    let write = || {
        fs::create_dir_all(directory)?;
        let mut file = File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(directory)?.sync_all()
    };
    write().or_fail(Kind::Disk, what)
}

const LARGEST_BYTES: u64 = 16 << 40;

/// One line: a UUID. The unit that mounts the film's disk reads it.
const ADOPTED: &str = "/state/film-disk";
