//! `Doors`: what lets people in, and keeps them out.

use super::delays::Delays;
use super::known::{Known, Now, Person};
use super::names::Names;
use super::password::{self, Passwords};
use super::sealed::Sealed;
use super::secret::Random;
use crate::base::{Error, Kind, Result, Secret};
use crate::camera::clock;
use crate::store::people::{Login, NewToken, NewUser, PersonId, Rights, SecretHash, Token, User, UserEdit};
use crate::store::{Settings, Store};
use crate::web::problem::Refusal;
use crate::web::reactors::spawn_blocking;
use crate::web::state::blocking;
use log::{info, warn};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Who has to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// Whoever comes over TCP.
    #[default]
    Required,
    /// Nobody: whoever reaches the port is the owner.
    None,
}

/// How people enter.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Who has to log in.
    pub rule: Rule,
    /// Only this machine is answered, and only by its names for itself.
    pub only_here: bool,
    /// What the recorder is called, beside its address and names that nobody on the internet can have.
    pub names: Vec<String>,
}

/// Users, sessions and tokens, and what is asked of them.
#[derive(Debug)]
pub(in crate::web) struct Doors {
    /// `None` until it is there; then who is known is known from an earlier day, or nobody is.
    store: RwLock<Option<Arc<Store>>>,
    rule: Rule,
    /// Sessions are written; else they are in memory alone, as in a daemon that may not write.
    writes: bool,
    names: Names,
    known: RwLock<Loaded>,
    /// Counts the changes of what is known.
    changes: watch::Sender<u64>,
    /// Held while something is changed and loaded: what is loaded last is the newest.
    changing: Arc<Mutex<()>>,
    passwords: Passwords,
    delays: Delays,
    /// Who comes where nobody logs in.
    everybody: Arc<Person>,
}

#[derive(Debug)]
struct Loaded {
    known: Arc<Known>,
    source: Source,
    at: Instant,
}

/// What users are known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// They are not.
    Nothing,
    /// The file of settings.
    Settings,
    Database,
}

/// A session that has just begun: what its cookie is to say.
pub(in crate::web) struct Begun {
    pub(in crate::web) person: Arc<Person>,
    pub(in crate::web) secret: Random,
}

impl Doors {
    /// Nobody is known yet.
    pub(in crate::web) fn new(entry: &Entry, writes: bool) -> Self {
        Self {
            store: RwLock::default(),
            rule: entry.rule,
            writes,
            names: Names::new(&entry.names, entry.only_here),
            known: RwLock::new(Loaded { known: Arc::default(), source: Source::Nothing, at: Instant::now() }),
            changing: Arc::default(),
            changes: watch::Sender::new(0),
            passwords: Passwords::default(),
            delays: Delays::default(),
            everybody: Arc::new(Person { user: None, name: "owner".to_owned(), rights: Rights::OWNER }),
        }
    }

    /// From now on who may enter is known from this store. Who came in before it was there stays in. Blocks on the disk.
    pub(in crate::web) fn open(&self, store: Arc<Store>) -> Result<()> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.are_shut() {
            if self.writes {
                self.known().write_sessions(&store)?;
            }
            self.load(&store)?;
        }
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = Some(store);
        Ok(())
    }

    /// Until there is a store, who may enter is known from these.
    pub(in crate::web) fn remember(&self, settings: &Settings) -> Result<()> {
        let known = Known::remembered(settings.users()?, settings.tokens()?, now());
        let loaded = Loaded { known: Arc::new(known), source: Source::Settings, at: Instant::now() };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }

    /// It is known who may log in.
    pub(in crate::web) fn know_users(&self) -> bool {
        self.lock_known().source != Source::Nothing
    }

    fn store(&self) -> Result<Arc<Store>> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner).clone();
        store.ok_or_else(|| Error::new(Kind::Busy, "users cannot be read or changed until the film's disk is there"))
    }

    /// Sessions are written just now, and not in memory alone.
    fn writes_sessions(&self) -> bool {
        self.writes && self.store().is_ok()
    }

    /// Somebody has to log in.
    pub(in crate::web) fn are_shut(&self) -> bool {
        self.rule == Rule::Required
    }

    /// There is nobody who could log in as owner yet.
    pub(in crate::web) fn need_owner(&self) -> bool {
        self.are_shut() && self.lock_known().source == Source::Database && self.known().needs_owner()
    }

    /// Whether this host is us.
    pub(in crate::web) fn are_called(&self, host: &str) -> bool {
        self.names.are_ours(host)
    }

    /// Other machines are not answered.
    pub(in crate::web) fn answer_only_here(&self) -> bool {
        self.names.only_here()
    }

    /// Whoever needs no login.
    pub(super) fn everybody(&self) -> &Arc<Person> {
        &self.everybody
    }

    /// Whose session it is, unless it has ended.
    pub(super) fn by_session(self: &Arc<Self>, hash: &SecretHash) -> Option<Arc<Person>> {
        self.look_again();
        let known = self.known();
        let (person, is_to_note) = known.by_session(hash, now())?;
        if is_to_note {
            self.note_use(*hash);
        }
        Some(person.clone())
    }

    /// Whose token it is.
    pub(super) fn by_token(self: &Arc<Self>, hash: &SecretHash) -> Option<Arc<Person>> {
        self.look_again();
        self.known().by_token(hash).cloned()
    }

    /// Tells when what is known has changed.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Makes the first owner, and lets them in.
    pub(in crate::web) async fn set_up(self: &Arc<Self>, name: String, password: Secret) -> Result<User> {
        self.must_be_shut()?;
        if !self.known().needs_owner() {
            return Err(Error::new(Kind::Conflict, "there is an owner already: log in"));
        }
        let password_hash = self.passwords.hash(password).await?;
        let new = NewUser { name, password_hash, rights: Rights::OWNER };
        let user = self.change(move |store| store.db().add_first_owner(&new)).await?;
        info!("web: {} is the owner now", user.name);
        Ok(user)
    }

    /// Whose name and password these are. `Wait` while there were too many wrong ones.
    pub(in crate::web) async fn check(
        self: &Arc<Self>,
        address: IpAddr,
        name: &str,
        password: Secret,
    ) -> Result<User, Refusal> {
        self.must_be_shut()?;
        let tried = self.delays.begin(address, name.trim(), Instant::now()).map_err(Refusal::Wait)?;
        let user = self.known().user_named(name).cloned();
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let is_right = self.passwords.verify(password, hash).await?;
        match user {
            Some(user) if is_right => {
                self.delays.succeeded(tried);
                Ok(user)
            }
            // What is no user's name may be a password in the wrong field.
            user => {
                let name = user.map_or_else(|| "somebody unknown".to_owned(), |user| user.name);
                warn!("web: {address} tried to log in as {name}, with a wrong password");
                Err(Refusal::WrongLogin)
            }
        }
    }

    /// Begins a session of a user.
    pub(in crate::web) async fn begin_session(self: &Arc<Self>, user: PersonId) -> Result<Begun> {
        let (secret, now) = (Random::new("")?, now());
        let login = Login { secret_hash: secret.hash(), user, created: now.wall, used: now.wall };
        if self.writes_sessions() {
            self.change(move |store| store.db().add_session(&login)).await?;
        } else {
            self.update(|known| known.put_session(login, now));
        }
        let person = self.known().by_session(&login.secret_hash, now).map(|(person, _)| person.clone());
        let gone = || Error::new(Kind::Conflict, "the user has just been removed");
        Ok(Begun { person: person.ok_or_else(gone)?, secret })
    }

    /// Ends a session.
    pub(in crate::web) async fn end_session(self: &Arc<Self>, hash: SecretHash) -> Result<()> {
        self.update(|known| known.end_session(&hash));
        if self.writes_sessions() {
            self.change(move |store| store.db().end_session(&hash)).await?;
        }
        Ok(())
    }

    /// All users, as they are in memory.
    pub(in crate::web) async fn users(self: &Arc<Self>) -> Result<Vec<User>> {
        let store = self.store()?;
        blocking(move || store.db().users()).await
    }

    /// Adds a user with a password.
    pub(in crate::web) async fn add_user(
        self: &Arc<Self>,
        name: String,
        password: Secret,
        rights: Rights,
    ) -> Result<User> {
        let password_hash = self.passwords.hash(password).await?;
        let new = NewUser { name, password_hash, rights };
        self.change(move |store| store.db().add_user(&new)).await
    }

    /// Changes a user; `edit` has no hash yet.
    pub(in crate::web) async fn edit_user(
        self: &Arc<Self>,
        id: PersonId,
        mut edit: UserEdit,
        password: Option<Secret>,
    ) -> Result<User> {
        if let Some(password) = password {
            edit.password_hash = Some(self.passwords.hash(password).await?);
        }
        self.change(move |store| store.db().edit_user(id, &edit)).await
    }

    /// Gives somebody another password, if this is the one that they have. Their other sessions end.
    pub(in crate::web) async fn change_password(
        self: &Arc<Self>,
        address: IpAddr,
        name: &str,
        kept_session: Option<SecretHash>,
        (current, new): (Secret, Secret),
    ) -> Result<(), Refusal> {
        let user = match self.check(address, name, current).await {
            // 401 would say that nobody is logged in.
            Err(Refusal::WrongLogin) => {
                return Err(Error::new(Kind::BadInput, "current: it is not the password").into());
            }
            checked => checked?,
        };
        self.edit_user(user.id, UserEdit { kept_session, ..UserEdit::default() }, Some(new)).await?;
        info!("web: {} has another password", user.name);
        Ok(())
    }

    /// A user of a backup, whose password is the one that they had.
    pub(in crate::web) async fn restore_user(self: &Arc<Self>, new: NewUser) -> Result<User> {
        password::check_hash(&new.password_hash)?;
        self.change(move |store| store.db().add_user(&new)).await
    }

    /// Locks a text away behind a passphrase. Takes seconds.
    pub(in crate::web) async fn seal(&self, passphrase: Secret, text: Vec<u8>) -> Result<Sealed> {
        self.passwords.seal(passphrase, text).await
    }

    /// What was locked away. Takes seconds. `BadInput` for another passphrase.
    pub(in crate::web) async fn unseal(&self, passphrase: Secret, sealed: Sealed) -> Result<Vec<u8>> {
        self.passwords.unseal(passphrase, sealed).await
    }

    /// Removes a user, whose sessions end.
    pub(in crate::web) async fn remove_user(self: &Arc<Self>, id: PersonId) -> Result<()> {
        self.change(move |store| store.db().remove_user(id)).await
    }

    /// All tokens.
    pub(in crate::web) async fn tokens(self: &Arc<Self>) -> Result<Vec<Token>> {
        let store = self.store()?;
        blocking(move || store.db().tokens()).await
    }

    /// A new token: its row, and what it says, which nobody can be told again.
    pub(in crate::web) async fn add_token(self: &Arc<Self>, name: String, rights: Rights) -> Result<(Token, Random)> {
        let secret = Random::new("lunette_")?;
        let new = NewToken { name, secret_hash: secret.hash(), created: now().wall, rights };
        let token = self.change(move |store| store.db().add_token(&new)).await?;
        Ok((token, secret))
    }

    /// Takes a token back.
    pub(in crate::web) async fn remove_token(self: &Arc<Self>, id: PersonId) -> Result<()> {
        self.change(move |store| store.db().remove_token(id)).await
    }

    /// Somebody took a camera away: who was limited to it is not any more.
    pub(in crate::web) async fn cameras_changed(self: &Arc<Self>) -> Result<()> {
        self.change(|_| Ok(())).await
    }

    fn must_be_shut(&self) -> Result<()> {
        let why = "nobody logs in here: the configuration says `[web] login = \"none\"`";
        if self.are_shut() { Ok(()) } else { Err(Error::new(Kind::Conflict, why)) }
    }

    fn known(&self) -> Arc<Known> {
        self.lock_known().known.clone()
    }

    fn lock_known(&self) -> RwLockReadGuard<'_, Loaded> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is in memory.
    fn update(&self, change: impl FnOnce(&mut Known)) {
        let mut loaded = self.known.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut loaded.known));
        drop(loaded);
        self.changes.send_modify(|n| *n += 1);
    }

    /// Changes the database, then what is in memory.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let doors = self.clone();
        blocking(move || {
            let changing = doors.changing.clone();
            let _changing = changing.lock().unwrap_or_else(PoisonError::into_inner);
            let store = doors.store()?;
            let done = work(&store)?;
            store.settings_changed();
            doors.load(&store)?;
            Ok(done)
        })
        .await
    }

    /// To be called while `changing` is held. Blocks on the disk.
    fn load(&self, store: &Store) -> Result<()> {
        if !self.are_shut() {
            return Ok(());
        }
        let known = Arc::new(Known::load(store, &self.known(), !self.writes, now())?);
        let loaded = Loaded { known, source: Source::Database, at: Instant::now() };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        self.changes.send_modify(|n| *n += 1);
        Ok(())
    }

    /// Who may not write learns only from the database what another daemon changed. From memory; what is read is known by
    /// the next request.
    fn look_again(self: &Arc<Self>) {
        if self.writes || self.store().is_err() {
            return;
        }
        let mut loaded = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if loaded.at.elapsed() < LOOK_AGAIN {
            return;
        }
        loaded.at = Instant::now();
        drop(loaded);
        let doors = self.clone();
        spawn_blocking(move || {
            let _changing = doors.changing.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(e) = doors.store().and_then(|store| doors.load(&store)) {
                warn!("web: users: {e}");
            }
        });
    }

    /// Nobody waits for it.
    fn note_use(self: &Arc<Self>, hash: SecretHash) {
        let now = now();
        self.update(|known| {
            let found = known.sessions.iter().find(|session| session.login.secret_hash == hash);
            let used = found.map(|session| Login { used: now.wall, ..session.login });
            used.into_iter().for_each(|login| known.put_session(login, now));
        });
        if let Ok(store) = self.store()
            && self.writes
        {
            spawn_blocking(move || {
                if let Err(e) = store.db().use_session(&hash, now.wall) {
                    warn!("web: note that a session is used: {e}");
                }
            });
        }
    }
}

/// How soon a daemon that only looks knows what another changed.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

fn now() -> Now {
    Now { wall: clock::wall_now(), mono: clock::monotonic_now() }
}
