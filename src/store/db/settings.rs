//! Settings that come from a file: cameras, streams, users and tokens become what it says.

use crate::base::Result;
use crate::store::camera::Camera;
use crate::store::db::error::SqlResult;
use crate::store::db::rights::{self, Whose};
use crate::store::db::{Database, onvif};
use crate::store::settings::Settings;
use rusqlite::{Connection, OptionalExtension, named_params};

impl Database {
    /// Makes cameras, streams, users and tokens what these settings say, all or nothing; with their ids, but for a stream
    /// whose id another camera has here. Cameras that the settings do not know stay.
    pub(crate) fn restore_settings(&self, settings: &Settings) -> Result<()> {
        let (users, tokens) = (settings.users()?, settings.tokens()?);
        let what = || "restore settings";
        self.write(|tx| {
            let cameras = settings.cameras();
            // So that two of them may have changed their names.
            for camera in &cameras {
                tx.execute(AWAY_SQL, named_params! {":uuid": camera.uuid.as_bytes()}).or_sql(what)?;
            }
            cameras.iter().try_for_each(|camera| restore_camera(tx, camera))?;
            if !users.is_empty() {
                tx.execute("DELETE FROM user", ()).or_sql(what)?;
            }
            for user in &users {
                let params = named_params! {
                    ":id": user.id,
                    ":name": user.name,
                    ":hash": user.password_hash.reveal(),
                    ":role": user.rights.role().word(),
                    ":limited": user.rights.cameras().is_some(),
                };
                tx.execute(USER_SQL, params).or_sql(what)?;
                rights::write(tx, Whose::User, user.id, &user.rights)?;
            }
            tx.execute("DELETE FROM token", ()).or_sql(what)?;
            for token in &tokens {
                let params = named_params! {
                    ":id": token.id,
                    ":name": token.name,
                    ":hash": token.secret_hash,
                    ":created": token.created.0,
                    ":role": token.rights.role().word(),
                    ":limited": token.rights.cameras().is_some(),
                };
                tx.execute(TOKEN_SQL, params).or_sql(what)?;
                rights::write(tx, Whose::Token, token.id, &token.rights)?;
            }
            for endpoint in &settings.declined {
                const SQL: &str = "INSERT INTO declined_device (endpoint) VALUES (:endpoint) ON CONFLICT DO NOTHING";
                tx.execute(SQL, named_params! {":endpoint": endpoint}).or_sql(what)?;
            }
            raise_streams(tx, settings.last_stream)
        })
    }

    /// Forgets who may enter: users, their sessions, tokens. The next who comes is a newcomer.
    pub(crate) fn forget_people(&self) -> Result<()> {
        const SQL: &str = "DELETE FROM session; DELETE FROM user; DELETE FROM token";
        self.write(|tx| tx.execute_batch(SQL).or_sql(|| "forget users and tokens"))
    }

    /// The devices that were taken away.
    pub(crate) fn declined(&self) -> Result<Vec<String>> {
        const SQL: &str = "SELECT endpoint FROM declined_device ORDER BY endpoint";
        let what = || "list declined devices";
        self.read(|conn| {
            let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
            let rows = statement.query_map((), |row| row.get(0)).or_sql(what)?;
            rows.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }
}

fn restore_camera(conn: &Connection, camera: &Camera) -> Result<()> {
    let what = || format!("restore camera {:?}", camera.name);
    let uuid = camera.uuid.as_bytes();
    let taken: bool = conn.query_row(TAKEN_SQL, &[(":name", &camera.name)], |row| row.get(0)).or_sql(what)?;
    let name = match taken && !camera.removed {
        true => format!("camera {}", &camera.uuid.to_string()[..8]),
        false => camera.name.clone(),
    };
    let params = named_params! {
        ":uuid": uuid,
        ":name": name,
        ":username": camera.username,
        ":password": camera.password.reveal(),
        ":removed": camera.removed,
    };
    let id: i32 = conn.query_row(CAMERA_SQL, params, |row| row.get(0)).or_sql(what)?;
    for stream in &camera.streams {
        let params = named_params! {
            ":id": stream.id.get(),
            ":camera": id,
            ":kind": stream.kind.word(),
            ":source": stream.source,
            ":transport": stream.transport.word(),
            ":record": stream.record,
            ":retain": stream.retain_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
        };
        conn.execute(STREAM_SQL, params).or_sql(what)?;
    }
    conn.execute("DELETE FROM onvif WHERE camera_id = :id", named_params! {":id": id}).or_sql(what)?;
    camera.onvif.iter().try_for_each(|link| onvif::insert(conn, id, link))
}

/// Ids of streams go on above this one.
fn raise_streams(conn: &Connection, last: i64) -> Result<()> {
    const READ_SQL: &str = "SELECT seq FROM sqlite_sequence WHERE name = 'stream'";
    const RAISE_SQL: &str = "UPDATE sqlite_sequence SET seq = :last WHERE name = 'stream'";
    const BEGIN_SQL: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES ('stream', :last)";
    let what = || "go on above the ids of streams";
    let now: Option<i64> = conn.query_row(READ_SQL, (), |row| row.get(0)).optional().or_sql(what)?;
    let sql = match now {
        Some(now) if now >= last => return Ok(()),
        Some(_) => RAISE_SQL,
        None => BEGIN_SQL,
    };
    conn.execute(sql, named_params! {":last": last}).or_sql(what)?;
    Ok(())
}

const AWAY_SQL: &str = "UPDATE camera SET name = 'camera of row ' || id WHERE uuid = :uuid";

const TAKEN_SQL: &str = "SELECT EXISTS (SELECT 1 FROM camera WHERE name = :name AND removed = 0)";

const CAMERA_SQL: &str = "INSERT INTO camera (uuid, name, username, password, removed)
    VALUES (:uuid, :name, :username, :password, :removed)
    ON CONFLICT (uuid) DO UPDATE SET name = excluded.name, username = excluded.username,
        password = excluded.password, removed = excluded.removed
    RETURNING id";

const STREAM_SQL: &str = "INSERT INTO stream (id, camera_id, kind, source, transport, record, retain_bytes)
    VALUES (:id, :camera, :kind, :source, :transport, :record, :retain)
    ON CONFLICT (id) DO UPDATE SET source = excluded.source, transport = excluded.transport,
        record = excluded.record, retain_bytes = excluded.retain_bytes
        WHERE camera_id = excluded.camera_id AND kind = excluded.kind
    ON CONFLICT (camera_id, kind) DO NOTHING";

const USER_SQL: &str = "INSERT INTO user (id, name, password_hash, role, limited)
    VALUES (:id, :name, :hash, :role, :limited)";

const TOKEN_SQL: &str = "INSERT INTO token (id, name, secret_hash, created_90k, role, limited)
    VALUES (:id, :name, :hash, :created, :role, :limited)";
