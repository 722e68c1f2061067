//! A store of the original system with as many recordings as asked for, and sample files for the newest only: to
//! measure `lunette upgrade` on.
//!
//! ```text
//! cargo run --release --example old_store -- --recordings 500000 --version 1 target/old-store
//! ```

#[path = "../../tests/upgrade/fixture.rs"]
#[allow(dead_code)]
mod fixture;

use clap::Parser;
use fixture::{Layout, OldDatabase, OldRecording};
use std::fs;
use std::path::PathBuf;

#[derive(Parser, Debug)]
struct Arguments {
    /// Where to make `db`, `sample` and `lunette.toml`.
    directory: PathBuf,
    /// How many recordings, of two cameras in turn.
    #[arg(long, default_value_t = 500_000)]
    recordings: u32,
    /// Frames of each: a minute at 30 a second.
    #[arg(long, default_value_t = 1800)]
    frames: u32,
    /// Version 0 or 1.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    version: u8,
}

fn main() {
    let Arguments { directory, recordings, frames, version } = Arguments::parse();
    let layout = if version == 0 { Layout::Zero } else { Layout::One };
    fs::create_dir_all(directory.join("sample")).expect("make the directory");
    let at = |name: &str| directory.join(name);
    let config = format!("[store]\ndb_dir = {:?}\nsample_dir = {:?}\n", at("db"), at("sample"));
    fs::write(at("lunette.toml"), config).expect("write the configuration");
    let mut db = OldDatabase::create(&at("db"), layout, b"\0\0\0\x0cavc1\0\0\0\0", (1920, 1080));
    // Key frames each two seconds; sizes as of a quiet scene.
    let frame = |i: u32| match i % 60 {
        0 => (3000, 60_000 + i64::from(i * 37 % 2000), true),
        _ => (3000, 4000 + i64::from(i * 7919 % 1500), false),
    };
    let frames: Vec<_> = (0..frames).map(frame).collect();
    let made = [1, 2].map(|camera| OldRecording::of(camera, 0, &frames, b""));
    let minute = made[0].duration;
    db.conn.execute_batch("BEGIN").expect("begin");
    for n in 0..recordings {
        let made = &made[n as usize % 2];
        let recording = OldRecording {
            start: 1_488_456_000 * 90_000 + i64::from(n / 2) * minute,
            run_offset: i64::from(n / 2 % 1440),
            uuid: uuid::Uuid::new_v4().as_bytes().to_vec(),
            ..made.clone()
        };
        if n + 100 > recordings {
            fs::write(at("sample").join(recording.file_name()), "").expect("make a sample file");
        }
        db.add(&recording);
    }
    db.conn.execute_batch("COMMIT").expect("commit");
}
