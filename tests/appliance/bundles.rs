//! `Bundle`: one to be made, and what is to be wrong with it.

use crate::place::Place;
use std::fmt::Write;
use std::fs;

#[derive(Clone, Copy)]
pub(crate) struct Bundle {
    pub(crate) compatible: &'static str,
    pub(crate) version: &'static str,
    /// Of the system in it.
    pub(crate) bytes: usize,
    /// Somebody else signs it.
    pub(crate) stranger: bool,
    /// Only so much of it.
    pub(crate) cut: Option<usize>,
    /// A byte there is another one.
    pub(crate) flip: Option<usize>,
    /// What it has done after writing goes wrong.
    pub(crate) fails: bool,
}

impl Default for Bundle {
    fn default() -> Self {
        let (compatible, version, bytes) = ("lunette-armv7", "0.3.0", 500_000);
        Self { compatible, version, bytes, stranger: false, cut: None, flip: None, fails: false }
    }
}

impl Bundle {
    pub(crate) fn bytes(&self, place: &Place) -> Vec<u8> {
        let directory = tempfile::tempdir().unwrap();
        let content = directory.path().join("content");
        fs::create_dir(&content).unwrap();
        // It does not compress, so that the bundle is as large as it.
        let mut noise = 88_172_645_463_325_252_u64;
        let mut byte = || {
            // Marsaglia's xorshift64
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            noise as u8
        };
        let system: Vec<u8> = (0..self.bytes).map(|_| byte()).collect();
        fs::write(content.join("rootfs.img"), system).unwrap();
        let mut manifest = format!(
            "[update]\ncompatible={}\nversion={}\n[bundle]\nformat=plain\n[image.rootfs]\nfilename=rootfs.img\n",
            self.compatible, self.version
        );
        if self.fails {
            fs::write(content.join("hook"), "#!/bin/sh\nexit 1\n").unwrap();
            let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(content.join("hook"), executable).unwrap();
            write!(manifest, "hooks=post-install\n[hooks]\nfilename=hook\n").unwrap();
        }
        fs::write(content.join("manifest.raucm"), manifest).unwrap();
        let made = directory.path().join("made.raucb");
        place.sign(if self.stranger { "stranger" } else { "ours" }, &content, &made);
        let mut bytes = fs::read(made).unwrap();
        bytes.truncate(self.cut.unwrap_or(usize::MAX));
        if let Some(at) = self.flip {
            bytes[at] ^= 1;
        }
        bytes
    }
}
