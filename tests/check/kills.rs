//! Adoptions that are killed at any moment, and begun again.

use crate::HASH;
use crate::stage::Stage;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Tried, spread over the time that a whole one takes; some may find it done.
const KILLS: u32 = 24;

fn adopting(stage: &Stage) -> Child {
    let config = stage.film().with_file_name("lunette.toml");
    fs::write(&config, format!("[store]\ndb_dir = {:?}\nsample_dir = {:?}\n", stage.db(), stage.film())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lunette"));
    command.arg("--config").arg(config).arg("adopt").arg(stage.film());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn lost() -> Stage {
    let stage = Stage::new();
    fs::remove_dir_all(stage.db()).unwrap();
    stage
}

#[test]
fn an_adoption_that_is_killed_at_any_moment_is_done_when_it_is_called_again() {
    let straight = lost();
    let begun = Instant::now();
    assert!(adopting(&straight).wait().unwrap().success());
    let whole = begun.elapsed();

    let (mut kills, mut stage) = (0, lost());
    let wanted = straight.outside();
    let agrees = |stage: &Stage, moment: u32| {
        assert_eq!(stage.check(HASH), [""; 0], "killed at moment {moment}");
        assert_eq!(stage.outside().answers(), wanted.answers(), "killed at moment {moment}");
    };
    for part in 0..KILLS {
        let mut child = adopting(&stage);
        let until = Instant::now() + whole * (part * 7 % KILLS) / KILLS;
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        // It may have ended just now.
        let _ = child.kill();
        if child.wait().unwrap().success() {
            agrees(&stage, part);
            stage = lost();
        } else {
            kills += 1;
        }
    }
    // Killed between the last step and its word it has nothing more to do, and says so.
    let done = adopting(&stage).wait().unwrap().success() || stage.db().join("db").exists();
    assert!(done);
    agrees(&stage, KILLS);
    println!("{kills} kills of {KILLS} within {whole:?}");
    assert!(kills >= 4, "{kills}");
}
