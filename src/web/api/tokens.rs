//! `/api/tokens`: what programs are let in with.

use super::person_json::{PersonJson, Wanted};
use crate::base::Result;
use crate::store::people::{PersonId, Role, Token};
use crate::web::State;
use crate::web::answer::{self, Body};
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// A new token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct NewToken {
    name: String,
    role: Role,
    #[serde(default)]
    cameras: Option<Vec<Uuid>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenJson<'a> {
    #[serde(flatten)]
    person: PersonJson<'a>,
    #[serde(rename = "created90k")]
    created_90k: i64,
    /// Told once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

/// All tokens, without what they say.
pub(in crate::web) async fn list(state: &Arc<State>) -> Result<Response<Body>> {
    let tokens = state.doors.tokens().await?;
    let tokens: Vec<TokenJson<'_>> = tokens.iter().map(|token| TokenJson::of(token, None)).collect();
    Ok(answer::json(StatusCode::OK, &json!({"tokens": tokens})))
}

/// A new one. Answers 201 with what it says, this once.
pub(in crate::web) async fn add(state: &Arc<State>, new: NewToken) -> Result<Response<Body>> {
    let rights = Wanted { role: Some(new.role), cameras: Some(new.cameras) }.rights()?;
    let (token, secret) = state.doors.add_token(new.name, rights).await?;
    let mut answer = answer::json(StatusCode::CREATED, &TokenJson::of(&token, Some(secret.reveal())));
    let address = HeaderValue::from_str(&format!("/api/tokens/{}", token.id)).expect("digits make a header");
    answer.headers_mut().insert(header::LOCATION, address);
    Ok(answer)
}

/// Takes one back: who says it is nobody from now on.
pub(in crate::web) async fn remove(state: &Arc<State>, id: PersonId) -> Result<Response<Body>> {
    state.doors.remove_token(id).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

impl<'a> TokenJson<'a> {
    fn of(token: &'a Token, secret: Option<&'a str>) -> Self {
        let person = PersonJson::new(Some(token.id), &token.name, &token.rights);
        Self { person, created_90k: token.created.0, token: secret }
    }
}
