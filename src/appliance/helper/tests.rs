//! The helper over its socket, as far as it needs nobody else.

use super::*;
use crate::appliance::Helper;
use crate::appliance::protocol::NetworkSetting;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tokio::io::AsyncReadExt;

/// A helper of a machine below `root`, and who asks it.
fn helper(root: &Path) -> (Helper, tokio::task::JoinHandle<Result<()>>) {
    let places = Places { state: root.join("state/lunette"), proof: root.join("state/proof"), root: root.to_owned() };
    let socket = root.join("helper.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    (Helper::at(socket), tokio::spawn(serve(listener, places, None, false)))
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_words() {
    let root = tempfile::tempdir().unwrap();
    let (_, serving) = helper(root.path());
    let long = format!("{{\"verb\":\"{}\"}}\n", "x".repeat(MAX_REQUEST_BYTES));
    let table = [
        ("{\"verb\":\"shell\"}\n", "unknown variant `shell`"),
        ("{\"verb\":\"status\"}", "a request is one line"),
        (&*long, "a request is one line"),
        ("\n", "a request is an object"),
    ];
    for (line, expected) in table {
        let mut stream = UnixStream::connect(root.path().join("helper.sock")).await.unwrap();
        stream.write_all(line.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("{\"error\":{\"kind\":\"bad_input\"") && answer.contains(expected), "{answer}");
    }
    serving.abort();
}

#[tokio::test]
async fn a_time_is_kept_unless_a_later_one_is_known() {
    let root = tempfile::tempdir().unwrap();
    let (helper, serving) = helper(root.path());
    write(root.path(), "etc/lunette-build", "epoch=1700000000\ncompatible=lunette-armv7\n");
    let floor = || fs::read_to_string(root.path().join("state/time-floor")).unwrap();
    let ask = async |epoch| helper.ask::<Value>(&Request::TimeFloor { epoch }).await;
    assert_eq!(ask(1_750_000_000).await.unwrap()["set"], true);
    assert_eq!(floor(), "1750000000\n");
    assert_eq!(ask(1_749_000_000).await.unwrap()["set"], false);
    assert_eq!(floor(), "1750000000\n");
    for epoch in [1_699_999_999, 99_999_999_999] {
        assert_eq!(ask(epoch).await.unwrap_err().kind(), Kind::BadInput);
    }
    serving.abort();
}

#[tokio::test]
async fn disks_are_told_by_what_udev_knows_and_the_system_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let (helper, serving) = helper(root.path());
    for (name, dev, sectors, part) in [
        ("mmcblk0", "179:0", 62_333_952, false),
        ("mmcblk0p5", "179:5", 2_097_152, true),
        ("sda", "8:0", 1_953_525_168_u64, false),
        ("sda1", "8:1", 1_953_523_120, true),
        ("sdb", "8:16", 40_000_000_000, false),
    ] {
        let real = match part {
            true => format!("sys/devices/{}/{name}", name.trim_end_matches("p5").trim_end_matches('1')),
            false => format!("sys/devices/{name}"),
        };
        write(root.path(), &format!("{real}/size"), &format!("{sectors}\n"));
        write(root.path(), &format!("{real}/dev"), dev);
        if part {
            write(root.path(), &format!("{real}/partition"), "1");
        }
        fs::create_dir_all(root.path().join("sys/class/block")).unwrap();
        std::os::unix::fs::symlink(root.path().join(real), root.path().join("sys/class/block").join(name)).unwrap();
    }
    let usb = "E:ID_BUS=usb\nE:ID_VENDOR=Samsung\nE:ID_MODEL=Portable_SSD_T5\nE:ID_SERIAL_SHORT=S46\n";
    write(root.path(), "run/udev/data/b8:0", usb);
    write(root.path(), "run/udev/data/b8:1", "E:ID_FS_UUID=0b1c-22\nE:ID_FS_TYPE=ext4\nE:ID_FS_LABEL=film\n");
    write(root.path(), "run/udev/data/b179:5", "E:ID_FS_UUID=aa-bb\nE:ID_FS_TYPE=ext4\nE:ID_FS_LABEL=state\n");
    write(root.path(), "proc/self/mounts", "/dev/mmcblk0p5 /state ext4 rw 0 0\nproc /proc proc rw 0 0\n");
    let told: Value = helper.ask(&Request::Disks).await.unwrap();
    let lines: Vec<String> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|disk| {
            let fs = &disk["fileSystems"][0];
            format!("{} {} system={} {} {}", disk["device"], disk["name"], disk["isSystem"], fs["uuid"], fs["mounted"])
        })
        .collect();
    let expected = [
        r#""mmcblk0" "mmcblk0" system=true "aa-bb" ["/state"]"#,
        r#""sda" "Samsung Portable SSD T5 S46" system=false "0b1c-22" []"#,
        r#""sdb" "sdb" system=false null null"#,
    ];
    assert_eq!(lines, expected);
    let adopt = async |uuid: &str| helper.ask::<Value>(&Request::Mount { uuid: Some(uuid.into()) }).await;
    adopt("0b1c-22").await.unwrap();
    assert_eq!(fs::read_to_string(root.path().join("state/film-disk")).unwrap(), "0b1c-22\n");
    assert_eq!(adopt("aa-bb").await.unwrap_err().kind(), Kind::BadInput);
    assert_eq!(adopt("cc").await.unwrap_err().kind(), Kind::NotFound);
    let told: Value = helper.ask(&Request::Disks).await.unwrap();
    assert_eq!(told[1]["fileSystems"][0]["adopted"], true);
    helper.ask::<Value>(&Request::Mount { uuid: None }).await.unwrap();
    assert!(!root.path().join("state/film-disk").exists());
    let format = async |device: &str, confirm: &str| {
        let request = Request::Format { device: device.into(), confirm: confirm.into() };
        helper.ask::<Value>(&request).await.unwrap_err().to_string()
    };
    let ssd = "Samsung Portable SSD T5 S46";
    assert!(format("sda", "another").await.ends_with("and not \"another\": nothing was done"));
    assert!(format("mmcblk0", "mmcblk0").await.contains("is the disk of the system"));
    assert!(format("sdb", "sdb").await.contains("16 TiB or more"));
    write(root.path(), "proc/self/mounts", "/dev/sda1 /film ext4 rw 0 0\n");
    assert!(format("sda", ssd).await.starts_with("sda1 is in use at /film"));
    serving.abort();
}

#[tokio::test]
async fn a_network_that_is_not_there_is_not_set() {
    let root = tempfile::tempdir().unwrap();
    let (helper, serving) = helper(root.path());
    assert_eq!(helper.ask::<Value>(&Request::Network { set: None }).await.unwrap(), Value::Array(vec![]));
    let setting: NetworkSetting = serde_json::from_str(r#"{"interface":"../x","method":"dhcp"}"#).unwrap();
    let refused = helper.ask::<Value>(&Request::Network { set: Some(setting) }).await.unwrap_err();
    assert_eq!((refused.kind(), refused.to_string()), (Kind::NotFound, "there is no interface \"../x\"".to_owned()));
    serving.abort();
}
