//! `/api/users`: who may log in.

use super::person_json::{PersonJson, Wanted, present};
use crate::base::json::given;
use crate::base::{Error, Kind, Result, Secret};
use crate::store::people::{PersonId, Role, User, UserEdit};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::auth::Caller;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// A new user.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct NewUser {
    name: String,
    password: Secret,
    role: Role,
    #[serde(default)]
    cameras: Option<Vec<Uuid>>,
}

/// What is left out stays.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(in crate::web) struct Edit {
    #[serde(deserialize_with = "given")]
    name: Option<String>,
    #[serde(deserialize_with = "given")]
    password: Option<Secret>,
    #[serde(deserialize_with = "given")]
    role: Option<Role>,
    #[serde(deserialize_with = "present")]
    cameras: Option<Option<Vec<Uuid>>>,
}

/// All users.
pub(in crate::web) async fn list(state: &Arc<State>) -> Result<Response<Body>> {
    let users = state.doors.users().await?;
    let users: Vec<PersonJson<'_>> = users.iter().map(of).collect();
    Ok(answer::json(StatusCode::OK, &json!({"users": users})))
}

/// A new one. Answers 201 with the user and their address.
pub(in crate::web) async fn add(state: &Arc<State>, new: NewUser) -> Result<Response<Body>> {
    let rights = Wanted { role: Some(new.role), cameras: Some(new.cameras) }.rights()?;
    let user = state.doors.add_user(new.name, new.password, rights).await?;
    let mut answer = answer::json(StatusCode::CREATED, &of(&user));
    let address = HeaderValue::from_str(&format!("/api/users/{}", user.id)).expect("digits make a header");
    answer.headers_mut().insert(header::LOCATION, address);
    Ok(answer)
}

/// Changes what the body names. A new password ends the user's sessions, but for the one that asks.
pub(in crate::web) async fn edit(
    state: &Arc<State>,
    caller: &Caller,
    id: PersonId,
    edit: Edit,
) -> Result<Response<Body>> {
    let users = state.doors.users().await?;
    let before = users.iter().find(|user| user.id == id);
    let before = before.ok_or_else(|| Error::new(Kind::NotFound, format!("user {id}: there is none")))?;
    let rights = Wanted { role: edit.role, cameras: edit.cameras }.change(&before.rights)?;
    let changed = UserEdit { name: edit.name, password_hash: None, kept_session: caller.session(), rights };
    let user = state.doors.edit_user(id, changed, edit.password).await?;
    Ok(answer::json(StatusCode::OK, &of(&user)))
}

/// Removes one, whose sessions end.
pub(in crate::web) async fn remove(state: &Arc<State>, id: PersonId) -> Result<Response<Body>> {
    state.doors.remove_user(id).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

fn of(user: &User) -> PersonJson<'_> {
    PersonJson::new(Some(user.id), &user.name, &user.rights)
}
