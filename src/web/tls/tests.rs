//! Which certificate is shown.

use super::*;

fn made(dir: &Path, name: &str) -> String {
    let (_, pem) = Made::open(&dir.join("made.pem"), &[name.to_owned()], clock::wall_now()).unwrap();
    pem
}

fn shown(tls: &Tls) -> Vec<u8> {
    tls.current.get().expect("there is one").key.cert[0].to_vec()
}

/// The same file with another time of change, whatever the file system's clock is.
fn write(path: &Path, text: &str, seconds: u64) {
    std::fs::write(path, text).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn an_owners_certificate_is_read_anew_when_it_changes() {
    let dir = tempfile::tempdir().unwrap();
    let [certificate, key] = ["certificate", "key"].map(|name| dir.path().join(name));
    let own = Source::Own { certificate: certificate.clone(), key: key.clone() };
    let tls = Tls::open(own).unwrap();
    assert!(tls.current.get().is_none() && tls.renew().unwrap_err().kind() == Kind::BadInput);
    let [a, b] = ["a.example.org", "b.example.org"].map(|name| made(dir.path(), name));
    write(&certificate, &a, 1);
    write(&key, &a, 1);
    tls.renew().unwrap();
    let first = shown(&tls);
    tls.renew().unwrap();
    assert_eq!(shown(&tls), first);
    write(&certificate, &b, 2);
    let e = tls.renew().unwrap_err().to_string();
    assert!(e.contains("the key is not that of the certificate"), "{e}");
    assert_eq!(shown(&tls), first, "half of a change changes nothing");
    write(&key, &b, 2);
    tls.renew().unwrap();
    assert_ne!(shown(&tls), first);
    let broken = ["BEGIN", "END"].map(|word| format!("-----{word} PRIVATE KEY-----\n")).join("c2VjcmV0\n");
    write(&key, &broken, 3);
    let e = tls.renew().unwrap_err().to_string();
    assert!(!e.contains("c2VjcmV0") && !e.contains("secret"), "{e}");
}

#[test]
fn one_of_our_making_is_there_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let source = Source::Made { file: dir.path().join("tls.pem"), names: vec!["lunette.local".to_owned()] };
    let first = shown(&Tls::open(source.clone()).unwrap());
    let again = Tls::open(source).unwrap();
    again.renew().unwrap();
    assert_eq!(shown(&again), first);
}
