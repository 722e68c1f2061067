//! `Discovery`: the cameras that were found on the network, for those who look, and what these want of them.

use crate::base::{Error, Kind, Obstacle, Result, Secret, Trouble};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

/// The board that the finder writes to and the page reads from. Locked for a few lines at a time.
#[derive(Clone, Debug, Default)]
pub struct Discovery(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    board: Mutex<Board>,
    /// Counts the changes of the board.
    changed: watch::Sender<u64>,
    /// How many look.
    watchers: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Board {
    /// By key, with the number of the change that made it so.
    found: BTreeMap<String, (u64, Found)>,
    /// Keys that went, with the number of the change; the newest [`MAX_GONE`].
    gone: Vec<(u64, String)>,
    /// A sweep runs, and since which change that is so or not.
    sweeping: (u64, bool),
    changes: u64,
    /// Where orders go while somebody finds cameras.
    orders: Option<mpsc::Sender<Order>>,
}

/// A camera on the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its name for programs as long as it is there: 16 hex digits.
    pub key: String,
    /// The address that answered, with the port of its device service.
    pub server: SocketAddr,
    /// Its name for people; as all that follows, in the camera's own words.
    pub name: String,
    /// Who made it; may be empty.
    pub maker: String,
    /// Its model; may be empty.
    pub model: String,
    /// What is known of its pictures.
    pub state: FoundState,
    /// What was seen of the obstacle; may be empty.
    pub detail: String,
    /// What it offers, main before sub. Empty until it was let see.
    pub streams: Vec<FoundStream>,
    /// The camera that it is here.
    pub camera: Option<Uuid>,
    /// That camera was added without being asked for.
    pub by_itself: bool,
    /// The URL of its picture, where it gives one without a login.
    pub snapshot: Option<String>,
}

/// What is known of a found camera's pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundState {
    /// It is being asked.
    Asking,
    /// They come.
    Open,
    /// Something keeps us from them.
    Kept(Obstacle),
}

/// A stream that a found camera offers.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundStream {
    /// `H.264`
    pub codec: String,
    /// Pixels; 0 when it did not say.
    pub width: u32,
    /// Pixels; 0 when it did not say.
    pub height: u32,
    /// At most so many pictures a second.
    pub fps: Option<f64>,
}

/// Something that changed.
#[derive(Clone, Debug, PartialEq)]
pub enum FoundNews {
    /// A camera came, or is known better.
    Found(Box<Found>),
    /// The camera of this key went.
    Gone(String),
    /// A sweep of the networks began (true) or ended.
    Sweep(bool),
}

/// Cameras are wanted.
#[derive(Debug)]
pub struct Order {
    /// By their keys.
    pub keys: Vec<String>,
    /// For all of them; empty when none is needed.
    pub username: String,
    /// The password of it.
    pub password: Secret,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Vec<Answered>>,
}

/// What became of one that was wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// Its key.
    pub key: String,
    /// The camera that it is now, or why not.
    pub camera: Result<Uuid, Trouble>,
}

/// Somebody who looks. Cameras are looked for as long as there is one.
#[derive(Debug)]
pub struct Watcher {
    of: Discovery,
    changed: watch::Receiver<u64>,
    /// The newest change that was told.
    seen: u64,
    began: bool,
}

/// Who comes back later than so many changes is not told of each that went.
const MAX_GONE: usize = 64;
/// Who looks at once; a page each.
const MAX_WATCHERS: usize = 16;
/// Orders that wait; who comes later is told that there is too much to do.
const MAX_ORDERS: usize = 4;

impl FoundState {
    /// Its word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Asking => "asking",
            Self::Open => "open",
            Self::Kept(obstacle) => obstacle.word(),
        }
    }
}

impl Discovery {
    /// Somebody finds cameras from now on, and takes these orders.
    pub fn open(&self) -> mpsc::Receiver<Order> {
        let (orders, taken) = mpsc::channel(MAX_ORDERS);
        self.change(|board| board.orders = Some(orders));
        taken
    }

    /// Nobody finds cameras any more: what was found is forgotten, and who looks is told to go.
    pub fn close(&self) {
        self.change(|board| {
            board.orders = None;
            board.found.clear();
        });
    }

    /// How many look.
    pub fn watchers(&self) -> watch::Receiver<usize> {
        self.0.watchers.subscribe()
    }

    /// Begins to look. `Conflict` where nobody finds cameras, `Busy` when too many look.
    pub fn watch(&self) -> Result<Watcher> {
        self.orders()?;
        let mut is_full = false;
        self.0.watchers.send_modify(|n| {
            is_full = *n >= MAX_WATCHERS;
            *n += usize::from(!is_full);
        });
        if is_full {
            return Err(Error::new(Kind::Busy, "too many look for cameras at once: ask again later"));
        }
        Ok(Watcher { of: self.clone(), changed: self.0.changed.subscribe(), seen: 0, began: false })
    }

    /// Has cameras recorded, and waits for what became of that.
    pub async fn order(&self, keys: Vec<String>, username: String, password: Secret) -> Result<Vec<Answered>> {
        let (answer, answered) = oneshot::channel();
        let order = Order { keys, username, password, answer };
        let busy = |_| Error::new(Kind::Busy, "cameras are being added: ask again later");
        self.orders()?.try_send(order).map_err(busy)?;
        answered.await.map_err(|_| Error::new(Kind::Busy, "the recorder stops"))
    }

    fn orders(&self) -> Result<mpsc::Sender<Order>> {
        let off = "this recorder does not look for cameras: see `[recorder] discovery`";
        self.lock().orders.clone().ok_or_else(|| Error::new(Kind::Conflict, off))
    }

    /// A camera by its key.
    pub fn found(&self, key: &str) -> Option<Found> {
        self.lock().found.get(key).map(|(_, found)| found.clone())
    }

    /// A camera came, or is known better.
    pub fn put(&self, found: Found) {
        if self.lock().found.get(&found.key).is_some_and(|(_, known)| *known == found) {
            return;
        }
        self.change(|board| {
            board.gone.retain(|(_, key)| *key != found.key);
            board.found.insert(found.key.clone(), (board.changes, found));
        });
    }

    /// A camera went.
    pub fn remove(&self, key: &str) {
        self.change(|board| {
            if board.found.remove(key).is_some() {
                board.gone.push((board.changes, key.to_owned()));
                let surplus = board.gone.len().saturating_sub(MAX_GONE);
                board.gone.drain(..surplus);
            }
        });
    }

    /// A sweep began or ended.
    pub fn sweep(&self, begun: bool) {
        self.change(|board| board.sweeping = (board.changes, begun));
    }

    fn change(&self, change: impl FnOnce(&mut Board)) {
        let mut board = self.lock();
        board.changes += 1;
        change(&mut board);
        let changes = board.changes;
        drop(board);
        self.0.changed.send_replace(changes);
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        // A panic elsewhere leaves plain values behind: they are still good to show.
        self.0.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// What changed since the last call; at first all that is there, at once. `None` when nobody finds cameras any
    /// more.
    pub async fn next(&mut self) -> Option<Vec<FoundNews>> {
        loop {
            self.changed.borrow_and_update();
            let (news, is_open) = self.news();
            if !news.is_empty() {
                return Some(news);
            }
            if !is_open || self.changed.changed().await.is_err() {
                return None;
            }
        }
    }

    fn news(&mut self) -> (Vec<FoundNews>, bool) {
        let board = self.of.lock();
        let (seen, first) = (self.seen, !self.began);
        let mut news = Vec::new();
        let (changed, begun) = board.sweeping;
        // The end of a sweep comes behind what it found; one that is over when somebody comes is none of his.
        let swept = changed > seen && (begun || !first);
        if swept && begun {
            news.push(FoundNews::Sweep(true));
        }
        let gone = board.gone.iter().filter(|(change, _)| !first && *change > seen);
        news.extend(gone.map(|(_, key)| FoundNews::Gone(key.clone())));
        let found = board.found.values().filter(|(change, _)| *change > seen);
        news.extend(found.map(|(_, found)| FoundNews::Found(Box::new(found.clone()))));
        if swept && !begun {
            news.push(FoundNews::Sweep(false));
        }
        let is_open = board.orders.is_some();
        self.seen = board.changes;
        self.began = true;
        drop(board);
        (news, is_open)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.of.0.watchers.send_modify(|n| *n -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(key: &str, state: FoundState) -> Found {
        Found {
            key: key.into(),
            server: "192.0.2.1:80".parse().unwrap(),
            name: "yard".into(),
            maker: String::new(),
            model: String::new(),
            state,
            detail: String::new(),
            streams: Vec::new(),
            camera: None,
            by_itself: false,
            snapshot: None,
        }
    }

    fn told(news: Option<Vec<FoundNews>>) -> String {
        let word = |news: FoundNews| match news {
            FoundNews::Found(found) => format!("{} {}", found.key, found.state.word()),
            FoundNews::Gone(key) => format!("{key} gone"),
            FoundNews::Sweep(begun) => if begun { "begun" } else { "ended" }.to_owned(),
        };
        news.map_or("closed".into(), |news| news.into_iter().map(word).collect::<Vec<_>>().join(", "))
    }

    #[tokio::test]
    async fn who_looks_is_told_all_and_then_each_change_once() {
        let board = Discovery::default();
        assert_eq!(board.watch().unwrap_err().kind(), Kind::Conflict);
        let _orders = board.open();
        board.sweep(true);
        board.put(found("a", FoundState::Asking));
        let mut early = board.watch().unwrap();
        assert_eq!(told(early.next().await), "begun, a asking");
        board.put(found("a", FoundState::Asking));
        board.put(found("a", FoundState::Kept(Obstacle::NeedsLogin)));
        board.put(found("b", FoundState::Open));
        board.remove("c");
        board.sweep(false);
        assert_eq!(told(early.next().await), "a needsLogin, b open, ended");
        let mut late = board.watch().unwrap();
        assert_eq!(told(late.next().await), "a needsLogin, b open");
        board.remove("a");
        assert_eq!((told(early.next().await), told(late.next().await)), ("a gone".into(), "a gone".into()));
        board.close();
        assert_eq!(told(late.next().await), "closed");
    }

    #[tokio::test]
    async fn those_who_look_are_counted_and_bounded() {
        let board = Discovery::default();
        let _orders = board.open();
        let count = board.watchers();
        let all: Vec<_> = (0..MAX_WATCHERS).map(|_| board.watch().unwrap()).collect();
        assert_eq!(board.watch().unwrap_err().kind(), Kind::Busy);
        assert_eq!(*count.borrow(), MAX_WATCHERS);
        drop(all);
        assert_eq!(*count.borrow(), 0);
    }

    #[tokio::test]
    async fn an_order_is_answered_or_told_that_nobody_takes_it() {
        let board = Discovery::default();
        let none = || board.order(vec!["a".into()], String::new(), Secret::default());
        assert_eq!(none().await.unwrap_err().kind(), Kind::Conflict);
        let mut orders = board.open();
        let answering = async {
            let order = orders.recv().await.unwrap();
            let answered = Answered { key: order.keys[0].clone(), camera: Ok(Uuid::nil()) };
            order.answer.send(vec![answered]).unwrap();
        };
        let (answered, ()) = tokio::join!(none(), answering);
        assert_eq!(answered.unwrap()[0].camera, Ok(Uuid::nil()));
        drop(orders);
        assert_eq!(none().await.unwrap_err().kind(), Kind::Busy);
    }
}
