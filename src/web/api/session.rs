//! `/api/session`, `/api/setup`, `/api/login`, `/api/logout`: who is logged in, and how they come and go.

use crate::base::{Error, Kind, Secret};
use crate::store::people::PersonId;
use crate::web::answer::{self, Body};
use crate::web::api::person_json::PersonJson;
use crate::web::auth::{Caller, Person};
use crate::web::problem::Refusal;
use crate::web::{Front, Peer};
use http::header;
use http::{Response, StatusCode};
use log::info;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};

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
    /// Why there is no film yet; null once there is.
    waits_for: Option<String>,
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
pub(in crate::web) fn show(front: &Front, caller: &Caller) -> Response<Body> {
    told(front, caller.person())
}

/// Sets the first owner's password, and logs in. `Conflict` once there is an owner.
pub(in crate::web) async fn set_up(front: &Front, caller: &Caller, setup: SetUp) -> Result<Response<Body>, Refusal> {
    let user = front.doors.set_up(setup.name, setup.password).await?;
    enter(front, caller, user.id).await
}

/// Begins a session for who knows the password.
pub(in crate::web) async fn log_in(front: &Front, caller: &Caller, login: LogIn) -> Result<Response<Body>, Refusal> {
    let address = address(caller);
    let user = front.doors.check(address, &login.name, login.password).await?;
    info!("web: {} logged in from {address}", user.name);
    enter(front, caller, user.id).await
}

/// Gives whoever asks another password, and ends their other sessions. `Conflict` for who has none.
pub(in crate::web) async fn change_password(
    front: &Front,
    caller: &Caller,
    wish: NewPassword,
) -> Result<Response<Body>, Refusal> {
    let user = caller.person().filter(|person| person.user.is_some());
    let user = user.ok_or_else(|| Error::new(Kind::Conflict, "only a user who logs in has a password"))?;
    let passwords = (wish.current, wish.new);
    front.doors.change_password(address(caller), &user.name, caller.session(), passwords).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

fn address(caller: &Caller) -> IpAddr {
    caller.peer().address().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// Ends the session, if there is one, and has the browser forget it.
pub(in crate::web) async fn log_out(front: &Front, caller: &Caller) -> Result<Response<Body>, Refusal> {
    if let Some(session) = caller.session() {
        front.doors.end_session(session).await?;
    }
    let mut answer = answer::empty(StatusCode::NO_CONTENT);
    answer.headers_mut().insert(header::SET_COOKIE, caller.forget());
    Ok(answer)
}

async fn enter(front: &Front, caller: &Caller, user: PersonId) -> Result<Response<Body>, Refusal> {
    if caller.peer() == Peer::Owner {
        // The socket is login enough.
        return Ok(told(front, caller.person()));
    }
    // The session that the browser had is nobody's any more.
    if let Some(before) = caller.session() {
        front.doors.end_session(before).await?;
    }
    let begun = front.doors.begin_session(user).await?;
    let mut answer = told(front, Some(&begun.person));
    answer.headers_mut().insert(header::SET_COOKIE, caller.remember(&begun.secret));
    Ok(answer)
}

fn told(front: &Front, person: Option<&Person>) -> Response<Body> {
    let doors = &front.doors;
    let session = SessionJson {
        needs_owner: doors.need_owner(),
        user: person.map(PersonJson::of),
        login_required: doors.are_shut(),
        appliance: front.appliance().is_image(),
        waits_for: front.waits().map(|waiting| waiting.state),
    };
    answer::json(StatusCode::OK, &session)
}
