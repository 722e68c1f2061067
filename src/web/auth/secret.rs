//! Secrets of our making: what a session's cookie or a program's token says.

use crate::base::{Error, Kind, Result};
use crate::store::people::SecretHash;
use std::fmt::Write;
use subtle::ConstantTimeEq;

/// 256 random bits in 64 hexadecimal digits: nobody guesses them, so a plain hash of them tells nothing.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::web) struct Random(String);

impl Random {
    /// One that was never there before, with this in front of it.
    pub(in crate::web) fn new(prefix: &str) -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|e| Error::new(Kind::Internal, format!("random numbers: {e}")))?;
        let mut text = prefix.to_owned();
        for byte in bytes {
            write!(text, "{byte:02x}").expect("a string takes all that is written to it");
        }
        Ok(Self(text))
    }

    /// The text, for the one who shall have it.
    pub(in crate::web) fn reveal(&self) -> &str {
        &self.0
    }

    /// What we remember it by.
    pub(in crate::web) fn hash(&self) -> SecretHash {
        hash(&self.0)
    }
}

/// Of what somebody says.
pub(super) fn hash(text: &str) -> SecretHash {
    blake3::hash(text.as_bytes()).into()
}

/// The one with this hash. All are looked at, each to its end: how long it takes tells nothing.
pub(super) fn find<T>(all: &[T], hash: &SecretHash, of: impl Fn(&T) -> &SecretHash) -> Option<usize> {
    let mut found = None;
    for (at, one) in all.iter().enumerate() {
        if bool::from(of(one).ct_eq(hash)) {
            found = Some(at);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_each_another() {
        let [a, b] = [(); 2].map(|()| Random::new("lunette_").unwrap());
        assert!(a != b && a.reveal().starts_with("lunette_") && a.reveal().len() == 72);
        let all = [a.hash(), b.hash()];
        assert_eq!(find(&all, &hash(b.reveal()), |one| one), Some(1));
        assert_eq!(find(&all, &hash("lunette_"), |one| one), None);
    }
}
