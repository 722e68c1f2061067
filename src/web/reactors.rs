//! `Reactors`: the threads that connections live on.

use crate::base::{Kind, Result, ResultExt};
use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot::{self, Receiver, Sender};
use tokio::task::JoinHandle;

/// A thread for each core, each with a reactor and all tasks of its connections. What arrives is answered on the thread
/// that noticed it: a runtime that shares its tasks among threads wakes a second one each time, which looks for work
/// and finds none.
#[derive(Debug)]
pub struct Reactors {
    /// That of who answers first, then the others.
    all: Vec<Reactor>,
    /// Others run until these are dropped.
    _ends: Vec<Sender<()>>,
}

#[derive(Debug)]
struct Reactor {
    /// `None`: whoever asks, on its own thread.
    other: Option<Handle>,
    connections: Arc<AtomicUsize>,
}

/// More would be memory and nothing else: film is sent by the kernel.
const MAX_THREADS: usize = 4;

thread_local! {
    /// Where a reactor's thread leaves what waits for a disk: so there is one bound for all of them.
    static HOME: OnceCell<Handle> = const { OnceCell::new() };
}

impl Reactors {
    /// The caller's alone.
    pub fn one() -> Self {
        Self { all: vec![Reactor::new(None)], _ends: Vec::new() }
    }

    /// One for each core, the caller's among them. To be called on the caller's runtime, whose blocking threads do for
    /// all what waits for a disk.
    pub fn for_all_cores() -> Result<Self> {
        let threads = available_parallelism().map_or(1, |cores| cores.get().min(MAX_THREADS));
        Self::with_others(threads - 1)
    }

    fn with_others(others: usize) -> Result<Self> {
        let mut reactors = Self::one();
        for number in 1..=others {
            let (runs_until, end) = oneshot::channel();
            reactors.all.push(Reactor::new(Some(start(number, Handle::current(), end)?)));
            reactors._ends.push(runs_until);
        }
        Ok(reactors)
    }

    /// Where the next connection is to live: where the fewest do, and rather here than elsewhere.
    pub(super) fn place(&self) -> Place {
        let calmest = self.all.iter().min_by_key(|reactor| reactor.connections.load(Ordering::Relaxed));
        let Reactor { other, connections } = calmest.expect("the caller's is always there");
        connections.fetch_add(1, Ordering::Relaxed);
        Place { other: other.clone(), connections: connections.clone() }
    }
}

impl Reactor {
    fn new(other: Option<Handle>) -> Self {
        Self { other, connections: Arc::default() }
    }
}

/// Starts a reactor's thread, which runs until `end` is dropped.
fn start(number: usize, home: Handle, end: Receiver<()>) -> Result<Handle> {
    let runtime = Builder::new_current_thread().max_blocking_threads(1).enable_all().build();
    let runtime = runtime.or_fail(Kind::Internal, || "start a reactor")?;
    let handle = runtime.handle().clone();
    let run = move || {
        HOME.with(|own| own.set(home).expect("the thread is new"));
        let _ = runtime.block_on(end);
        runtime.shutdown_background();
    };
    std::thread::Builder::new()
        .name(format!("web-{number}"))
        .spawn(run)
        .or_fail(Kind::Internal, || "start a reactor's thread")?;
    Ok(handle)
}

/// A connection's place on a reactor, counted until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    other: Option<Handle>,
    connections: Arc<AtomicUsize>,
}

impl Place {
    /// The runtime of it, unless it is the caller's.
    pub(super) fn elsewhere(&self) -> Option<Handle> {
        self.other.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs what waits for a disk where it holds nobody up.
pub(super) fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    HOME.with(|home| home.get().cloned()).unwrap_or_else(Handle::current).spawn_blocking(work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::current;

    fn reactors(others: usize) -> Reactors {
        Reactors::with_others(others).unwrap()
    }

    #[tokio::test]
    async fn connections_go_where_the_fewest_are_and_rather_stay() {
        let reactors = reactors(2);
        let elsewhere = |place: &Place| place.elsewhere().map(|other| other.id());
        let mut places: Vec<Place> = (0..6).map(|_| reactors.place()).collect();
        let told: Vec<_> = places.iter().map(elsewhere).collect();
        assert_eq!(told[0], None);
        assert!(told[1].is_some() && told[2].is_some() && told[1] != told[2]);
        assert_eq!(told[3..], told[..3]);
        let calm = elsewhere(&places.remove(4));
        assert_eq!(elsewhere(&reactors.place()), calm);
        let alone = Reactors::one();
        assert!([alone.place(), alone.place()].iter().all(|place| place.elsewhere().is_none()));
    }

    #[tokio::test]
    async fn what_waits_for_a_disk_is_left_to_the_callers_blocking_threads() {
        let reactors = reactors(1);
        let _here = reactors.place();
        let there = reactors.place().elsewhere().unwrap();
        let home = Handle::current().id();
        let work = there.spawn(async {
            let worker = spawn_blocking(|| Handle::current().id()).await.unwrap();
            (Handle::current().id(), worker, current().name().map(str::to_owned))
        });
        let (own, worker, name) = work.await.unwrap();
        assert_eq!((worker, name.as_deref()), (home, Some("web-1")));
        assert_ne!(own, home);
    }

    #[tokio::test]
    async fn threads_end_with_the_reactors() {
        let reactors = reactors(1);
        let _here = reactors.place();
        let there = reactors.place().elsewhere().unwrap();
        let (held, gone) = oneshot::channel::<()>();
        there.spawn(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        drop(reactors);
        assert!(gone.await.is_err(), "its tasks are dropped");
    }
}
