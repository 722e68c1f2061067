//! npm's mp4box: GPAC's reader for browsers, in node.

use super::{Sample, Seen};
use crate::support::process::run_silently;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub(super) fn read(film: &Path) -> Seen {
    let told = run_silently(Command::new("node").arg(browser_tests().join("mp4box.mjs")).arg(film));
    let told: Value = serde_json::from_str(&told).unwrap();
    let number = |value: &Value| value.as_i64().unwrap();
    let sample = |told: &Value| Sample {
        offset: number(&told[0]) as u64,
        bytes: number(&told[1]) as u64,
        time_90k: number(&told[2]),
        is_key: told[3].as_bool().unwrap(),
    };
    Seen {
        reader: "mp4box",
        samples: told["samples"].as_array().unwrap().iter().map(sample).collect(),
        shown_90k: Some(number(&told["shown90k"])),
        entries: Some(number(&told["entries"]) as usize),
    }
}

/// Where the packages of npm are, installed if they are not.
fn browser_tests() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
        if !dir.join("node_modules/mp4box").exists() {
            let mut npm = Command::new("npm");
            let output = npm.args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(&dir).output();
            let output = output.expect("npm is there: scripts/install-deps installs it");
            assert!(output.status.success(), "npm ci: {}", String::from_utf8_lossy(&output.stderr));
        }
        dir
    })
}
