//! Rights of a user or a token: the columns `role` and `limited`, and the cameras in a table beside.

use crate::base::{Error, Kind, Result};
use crate::store::db::error::SqlResult;
use crate::store::people::{PersonId, Rights, Role};
use rusqlite::{Connection, named_params};
use std::collections::HashMap;
use uuid::Uuid;

/// Where the cameras of somebody are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose {
    User,
    Token,
}

/// The cameras of all of them who are limited to some.
pub(super) fn cameras(conn: &Connection, whose: Whose) -> Result<HashMap<PersonId, Vec<Uuid>>> {
    let what = || "list the cameras of users and tokens";
    let mut statement = conn.prepare_cached(whose.list_sql()).or_sql(what)?;
    let mut rows = statement.query(()).or_sql(what)?;
    let mut all: HashMap<PersonId, Vec<Uuid>> = HashMap::new();
    while let Some(row) = rows.next().or_sql(what)? {
        let (person, uuid): (PersonId, [u8; 16]) = (row.get(0).or_sql(what)?, row.get(1).or_sql(what)?);
        all.entry(person).or_default().push(Uuid::from_bytes(uuid));
    }
    Ok(all)
}

/// From the columns, and the cameras that were read.
pub(super) fn read(role: &str, limited: bool, cameras: Option<Vec<Uuid>>) -> Result<Rights> {
    let role = Role::from_word(role).ok_or_else(|| Error::new(Kind::Corrupt, format!("no role is called {role:?}")))?;
    Rights::new(role, limited.then(|| cameras.unwrap_or_default()))
}

/// From now on it is these cameras. `NotFound` for one that is not there.
pub(super) fn write(conn: &Connection, whose: Whose, person: PersonId, rights: &Rights) -> Result<()> {
    let what = || "write the cameras of a user or token";
    conn.execute(whose.clear_sql(), named_params! {":person": person}).or_sql(what)?;
    let mut statement = conn.prepare_cached(whose.insert_sql()).or_sql(what)?;
    for uuid in rights.cameras().unwrap_or_default() {
        let params = named_params! {":person": person, ":uuid": uuid.as_bytes()};
        if statement.execute(params).or_sql(what)? == 0 {
            return Err(Error::new(Kind::NotFound, format!("camera {uuid}: there is none with this uuid")));
        }
    }
    Ok(())
}

impl Whose {
    fn list_sql(self) -> &'static str {
        match self {
            Self::User => "SELECT user_id, uuid FROM user_camera JOIN camera ON id = camera_id ORDER BY 1, id",
            Self::Token => "SELECT token_id, uuid FROM token_camera JOIN camera ON id = camera_id ORDER BY 1, id",
        }
    }

    fn clear_sql(self) -> &'static str {
        match self {
            Self::User => "DELETE FROM user_camera WHERE user_id = :person",
            Self::Token => "DELETE FROM token_camera WHERE token_id = :person",
        }
    }

    /// A camera that is named twice is named once.
    fn insert_sql(self) -> &'static str {
        match self {
            Self::User => {
                "INSERT INTO user_camera (user_id, camera_id) SELECT :person, id FROM camera WHERE uuid = :uuid
                 ON CONFLICT DO UPDATE SET camera_id = excluded.camera_id"
            }
            Self::Token => {
                "INSERT INTO token_camera (token_id, camera_id) SELECT :person, id FROM camera WHERE uuid = :uuid
                 ON CONFLICT DO UPDATE SET camera_id = excluded.camera_id"
            }
        }
    }
}
