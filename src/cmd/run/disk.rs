//! `Disk`: waits for the disk of film, and opens what is on it.

use super::film::Film;
use crate::base::{Error, Kind, Result, ResultExt};
use crate::cmd::config::Config;
use crate::live::Live;
use crate::web::{Site, Waiting};
use log::error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What a disk is opened for.
#[derive(Clone)]
pub(super) struct Wish {
    pub(super) config: Config,
    pub(super) read_only: bool,
    pub(super) live: Arc<Live>,
    /// Is told why there is no film yet, and what came.
    pub(super) site: Arc<Site>,
}

/// A disk that is looked for. Whatever of it hangs, hangs on threads of its own.
pub(super) struct Disk(mpsc::Receiver<News>);

/// How it goes.
pub(super) enum News {
    /// It is not there yet; the site says why. Told once.
    Waits,
    /// The end of the search: it is there, or nothing will come of it.
    Ended(Result<Film>),
}

impl Disk {
    /// Begins to look for it, and opens it when it is there; tried again and again.
    pub(super) fn look_for(wish: Wish) -> Result<Self> {
        // Room for all that is ever told.
        let (tell, told) = mpsc::channel(2);
        let search = move || {
            let news = tell.clone();
            let film = Search { wish, tell, told: None }.run();
            // Nobody listens when the daemon ends.
            let _ = news.blocking_send(News::Ended(film));
        };
        thread::Builder::new().name("film-disk".into()).spawn(search).or_fail(Kind::Internal, || "start a thread")?;
        Ok(Self(told))
    }

    /// What there is to tell next; never, after the end.
    pub(super) async fn next(&mut self) -> News {
        match self.0.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }
}

struct Search {
    wish: Wish,
    tell: mpsc::Sender<News>,
    /// What the log was told last, without the figures that change all the time.
    told: Option<String>,
}

impl Search {
    fn run(mut self) -> Result<Film> {
        loop {
            if let Err(why) = self.look() {
                self.wait(why);
                thread::sleep(TICK);
                continue;
            }
            match self.open() {
                Err(e) if !self.may_pass(&e) => return Err(e),
                Err(e) => self.wait(Waiting { state: CANNOT_BE_OPENED.into(), detail: Some(e.to_string()) }),
                opened => return opened,
            }
            thread::sleep(PACE);
        }
    }

    /// Whether there is anything to open, as far as who mounts the disk tells.
    fn look(&self) -> std::result::Result<(), Waiting> {
        self.wish.config.store.film_state.as_deref().map_or(Ok(()), is_mounted)
    }

    /// Opens what is there, on a thread of its own: it may hang.
    fn open(&mut self) -> Result<Film> {
        let (tell, opened) = sync_channel(1);
        let Wish { config, read_only, live, site } = self.wish.clone();
        let open = move || {
            // Nobody listens when the daemon ends.
            let _ = tell.send(Film::open(&config, read_only, &live, &site));
        };
        thread::Builder::new().name("film-open".into()).spawn(open).or_fail(Kind::Internal, || "start a thread")?;
        let begun = Instant::now();
        loop {
            match opened.recv_timeout(TICK) {
                Ok(film) => return film,
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = begun.elapsed().as_secs();
                    let why = self.look().err();
                    self.wait(why.unwrap_or_else(|| Waiting::new(format!("film disk: opening, {seconds} s so far"))));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::new(Kind::Internal, "opening the film's disk panicked"));
                }
            }
        }
    }

    /// Waiting may help. Where somebody else sees to the disk, that is true of everything: the page must stay to say it.
    fn may_pass(&self, e: &Error) -> bool {
        let passes = matches!(e.kind(), Kind::Disk | Kind::Busy | Kind::Corrupt);
        passes || self.wish.config.store.film_state.is_some()
    }

    fn wait(&mut self, why: Waiting) {
        let line = without_figures(&why.to_string());
        if self.told.as_ref() != Some(&line) {
            error!("nothing can be recorded: {why}");
            if self.told.replace(line).is_none() {
                let _ = self.tell.blocking_send(News::Waits);
            }
        }
        self.wish.site.wait(why);
    }
}

/// The words of who mounts the disk: `mounted`, or why it is not.
fn is_mounted(file: &Path) -> std::result::Result<(), Waiting> {
    let words = fs::read_to_string(file).unwrap_or_else(|_| "not looked for yet".to_owned());
    match words.lines().next().unwrap_or_default().trim() {
        "mounted" => Ok(()),
        words => Err(Waiting::new(format!("film disk: {words}"))),
    }
}

fn without_figures(words: &str) -> String {
    words.chars().filter(|c| !c.is_ascii_digit()).collect()
}

const CANNOT_BE_OPENED: &str = "film disk: cannot be opened";
/// How often it is tried to open it.
const PACE: Duration = Duration::from_secs(5);
/// How old what is said of it may be.
const TICK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_mounts_the_disk_says_how_that_goes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("film");
        assert_eq!(is_mounted(&file).unwrap_err().state, "film disk: not looked for yet");
        for (words, told) in [
            ("checking 43 %\n", "film disk: checking 43 %"),
            ("missing", "film disk: missing"),
            ("failed e2fsck: gave up\nand more", "film disk: failed e2fsck: gave up"),
            ("", "film disk: "),
        ] {
            fs::write(&file, words).unwrap();
            assert_eq!(is_mounted(&file).unwrap_err(), Waiting::new(told));
        }
        fs::write(&file, "mounted\n").unwrap();
        assert!(is_mounted(&file).is_ok());
    }
}
