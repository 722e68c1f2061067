//! `Finder`: looks for cameras on the network, adds those that are wanted, follows those that move, and fetches what they
//! notice.

mod adding;
mod following;
mod motion;
mod neighbour;
mod search_times;

use crate::base::{Kind, Result, ResultExt, Trouble};
use crate::camera::Login;
use crate::camera::onvif::{Announced, Device, Interfaces, Looked, News, Search};
use crate::live::{Answered, Discovery, FoundState, Live, Order};
use crate::store::{Camera, Store};
use following::Absences;
use futures::{StreamExt, stream};
use motion::Motions;
use neighbour::Neighbour;
use search_times::{Reason, SearchTimes};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::runtime;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

/// Talks ONVIF until it is stopped, on a thread of its own: what strangers send costs neither the recorder nor the web
/// anything.
#[derive(Debug)]
pub struct Finder {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

/// How to find cameras.
#[derive(Clone, Debug, Default)]
pub struct FinderOptions {
    /// On which networks.
    pub interfaces: Interfaces,
    /// Those that show their pictures without a login are recorded at once, unasked.
    pub adopt_open: bool,
}

impl Finder {
    /// Begins. What is found is told to `live`; without options nothing is looked for, and only what known cameras
    /// notice is fetched.
    pub fn start(store: Arc<Store>, live: Arc<Live>, options: Option<FinderOptions>) -> Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let runtime = runtime::Builder::new_current_thread().max_blocking_threads(BLOCKING).enable_all().build();
        let runtime = runtime.or_fail(Kind::Internal, || "start the finder")?;
        let work = move || {
            runtime.block_on(async {
                let motions = Motions::new(store.clone()).run(stopped.clone());
                tokio::join!(motions, search(store, live, options, stopped));
            });
            // A name that is being looked up would hold it.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("finder".to_owned()).spawn(work);
        Ok(Self { stop, thread: thread.or_fail(Kind::Internal, || "start the finder's thread")? })
    }

    /// Has it end soon. All who look for cameras are told at once.
    pub fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Ends it. Blocks until what cameras noticed is written, for a second or two.
    pub fn stop(self) {
        self.ask_to_stop();
        if self.thread.join().is_err() {
            log::error!("finder: its thread panicked");
        }
    }
}

/// Looks for cameras until told to stop. What they are asked meanwhile is let go.
async fn search(
    store: Arc<Store>,
    live: Arc<Live>,
    options: Option<FinderOptions>,
    mut stopped: watch::Receiver<bool>,
) {
    let Some(options) = options else { return };
    tokio::select! {
        biased;
        _ = stopped.wait_for(|&stopped| stopped) => {}
        () = find(Some(store), live.clone(), options) => {}
    }
    live.discovery.close();
}

/// Looks for cameras for ever; without a store none is added, followed or known. From the call on they can be watched.
pub fn find(store: Option<Arc<Store>>, live: Arc<Live>, options: FinderOptions) -> impl Future<Output = ()> {
    let orders = live.discovery.open();
    let watchers = live.discovery.watchers();
    let finding = Finding {
        board: live.discovery.clone(),
        times: SearchTimes::new(),
        absences: Absences::default(),
        store,
        live,
        options,
        search: None,
        swept: 0,
        neighbours: BTreeMap::new(),
        tasks: JoinSet::new(),
        ordering: false,
        questions: Arc::new(Semaphore::new(QUESTIONS)),
    };
    finding.run(orders, watchers)
}

/// Names that are looked up, and disks that are waited for, at once.
const BLOCKING: usize = 2;
/// Devices that are asked at once.
const QUESTIONS: usize = 6;
/// Devices that are remembered; there is no house with more.
const MAX_NEIGHBOURS: usize = 128;
/// Cameras that are added without being asked for.
const MAX_BY_THEMSELVES: usize = 16;
/// A device that kept silent in so many sweeps is gone.
const MAX_MISSED: u64 = 3;

/// What is going on.
struct Finding {
    store: Option<Arc<Store>>,
    live: Arc<Live>,
    board: Discovery,
    options: FinderOptions,
    times: SearchTimes,
    absences: Absences,
    /// Where devices are heard, while it does not sweep.
    search: Option<Hearing>,
    /// Sweeps so far.
    swept: u64,
    /// By key.
    neighbours: BTreeMap<String, Neighbour>,
    tasks: JoinSet<Done>,
    /// One order at a time: no camera is added twice.
    ordering: bool,
    questions: Arc<Semaphore>,
}

/// The search, at rest or on its sweep.
enum Hearing {
    Resting(Search, mpsc::Receiver<News>),
    Sweeping(mpsc::Receiver<News>),
}

/// What a task came to.
enum Done {
    Swept(Search, Result<()>),
    Looked(String, Box<Looked>),
    Ordered(Order, Vec<(String, Looked)>, Login),
    Followed(Uuid, String, Box<Looked>),
}

impl Finding {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>, mut watchers: watch::Receiver<usize>) {
        let mut changes = self.store.as_ref().map(|store| store.changes());
        loop {
            let watched = *watchers.borrow_and_update() > 0;
            let reason = self.reason(watched);
            self.search_if_due(reason);
            let wait = self.times.until_next(reason, Instant::now());
            tokio::select! {
                biased;
                Some(done) = self.tasks.join_next() => match done {
                    Ok(done) => self.done(done).await,
                    Err(e) => self.failed(&e),
                },
                Some(order) = orders.recv(), if !self.ordering => self.begin_order(order),
                is_open = changed(&mut changes) => match is_open {
                    true => self.link_all(),
                    false => changes = None,
                },
                _ = watchers.changed() => {}
                Some(news) = heard(&mut self.search) => self.hear(news),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Why cameras are to be looked for now.
    fn reason(&mut self, watched: bool) -> Option<Reason> {
        let Some(store) = &self.store else { return Some(Reason::Watched) };
        let (cameras, now) = (store.cameras(), Instant::now());
        self.absences.notice(&cameras, &self.live, now);
        let mut present = cameras.iter().filter(|camera| !camera.removed);
        if watched {
            Some(Reason::Watched)
        } else if present.clone().all(is_by_itself) {
            Some(Reason::Nothing)
        } else if present.any(|camera| self.absences.is_away(camera, now)) {
            Some(Reason::Away)
        } else {
            None
        }
    }

    fn search_if_due(&mut self, reason: Option<Reason>) {
        let now = Instant::now();
        if self.times.is_over(reason, now) && matches!(self.search, Some(Hearing::Resting(..))) {
            self.search = None;
            self.forget(|_| true);
        }
        if !self.times.is_due(reason, now) {
            return;
        }
        let (mut search, news) = match self.search.take() {
            Some(Hearing::Resting(search, news)) => (search, news),
            Some(sweeping @ Hearing::Sweeping(_)) => {
                self.search = Some(sweeping);
                return;
            }
            None => Search::begin(self.options.interfaces.clone()),
        };
        self.times.begun(reason);
        self.swept += 1;
        self.board.sweep(true);
        self.search = Some(Hearing::Sweeping(news));
        self.tasks.spawn(async move {
            let swept = search.sweep().await;
            Done::Swept(search, swept)
        });
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Swept(search, swept) => self.swept(search, swept),
            Done::Looked(key, looked) => self.looked(&key, *looked).await,
            Done::Ordered(order, looked, login) => self.finish_order(order, looked, &login).await,
            Done::Followed(camera, key, looked) => self.follow(camera, &key, *looked).await,
        }
    }

    /// A task panicked: what is not told any more must not be waited for.
    fn failed(&mut self, e: &tokio::task::JoinError) {
        log::error!("finder: {e}");
        self.ordering = false;
        self.search = None;
        self.times.ended(Instant::now());
        self.board.sweep(false);
    }

    fn swept(&mut self, search: Search, swept: Result<()>) {
        if let Err(e) = swept {
            log::warn!("finder: {e}");
        }
        if let Some(Hearing::Sweeping(mut news)) = self.search.take() {
            while let Ok(news) = news.try_recv() {
                self.hear(news);
            }
            self.search = Some(Hearing::Resting(search, news));
        }
        let swept = self.swept;
        self.forget(|neighbour| swept - neighbour.heard_in >= MAX_MISSED);
        self.times.ended(Instant::now());
        self.end_sweep();
    }

    /// A sweep has ended when all that it found were asked.
    fn end_sweep(&self) {
        let is_resting = matches!(self.search, Some(Hearing::Resting(..)));
        if is_resting && self.neighbours.values().all(|neighbour| !neighbour.is_asked) {
            self.board.sweep(false);
        }
    }

    fn forget(&mut self, is_gone: impl Fn(&Neighbour) -> bool) {
        self.neighbours.retain(|key, neighbour| {
            let gone = is_gone(neighbour);
            if gone {
                self.board.remove(key);
            }
            !gone
        });
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Here(announced) => self.heard(announced),
            // Whoever says so must be where the device was.
            News::Gone(endpoint, from) => self.forget(|neighbour| {
                neighbour.announced.endpoint == endpoint && neighbour.announced.from.ip() == from.ip()
            }),
        }
    }

    fn heard(&mut self, announced: Announced) {
        let Some(announced) = neighbour::reachable(announced, &self.options.interfaces, &self.neighbours) else {
            return;
        };
        let key = neighbour::key(&announced);
        if !self.neighbours.contains_key(&key) && self.neighbours.len() == MAX_NEIGHBOURS {
            return;
        }
        let (swept, now) = (self.swept, Instant::now());
        let neighbour = self.neighbours.entry(key.clone()).or_insert_with(|| Neighbour::new(announced.clone()));
        neighbour.heard_in = swept;
        let is_elsewhere = neighbour.hear(announced);
        self.link(&key);
        let Some(neighbour) = self.neighbours.get(&key) else { return };
        if is_elsewhere || neighbour.is_to_be_asked(now) {
            self.look(&key);
        }
        self.follow_if_away(&key);
    }

    /// Asks a device what it shows without a login.
    fn look(&mut self, key: &str) {
        let Some(neighbour) = self.neighbours.get_mut(key).filter(|neighbour| !neighbour.is_asked) else { return };
        neighbour.is_asked = true;
        let (key, device, questions) = (key.to_owned(), neighbour.device(), self.questions.clone());
        self.tasks.spawn(async move { Done::Looked(key, Box::new(ask(&device, &Login::default(), &questions).await)) });
    }

    async fn looked(&mut self, key: &str, looked: Looked) {
        if let Some(neighbour) = self.neighbours.get_mut(key) {
            neighbour.is_asked = false;
            neighbour.take(looked, &Login::default(), Instant::now());
            self.link(key);
            self.adopt(key).await;
        }
        self.end_sweep();
    }

    /// Writes what is known of a device to the board, and which camera it is.
    fn link(&mut self, key: &str) {
        let cameras = self.store.as_ref().map(|store| store.cameras()).unwrap_or_default();
        let Some(neighbour) = self.neighbours.get_mut(key) else { return };
        let camera = neighbour.camera_among(&cameras);
        neighbour.camera = camera.map(|camera| camera.uuid);
        self.board.put(neighbour.told(key, camera.is_some_and(is_by_itself)));
    }

    /// Cameras were added, changed or removed.
    fn link_all(&mut self) {
        let keys: Vec<String> = self.neighbours.keys().cloned().collect();
        for key in keys {
            self.link(&key);
            if self.neighbours.get(&key).is_some_and(Neighbour::is_unknown) {
                self.look(&key);
            }
        }
    }

    /// Adds a camera that shows its pictures to anybody, if that is wanted.
    async fn adopt(&mut self, key: &str) {
        let Some(store) = self.store.clone().filter(|_| self.options.adopt_open) else { return };
        let Some(neighbour) = self.neighbours.get(key).filter(|n| n.camera.is_none()) else { return };
        let Some(video) = &neighbour.video else { return };
        // It may be a camera that has just moved, and is followed as soon as that is seen to be away.
        if following::is_called_like_one_of(&store.cameras(), &neighbour.announced.endpoint) {
            return;
        }
        let so_far = store.cameras().iter().filter(|camera| !camera.removed && is_by_itself(camera)).count();
        if so_far >= MAX_BY_THEMSELVES {
            return;
        }
        let endpoint = neighbour.announced.endpoint.clone();
        match adding::is_declined(store.clone(), endpoint).await {
            Ok(false) => {}
            Ok(true) => return,
            Err(e) => return log::warn!("finder: {e}"),
        }
        let added = adding::add(store, neighbour, video.clone(), true).await;
        match &added {
            Ok(camera) => {
                log::info!("{}: found by itself at {}, recording it", camera.name, neighbour.announced.from.ip())
            }
            Err(trouble) => log::warn!("finder: add {}: {trouble}", neighbour.announced.from.ip()),
        }
        self.link(key);
    }

    fn begin_order(&mut self, order: Order) {
        self.ordering = true;
        let login = Login { username: order.username.clone(), password: order.password.clone() };
        let wanted = order.keys.iter().filter_map(|key| Some((key.clone(), self.neighbours.get(key)?.device())));
        let (wanted, questions): (Vec<_>, _) = (wanted.collect(), self.questions.clone());
        self.tasks.spawn(async move {
            let looks = wanted.into_iter().map(|(key, device)| {
                let (login, questions) = (login.clone(), questions.clone());
                async move { (key, ask(&device, &login, &questions).await) }
            });
            let looked = stream::iter(looks).buffer_unordered(QUESTIONS).collect().await;
            Done::Ordered(order, looked, login)
        });
    }

    async fn finish_order(&mut self, order: Order, looked: Vec<(String, Looked)>, login: &Login) {
        let mut looked: BTreeMap<String, Looked> = looked.into_iter().collect();
        let mut answered = Vec::new();
        for key in order.keys {
            let camera = match looked.remove(&key) {
                Some(looked) => self.record(&key, looked, login).await,
                None => Err(neighbour::gone()),
            };
            answered.push(Answered { key, camera });
        }
        self.ordering = false;
        // Who asked may have gone.
        let _ = order.answer.send(answered);
    }

    /// Adds a camera that somebody wants.
    async fn record(&mut self, key: &str, looked: Looked, login: &Login) -> Result<Uuid, Trouble> {
        let neighbour = self.neighbours.get_mut(key).ok_or_else(neighbour::gone)?;
        if let Some(camera) = neighbour.camera {
            return Ok(camera);
        }
        let video = looked.video.clone();
        neighbour.take(looked, login, Instant::now());
        // By what it is now known to be, it may be there.
        self.link(key);
        let neighbour = self.neighbours.get(key).ok_or_else(neighbour::gone)?;
        let store = self.store.clone().ok_or_else(neighbour::gone)?;
        let added = match neighbour.camera {
            Some(camera) => return Ok(camera),
            None => adding::add(store, neighbour, video?, false).await?,
        };
        log::info!("{}: added, at {}", added.name, neighbour.announced.from.ip());
        self.link(key);
        Ok(added.uuid)
    }
}

fn is_by_itself(camera: &Camera) -> bool {
    camera.onvif.as_ref().is_some_and(|link| link.by_itself)
}

async fn ask(device: &Device, login: &Login, questions: &Semaphore) -> Looked {
    let _turn = questions.acquire().await;
    device.look(login).await
}

async fn heard(search: &mut Option<Hearing>) -> Option<News> {
    match search {
        Some(Hearing::Resting(_, news) | Hearing::Sweeping(news)) => news.recv().await,
        None => std::future::pending().await,
    }
}

async fn changed(changes: &mut Option<watch::Receiver<u64>>) -> bool {
    match changes {
        Some(changes) => changes.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}

/// A state that may change by itself.
fn is_passing(state: FoundState) -> bool {
    use crate::base::Obstacle::{LockedOut, Unreachable};
    matches!(state, FoundState::Kept(Unreachable | LockedOut))
}
