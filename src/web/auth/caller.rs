//! `Caller`: who asks, and what they may have.

use super::cookie;
use super::doors::Doors;
use super::known::Person;
use super::secret::{self, Random};
use crate::base::{Error, Kind, Result};
use crate::store::Camera;
use crate::store::people::{Role, SecretHash};
use crate::web::State;
use crate::web::peer::Peer;
use crate::web::problem::Refusal;
use http::HeaderMap;
use http::header::{self, HeaderValue};
use std::sync::Arc;
use uuid::Uuid;

/// Whom a method of a path is for. Each has one, in the table of routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Admits {
    /// Whoever comes.
    Anybody,
    /// Owners, and whoever comes while there is none.
    Newcomers,
    /// Owners and viewers. What is of a camera is there for those only who may see it.
    Viewers,
    /// Owners alone.
    Owners,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(in crate::web) struct Caller {
    peer: Peer,
    person: Option<Arc<Person>>,
    pass: Pass,
}

/// What somebody was let in with.
#[derive(Clone, Copy, Debug)]
enum Pass {
    /// They need none, or have none.
    None,
    Session(SecretHash),
    Token(SecretHash),
}

/// Who shall read it: texts about cameras differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Audience {
    /// Who has the Unix socket.
    Console,
    Owner,
    Viewer,
}

impl Caller {
    /// Who this is, by the way they came and what they say.
    pub(in crate::web) fn identify(doors: &Arc<Doors>, peer: Peer, headers: &HeaderMap) -> Self {
        if peer == Peer::Owner || !doors.are_shut() {
            return Self { peer, person: Some(doors.everybody().clone()), pass: Pass::None };
        }
        if let Some(said) = headers.get(header::AUTHORIZATION) {
            // A program that says who it is means it: no cookie makes up for a token that was taken back.
            let token = said.to_str().ok().and_then(bearer).map(secret::hash);
            return Self::with(doors, peer, token.map_or(Pass::None, Pass::Token));
        }
        let session = cookie::read(peer, headers).map(secret::hash);
        Self::with(doors, peer, session.map_or(Pass::None, Pass::Session))
    }

    fn with(doors: &Arc<Doors>, peer: Peer, pass: Pass) -> Self {
        match pass.holder(doors) {
            Some(person) => Self { peer, person: Some(person), pass },
            None => Self { peer, person: None, pass: Pass::None },
        }
    }

    /// Waits until this is not for them any more: their session or token has ended, their rights have, or whoever came
    /// before there was an owner would have to log in now.
    pub(in crate::web) async fn shut_out(self, doors: Arc<Doors>, admits: Admits, camera: Option<Uuid>) {
        let mut changes = doors.changes();
        while self.as_of_now(&doors).must_be(&doors, admits, camera).is_ok() {
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// The same, with the rights that they have by now.
    fn as_of_now(&self, doors: &Arc<Doors>) -> Self {
        match self.pass {
            Pass::None => self.clone(),
            pass => Self { person: pass.holder(doors), ..self.clone() },
        }
    }

    /// Who needs no login, for verbs and tests.
    #[cfg(test)]
    pub(in crate::web) fn everybody(state: &State, peer: Peer) -> Self {
        Self { peer, person: Some(state.doors.everybody().clone()), pass: Pass::None }
    }

    /// Lets them pass, or tells why not.
    pub(in crate::web) fn must_be(&self, doors: &Doors, admits: Admits, camera: Option<Uuid>) -> Result<(), Refusal> {
        let role = self.person.as_ref().map(|person| person.rights.role());
        match (admits, role) {
            (Admits::Anybody, _) | (_, Some(Role::Owner)) => Ok(()),
            (Admits::Newcomers, None) if doors.need_owner() => Ok(()),
            (_, None) => Err(Refusal::NoLogin { needs_owner: doors.need_owner() }),
            (Admits::Viewers, Some(Role::Viewer)) => match camera {
                Some(camera) if !self.may_see(camera) => Err(no_camera(camera).into()),
                _ => Ok(()),
            },
            (Admits::Newcomers | Admits::Owners, Some(Role::Viewer)) => Err(Refusal::NotAllowed),
        }
    }

    /// The way they came.
    pub(in crate::web) fn peer(&self) -> Peer {
        self.peer
    }

    /// Who it is, if we know.
    pub(in crate::web) fn person(&self) -> Option<&Person> {
        self.person.as_deref()
    }

    /// The session that the request belongs to.
    pub(in crate::web) fn session(&self) -> Option<SecretHash> {
        match self.pass {
            Pass::Session(hash) => Some(hash),
            Pass::None | Pass::Token(_) => None,
        }
    }

    /// Has the browser keep this session.
    pub(in crate::web) fn remember(&self, secret: &Random) -> HeaderValue {
        cookie::set(self.peer, secret.reveal())
    }

    /// Has the browser forget its session.
    pub(in crate::web) fn forget(&self) -> HeaderValue {
        cookie::clear(self.peer)
    }

    /// The camera is there for them.
    pub(in crate::web) fn may_see(&self, camera: Uuid) -> bool {
        self.person.as_ref().is_some_and(|person| person.rights.may_see(camera))
    }

    /// Nothing is kept from them.
    pub(in crate::web) fn sees_all(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.rights.cameras().is_none())
    }

    /// The cameras that are there for them.
    pub(in crate::web) fn cameras(&self, state: &State) -> Arc<Vec<Camera>> {
        let all = state.store.cameras();
        if self.sees_all() {
            return all;
        }
        Arc::new(all.iter().filter(|camera| self.may_see(camera.uuid)).cloned().collect())
    }

    /// For whom texts are to be.
    pub(in crate::web) fn audience(&self) -> Audience {
        match (self.peer, self.person().map(|person| person.rights.role())) {
            (Peer::Owner, _) => Audience::Console,
            (_, Some(Role::Owner)) => Audience::Owner,
            _ => Audience::Viewer,
        }
    }
}

impl Pass {
    /// Whose it is, as long as it holds.
    fn holder(self, doors: &Arc<Doors>) -> Option<Arc<Person>> {
        match self {
            Self::None => None,
            Self::Session(hash) => doors.by_session(&hash),
            Self::Token(hash) => doors.by_token(&hash),
        }
    }
}

/// What is said of a camera that is not there; nobody shall know of one that they may not see.
pub(in crate::web) fn no_camera(uuid: Uuid) -> Error {
    Error::new(Kind::NotFound, format!("camera {uuid}: there is none with this uuid"))
}

/// RFC 6750 2.1; the scheme's case does not matter (RFC 9110 11.1).
fn bearer(said: &str) -> Option<&str> {
    let (scheme, token) = said.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_behind_its_scheme() {
        assert_eq!(bearer("Bearer x"), Some("x"));
        assert_eq!(bearer("bEARER  x "), Some("x"));
        for other in ["Basic eDp5", "Bearer", "x", ""] {
            assert_eq!(bearer(other), None, "{other}");
        }
    }
}
