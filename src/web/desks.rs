//! `Desks`: where lists and plans are made, a few at a time.

use crate::base::{Error, Kind, Result};
use crate::web::state::blocking;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// To list and lay out six weeks takes 20 MB for some tenths of a second: as many requests as there are connections must
/// not do it at once. Who comes while all desks are taken waits, first come first served.
#[derive(Clone, Debug)]
pub(super) struct Desks(Arc<Semaphore>);

/// One more than most small machines would be quicker with: another may be waiting for the disk.
const DESKS: usize = 3;

/// How long a request waits for its turn before it is told that there is too much to do.
const PATIENCE: Duration = Duration::from_secs(30);

impl Default for Desks {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(DESKS)))
    }
}

impl Desks {
    /// Runs at a desk what waits for a disk. `Busy` when none becomes free in time.
    pub(super) async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let desk = patiently(self.0.clone().acquire_owned()).await?.expect("the semaphore is never closed");
        blocking(move || {
            // Taken until the work is done, even when who asked for it has gone.
            let _desk = desk;
            work()
        })
        .await
    }
}

/// Waits for a turn; `Busy` when it does not come in time.
pub(super) async fn patiently<T>(turn: impl Future<Output = T>) -> Result<T> {
    let too_long = |_| Error::new(Kind::Busy, "too many lists and films are asked for at once: ask again later");
    tokio::time::timeout(PATIENCE, turn).await.map_err(too_long)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn however_many_ask_a_few_are_worked_for_at_once() {
        let desks = Desks::default();
        let (now, most) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let all = (0..100).map(|n| {
            let (now, most) = (now.clone(), most.clone());
            desks.work(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                now.fetch_sub(1, Ordering::SeqCst);
                if n % 2 == 0 { Ok(n) } else { Err(Error::new(Kind::Disk, "it failed")) }
            })
        });
        let done = futures::future::join_all(all).await;
        assert_eq!(done.into_iter().flatten().collect::<Vec<_>>(), (0..100).step_by(2).collect::<Vec<_>>());
        assert!(most.load(Ordering::SeqCst) <= DESKS && now.load(Ordering::SeqCst) == 0);
    }

    #[tokio::test]
    async fn who_asked_and_went_leaves_no_desk_taken() {
        let desks = Desks::default();
        for _ in 0..2 * DESKS {
            let (begun, beginning) = std::sync::mpsc::channel();
            let (end, ending) = std::sync::mpsc::channel::<()>();
            let asked = tokio::spawn({
                let desks = desks.clone();
                async move {
                    desks
                        .work(move || {
                            begun.send(()).unwrap();
                            ending.recv().unwrap();
                            Ok(())
                        })
                        .await
                }
            });
            tokio::task::spawn_blocking(move || beginning.recv().unwrap()).await.unwrap();
            asked.abort();
            assert!(asked.await.is_err());
            assert!(desks.0.available_permits() < DESKS, "it is still worked");
            end.send(()).unwrap();
            while desks.0.available_permits() < DESKS {
                tokio::task::yield_now().await;
            }
        }
    }
}
