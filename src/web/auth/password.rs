//! `Passwords`: Argon2id, one at a time.

use super::sealed::{self, Sealed};
use crate::base::{Error, Kind, Result, Secret};
use crate::web::state::blocking;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Makes and compares hashes of passwords. Each takes [`MEMORY_KIB`] while it is made, so there is one at a time; the
/// others wait, and when too many do, the next is told that we are busy.
#[derive(Debug)]
pub(super) struct Passwords {
    turn: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// OWASP's least for Argon2id. A Pi 2 should take about half a second for it (0105), and has the memory once.
const MEMORY_KIB: u32 = 19 << 10;
const PASSES: u32 = 2;

/// Who may wait for a turn.
const MAX_WAITING: usize = 8;

const PATIENCE: Duration = Duration::from_secs(20);

/// In characters. A long one is better than an odd one, so there is no other rule.
const MIN_CHARS: usize = 8;

/// In characters, and in bytes: more is no password.
const MAX_CHARS: usize = 256;
const MAX_BYTES: usize = 4 * MAX_CHARS;

impl Default for Passwords {
    fn default() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), waiting: AtomicUsize::new(0) }
    }
}

impl Passwords {
    /// The hash of a new password, in the PHC text form; `BadInput` for one that is too short or much too long. What is a
    /// hash already stays as it is: whoever sets up a machine by a file need not write a password into it.
    pub(super) async fn hash(&self, password: Secret) -> Result<Secret> {
        if password.reveal().starts_with("$argon2") {
            return check_hash(&password).map(|()| password);
        }
        check_length("password", &password)?;
        self.in_turn(move || {
            let hashed: PasswordHash = argon2()?.hash_password(password.reveal().as_bytes()).map_err(failed)?;
            Ok(Secret::new(hashed.to_string()))
        })
        .await
    }

    /// See [`sealed::seal`]; the passphrase is chosen as a password is.
    pub(super) async fn seal(&self, passphrase: Secret, text: Vec<u8>) -> Result<Sealed> {
        check_length("passphrase", &passphrase)?;
        self.in_turn(move || sealed::seal(&passphrase, &text)).await
    }

    /// See [`sealed::open`].
    pub(super) async fn unseal(&self, passphrase: Secret, sealed: Sealed) -> Result<Vec<u8>> {
        self.in_turn(move || sealed::open(&passphrase, &sealed)).await
    }

    /// The password is that of the hash. Without a hash it is not, and that takes the same time.
    pub(super) async fn verify(&self, password: Secret, hash: Option<Secret>) -> Result<bool> {
        self.in_turn(move || {
            let text = if password.reveal().len() > MAX_BYTES { "" } else { password.reveal() };
            let Some(hash) = hash else {
                let _: PasswordHash =
                    argon2()?.hash_password_with_salt(text.as_bytes(), b"nobody's salt...").map_err(failed)?;
                return Ok(false);
            };
            let hash = PasswordHash::new(hash.reveal())
                .map_err(|e| Error::new(Kind::Corrupt, format!("the stored hash of a password: {e}")))?;
            Ok(argon2()?.verify_password(text.as_bytes(), &hash).is_ok())
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let busy = || Error::new(Kind::Busy, "too many log in at once: try again in a moment");
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(busy());
        }
        let waiting = Waiting(&self.waiting);
        let turn = tokio::time::timeout(PATIENCE, self.turn.clone().acquire_owned()).await.map_err(|_| busy())?;
        drop(waiting);
        let turn = turn.expect("the semaphore is never closed");
        blocking(move || {
            // Taken until the work is done, even when who asked for it has gone.
            let _turn = turn;
            work()
        })
        .await
    }
}

fn check_length(of: &str, password: &Secret) -> Result<()> {
    let chars = password.reveal().chars().count();
    if chars < MIN_CHARS {
        return Err(Error::new(Kind::BadInput, format!("{of}: needs at least {MIN_CHARS} characters")));
    }
    if chars > MAX_CHARS {
        return Err(Error::new(Kind::BadInput, format!("{of}: has more than {MAX_CHARS} characters")));
    }
    Ok(())
}

/// A hash from elsewhere is one of ours, of any version: to compare with it takes no more than that.
pub(super) fn check_hash(hash: &Secret) -> Result<()> {
    let parsed = PasswordHash::new(hash.reveal())
        .ok()
        .filter(|hash| hash.algorithm.as_str() == "argon2id" && hash.hash.is_some());
    let params = parsed.and_then(|hash| Params::try_from(&hash).ok());
    let is_bearable = params.is_some_and(|p| p.m_cost() <= MAX_MEMORY_KIB && p.t_cost() <= 8 && p.p_cost() <= 4);
    if is_bearable { Ok(()) } else { Err(Error::new(Kind::BadInput, "the hash of a password: it is none of ours")) }
}

const MAX_MEMORY_KIB: u32 = 64 << 10;

/// Counted until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None);
    let params = params.map_err(|e| Error::new(Kind::Internal, format!("Argon2's parameters: {e}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn failed(e: argon2::password_hash::Error) -> Error {
    Error::new(Kind::Internal, format!("hash a password: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_made_elsewhere_is_taken_if_it_can_be_borne() {
        let passwords = Passwords::default();
        let made = passwords.hash(Secret::new("correct horse")).await.unwrap();
        let taken = passwords.hash(made.clone()).await.unwrap();
        assert_eq!(taken, made);
        assert!(passwords.verify(Secret::new("correct horse"), Some(taken)).await.unwrap());
        let heavy = made.reveal().replace("m=19456", "m=1048576");
        let other = made.reveal().replace("$argon2id$", "$argon2i$");
        for hash in [heavy.as_str(), other.as_str(), "$argon2id$v=19$what"] {
            let refused = passwords.hash(Secret::new(hash)).await.unwrap_err();
            assert_eq!(refused.kind(), Kind::BadInput, "{hash}");
        }
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_no_other_is() {
        let passwords = Passwords::default();
        let hash = passwords.hash(Secret::new("correct horse")).await.unwrap();
        assert!(hash.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.reveal());
        let again = passwords.hash(Secret::new("correct horse")).await.unwrap();
        assert_ne!(hash, again, "each has its own salt");
        let verify = |password: &str, hash: &Secret| passwords.verify(Secret::new(password), Some(hash.clone()));
        assert!(verify("correct horse", &hash).await.unwrap() && verify("correct horse", &again).await.unwrap());
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!verify(wrong, &hash).await.unwrap(), "{wrong:?}");
        }
        assert!(!passwords.verify(Secret::new("correct horse"), None).await.unwrap());
        assert_eq!(verify("x", &Secret::new("$5$none")).await.unwrap_err().kind(), Kind::Corrupt);
    }

    #[tokio::test]
    async fn hashes_of_other_parameters_are_still_known() {
        let params = Params::new(64, 1, 1, None).unwrap();
        let weaker = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash: PasswordHash = weaker.hash_password(b"correct horse").unwrap();
        let hash = Secret::new(hash.to_string());
        assert!(Passwords::default().verify(Secret::new("correct horse"), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_from_elsewhere_is_bounded() {
        let ours = Passwords::default().hash(Secret::new("correct horse")).await.unwrap();
        check_hash(&ours).unwrap();
        let huge = ours.reveal().replace("m=19456", "m=4194304");
        for other in [huge.as_str(), "$5$rounds=1$x", "$argon2id$v=19$m=19456", "", "correct horse"] {
            assert_eq!(check_hash(&Secret::new(other)).unwrap_err().kind(), Kind::BadInput, "{other}");
        }
    }

    #[tokio::test]
    async fn what_is_no_password_is_told_before_any_work() {
        let passwords = Passwords::default();
        let told = async |password: &str| passwords.hash(Secret::new(password)).await.unwrap_err().to_string();
        assert_eq!(told("short").await, "password: needs at least 8 characters");
        assert_eq!(told(&"x".repeat(257)).await, "password: has more than 256 characters");
    }

    #[tokio::test]
    async fn one_at_a_time_some_wait_and_the_others_are_told() {
        let passwords = Arc::new(Passwords::default());
        let (begun, beginning) = std::sync::mpsc::channel();
        let (end, ending) = std::sync::mpsc::channel::<()>();
        let ask = |work: Box<dyn FnOnce() -> Result<()> + Send>| {
            let passwords = passwords.clone();
            tokio::spawn(async move { passwords.in_turn(work).await })
        };
        let first = ask(Box::new(move || {
            begun.send(()).unwrap();
            ending.recv().unwrap();
            Ok(())
        }));
        tokio::task::spawn_blocking(move || beginning.recv().unwrap()).await.unwrap();
        let waiting: Vec<_> = (0..MAX_WAITING).map(|_| ask(Box::new(|| Ok(())))).collect();
        while passwords.waiting.load(Ordering::Relaxed) < MAX_WAITING {
            tokio::task::yield_now().await;
        }
        let refused = ask(Box::new(|| Ok(()))).await.unwrap();
        assert_eq!(refused.unwrap_err().kind(), Kind::Busy);
        end.send(()).unwrap();
        first.await.unwrap().unwrap();
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), 0);
    }
}
