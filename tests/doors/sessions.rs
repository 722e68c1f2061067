//! How people come and go.

use crate::place::{OWNERS_PASSWORD, Visitor, home};
use crate::support::http;
use crate::support::wait::{secs, wait_until};
use serde_json::{Value, json};
use std::io::Read;
use std::net::TcpStream;

#[test]
fn first_boot_makes_an_owner_and_shuts_the_door() {
    let home = home();
    let daemon = home.start();
    let nobody = Visitor::new(&daemon);
    let before = nobody.get("/api/session").json();
    let none = json!({"needsOwner": true, "user": null, "loginRequired": true, "appliance": false, "waitsFor": null});
    assert_eq!(before, none);
    let refused = nobody.get("/api/cameras");
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer realm=\"lunette\""));
    assert_eq!(refused.json()["detail"], "nobody has set the owner's password yet");

    let short = nobody.post("/api/setup", &json!({"password": "short"}));
    assert_eq!((short.status, short.json()["detail"].as_str()), (400, Some("password: needs at least 8 characters")));
    let owner = Visitor::first_owner(&daemon);
    let told = json!({"id": 1, "name": "owner", "role": "owner", "cameras": null});
    assert_eq!(owner.who(), told);
    assert_eq!(owner.get("/api/").json()["user"], told);
    assert_eq!(owner.get("/api/cameras").status, 200);

    let late = nobody.post("/api/setup", &json!({"password": "another horse"}));
    assert_eq!((late.status, late.has("set-cookie")), (409, false));
    let refused = nobody.get("/api/cameras");
    assert_eq!((refused.status, refused.json()["detail"].as_str()), (401, Some("log in first")));
    for public in ["/", "/healthz", "/api/session"] {
        assert_eq!(nobody.get(public).status, 200, "{public}");
    }
    let page = nobody.get("/");
    // The page that stands in for one that was not built names the API's document, which is not for strangers.
    let is_file = |word: &&str| word.starts_with('/') && !word.starts_with("/api/") && word.contains('.');
    let files: Vec<_> = page.text().split('"').filter(is_file).collect();
    for file in &files {
        assert_eq!(nobody.get(file).status, 200, "{file}");
    }
    let was_built = !page.text().contains("scripts/page");
    assert_eq!(files.iter().any(|file| file.ends_with(".js")), was_built, "{files:?}");
}

#[test]
fn a_session_outlives_a_restart_and_ends_with_the_logout() {
    let home = home();
    let daemon = home.start();
    let owner = Visitor::first_owner(&daemon);
    let other = Visitor::logged_in(&daemon, " OWNER ", OWNERS_PASSWORD);
    assert!(owner.says != other.says);
    daemon.stop();
    let daemon = home.start();
    let [owner, other] = [owner, other].map(|v| Visitor { server: daemon.address(), ..v });
    assert_eq!(owner.who()["name"], "owner");
    let gone = owner.post("/api/logout", &json!({}));
    assert_eq!(gone.status, 204);
    assert!(gone.header("set-cookie").starts_with("lunette=; Path=/; Max-Age=0; "));
    assert_eq!((owner.who(), other.who()["name"].as_str()), (Value::Null, Some("owner")));
    assert_eq!(owner.get("/api/cameras").status, 401);
    daemon.stop();
    let daemon = home.start();
    let owner = Visitor { server: daemon.address(), ..owner };
    assert_eq!(owner.get("/api/cameras").status, 401, "also after a restart");
}

#[test]
fn the_cookie_is_kept_from_scripts_and_other_sites_and_the_database_has_only_hashes() {
    let home = home();
    let daemon = home.start();
    let nobody = Visitor::new(&daemon);
    let answer = nobody.post("/api/setup", &json!({"password": OWNERS_PASSWORD}));
    let cookie = answer.header("set-cookie");
    let (pair, rest) = cookie.split_once("; ").unwrap();
    assert_eq!(rest, "Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict");
    let secret = pair.strip_prefix("lunette=").unwrap().to_owned();
    let owner = Visitor::logged_in(&daemon, "owner", OWNERS_PASSWORD);
    let token = owner.post("/api/tokens", &json!({"name": "backup", "role": "viewer"})).json();
    let token = token["token"].as_str().unwrap().to_owned();
    assert!(!owner.get("/api/tokens").text().contains("lunette_"), "it is told once");
    daemon.stop();
    let stored = std::fs::read(home.path("db/db")).unwrap();
    let holds = |words: &str| stored.windows(words.len()).any(|found| found == words.as_bytes());
    assert!(holds("$argon2id$v=19$m=19456,t=2,p=1$"));
    for secret in [&secret, &token, OWNERS_PASSWORD] {
        assert!(!holds(secret), "{secret}");
    }
}

#[test]
fn a_new_password_ends_the_other_sessions_of_that_user_alone() {
    let home = home();
    let daemon = home.start();
    let owner = Visitor::first_owner(&daemon);
    let ann = owner.add_user(&json!({"name": "ann", "password": "ann's password", "role": "viewer"}));
    let anns = Visitor::logged_in(&daemon, "ann", "ann's password");
    let elsewhere = Visitor::logged_in(&daemon, "owner", OWNERS_PASSWORD);
    let changed = owner.patch("/api/users/1", &json!({"password": "battery staple"}));
    assert_eq!(changed.status, 200);
    assert_eq!((owner.who()["id"].as_i64(), elsewhere.who()), (Some(1), Value::Null));
    assert_eq!(anns.who()["name"], "ann");
    let with = |password| Visitor::new(&daemon).post("/api/login", &json!({"name": "owner", "password": password}));
    assert_eq!((with(OWNERS_PASSWORD).status, with("battery staple").status), (401, 200));
    owner.patch(&format!("/api/users/{ann}"), &json!({"password": "another password"}));
    assert_eq!(anns.who(), Value::Null, "whoever changes it");
}

#[test]
fn everybody_may_change_their_own_password_who_knows_it() {
    let home = home();
    let daemon = home.start();
    let owner = Visitor::first_owner(&daemon);
    owner.add_user(&json!({"name": "ann", "password": "ann's password", "role": "viewer"}));
    let [here, elsewhere] = [(); 2].map(|()| Visitor::logged_in(&daemon, "ann", "ann's password"));
    let change = |who: &Visitor, current: &str, new: &str| {
        let answer = who.post("/api/password", &json!({"current": current, "new": new}));
        let told = if answer.body.is_empty() { Value::Null } else { answer.json() };
        (answer.status, told["detail"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(change(&here, "wrong", "another password"), (400, "current: it is not the password".to_owned()));
    let short = (400, "password: needs at least 8 characters".to_owned());
    assert_eq!(change(&here, "ann's password", "short"), short);
    assert_eq!(change(&here, "ann's password", "another password").0, 204);
    assert_eq!((here.who()["name"].as_str(), elsewhere.who()), (Some("ann"), Value::Null));
    Visitor::logged_in(&daemon, "ann", "another password");
    assert_eq!(change(&owner, OWNERS_PASSWORD, "battery staple").0, 204);
    assert_eq!(owner.who()["id"], 1);

    let token = owner.post("/api/tokens", &json!({"name": "wall", "role": "viewer"})).json();
    let program = Visitor::with_token(&daemon, token["token"].as_str().unwrap());
    assert_eq!(change(&program, "x", "another password").0, 409, "a program has none");
    // Who tries passwords so is held up as at the door.
    wait_until("a refusal", secs(30), || (change(&here, "wrong", "another password").0 == 429).then_some(()));
    let said = daemon.stop().join("\n");
    assert!(said.contains("ann has another password") && !said.contains("another password\""), "{said}");
}

#[test]
fn who_looks_for_cameras_and_is_not_let_in_any_more_hears_no_more() {
    let home = home();
    home.configure(|config| config.replace("discovery = 'off'", "discovery = ['lo']"));
    let daemon = home.start();
    daemon.wait_for_finder();
    let listen = |who: &Visitor| {
        let says: Vec<_> = who.says.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut stream = http::send(daemon.address(), "GET", "/api/discovery", &says, None);
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
        stream
    };
    let ends = |mut stream: TcpStream| _ = stream.read_to_end(&mut Vec::new()).unwrap();
    let newcomer = listen(&Visitor::new(&daemon));
    let owner = Visitor::first_owner(&daemon);
    ends(newcomer);
    let other = Visitor::logged_in(&daemon, "owner", OWNERS_PASSWORD);
    let [heard, of_other] = [&owner, &other].map(listen);
    other.post("/api/logout", &json!({}));
    ends(of_other);
    owner.add_user(&json!({"name": "ann", "password": "ann's password", "role": "owner"}));
    let ann = Visitor::logged_in(&daemon, "ann", "ann's password");
    assert_eq!(ann.patch("/api/users/1", &json!({"role": "viewer"})).status, 200);
    ends(heard);
}

/// Also what goes on for ever.
#[test]
fn who_watches_and_is_not_let_in_any_more_sees_no_more() {
    let home = home();
    let daemon = home.start();
    let owner = Visitor::first_owner(&daemon);
    let [porch, gate] = ["porch", "gate"].map(|name| owner.camera(name));
    let ann = owner.add_user(&json!({"name": "ann", "password": "ann's password", "role": "viewer"}));
    let token = owner.post("/api/tokens", &json!({"name": "wall", "role": "viewer"})).json();
    let [browser, other] = [(); 2].map(|()| Visitor::logged_in(&daemon, "ann", "ann's password"));
    let program = Visitor::with_token(&daemon, token["token"].as_str().unwrap());
    let [by_browser, of_porch, of_gate] = [browser.watch(&porch), other.watch(&porch), other.watch(&gate)];
    let (by_program, by_owner) = (program.watch(&porch), owner.watch(&porch));
    let ended = |mut stream: &TcpStream| {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(String::from_utf8_lossy(&rest).contains("you are not logged in any more"), "{rest:?}");
    };
    browser.post("/api/logout", &json!({}));
    ended(&by_browser);
    owner.patch(&format!("/api/users/{ann}"), &json!({"cameras": [porch]}));
    ended(&of_gate);
    owner.delete(&format!("/api/tokens/{}", token["id"]));
    ended(&by_program);
    // The others go on: nothing came but what was there before.
    for mut stream in [&of_porch, &by_owner] {
        stream.set_nonblocking(true).unwrap();
        let mut seen = Vec::new();
        assert_eq!(stream.read_to_end(&mut seen).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        assert!(!String::from_utf8_lossy(&seen).contains("logged in"));
    }
}

#[test]
fn users_come_change_and_go_and_an_owner_stays() {
    let home = home();
    let daemon = home.start();
    let owner = Visitor::first_owner(&daemon);
    let porch = owner.camera("porch");
    let new = json!({"name": "ann", "password": "ann's password", "role": "viewer", "cameras": [porch]});
    let ann = owner.add_user(&new);
    let path = format!("/api/users/{ann}");
    assert_eq!(owner.post("/api/users", &new).status, 409);
    let told = json!({"id": ann, "name": "ann", "role": "viewer", "cameras": [porch]});
    assert_eq!(owner.get("/api/users").json()["users"][1], told);
    let anns = Visitor::logged_in(&daemon, "Ann", "ann's password");
    assert_eq!(anns.who(), told);
    assert_eq!(owner.patch(&path, &json!({"cameras": null, "name": "anne"})).json()["cameras"], Value::Null);
    assert_eq!(anns.who()["name"], "anne", "rights and names change while somebody is logged in");
    assert_eq!(owner.patch(&path, &json!({"role": "owner"})).json()["role"], "owner");
    assert_eq!(anns.get("/api/users").status, 200);
    assert_eq!(owner.patch("/api/users/1", &json!({"role": "viewer"})).status, 200);
    assert_eq!(owner.get("/api/users").status, 403);
    let last = anns.delete(&path);
    assert_eq!((last.status, anns.patch(&path, &json!({"role": "viewer"})).status), (409, 409));
    assert!(last.json()["detail"].as_str().unwrap().contains("is the last owner"));
    assert_eq!((anns.delete("/api/users/1").status, owner.who()), (204, Value::Null));
}

#[test]
fn a_camera_that_goes_leaves_a_viewer_with_fewer_and_never_with_all() {
    let home = home();
    let daemon = home.start();
    let owner = Visitor::first_owner(&daemon);
    let porch = owner.camera("porch");
    owner.add_user(&json!({"name": "ann", "password": "ann's password", "role": "viewer", "cameras": [porch]}));
    let ann = Visitor::logged_in(&daemon, "ann", "ann's password");
    assert_eq!(owner.delete(&format!("/api/cameras/{porch}?deleteFilm=true")).status, 204);
    assert_eq!((ann.who()["cameras"].clone(), ann.get("/api/cameras").json()), (json!([]), json!({"cameras": []})));
}

#[test]
fn wrong_passwords_wait_longer_each_time_and_say_nothing_of_who_is_there() {
    let home = home();
    let daemon = home.start();
    Visitor::first_owner(&daemon);
    let nobody = Visitor::new(&daemon);
    let log_in = |name: &str, password: &str| nobody.post("/api/login", &json!({"name": name, "password": password}));
    let [known, unknown] = ["owner", "nobody"].map(|name| log_in(name, "hunter2 hunter2"));
    assert_eq!((known.status, known.text()), (401, unknown.text()));
    assert_eq!(unknown.status, 401);
    // The fifth try of an address has to wait.
    let refused = wait_until("a refusal", secs(30), || {
        let answer = log_in("owner", "hunter2 hunter2");
        (answer.status == 429).then_some(answer)
    });
    assert!((1..=10).contains(&refused.header("retry-after").parse::<u64>().unwrap()), "{}", refused.text());
    assert_eq!(log_in("owner", OWNERS_PASSWORD).status, 429, "whatever the password is");
    wait_until("the wait is over", secs(30), || (log_in("owner", OWNERS_PASSWORD).status == 200).then_some(()));
    let said = daemon.stop().join("\n");
    assert!(said.contains("127.0.0.1 tried to log in as owner, with a wrong password"), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("nobody"), "a password may stand in the wrong field");
}

#[test]
fn a_token_is_somebody_until_it_is_taken_back() {
    let home = home();
    let daemon = home.start();
    let owner = Visitor::first_owner(&daemon);
    let made = owner.post("/api/tokens", &json!({"name": "dashboard", "role": "viewer"}));
    assert_eq!(made.status, 201, "{}", made.text());
    let (id, token) = (made.json()["id"].clone(), made.json()["token"].as_str().unwrap().to_owned());
    let program = Visitor::with_token(&daemon, &token);
    assert_eq!(program.who(), json!({"id": null, "name": "dashboard", "role": "viewer", "cameras": null}));
    assert_eq!((program.get("/metrics").status, program.get("/api/tokens").status), (200, 403));
    let both = owner.ask("GET", "/api/cameras", &[("Authorization", "Bearer lunette_0")], None);
    assert_eq!(both.status, 401, "a cookie makes up for no token");
    assert_eq!(owner.delete(&format!("/api/tokens/{id}")).status, 204);
    assert_eq!((program.get("/metrics").status, program.who()), (401, Value::Null));
}

#[test]
fn without_a_login_whoever_comes_is_the_owner_and_nobody_logs_in() {
    let home = crate::support::daemon::Home::new();
    let daemon = home.start();
    let nobody = Visitor::new(&daemon);
    let told = nobody.get("/api/session").json();
    assert_eq!((told["needsOwner"].as_bool(), told["loginRequired"].as_bool()), (Some(false), Some(false)));
    assert_eq!(told["user"], json!({"id": null, "name": "owner", "role": "owner", "cameras": null}));
    for (path, body) in
        [("/api/setup", json!({"password": "x"})), ("/api/login", json!({"name": "a", "password": "x"}))]
    {
        let answer = nobody.post(path, &body);
        assert_eq!(answer.status, 409, "{}", answer.text());
    }
}
