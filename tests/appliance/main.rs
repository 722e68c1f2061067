//! The helper, the daemon and the proof against a real RAUC on a bus of its own. Slots are files, and the boot loader is a
//! script that remembers what it is told; bundles are signed by an authority that lives as long as the test. Bundles of the kind
//! `verity` need a kernel with dm-verity: the emulated Pi has those.
#![allow(missing_docs, clippy::unwrap_used)]

mod bundles;
mod place;

use bundles::Bundle;
use place::Place;
use serde_json::{Value, json};

/// What is wrong with a bundle is told before anything is touched.
#[test]
fn bundles_that_are_not_for_this_machine_are_refused_in_words() {
    let Some(place) = Place::new() else { return };
    let (good, size) = (Bundle::default(), 500_000);
    let cases = [
        (Bundle { stranger: true, ..good }, "bad_input", "it is not signed by who makes this machine's systems"),
        (
            Bundle { compatible: "lunette-x86", ..good },
            "bad_input",
            "it is for lunette-x86, and this machine is lunette-armv7",
        ),
        (Bundle { version: "0.1.0", ..good }, "conflict", "0.1.0 is older than 0.2.0, which runs"),
        (
            Bundle { bytes: 1_500_000, ..good },
            "bad_input",
            "the system in it has 1500000 bytes, and a slot holds 1048576",
        ),
        (
            Bundle { cut: Some(size / 2), ..good },
            "bad_input",
            "it is damaged, not all of it has arrived, or it is no bundle",
        ),
        (
            Bundle { flip: Some(size / 2), ..good },
            "bad_input",
            "it is damaged, not all of it has arrived, or it is no bundle",
        ),
    ];
    let _machine = place.start("A");
    let before = place.everything();
    for (bundle, kind, words) in cases {
        place.lay(&bundle);
        let refusal = place.ask(&json!({"verb": "install", "path": place.uploaded()}));
        let (told, detail) = (&refusal["error"]["kind"], refusal["error"]["detail"].as_str().unwrap_or_default());
        assert!(told == kind && detail.starts_with(words), "{refusal}");
        assert_eq!(place.everything(), before, "{words}");
    }
    let inspected = place.ask(&json!({"verb": "inspect", "path": place.uploaded()}));
    assert_eq!(inspected["error"]["kind"], "bad_input");
    let elsewhere = place.ask(&json!({"verb": "install", "path": "/etc/passwd"}));
    assert!(elsewhere["error"]["detail"].as_str().unwrap().starts_with("bundles are read from "));
}

#[test]
fn an_older_bundle_is_installed_by_who_means_it() {
    let Some(place) = Place::new() else { return };
    let _machine = place.start("A");
    place.lay(&Bundle { version: "0.1.0", ..Bundle::default() });
    let told = place.ask(&json!({"verb": "inspect", "path": place.uploaded()}));
    assert_eq!((&told["ok"]["older"], &told["ok"]["version"]), (&json!(true), &json!("0.1.0")));
    let done = place.ask(&json!({"verb": "install", "path": place.uploaded(), "force": true}));
    assert_eq!(done["ok"]["pending"], "0.1.0", "{done}");
    assert_eq!(place.boots(), "B");
}

/// The slot that runs, the boot order and the data stay; the other slot is bad, and shown so.
#[test]
fn a_bundle_whose_writing_fails_leaves_what_runs() {
    let Some(place) = Place::new() else { return };
    let _machine = place.start("A");
    let running = place.slot("A");
    place.lay(&Bundle { fails: true, ..Bundle::default() });
    let done = place.ask(&json!({"verb": "install", "path": place.uploaded()}));
    assert_eq!(done["error"]["kind"], "corrupt", "{done}");
    let words = "the system that runs was not touched, and the other slot is not to be started";
    assert!(done["error"]["detail"].as_str().unwrap().ends_with(words), "{done}");
    assert_eq!((place.boots(), place.slot("A")), ("A".to_owned(), running));
    let status = place.ask(&json!({"verb": "status"}));
    assert_eq!(
        (&status["ok"]["slots"]["A"]["state"], &status["ok"]["slots"]["B"]["state"]),
        (&json!("good"), &json!("bad"))
    );
    assert_eq!(status["ok"]["pending"], Value::Null);
    // The next one makes it whole again.
    place.lay(&Bundle::default());
    let done = place.ask(&json!({"verb": "install", "path": place.uploaded()}));
    assert_eq!(done["ok"]["slots"]["B"]["state"], "unproven", "{done}");
}

#[test]
fn an_upgrade_through_the_page_is_proven_and_kept() {
    let Some(place) = Place::new() else { return };
    let machine = place.start("A");
    let daemon = place.daemon();
    let bytes = Bundle::default().bytes(&place);
    let (status, answer) = daemon.send("POST", "/api/firmware", "application/octet-stream", &bytes);
    assert_eq!((status, &answer["version"]), (202, &json!("0.3.0")), "{answer}");
    let told = daemon.wait_for("/api/firmware", |told| told["pending"] == "0.3.0");
    assert_eq!((&told["booted"], &told["slots"]["B"]["state"]), (&json!("A"), &json!("unproven")));
    assert!(!std::path::Path::new(&place.uploaded()).exists(), "there is room for one");
    drop((daemon, machine));

    let _machine = place.start(&place.boots());
    let daemon = place.daemon();
    assert_eq!(place.prove(), 0);
    let told = daemon.wait_for("/api/firmware", |told| told["lastUpgrade"]["outcome"] == "good");
    assert_eq!((&told["booted"], &told["slots"]["B"]["state"]), (&json!("B"), &json!("good")));
    assert_eq!((&told["lastUpgrade"]["from"], &told["pending"]), (&json!("0.2.0"), &Value::Null));
    assert_eq!(place.state("B"), "good");
    // What worked once is not asked again, whatever does not answer.
    drop(daemon);
    assert_eq!(place.prove(), 0);
    assert_eq!(place.state("B"), "good");
}

#[test]
fn what_does_not_answer_is_taken_back_once_and_the_page_says_so() {
    let Some(place) = Place::new() else { return };
    let machine = place.start("A");
    place.prove();
    place.lay(&Bundle::default());
    let done = place.ask(&json!({"verb": "install", "path": place.uploaded()}));
    assert_eq!(done["ok"]["pending"], "0.3.0", "{done}");
    drop(machine);

    // Its daemon does not start. Nothing here reboots: there is no systemd on this bus, and that is said.
    let machine = place.start("B");
    assert_eq!(place.prove(), 3);
    assert_eq!(place.state("B"), "bad");
    drop(machine);

    let _machine = place.start("A");
    let daemon = place.daemon();
    assert_eq!(place.prove(), 0);
    let told = daemon.wait_for("/api/firmware", |told| told["lastUpgrade"]["outcome"] == "rolledBack");
    let why = told["lastUpgrade"]["why"].as_str().unwrap();
    assert!(why.starts_with("the page does not answer: "), "{why}");
    let notices = daemon.get("/api/")["notices"].clone();
    let notice = notices.as_array().unwrap().iter().find(|notice| notice["kind"] == "upgrade").unwrap().clone();
    let words = "0.3.0 was taken back, and 0.2.0 runs again: the page does not answer";
    assert!(notice["detail"].as_str().unwrap().starts_with(words), "{notice}");
    let status = place.ask(&json!({"verb": "status"}));
    assert_eq!(status["ok"]["failed"].as_array().unwrap().len(), 1);
}

#[test]
fn more_than_a_slot_holds_is_not_even_taken_in() {
    let Some(place) = Place::new() else { return };
    let _machine = place.start("A");
    let daemon = place.daemon();
    let (status, _) = daemon.send("POST", "/api/firmware", "application/octet-stream", &vec![0; (9 << 20) + 1]);
    assert_eq!(status, 413);
    let (status, answer) = daemon.send("POST", "/api/firmware", "application/octet-stream", b"no bundle");
    assert_eq!(status, 400, "{answer}");
    assert!(!std::path::Path::new(&place.uploaded()).exists());
    let (status, answer) = daemon.send("POST", "/api/firmware", "application/json", br#"{"url": "ftp://a/b"}"#);
    assert_eq!(status, 400, "{answer}");
    let (status, told) = daemon.send("PATCH", "/api/firmware", "application/json", br#"{"window": "03:00-04:30"}"#);
    assert_eq!((status, &told["schedule"]["window"]), (200, &json!("03:00-04:30")));
}
