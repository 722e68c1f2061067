//! Whether a bundle is for this machine: decided before anything is touched.

use super::rauc::Manifest;
use crate::appliance::version;
use std::cmp::Ordering;

/// The machine that it shall be for.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    pub(super) compatible: &'a str,
    pub(super) version: &'a str,
    pub(super) slot_bytes: u64,
}

/// Why a bundle is not installed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct No {
    /// It is its age alone: who means it can force it.
    pub(super) older: bool,
    pub(super) why: String,
}

/// `None` where nothing speaks against it.
pub(super) fn objection(manifest: &Manifest, machine: &Machine<'_>) -> Option<No> {
    let no = |why| Some(No { older: false, why });
    if manifest.compatible != machine.compatible {
        return no(format!("it is for {}, and this machine is {}", manifest.compatible, machine.compatible));
    }
    let Some(image) = &manifest.image else { return no("there is no system in it".to_owned()) };
    if image.bytes > machine.slot_bytes {
        let why = format!("the system in it has {} bytes, and a slot holds {}", image.bytes, machine.slot_bytes);
        return no(why);
    }
    if version::compare(&manifest.version, machine.version) == Ordering::Less {
        let why = format!("{} is older than {}, which runs", manifest.version, machine.version);
        return Some(No { older: true, why });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::rauc::Image;
    use super::*;

    fn told(compatible: &str, version: &str, bytes: Option<u64>) -> Option<String> {
        let image = bytes.map(|bytes| Image { hash: "h".to_owned(), bytes });
        let manifest = Manifest { compatible: compatible.to_owned(), version: version.to_owned(), image };
        let machine = Machine { compatible: "lunette-armv7", version: "0.2.0", slot_bytes: 256 << 20 };
        objection(&manifest, &machine).map(|no| format!("{}{}", if no.older { "older: " } else { "" }, no.why))
    }

    #[test]
    fn what_is_for_this_machine_and_fits_and_is_not_older_passes() {
        let fits = Some(256 << 20);
        assert_eq!(told("lunette-armv7", "0.2.1", fits), None);
        assert_eq!(told("lunette-armv7", "0.2.0", fits), None);
        let table = [
            (told("lunette-x86", "0.3.0", fits), "it is for lunette-x86, and this machine is lunette-armv7"),
            (told("lunette-armv7", "0.1.9", fits), "older: 0.1.9 is older than 0.2.0, which runs"),
            (
                told("lunette-armv7", "0.3.0", Some((256 << 20) + 1)),
                "the system in it has 268435457 bytes, and a slot holds 268435456",
            ),
            (told("lunette-armv7", "0.3.0", None), "there is no system in it"),
        ];
        for (told, why) in table {
            assert_eq!(told.as_deref(), Some(why));
        }
    }
}
