//! `/api/session`, `/api/setup`, `/api/login`, `/api/logout`: who is logged in, and how they come and go.

use crate::base::{Error, Kind, Secret};
use crate::store::people::PersonId;
use crate::web::answer::{self, Body};
use crate::web::api::person_json::PersonJson;
use crate::web::auth::{Caller, Person};
use crate::web::problem::Refusal;
use crate::web::{Peer, State};
use http::header;
use http::{Response, StatusCode};
use log::info;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionJson<'a> {
    /// The first password is to be set.
    needs_owner: bool,
    user: Option<PersonJson<'a>>,
    /// Somebody has to log in at all.
    login_required: bool,
    /// This is the image: it can be upgraded and switched off from the page.
    appliance: bool,
}

/// The first owner's password.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct SetUp {
    #[serde(default = "owner")]
    name: String,
    password: Secret,
}

/// A name and a password.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct LogIn {
    name: String,
    password: Secret,
}

/// A user's own password, and the one that it is to be.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct NewPassword {
    current: Secret,
    new: Secret,
}

fn owner() -> String {
    "owner".to_owned()
}

/// Who is logged in, for whoever asks.
pub(in crate::web) fn show(state: &State, caller: &Caller) -> Response<Body> {
    told(state, caller.person())
}

/// Sets the first owner's password, and logs in. `Conflict` once there is an owner.
pub(in crate::web) async fn set_up(
    state: &Arc<State>,
    caller: &Caller,
    setup: SetUp,
) -> Result<Response<Body>, Refusal> {
    let user = state.doors.set_up(setup.name, setup.password).await?;
    enter(state, caller, user.id).await
}

/// Begins a session for who knows the password.
pub(in crate::web) async fn log_in(
    state: &Arc<State>,
    caller: &Caller,
    login: LogIn,
) -> Result<Response<Body>, Refusal> {
    let address = address(caller);
    let user = state.doors.check(address, &login.name, login.password).await?;
    info!("web: {} logged in from {address}", user.name);
    enter(state, caller, user.id).await
}

/// Gives whoever asks another password, and ends their other sessions. `Conflict` for who has none.
pub(in crate::web) async fn change_password(
    state: &Arc<State>,
    caller: &Caller,
    wish: NewPassword,
) -> Result<Response<Body>, Refusal> {
    let user = caller.person().filter(|person| person.user.is_some());
    let user = user.ok_or_else(|| Error::new(Kind::Conflict, "only a user who logs in has a password"))?;
    let passwords = (wish.current, wish.new);
    state.doors.change_password(address(caller), &user.name, caller.session(), passwords).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

fn address(caller: &Caller) -> IpAddr {
    caller.peer().address().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// Ends the session, if there is one, and has the browser forget it.
pub(in crate::web) async fn log_out(state: &Arc<State>, caller: &Caller) -> Result<Response<Body>, Refusal> {
    if let Some(session) = caller.session() {
        state.doors.end_session(session).await?;
    }
    let mut answer = answer::empty(StatusCode::NO_CONTENT);
    answer.headers_mut().insert(header::SET_COOKIE, caller.forget());
    Ok(answer)
}

async fn enter(state: &Arc<State>, caller: &Caller, user: PersonId) -> Result<Response<Body>, Refusal> {
    if caller.peer() == Peer::Owner {
        // The socket is login enough.
        return Ok(told(state, caller.person()));
    }
    // The session that the browser had is nobody's any more.
    if let Some(before) = caller.session() {
        state.doors.end_session(before).await?;
    }
    let begun = state.doors.begin_session(user).await?;
    let mut answer = told(state, Some(&begun.person));
    answer.headers_mut().insert(header::SET_COOKIE, caller.remember(&begun.secret));
    Ok(answer)
}

fn told(state: &State, person: Option<&Person>) -> Response<Body> {
    let doors = &state.doors;
    let session = SessionJson {
        needs_owner: doors.need_owner(),
        user: person.map(PersonJson::of),
        login_required: doors.are_shut(),
        appliance: false,
    };
    answer::json(StatusCode::OK, &session)
}
