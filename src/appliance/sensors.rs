//! What tells of trouble to come: temperature, supply voltage, errors of disks and their wear, as far as the kernel tells.

use std::fs;
use std::path::{Path, PathBuf};

/// What is measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sensors {
    /// Of the processor, in degrees Celsius.
    pub temperature: Option<f64>,
    /// The supply is too weak, now.
    pub under_voltage: Option<bool>,
    /// Of each disk.
    pub disks: Vec<DiskHealth>,
}

/// How a disk is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct DiskHealth {
    /// Such as `mmcblk0`.
    pub device: String,
    /// As its maker calls it.
    pub name: Option<String>,
    /// How large it is.
    pub bytes: u64,
    /// Commands that it failed (SCSI and USB), or errors that its file systems met (ext4), since it was attached or made.
    pub io_errors: Option<u64>,
    /// Of its life, at most so many hundredths are used: an eMMC tells that, a card does not.
    pub life_used: Option<u8>,
}

impl Sensors {
    /// As it is now.
    pub fn read(root: &Path) -> Self {
        Self { temperature: temperature(root), under_voltage: under_voltage(root), disks: disks(root) }
    }
}

fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn entries(directory: PathBuf) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// The hottest place.
fn temperature(root: &Path) -> Option<f64> {
    let zones = entries(root.join("sys/class/thermal"));
    let thousandths = zones.iter().filter_map(|zone| text(&zone.join("temp"))?.parse::<i32>().ok());
    thousandths.max().map(|t| f64::from(t) / 1000.0)
}

/// Linux: drivers/hwmon/raspberrypi-hwmon.c
fn under_voltage(root: &Path) -> Option<bool> {
    let sensors = entries(root.join("sys/class/hwmon"));
    let of_the_pi = sensors.iter().find(|sensor| text(&sensor.join("name")).as_deref() == Some("rpi_volt"))?;
    Some(text(&of_the_pi.join("in0_lcrit_alarm"))? != "0")
}

fn disks(root: &Path) -> Vec<DiskHealth> {
    let all = entries(root.join("sys/block"));
    let disks = all.iter().filter_map(|disk| Some((disk, disk.file_name()?.to_str()?)));
    let disks = disks.filter(|(_, name)| ["sd", "mmcblk", "nvme", "vd"].iter().any(|kind| name.starts_with(kind)));
    let disks = disks.filter(|(_, name)| !name.contains("boot"));
    let health = disks.filter_map(|(disk, name)| {
        let bytes = text(&disk.join("size"))?.parse::<u64>().ok()? * 512;
        let named = text(&disk.join("device/model")).or_else(|| text(&disk.join("device/name")));
        Some(DiskHealth {
            device: name.to_owned(),
            name: named.filter(|name| !name.is_empty()),
            bytes,
            io_errors: io_errors(root, disk, name),
            life_used: text(&disk.join("device/life_time")).and_then(|text| life_used(&text)),
        })
    });
    health.filter(|disk| disk.bytes > 0).collect()
}

/// What SCSI counts, or where there is no such count, what its ext4 file systems have met.
fn io_errors(root: &Path, disk: &Path, name: &str) -> Option<u64> {
    if let Some(count) = text(&disk.join("device/ioerr_cnt")) {
        return u64::from_str_radix(count.trim_start_matches("0x"), 16).ok();
    }
    let on_it = entries(root.join("sys/fs/ext4"));
    let counts: Vec<u64> = on_it
        .iter()
        .filter(|fs| fs.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(name)))
        .filter_map(|fs| text(&fs.join("errors_count"))?.parse().ok())
        .collect();
    (!counts.is_empty()).then(|| counts.iter().sum())
}

/// The worse of its two kinds of memory: 0x01 is "up to 10 %" (JEDEC 84-B51, DEVICE_LIFE_TIME_EST_TYP).
fn life_used(text: &str) -> Option<u8> {
    let steps = text.split_ascii_whitespace().filter_map(|word| u8::from_str_radix(word.strip_prefix("0x")?, 16).ok());
    steps.max().filter(|step| (1..=11).contains(step)).map(|step| (step * 10).min(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_measures() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Sensors::read(root.path()), Sensors::default());
        let files = [
            ("sys/class/thermal/thermal_zone0/temp", "48312\n"),
            ("sys/class/thermal/cooling_device0/type", "x"),
            ("sys/class/hwmon/hwmon0/name", "cpu_thermal\n"),
            ("sys/class/hwmon/hwmon1/name", "rpi_volt\n"),
            ("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n"),
            ("sys/block/mmcblk0/size", "62333952\n"),
            ("sys/block/mmcblk0/device/name", "SD32G\n"),
            ("sys/block/mmcblk0/device/life_time", "0x02 0x01\n"),
            ("sys/block/mmcblk0boot0/size", "8192\n"),
            ("sys/fs/ext4/mmcblk0p5/errors_count", "0\n"),
            ("sys/fs/ext4/mmcblk0p6/errors_count", "3\n"),
            ("sys/fs/ext4/features/lazy_itable_init", "supported"),
            ("sys/block/sda/size", "1953525168\n"),
            ("sys/block/sda/device/model", "Portable SSD\n"),
            ("sys/block/sda/device/ioerr_cnt", "0x1f\n"),
            ("sys/block/loop0/size", "8\n"),
        ];
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let disk = |device: &str, name: &str, sectors: u64, io_errors, life_used| DiskHealth {
            device: device.into(),
            name: Some(name.into()),
            bytes: sectors * 512,
            io_errors: Some(io_errors),
            life_used,
        };
        let told = Sensors {
            temperature: Some(48.312),
            under_voltage: Some(true),
            disks: vec![
                disk("mmcblk0", "SD32G", 62_333_952, 3, Some(20)),
                disk("sda", "Portable SSD", 1_953_525_168, 31, None),
            ],
        };
        assert_eq!(Sensors::read(root.path()), told);
    }

    #[test]
    fn an_emmc_that_tells_nothing_is_not_new() {
        assert_eq!(
            ["0x00 0x00", "", "0x01 0x01", "0x0b 0x03", "0xff 0xff"].map(life_used),
            [None, None, Some(10), Some(100), None]
        );
    }
}
