//! `Sealed`: a text locked away behind a passphrase, to be kept outside of the recorder. Argon2id makes the key,
//! ChaCha20-Poly1305 (RFC 8439) hides the text and notices what was changed.

use crate::base::{Error, Kind, Result, Secret};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

/// What stands in a file for the text. The binary fields are base64.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct Sealed {
    /// How: [`METHOD`].
    method: String,
    /// What the key took to be made, so that another version can make it again.
    memory_kib: u32,
    passes: u32,
    salt: String,
    text: String,
}

const METHOD: &str = "argon2id+chacha20poly1305";

/// A file can be tried against at leisure, so its key costs six times what a login does: some seconds on a Pi 2.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 4;

/// A file that asks for more is none of ours.
const MAX_PASSES: u32 = 16;

const SALT_BYTES: usize = 32;
const KEY_BYTES: usize = 32;

/// Takes seconds and 64 MiB.
pub(super) fn seal(passphrase: &Secret, text: &[u8]) -> Result<Sealed> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|e| Error::new(Kind::Internal, format!("random numbers: {e}")))?;
    let mut sealed = Sealed {
        method: METHOD.to_owned(),
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        salt: STANDARD.encode(salt),
        text: String::new(),
    };
    let key = sealed.key(passphrase)?;
    let mut bytes = text.to_vec();
    let failed = |_| Error::new(Kind::Internal, "seal a text");
    key.seal_in_place_append_tag(only_nonce(), Aad::from(METHOD), &mut bytes).map_err(failed)?;
    sealed.text = STANDARD.encode(bytes);
    Ok(sealed)
}

/// The text again. `BadInput` when the passphrase is another, or a bit of it has changed.
pub(super) fn open(passphrase: &Secret, sealed: &Sealed) -> Result<Vec<u8>> {
    let key = sealed.key(passphrase)?;
    let mut bytes = decoded("text", &sealed.text)?;
    let opened = key.open_in_place(only_nonce(), Aad::from(METHOD), &mut bytes);
    let wrong = |_| Error::new(Kind::BadInput, "the passphrase is another one, or the file is damaged");
    opened.map(|text| text.to_vec()).map_err(wrong)
}

impl Sealed {
    fn key(&self, passphrase: &Secret) -> Result<LessSafeKey> {
        let salt = decoded("salt", &self.salt)?;
        let is_ours = self.method == METHOD && self.memory_kib <= MEMORY_KIB && self.passes <= MAX_PASSES;
        let params = Params::new(self.memory_kib, self.passes, 1, Some(KEY_BYTES)).ok().filter(|_| is_ours);
        let params = params.ok_or_else(|| bad("it is sealed in a way that this version does not know"))?;
        let mut key = [0; KEY_BYTES];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.reveal().as_bytes(), &salt, &mut key)
            .map_err(|e| bad(&format!("its key: {e}")))?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("the key has the length that it must");
        Ok(LessSafeKey::new(key))
    }
}

/// Each key is of a salt of its own, and seals one text.
fn only_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

fn decoded(what: &str, text: &str) -> Result<Vec<u8>> {
    STANDARD.decode(text).map_err(|e| bad(&format!("{what}: {e}")))
}

fn bad(what: &str) -> Error {
    Error::new(Kind::BadInput, format!("the sealed text: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_with_its_passphrase_alone() {
        let passphrase = Secret::new("correct horse battery");
        let sealed = seal(&passphrase, b"hunter2").unwrap();
        let file = serde_json::to_string(&sealed).unwrap();
        assert!(!file.contains("hunter2") && !file.contains("correct"), "{file}");
        let read: Sealed = serde_json::from_str(&file).unwrap();
        assert_eq!(open(&passphrase, &read).unwrap(), b"hunter2");
        assert_ne!(seal(&passphrase, b"hunter2").unwrap().text, sealed.text, "each has its own salt");
        let told = |passphrase: &str, sealed: &Sealed| open(&Secret::new(passphrase), sealed).unwrap_err();
        let wrong = told("correct horse", &read);
        assert_eq!(wrong.to_string(), "the passphrase is another one, or the file is damaged");
        let mut text = STANDARD.decode(&read.text).unwrap();
        text[3] ^= 1;
        let changed = Sealed { text: STANDARD.encode(text), ..read.clone() };
        assert_eq!(told(passphrase.reveal(), &changed).to_string(), wrong.to_string());
    }

    #[test]
    fn what_would_take_for_ever_or_is_none_is_refused() {
        let passphrase = Secret::new("correct horse battery");
        let ours = Sealed {
            method: METHOD.into(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: STANDARD.encode([1; 16]),
            text: String::new(),
        };
        for other in [
            Sealed { method: "rot13".into(), ..ours.clone() },
            Sealed { memory_kib: 1 << 30, ..ours.clone() },
            Sealed { passes: u32::MAX, ..ours.clone() },
            Sealed { salt: "?".into(), ..ours.clone() },
            Sealed { salt: String::new(), ..ours.clone() },
            ours.clone(),
        ] {
            assert_eq!(open(&passphrase, &other).unwrap_err().kind(), Kind::BadInput, "{other:?}");
        }
    }
}
