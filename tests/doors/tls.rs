//! HTTPS as an owner sets it up, before a client that is not ours: curl.

use crate::place::{OWNERS_PASSWORD, home};
use crate::support::daemon::{Daemon, Home};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Says where it listens for TLS.
fn port(daemon: &Daemon) -> String {
    let line =
        daemon.process.said().into_iter().find_map(|line| Some(line.split_once("https://127.0.0.1:")?.1.to_owned()));
    line.expect("it says so").trim_end_matches('/').to_owned()
}

fn serve_tls(home: &Home, more: &str) {
    home.configure(|config| format!("{config}[web.tls]\nlisten = ['127.0.0.1:0']\n{more}"));
}

fn run(home: &Home, program: &str, words: &[&str]) -> String {
    let done = Command::new(program).args(words).current_dir(home.dir()).output().unwrap();
    assert!(done.status.success(), "{program} {words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn a_certificate_is_made_and_kept_and_a_login_over_tls_is_for_tls_alone() {
    let home = home();
    serve_tls(&home, "");
    let daemon = home.start();
    let file = home.path("db/tls.pem");
    let made = fs::read(&file).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let told =
        run(&home, "openssl", &["x509", "-in", "db/tls.pem", "-noout", "-ext", "subjectAltName,extendedKeyUsage"]);
    assert!(told.contains("DNS:localhost, IP Address:127.0.0.1") && told.contains("Server Authentication"), "{told}");
    let url = |path: &str| format!("https://localhost:{}{path}", port(&daemon));
    // Who trusts this very certificate finds nothing wrong with it.
    let curl = |words: &[&str]| run(&home, "curl", &[&["-sSi", "--cacert", "db/tls.pem"], words].concat());
    let json = ["-H", "Content-Type: application/json", "-c", "cookies", "-d"];
    let body = format!(r#"{{"password": "{OWNERS_PASSWORD}"}}"#);
    let answer = curl(&[&json[..], &[&body, &url("/api/setup")]].concat());
    assert!(answer.contains("set-cookie: __Host-lunette=") && answer.contains("; Secure"), "{answer}");
    assert!(!answer.contains("strict-transport-security"), "{answer}");
    assert!(curl(&["-b", "cookies", &url("/api/users")]).starts_with("HTTP/1.1 200"));
    assert!(curl(&[&url("/api/users")]).starts_with("HTTP/1.1 401"));
    let plain = format!("http://{}/api/users", daemon.address());
    assert!(curl(&["-b", "cookies", &plain]).starts_with("HTTP/1.1 401"));
    daemon.stop();
    let daemon = home.start();
    assert_eq!(fs::read(&file).unwrap(), made, "the same after a restart: browsers were told to trust it");
    daemon.stop();
}

#[test]
fn an_owners_certificate_is_shown_insisted_on_and_changed_while_the_recorder_runs() {
    let home = home();
    let make = |name: &str| {
        let subject = format!("/CN={name}");
        let words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &subject, "-addext"];
        let out = ["subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "certificate.pem"];
        run(&home, "openssl", &[&words[..], &out].concat());
    };
    make("first");
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| home.path(name).display().to_string());
    serve_tls(&home, &format!("certificate = '{certificate}'\nkey = '{key}'\n"));
    let daemon = home.start();
    let url = format!("https://localhost:{}/api/session", port(&daemon));
    let shown = || run(&home, "curl", &["-sSvi", "--stderr", "-", "--cacert", "certificate.pem", &url]);
    let answer = shown();
    assert!(answer.contains("strict-transport-security: max-age=31536000") && answer.contains("CN=first"), "{answer}");
    make("second");
    crate::support::wait::wait_until("the other certificate", crate::support::wait::secs(40), || {
        let done = Command::new("curl").args(["-sSvi", "--stderr", "-", "-k", &url]).output().unwrap();
        String::from_utf8_lossy(&done.stdout).contains("CN=second").then_some(())
    });
    shown();
}

/// Nor does it keep the recorder from recording.
#[test]
fn a_certificate_that_is_none_is_told_and_everything_else_works() {
    let home = home();
    fs::write(home.path("none.pem"), "nothing").unwrap();
    let none = home.path("none.pem").display().to_string();
    serve_tls(&home, &format!("certificate = '{none}'\nkey = '{none}'\n"));
    let daemon = home.start();
    let failed = Command::new("curl").args(["-sk", &format!("https://localhost:{}/", port(&daemon))]).status().unwrap();
    assert!(!failed.success());
    assert_eq!(daemon.get("/healthz").status, 200);
    let said = daemon.stop().join("\n");
    assert!(said.contains("no HTTPS until this is mended") && said.contains("there is no certificate in it"), "{said}");
}
