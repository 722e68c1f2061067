//! Finding cameras: the recorder and devices that we did not write (crate `onvif-server`), each in a network namespace
//! of its own, between them a wire that carries multicast.
#![allow(missing_docs, clippy::unwrap_used)]

mod devices;
mod listener;
mod network;
#[path = "../support/mod.rs"]
mod support;

use devices::{Yard, rtsp};
use listener::Listener;
use network::Network;
use serde_json::{Value, json};
use std::fs;
use support::daemon::{Daemon, Home};
use support::http;
use support::wait::{secs, wait_until};

/// Nobody may learn it.
const PASSWORD: &str = "hunter2-of-the-yard";

/// A recorder that looks for cameras.
fn home(recorder: &str) -> Home {
    let home = Home::new();
    let file = home.path("lunette.toml");
    let config = fs::read_to_string(&file).unwrap().replace("discovery = 'off'", recorder);
    fs::write(file, config).unwrap();
    home
}

fn names(daemon: &Daemon) -> Vec<String> {
    let cameras = daemon.get("/api/cameras").json()["cameras"].clone();
    let present = cameras.as_array().unwrap().iter().filter(|camera| camera["removed"] == false).cloned();
    let mut names: Vec<String> = present.map(|camera| camera["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn record(daemon: &Daemon, key: &str, password: &str) -> Value {
    let body = json!({ "keys": [key], "username": "admin", "password": password }).to_string();
    let answer = http::ask(daemon.address(), "POST", "/api/discovery/record", &body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["results"][0].clone()
}

#[test]
fn an_open_camera_is_recorded_unasked_and_another_with_its_login() {
    let Some(network) = Network::of("cameras that are found") else { return };
    let porch = network.among_cameras(|| rtsp("10.77.0.2:8554", &["--onvif", "10.77.0.2:8600", "--name", "porch"]));
    let _gate = network.among_cameras(|| rtsp("10.77.0.2:8556", &[]));
    let _yard = network.among_cameras(|| rtsp("10.77.0.2:8555", &["--login", &format!("admin:{PASSWORD}")]));
    let _gate_device = Yard { name: "Gate", rtsp: 8556, http: 8082, password: None }.start(&network);
    let _yard_device = Yard { name: "Yard", rtsp: 8555, http: 8081, password: Some(PASSWORD) }.start(&network);

    let home = home("discovery = 'on'\nadopt_open_cameras = true");
    let daemon = home.start();
    wait_until("open cameras are added", secs(60), || (names(&daemon).len() == 2).then_some(()));
    assert_eq!(names(&daemon), ["ACME Gate", "porch"]);
    daemon.wait_for_film("porch", 2);
    daemon.wait_for_film("ACME Gate", 2);
    let gate = daemon.camera("ACME Gate").unwrap();
    assert_eq!((&gate["foundByItself"], &gate["hasSnapshot"]), (&json!(true), &json!(true)));
    let streams: Vec<_> = gate["streams"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(streams, ["main", "sub"]);

    // The page and the verb are told the same.
    let mut listener = Listener::open(daemon.address());
    let found = listener.until_swept();
    let told: Value = serde_json::from_str(&home.expect(&["discover", "--json"])).unwrap();
    assert_eq!(told["cameras"], json!(found.values().collect::<Vec<_>>()));
    let states: Vec<_> = found.values().map(|f| (f["model"].clone(), f["state"].clone())).collect();
    assert_eq!(found.len(), 3, "{states:?}");
    let by_state = |state: &str| found.values().find(|f| f["state"] == state && f["camera"].is_null()).cloned();
    let yard = by_state("needsLogin").unwrap_or_else(|| panic!("{states:?}"));
    let key = yard["key"].as_str().unwrap().to_owned();
    assert_eq!((&yard["address"], &yard["profiles"]), (&json!("10.77.0.2"), &json!([])));

    // No picture and no film without the login, and a wrong one is told so.
    assert_eq!(daemon.get(&format!("/api/discovery/{key}/snapshot.jpg")).status, 404);
    let refused = record(&daemon, &key, "wrong");
    assert_eq!((&refused["camera"], &refused["error"]["state"]), (&Value::Null, &json!("wrongLogin")));
    let taken = record(&daemon, &key, PASSWORD);
    assert_eq!(taken["error"], Value::Null, "{taken}");
    assert_eq!(record(&daemon, &key, "whatever")["camera"], taken["camera"], "it is one already");
    daemon.wait_for_film("ACME Yard", 2);
    let now = listener.wait_for(&key, |found| !found["camera"].is_null());
    assert_eq!((&now["camera"], &now["foundByItself"]), (&taken["camera"], &json!(false)));

    // Its picture comes through us, from the address that answered.
    let picture = daemon.get(&format!("/api/cameras/{}/snapshot.jpg", taken["camera"].as_str().unwrap()));
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/jpeg"));
    assert!(picture.body.starts_with(b"\xff\xd8\xff"));

    // What the owner takes away does not come back by itself.
    let path = format!("/api/cameras/{}?deleteFilm=true", gate["uuid"].as_str().unwrap());
    assert_eq!(http::ask(daemon.address(), "DELETE", &path, "").unwrap().status, 204);
    listener.until_swept();
    assert_eq!(names(&daemon), ["ACME Yard", "porch"]);

    let everything = [daemon.get("/api/").text(), daemon.get("/metrics").text(), &listener.said()].concat();
    let said = daemon.stop().join("\n");
    assert!(!everything.contains(PASSWORD) && !said.contains(PASSWORD) && !said.contains("subtype"), "{said}");
    assert!(!said.contains("its events are not heard"), "{said}");
    assert!(said.contains("porch: found by itself at 10.77.0.2, recording it"), "{said}");
    drop(porch);
}

#[test]
fn motion_that_a_camera_notices_is_kept() {
    let Some(network) = Network::of("a camera that notices motion") else { return };
    let onvif = ["--onvif", "127.0.0.1:8600", "--name", "porch", "--motion", "2", "--login", "admin:hunter2"];
    let camera = rtsp("127.0.0.1:8554", &onvif);
    let home = home("discovery = ['lo']");
    let daemon = home.start();
    let found = Listener::open(daemon.address()).until_swept();
    let (key, found) = found.into_iter().next().expect("a camera on the loopback");
    assert_eq!((&found["name"], &found["state"]), (&json!("porch"), &json!("needsLogin")));
    assert_eq!(names(&daemon), [""; 0], "nothing is added unasked");
    let added = record(&daemon, &key, "hunter2");
    let path = format!("/api/cameras/{}/events", added["camera"].as_str().unwrap_or_else(|| panic!("{added}")));
    let events = || daemon.get(&path).json()["events"].as_array().unwrap().clone();
    let ended = wait_until("motion is written", secs(60), || {
        let ended: Vec<_> = events().into_iter().filter(|event| !event["end90k"].is_null()).collect();
        (ended.len() >= 2).then_some(ended)
    });
    for event in &ended {
        let length = event["end90k"].as_i64().unwrap() - event["start90k"].as_i64().unwrap();
        assert!((90_000..5 * 90_000).contains(&length), "{event}");
        assert_eq!((&event["kind"], &event["source"]), (&json!("motion"), &json!("door step")));
    }
    // A camera that goes leaves no motion without an end.
    drop(camera);
    daemon.stop();
    let daemon = home.start();
    let after = daemon.get(&path).json()["events"].as_array().unwrap().clone();
    assert!(after.len() >= ended.len() && after.iter().all(|event| !event["end90k"].is_null()), "{after:?}");
    drop(network);
}

#[test]
fn a_camera_that_comes_back_elsewhere_is_followed() {
    let Some(network) = Network::of("a camera that moves") else { return };
    let start = |address: &str| {
        let (listen, onvif) = (format!("{address}:8554"), "0.0.0.0:8600");
        network.among_cameras(move || rtsp(&listen, &["--onvif", onvif, "--name", "porch"]))
    };
    let camera = start("10.77.0.2");
    let home = home("discovery = ['eth0']\nadopt_open_cameras = true");
    let daemon = home.start();
    wait_until("the camera is added", secs(60), || (names(&daemon) == ["porch"]).then_some(()));
    daemon.wait_for_film("porch", 1);
    drop(camera);
    network.move_cameras("10.77.0.2", "10.77.0.9");
    let _camera = start("10.77.0.9");
    let source = || daemon.camera("porch").unwrap()["streams"]["main"]["source"].as_str().unwrap().to_owned();
    wait_until("the camera is followed", secs(120), || source().contains("10.77.0.9").then_some(()));
    daemon.wait_for_more("porch", 15);
    let said = daemon.stop().join("\n");
    assert!(said.contains("porch: found again at 10.77.0.9"), "{said}");
}
