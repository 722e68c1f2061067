//! `Known`: users, sessions and tokens as they are in memory.

use super::secret;
use crate::base::{MonoTime, Result, WallDuration, WallTime};
use crate::store::Store;
use crate::store::people::{Login, PersonId, Rights, Role, SecretHash, Token, User};
use std::sync::Arc;

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) struct Person {
    /// The user; `None` for a program, and where nobody logs in.
    pub(in crate::web) user: Option<PersonId>,
    pub(in crate::web) name: String,
    pub(in crate::web) rights: Rights,
}

/// All that is known of who may enter.
#[derive(Clone, Debug, Default)]
pub(in crate::web) struct Known {
    pub(super) users: Vec<(User, Arc<Person>)>,
    pub(super) sessions: Vec<Session>,
    pub(super) tokens: Vec<(Token, Arc<Person>)>,
}

/// A session, and since when by the monotonic clock it has not been used: the wall's may be set.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) login: Login,
    idle_since: MonoTime,
}

/// What time it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) wall: WallTime,
    pub(super) mono: MonoTime,
}

/// A session that was not used for so long has ended.
const LIFE: i64 = 30 * DAY;

/// How exactly its use is known: not each request is written to the card.
const USED_EVERY: i64 = DAY;

const DAY: i64 = WallDuration::from_secs(86_400).0;

impl Known {
    /// As the database has it. What is known of sessions `before` stays so; with `keep` also those that are in no database.
    pub(super) fn load(store: &Store, before: &Self, keep: bool, now: Now) -> Result<Self> {
        let db = store.db();
        let (users, logins, tokens) = (db.users()?, db.sessions()?, db.tokens()?);
        Ok(Self::of(users, logins, tokens, before, keep, now))
    }

    /// Nobody has come in yet.
    pub(super) fn remembered(users: Vec<User>, tokens: Vec<Token>, now: Now) -> Self {
        Self::of(users, Vec::new(), tokens, &Self::default(), false, now)
    }

    fn of(users: Vec<User>, logins: Vec<Login>, tokens: Vec<Token>, before: &Self, keep: bool, now: Now) -> Self {
        let user = |user: User| {
            let person = Person { user: Some(user.id), name: user.name.clone(), rights: user.rights.clone() };
            (user, Arc::new(person))
        };
        let token = |token: Token| {
            let person = Person { user: None, name: token.name.clone(), rights: token.rights.clone() };
            (token, Arc::new(person))
        };
        let users: Vec<_> = users.into_iter().map(user).collect();
        let in_memory = before.sessions.iter().filter(|session| {
            let hash = |users: &[(User, _)]| {
                users.iter().find(|(user, _)| user.id == session.login.user).map(|(user, _)| user.password_hash.clone())
            };
            let is_stored = logins.iter().any(|login| login.secret_hash == session.login.secret_hash);
            // A new password ends sessions.
            keep && !is_stored && hash(&users) == hash(&before.users)
        });
        let in_memory: Vec<Session> = in_memory.cloned().collect();
        let stored = logins.into_iter().map(|login| {
            let known = before.sessions.iter().find(|session| session.login.secret_hash == login.secret_hash);
            known.cloned().unwrap_or_else(|| Session::new(login, now))
        });
        let sessions = stored.chain(in_memory).collect();
        Self { users, sessions, tokens: tokens.into_iter().map(token).collect() }
    }

    /// Writes sessions that are in memory alone into this database, of users whom it has with the same password.
    pub(super) fn write_sessions(&self, store: &Store) -> Result<()> {
        let db = store.db();
        let (users, logins) = (db.users()?, db.sessions()?);
        for Session { login, .. } in &self.sessions {
            let is_same = |known: &User| known.id == login.user && users.contains(known);
            let is_new = !logins.iter().any(|stored| stored.secret_hash == login.secret_hash);
            if is_new && self.users.iter().any(|(known, _)| is_same(known)) {
                db.add_session(login)?;
            }
        }
        Ok(())
    }

    /// Somebody may set the first password.
    pub(super) fn needs_owner(&self) -> bool {
        !self.users.iter().any(|(user, _)| user.rights.role() == Role::Owner)
    }

    /// The user with this name, whatever its case.
    pub(super) fn user_named(&self, name: &str) -> Option<&User> {
        self.users.iter().map(|(user, _)| user).find(|user| user.name.eq_ignore_ascii_case(name.trim()))
    }

    /// Whose session it is, unless it has ended; and whether its use is to be noted.
    pub(super) fn by_session(&self, hash: &SecretHash, now: Now) -> Option<(&Arc<Person>, bool)> {
        let at = secret::find(&self.sessions, hash, |session| &session.login.secret_hash)?;
        let session = &self.sessions[at];
        let person = self.users.iter().find(|(user, _)| user.id == session.login.user).map(|(_, person)| person)?;
        session.is_alive(now).then(|| (person, session.is_to_note(now)))
    }

    /// Whose token it is.
    pub(super) fn by_token(&self, hash: &SecretHash) -> Option<&Arc<Person>> {
        secret::find(&self.tokens, hash, |(token, _)| &token.secret_hash).map(|at| &self.tokens[at].1)
    }

    /// Adds or renews a session.
    pub(super) fn put_session(&mut self, login: Login, now: Now) {
        self.sessions.retain(|session| session.login.secret_hash != login.secret_hash);
        self.sessions.push(Session { login, idle_since: now.mono });
    }

    /// Ends a session.
    pub(super) fn end_session(&mut self, hash: &SecretHash) {
        self.sessions.retain(|session| session.login.secret_hash != *hash);
    }
}

impl Session {
    /// From the database: a time to come is that of a clock that was wrong.
    fn new(login: Login, now: Now) -> Self {
        let idle = (now.wall.0 - login.used.0).max(0);
        Self { login, idle_since: MonoTime(now.mono.0 - idle) }
    }

    fn is_alive(&self, now: Now) -> bool {
        now.mono.0 - self.idle_since.0 < LIFE
    }

    /// Also when the clock was set: one that began before the time was known would seem to be years old.
    fn is_to_note(&self, now: Now) -> bool {
        now.mono.0 - self.idle_since.0 >= USED_EVERY || now.wall.0 - self.login.used.0 >= USED_EVERY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;

    fn at(days: i64, uptime: i64) -> Now {
        Now { wall: WallTime(days * DAY), mono: MonoTime(uptime * DAY) }
    }

    fn user(id: PersonId, hash: &str) -> User {
        User { id, name: format!("User {id}"), password_hash: Secret::new(hash), rights: Rights::OWNER }
    }

    fn login(user: PersonId, used: i64) -> Login {
        Login { secret_hash: [used as u8; 32], user, created: WallTime(0), used: WallTime(used * DAY) }
    }

    fn known(logins: &[Login], before: &Known, now: Now) -> Known {
        Known::of(vec![user(1, "$1"), user(2, "$2")], logins.to_vec(), Vec::new(), before, false, now)
    }

    #[test]
    fn a_session_ends_when_it_is_not_used() {
        let known = known(&[login(1, 100)], &Known::default(), at(110, 0));
        let alive =
            |uptime| known.by_session(&[100; 32], at(110 + uptime, uptime)).map(|(person, _)| person.name.as_str());
        assert_eq!((alive(0), alive(19), alive(20)), (Some("User 1"), Some("User 1"), None));
        assert!(known.by_session(&[99; 32], at(110, 0)).is_none());
    }

    #[test]
    fn its_use_is_noted_once_a_day() {
        let known = known(&[login(1, 100)], &Known::default(), at(100, 5));
        let to_note = |now| known.by_session(&[100; 32], now).unwrap().1;
        assert!(!to_note(at(100, 5)) && to_note(at(101, 6)));
    }

    /// A box without a clock: the owner logs in in 1970, then the time becomes known.
    #[test]
    fn a_clock_that_is_set_ends_no_session() {
        let mut known = known(&[], &Known::default(), at(0, 0));
        known.put_session(login(1, 0), at(0, 0));
        let after = at(20_000, 0);
        assert_eq!(known.by_session(&[0; 32], after).map(|(_, note)| note), Some(true));
        let again = Known::of(vec![user(1, "$1")], vec![login(1, 0)], vec![], &known, false, after);
        assert!(again.by_session(&[0; 32], after).is_some(), "it was known before");
        let back = self::known(&[login(1, 100)], &Known::default(), at(0, 0));
        assert!(back.by_session(&[100; 32], at(0, 0)).is_some(), "the clock was lost in a restart");
    }

    #[test]
    fn sessions_that_no_database_has_end_with_the_password() {
        let mut before = known(&[], &Known::default(), at(0, 0));
        before.put_session(login(1, 1), at(1, 1));
        before.put_session(login(2, 2), at(1, 1));
        let load = |keep| Known::of(vec![user(1, "$new"), user(2, "$2")], vec![], vec![], &before, keep, at(1, 1));
        let left = |known: Known| known.sessions.iter().map(|session| session.login.user).collect::<Vec<_>>();
        assert_eq!((left(load(true)), left(load(false))), (vec![2], vec![]));
    }

    #[test]
    fn an_owner_is_needed_while_only_viewers_are_there() {
        let viewer = User { rights: Rights::new(Role::Viewer, None).unwrap(), ..user(1, "$1") };
        let of = |users| Known::of(users, vec![], vec![], &Known::default(), false, at(0, 0));
        assert!(of(vec![]).needs_owner() && of(vec![viewer]).needs_owner() && !of(vec![user(1, "$1")]).needs_owner());
        assert_eq!(of(vec![user(7, "$1")]).user_named(" uSER 7").map(|user| user.id), Some(7));
    }
}
