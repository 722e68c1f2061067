//! What the start of the machine had to say, which an owner should read on the page as well as on the screen.

use std::fs;
use std::path::Path;

/// Bad entries of the set-up file, a line each, and what became of the settings' file system; out of the folder that the
/// image's scripts write their state to. Files that are not there say nothing.
pub(super) fn told(run: &Path) -> Vec<String> {
    let read = |name: &str| fs::read_to_string(run.join(name)).unwrap_or_default();
    let mut lines: Vec<String> = match read("state").trim() {
        "mended" => vec!["the settings' file system was damaged, and was mended".to_owned()],
        "renewed" => vec![RENEWED.to_owned()],
        _ => Vec::new(),
    };
    lines.extend(read("complaints").lines().filter(|line| !line.trim().is_empty()).take(MOST).map(str::to_owned));
    lines
}

const RENEWED: &str = "the settings' file system could not be mended: it was set aside and made anew from the copy on the \
                       film's disk; look through your settings";

/// The screen and the log have them all.
const MOST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_and_the_state_of_the_settings_are_told() {
        let run = tempfile::tempdir().unwrap();
        assert_eq!(told(run.path()), [""; 0]);
        fs::write(run.path().join("complaints"), "lunette-setup.toml: line 3: no such entry\n\n").unwrap();
        fs::write(run.path().join("state"), "renewed\n").unwrap();
        assert_eq!(told(run.path()), [RENEWED, "lunette-setup.toml: line 3: no such entry"]);
    }
}
