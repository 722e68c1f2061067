//! `lunette passwd`, with and without a daemon.

use crate::place::{OWNERS_PASSWORD, Visitor, home};
use crate::support::daemon::Home;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Output, Stdio};

fn passwd(home: &Home, words: &[&str], typed: &str) -> Output {
    let mut command = home.command(&[&["passwd"], words].concat());
    // Without a daemon it tells of the store that it opens.
    command.env("RUST_LOG", "error");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap().trim_end().to_owned())
}

#[test]
fn the_console_makes_the_owner_before_the_first_start() {
    let home = home();
    assert_eq!(said(&passwd(&home, &[], "correct horse\n")), (Some(0), "owner is the owner now".into()));
    let daemon = home.start();
    assert_eq!(Visitor::new(&daemon).get("/api/session").json()["needsOwner"], false);
    assert_eq!(Visitor::logged_in(&daemon, "owner", OWNERS_PASSWORD).who()["role"], "owner");
}

#[test]
fn a_password_that_was_forgotten_is_set_while_the_recorder_runs_or_not() {
    let home = home();
    let daemon = home.start();
    let owner = Visitor::first_owner(&daemon);
    owner.add_user(&json!({"name": "ann", "password": "ann's password", "role": "viewer"}));
    let ann = Visitor::logged_in(&daemon, "ann", "ann's password");
    let told = "owner has a new password, and is logged out everywhere".to_owned();
    assert_eq!(said(&passwd(&home, &[], "battery staple\nand more\n")), (Some(0), told.clone()));
    assert_eq!((owner.who(), ann.who()["name"].as_str()), (Value::Null, Some("ann")));
    Visitor::logged_in(&daemon, "owner", "battery staple");
    assert_eq!(passwd(&home, &["ANN"], "another password").status.code(), Some(0));
    assert_eq!(ann.who(), Value::Null);
    let again = Visitor::logged_in(&daemon, "ann", "another password");
    assert_eq!(again.who()["role"], "viewer", "a new password is no new role");
    daemon.stop();
    assert_eq!(said(&passwd(&home, &["owner"], "third password")), (Some(0), told));
    let daemon = home.start();
    let again = Visitor { server: daemon.address(), ..again };
    assert_eq!(again.who()["name"], "ann");
    Visitor::logged_in(&daemon, "owner", "third password");
}

#[test]
fn what_is_no_password_or_nobody_is_told_in_a_line() {
    let home = home();
    let refused = |words: &[&str], typed: &str| said(&passwd(&home, words, typed));
    assert_eq!(refused(&[], "short\n"), (Some(2), "lunette: password: needs at least 8 characters".into()));
    let empty = "lunette: password: the first line of standard input is empty";
    assert_eq!(refused(&[], ""), (Some(2), empty.into()));
    passwd(&home, &[], "correct horse");
    let nobody = "lunette: user \"bob\": there is none with this name";
    assert_eq!(refused(&["bob"], "correct horse"), (Some(3), nobody.into()));
}

/// At a terminal it asks twice, and what is typed is not to be seen.
#[test]
fn at_a_terminal_nothing_of_the_password_is_shown() {
    let home = home();
    let command = format!("{} --config {} passwd", env!("CARGO_BIN_EXE_lunette"), home.path("lunette.toml").display());
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).current_dir(home.dir()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().unwrap();
    let (mut typing, mut seeing) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut seen = Vec::new();
    let mut see_until = |words: &str| {
        let mut byte = [0];
        while !String::from_utf8_lossy(&seen).ends_with(words) {
            std::io::Read::read_exact(&mut seeing, &mut byte).unwrap_or_else(|e| panic!("{words}: {e}: {seen:?}"));
            seen.push(byte[0]);
        }
        String::from_utf8_lossy(&seen).into_owned()
    };
    see_until("new password: ");
    typing.write_all(b"correct horse\n").unwrap();
    see_until("again: ");
    typing.write_all(b"correct horse\n").unwrap();
    let seen = see_until("owner is the owner now");
    assert!(!seen.contains("horse"), "{seen}");
    drop(typing);
    child.wait().unwrap();
}
