//! Files as people write them.

use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> SetupFile {
    SetupFile::parse(text, |zone| zone == "Europe/Berlin")
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4ZlqWw2b2ZrQxq0z3v8y0h5vQ2Zz8 me@desk";

#[test]
fn a_whole_file_is_applied() {
    let text = format!(
        "host_name = \"Porch\"\r\ntime_zone = \"Europe/Berlin\"\r\npassword = \"correct horse\"\r\n\
         ssh_key = \"{KEY}\"\r\n[wifi]\r\ncountry = \"de\"\r\nname = \"our house\"\r\npassword = 'battery staple'\r\n"
    );
    let file = parse(&text);
    assert_eq!(file.complaints, Vec::<String>::new());
    let mut settings = Settings::default();
    file.apply(&mut settings);
    assert_eq!(settings.host_name.as_deref(), Some("porch"));
    assert_eq!(settings.time_zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(settings.ssh_key.as_deref(), Some(KEY));
    assert_eq!(settings.password.as_deref(), Some("correct horse"));
    let wifi = Wifi { country: "DE".into(), name: "our house".into(), password: "battery staple".into() };
    assert_eq!(settings.wifi, Some(wifi));
}

#[test]
fn the_shipped_file_says_nothing() {
    let file = parse(include_str!("../../../image/lunette-setup.toml"));
    assert_eq!((file.complaints.len(), file.entries.len(), file.secrets.len()), (0, 0, 0));
}

/// As somebody would who follows its comments.
#[test]
fn the_shipped_file_without_its_signs_is_applied() {
    let shipped = include_str!("../../../image/lunette-setup.toml");
    let lines = shipped.lines().map(|line| match line.strip_prefix("# ") {
        Some(entry) if entry.contains(" = ") || entry.starts_with('[') => entry,
        _ => line,
    });
    let text = lines.collect::<Vec<_>>().join("\n").replace("AAAA…", &KEY[12..60]);
    let file = parse(&text);
    assert_eq!(file.complaints, Vec::<String>::new(), "{text}");
    assert_eq!(file.entries.len(), 3, "stars are no passwords: {:?}", file.entries);
}

#[test]
fn bad_entries_are_told_and_leave_the_others_alone() {
    let text = "host_name = \"-\"\ntime_zone = \"Europa/Berlin\"\ncolour = 1\npassword = \"short\"\nssh_key = 7\n\
                [wifi]\ncountry = \"Germany\"\nname = \"x\"\n";
    let file = parse(text);
    assert_eq!(
        file.complaints.join("\n"),
        "line 1: host_name: has letters, digits and inner hyphens alone, 63 at most\n\
         line 2: time_zone: there is no zone \"Europa/Berlin\"\n\
         line 3: colour: there is no such entry\n\
         line 4: password: needs at least 8 characters\n\
         line 5: ssh_key: is a text in quotes\n\
         line 6: wifi: country has two letters, such as DE; without it the radio stays off"
    );
    let mut settings = Settings::default();
    file.apply(&mut settings);
    assert_eq!(settings, Settings::default());
    assert_eq!(parse("time_zone = \"../../etc/passwd\"").complaints.len(), 1);
}

#[test]
fn what_is_no_toml_is_told_by_its_line() {
    let file = parse("host_name = \"porch\"\npassword = correct horse\n");
    assert_eq!(file.complaints.len(), 1);
    assert!(file.complaints[0].starts_with("line 2: "), "{:?}", file.complaints);
    assert!(!file.complaints[0].contains("correct"), "{:?}", file.complaints);
}

#[test]
fn secrets_become_stars_of_the_same_length_and_are_then_no_secrets() {
    let text = "\u{feff}password = \"corr\\u00e9ct horse\" # ours\n[wifi]\ncountry=\"DE\"\nname=\"n\"\npassword='''pass\
                words'''\nx=1\n";
    let file = parse(text);
    let masked = String::from_utf8(file.masked(text)).unwrap();
    assert_eq!(
        masked,
        "\u{feff}password = \"******************\" # ours\n[wifi]\ncountry=\"DE\"\nname=\"n\"\npassword='''*********'''\nx=1\n"
    );
    let again = parse(&masked);
    assert!(again.entries.is_empty() && again.secrets.is_empty());
}

#[test]
fn empty_entries_take_away() {
    let mut settings = Settings {
        ssh_key: Some(KEY.into()),
        wifi: Some(Wifi { country: "DE".into(), name: "n".into(), password: String::new() }),
        ..Settings::default()
    };
    parse("ssh_key = \"\"\n[wifi]\nname = \"\"\n").apply(&mut settings);
    assert_eq!(settings, Settings::default());
}

proptest! {
    #[test]
    fn any_text_is_read_and_masking_keeps_its_length(text in ".{0,200}", secret in "[^\\p{C}\"'\\\\]{8,30}") {
        let _ = parse(&text);
        let file = format!("password = \"{secret}\"\n# {}", text.replace(|c: char| c.is_control(), ""));
        let read = parse(&file);
        prop_assert_eq!(read.masked(&file).len(), file.len());
    }
}
