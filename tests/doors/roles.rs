//! Every route for every kind of caller, before the real recorder. What a route is for is written here once more: a route
//! that is not in this table, or for others than it says, fails.

use crate::place::{Visitor, home};
use crate::support::daemon::{Daemon, Home};
use crate::support::http::Answer;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// GET is HEAD too.
const TABLE: &str = "
anybody GET /healthz
anybody GET /api/session
anybody POST /api/setup
anybody POST /api/login
anybody POST /api/logout
viewers POST /api/password
viewers GET /metrics
viewers GET /api/
viewers GET /api/time
viewers GET /api/storage
viewers GET /api/openapi.json
viewers GET /api/cameras
viewers GET /api/cameras/{uuid}
viewers GET /api/cameras/{uuid}/snapshot.jpg
viewers GET /api/cameras/{uuid}/events
viewers GET /api/cameras/{uuid}/{stream}/recordings
viewers GET /api/cameras/{uuid}/{stream}/gaps
viewers GET /api/cameras/{uuid}/{stream}/protected
viewers GET /api/cameras/{uuid}/{stream}/live.m4s
viewers GET /api/cameras/{uuid}/{stream}/live.m3u8
viewers GET /api/cameras/{uuid}/{stream}/vod.m3u8
viewers GET /api/cameras/{uuid}/{stream}/view.mp4
viewers GET /api/cameras/{uuid}/{stream}/view.mp4.txt
viewers GET /api/cameras/{uuid}/{stream}/view.m4s
viewers GET /api/init/{id}.mp4
viewers GET /api/system
owners POST /api/system/reboot
owners POST /api/system/poweroff
owners GET /api/system/logs
owners GET /api/system/network
owners PUT /api/system/network
owners GET /api/system/disks
owners POST /api/system/disks
owners GET /api/firmware
owners POST /api/firmware
owners PATCH /api/firmware
owners GET /api/firmware/progress
owners POST /api/cameras
owners POST /api/cameras/test
owners GET /api/discovery
owners POST /api/discovery/record
owners GET /api/discovery/paths
owners GET /api/discovery/{key}/snapshot.jpg
owners PATCH /api/cameras/{uuid}
owners DELETE /api/cameras/{uuid}
owners POST /api/cameras/{uuid}/{stream}/protected
owners DELETE /api/cameras/{uuid}/{stream}/protected
owners GET /api/system/backup
owners POST /api/system/backup
owners POST /api/system/restore
owners GET /api/system/diagnostics
owners GET /api/users
owners POST /api/users
owners PATCH /api/users/{id}
owners DELETE /api/users/{id}
owners GET /api/tokens
owners POST /api/tokens
owners DELETE /api/tokens/{id}
";

/// A camera that was not found.
const KEY: &str = "0123456789abcdef";

/// Who is let in to what, for each operation of the document that the recorder itself gives.
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    query: String,
    admits: &'static str,
}

impl Operation {
    /// As this caller asks it of this camera, without a body that could change anything.
    pub(crate) fn ask(&self, caller: &Visitor, camera: &str) -> Answer {
        let path = self
            .path
            .replace("{uuid}", camera)
            .replace("{stream}", "main")
            .replace("{id}", "999999")
            .replace("{key}", KEY);
        let body = matches!(&*self.method, "POST" | "PATCH" | "PUT").then_some("{}");
        caller.ask(&self.method, &format!("{path}{}", self.query), &[], body)
    }

    fn is_of_camera(&self) -> bool {
        self.path.contains("{uuid}")
    }

    fn ends_the_session(&self) -> bool {
        self.path == "/api/logout"
    }
}

/// All of them. Panics for one that is not in the table, and for a line of the table that is nothing.
pub(crate) fn operations(owner: &Visitor) -> Vec<Operation> {
    // By method and path.
    let table: BTreeMap<&str, &str> =
        TABLE.lines().filter_map(|line| line.split_once(' ')).map(|(a, o)| (o, a)).collect();
    let document = owner.get("/api/openapi.json").json();
    let (mut all, mut unseen) = (Vec::new(), table.clone());
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|&key| key != "parameters") {
            let method = method.to_uppercase();
            let written = if method == "HEAD" { "GET" } else { &method };
            let key = format!("{written} {path}");
            let admits = *table.get(&*key).unwrap_or_else(|| panic!("{method} {path} is not in the table"));
            unseen.remove(&*key);
            let query = query(path, written);
            all.push(Operation { method, path: path.clone(), query, admits });
        }
    }
    assert!(unseen.is_empty(), "in the table, but nowhere else: {unseen:?}");
    all
}

/// What a path must be asked with.
fn query(path: &str, method: &str) -> String {
    let span = "?start90k=1&end90k=2".to_owned();
    match path.rsplit('/').next().unwrap() {
        "time" => "?time90k=0".to_owned(),
        "vod.m3u8" => span,
        "protected" if method == "DELETE" => span,
        "view.mp4" | "view.mp4.txt" | "view.m4s" => "?s=1".to_owned(),
        _ => String::new(),
    }
}

/// A recorder, and one of each kind of caller.
struct Cast {
    home: Home,
    daemon: Daemon,
    owners: Vec<Visitor>,
    /// Of all cameras.
    viewers: Vec<Visitor>,
    /// Of the porch alone.
    limited: Vec<Visitor>,
    nobodies: Vec<Visitor>,
    porch: String,
    gate: String,
}

impl Cast {
    fn new() -> Self {
        let home = home();
        let daemon = home.start();
        let owner = Visitor::first_owner(&daemon);
        let [porch, gate] = ["porch", "gate"].map(|name| owner.camera(name));
        // Its name is in no other word.
        owner.patch(&format!("/api/cameras/{gate}"), &json!({"name": "SecretGate"}));
        let user = |name: &str, cameras: &Value| {
            owner.add_user(&json!({"name": name, "password": "a password", "role": "viewer", "cameras": cameras}));
            Visitor::logged_in(&daemon, name, "a password")
        };
        let token = |name: &str, role: &str, cameras: &Value| {
            let answer = owner.post("/api/tokens", &json!({"name": name, "role": role, "cameras": cameras}));
            assert_eq!(answer.status, 201, "{}", answer.text());
            (answer.json()["id"].clone(), Visitor::with_token(&daemon, answer.json()["token"].as_str().unwrap()))
        };
        let (all, some) = (Value::Null, json!([porch]));
        let viewers = vec![user("ann", &all), token("ann's", "viewer", &all).1];
        let limited = vec![user("bob", &some), token("bob's", "viewer", &some).1];
        let owners_token = token("owner's", "owner", &all).1;
        let (id, taken_back) = token("gone", "owner", &all);
        assert_eq!(owner.delete(&format!("/api/tokens/{id}")).status, 204);
        let logged_out = Visitor::logged_in(&daemon, "ann", "a password");
        assert_eq!(logged_out.post("/api/logout", &json!({})).status, 204);
        let saying = |header, value: &str| Visitor { says: Some((header, value.to_owned())), ..Visitor::new(&daemon) };
        let nobodies = vec![
            Visitor::new(&daemon),
            taken_back,
            logged_out,
            saying("Cookie", "lunette=0123456789abcdef"),
            saying("Cookie", "lunette="),
            saying("Authorization", "Bearer "),
            saying("Authorization", "Basic b3duZXI6Y29ycmVjdCBob3JzZQ=="),
            saying("Cookie", &format!("__Host-{}", owner.says.as_ref().unwrap().1)),
        ];
        Self { home, daemon, owners: vec![owner, owners_token], viewers, limited, nobodies, porch, gate }
    }
}

#[test]
fn each_route_is_for_whom_the_table_says() {
    let cast = Cast::new();
    let owner = &cast.owners[0];
    let operations = operations(owner);
    let nowhere = uuid::Uuid::nil().to_string();
    for operation in &operations {
        let Operation { method, path, admits, .. } = operation;
        let status = |caller: &Visitor, camera: &str| operation.ask(caller, camera).status;
        for nobody in &cast.nobodies {
            let status = status(nobody, &cast.porch);
            let (is_refused, is_public) = (status == 401, *admits == "anybody");
            assert!(is_refused != is_public, "{method} {path}: {status} for {:?}", nobody.says);
        }
        if operation.ends_the_session() {
            continue;
        }
        for viewer in cast.viewers.iter().chain(&cast.limited) {
            let status = status(viewer, &cast.porch);
            let (is_refused, is_owners) = (status == 403, *admits == "owners");
            assert!(is_refused == is_owners && status != 401, "{method} {path}: {status} for {:?}", viewer.says);
        }
        for owner in &cast.owners {
            let status = status(owner, &nowhere);
            assert!(!matches!(status, 401 | 403), "{method} {path}: {status} for {:?}", owner.says);
        }
        if operation.is_of_camera() && *admits == "viewers" {
            for viewer in &cast.limited {
                let [hidden, none] = [&cast.gate, &nowhere].map(|camera| operation.ask(viewer, camera));
                assert_eq!(hidden.status, 404, "{method} {path}");
                let same = |answer: &Answer, camera: &str| answer.text().replace(camera, "U");
                assert_eq!(
                    same(&hidden, &cast.gate),
                    same(&none, &nowhere),
                    "{method} {path}: it is as if it were not"
                );
            }
            let seen = operation.ask(&cast.viewers[0], &cast.gate);
            assert!(!seen.text().contains("there is none with this uuid"), "{method} {path}: {}", seen.text());
        }
    }
    assert_eq!(owner.who()["name"], "owner", "nothing of it ended a session");
    assert_eq!(owner.get("/api/users").json()["users"].as_array().unwrap().len(), 3);
}

/// Until there is an owner, whoever comes hears which cameras are there, and nothing else that the table keeps from nobodies.
#[test]
fn before_the_first_password_newcomers_hear_of_cameras_and_of_nothing_else() {
    let home = home();
    home.configure(|config| config.replace("discovery = 'off'", "discovery = ['lo']"));
    let daemon = home.start();
    daemon.wait_for_finder();
    let nobody = Visitor::new(&daemon);
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let [admits, method, path] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let path = path.replace("{uuid}", &uuid::Uuid::nil().to_string()).replace("{stream}", "main");
        let path = path.replace("{id}", "1").replace("{key}", KEY) + &query(&path, method);
        let status = nobody.ask_head(method, &path, &[]);
        let expected = match (admits, path.as_str()) {
            (_, "/api/discovery") => 200,
            ("anybody", _) => continue,
            _ => 401,
        };
        assert_eq!(status, expected, "{line}");
    }
}

#[test]
fn a_viewer_hears_nothing_of_other_cameras() {
    let cast = Cast::new();
    let mut told = 0;
    for operation in operations(&cast.owners[0]).iter().filter(|op| op.method == "GET" && op.admits != "owners") {
        for viewer in &cast.limited {
            let answer = operation.ask(viewer, &cast.porch);
            for word in ["SecretGate", &cast.gate] {
                assert!(!answer.text().contains(word), "{}: {}", operation.path, answer.text());
            }
            told += usize::from(answer.text().contains("porch"));
        }
        let answer = operation.ask(&cast.viewers[0], &cast.porch);
        if ["/api/", "/api/cameras", "/api/storage", "/metrics"].contains(&&*operation.path) {
            assert!(answer.text().contains("SecretGate"), "{}: who may see it does", operation.path);
        }
    }
    assert!(told >= 8, "of their own they do: {told}");
    let asked = |camera: &str| {
        let path = format!("/api/storage?retain={camera}/main:1000000");
        cast.limited[0].get(&path).status
    };
    assert_eq!((asked(&cast.porch), asked(&cast.gate)), (200, 404));
    let cameras = cast.limited[0].get("/api/cameras").json();
    assert_eq!(cameras["cameras"].as_array().unwrap().len(), 1);
    assert_eq!(cameras["cameras"][0]["username"], "");
}

#[test]
fn a_session_that_was_not_used_for_a_month_is_nobodys() {
    let cast = Cast::new();
    let Cast { home, daemon, .. } = cast;
    daemon.stop();
    let db = rusqlite::Connection::open(home.path("db/db")).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let days_ago = |days: i64| (now - days * 86_400) * 90_000;
    for (secret, days) in [("used", 29), ("forgotten", 31)] {
        let hash: [u8; 32] = blake3::hash(secret.as_bytes()).into();
        let sql = "INSERT INTO session (secret_hash, user_id, created_90k, used_90k) VALUES (?1, 1, 0, ?2)";
        db.execute(sql, (hash, days_ago(days))).unwrap();
    }
    drop(db);
    let daemon = home.start();
    let with = |secret: &str| Visitor { says: Some(("Cookie", format!("lunette={secret}"))), ..Visitor::new(&daemon) };
    assert_eq!(with("used").who()["role"], "owner");
    let owner = with("used");
    for operation in operations(&owner).iter().filter(|operation| operation.admits != "anybody") {
        let status = operation.ask(&with("forgotten"), "9a3c1e52-7c0f-4c4b-9d6a-0c6f5a1b2c3d").status;
        assert_eq!(status, 401, "{} {}", operation.method, operation.path);
    }
    daemon.stop();
    let db = rusqlite::Connection::open(home.path("db/db")).unwrap();
    let used: i64 = db.query_row("SELECT max(used_90k) FROM session", (), |row| row.get(0)).unwrap();
    assert!(used > days_ago(1), "its use was noted");
}

#[test]
fn a_page_of_another_site_changes_nothing_and_does_not_watch() {
    let cast = Cast::new();
    let owner = &cast.owners[0];
    let host = cast.daemon.address().to_string();
    for operation in operations(owner).iter().filter(|operation| operation.method != "HEAD") {
        let path = operation
            .path
            .replace("{uuid}", &cast.porch)
            .replace("{stream}", "main")
            .replace("{id}", "999999")
            .replace("{key}", KEY);
        let path = format!("{path}{}", operation.query);
        let ask = |headers: &[(&str, &str)]| owner.ask(&operation.method, &path, headers, Some("{}"));
        assert_eq!(ask(&[("Host", "evil.example.com")]).status, 421, "{} {path}", operation.method);
        if operation.method != "GET" {
            for other in [("Origin", "http://evil.example.com"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")] {
                assert_eq!(ask(&[other]).status, 403, "{} {path} {other:?}", operation.method);
            }
            if !operation.ends_the_session() {
                let ours = [("Origin", &*format!("http://{host}")), ("Sec-Fetch-Site", "same-origin")];
                assert_ne!(ask(&ours).status, 403, "{} {path}", operation.method);
            }
        }
        let plain = owner.ask(&operation.method, &path, &[("Origin", "http://evil.example.com")], None);
        assert!(!plain.has("access-control-allow-origin"), "{path}: there is no CORS");
    }
    let watch = |visitor: &Visitor, origin: &str| {
        let key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        let upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"), key];
        let mut headers = upgrade.to_vec();
        headers.push(("Origin", origin));
        visitor.ask_head("GET", &format!("/api/cameras/{}/main/live.m4s", cast.porch), &headers)
    };
    assert_eq!(watch(owner, "http://evil.example.com"), 403);
    assert_eq!(watch(&cast.nobodies[0], &format!("http://{host}")), 401);
    assert_eq!(watch(owner, &format!("http://{host}")), 101);
}
