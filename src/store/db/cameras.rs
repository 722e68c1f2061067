//! Cameras and their streams.

use crate::base::{Error, Kind, RecordingId, Result, Secret, StreamId};
use crate::store::camera::{
    Camera, CameraEdit, NewCamera, NewStream, Stream, StreamEdit, StreamKind, Transport, checked_name, checked_source,
};
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::out_of_range;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use uuid::Uuid;

/// What becomes of the film of a camera that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Film {
    /// It stays and grows old like all other.
    Keep,
    /// It becomes garbage.
    Condemn,
}

impl Database {
    /// All cameras in the order in which they were added, the removed ones whose film was kept included.
    pub fn cameras(&self) -> Result<Vec<Camera>> {
        self.read(list)
    }

    /// Adds a camera and its streams.
    pub fn add_camera(&self, new: &NewCamera) -> Result<Camera> {
        const SQL: &str = "INSERT INTO camera (uuid, name, username, password)
            VALUES (:uuid, :name, :username, :password) RETURNING id";
        let name = checked_name(&new.name)?;
        if new.streams.iter().next().is_none() {
            return Err(Error::new(Kind::BadInput, format!("camera {name:?}: needs a stream, main or sub")));
        }
        let uuid = Uuid::new_v4();
        self.write(|tx| {
            refuse_taken_name(tx, &name, uuid)?;
            let params = named_params! {
                ":uuid": uuid.as_bytes(),
                ":name": name,
                ":username": new.username,
                ":password": new.password.reveal(),
            };
            let camera = tx.query_row(SQL, params, |row| row.get(0)).or_sql(|| format!("add camera {name:?}"))?;
            for (kind, stream) in new.streams.iter() {
                add_stream(tx, camera, kind, stream)?;
            }
            get(tx, uuid)
        })
    }

    /// Changes a camera, and gives it as it is then.
    pub fn edit_camera(&self, uuid: Uuid, edit: &CameraEdit) -> Result<Camera> {
        const SQL: &str = "UPDATE camera SET name = ifnull(:name, name), username = ifnull(:username, username),
            password = ifnull(:password, password) WHERE uuid = :uuid";
        let name = edit.name.as_deref().map(checked_name).transpose()?;
        self.write(|tx| {
            let camera = get_present(tx, uuid)?;
            if let Some(name) = &name {
                refuse_taken_name(tx, name, uuid)?;
            }
            let params = named_params! {
                ":uuid": uuid.as_bytes(),
                ":name": name,
                ":username": edit.username,
                ":password": edit.password.as_ref().map(Secret::reveal),
            };
            tx.execute(SQL, params).or_sql(|| format!("edit camera {:?}", camera.name))?;
            for (kind, edit) in edit.streams.iter() {
                match camera.stream(kind) {
                    Some(stream) => edit_stream(tx, stream, edit)?,
                    None => add_stream(tx, camera.id, kind, &new_stream(kind, edit)?)?,
                }
            }
            get(tx, uuid)
        })
    }

    /// Removes a camera. With [`Film::Keep`] it stays as a removed one, its name free for another; so it can be
    /// removed again, with its film. With [`Film::Condemn`] all its film becomes garbage in the same transaction.
    pub fn remove_camera(&self, uuid: Uuid, film: Film) -> Result<()> {
        self.write(|tx| {
            let camera = get(tx, uuid)?;
            let what = || format!("remove camera {:?}", camera.name);
            match film {
                Film::Keep => hide(tx, camera.id).or_sql(what),
                Film::Condemn => {
                    for stream in &camera.streams {
                        remove_stream(tx, stream.id).or_sql(what)?;
                    }
                    remove_row(tx, camera.id).or_sql(what)
                }
            }
        })
    }
}

/// All cameras, each once with its streams.
fn list(conn: &Connection) -> Result<Vec<Camera>> {
    const SQL: &str = "SELECT camera.id, uuid, name, username, password, removed,
            stream.id, kind, source, transport, record, retain_bytes
        FROM camera LEFT JOIN stream ON stream.camera_id = camera.id ORDER BY camera.id, kind";
    let what = || "list cameras";
    let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
    let mut rows = statement.query(()).or_sql(what)?;
    let mut cameras: Vec<Camera> = Vec::new();
    while let Some(row) = rows.next().or_sql(what)? {
        let camera = camera_from_row(row).or_sql(what)?;
        if cameras.last().is_none_or(|last| last.id != camera.id) {
            cameras.push(camera);
        }
        let stream = stream_from_row(row).or_sql(what)?;
        cameras.last_mut().expect("one was just pushed").streams.extend(stream);
    }
    Ok(cameras)
}

/// There are few, so all are read.
fn get(conn: &Connection, uuid: Uuid) -> Result<Camera> {
    let found = list(conn)?.into_iter().find(|c| c.uuid == uuid);
    found.ok_or_else(|| Error::new(Kind::NotFound, format!("camera {uuid}: there is none")))
}

fn get_present(conn: &Connection, uuid: Uuid) -> Result<Camera> {
    match get(conn, uuid)? {
        camera if camera.removed => {
            Err(Error::new(Kind::Conflict, format!("camera {:?}: it was removed", camera.name)))
        }
        camera => Ok(camera),
    }
}

fn camera_from_row(row: &Row<'_>) -> rusqlite::Result<Camera> {
    Ok(Camera {
        id: row.get(0)?,
        uuid: Uuid::from_bytes(row.get(1)?),
        name: row.get(2)?,
        username: row.get(3)?,
        password: Secret::new(row.get::<_, String>(4)?),
        removed: row.get(5)?,
        streams: Vec::new(),
    })
}

/// The stream of a row, which has none when the camera has none.
fn stream_from_row(row: &Row<'_>) -> rusqlite::Result<Option<Stream>> {
    let Some(id) = row.get::<_, Option<i64>>(6)? else { return Ok(None) };
    let bad_word = |column| move || out_of_range(column, id);
    Ok(Some(Stream {
        id: StreamId::new(id).ok_or_else(|| out_of_range(6, id))?,
        kind: StreamKind::from_word(row.get_ref(7)?.as_str()?).ok_or_else(bad_word(7))?,
        source: row.get(8)?,
        transport: Transport::from_word(row.get_ref(9)?.as_str()?).ok_or_else(bad_word(9))?,
        record: row.get(10)?,
        retain_bytes: row.get(11)?,
    }))
}

fn refuse_taken_name(conn: &Connection, name: &str, except: Uuid) -> Result<()> {
    const SQL: &str = "SELECT 1 FROM camera WHERE name = :name AND removed = 0 AND uuid <> :except";
    let params = named_params! {":name": name, ":except": except.as_bytes()};
    match conn.query_row(SQL, params, |_| Ok(())).optional().or_sql(|| "look for a camera's name")? {
        Some(()) => Err(Error::new(Kind::Conflict, format!("camera {name:?}: another one has this name"))),
        None => Ok(()),
    }
}

fn add_stream(conn: &Connection, camera: i32, kind: StreamKind, new: &NewStream) -> Result<()> {
    const SQL: &str = "INSERT INTO stream (camera_id, kind, source, transport, record, retain_bytes)
        VALUES (:camera, :kind, :source, :transport, :record, :retain)";
    let params = named_params! {
        ":camera": camera,
        ":kind": kind.word(),
        ":source": checked_source(&new.source)?,
        ":transport": new.transport.word(),
        ":record": new.record,
        ":retain": new.retain_bytes.map(to_sql_bytes),
    };
    conn.execute(SQL, params).or_sql(|| format!("add {kind} stream"))?;
    Ok(())
}

fn edit_stream(conn: &Connection, stream: &Stream, edit: &StreamEdit) -> Result<()> {
    const SQL: &str = "UPDATE stream SET source = :source, transport = :transport, record = :record,
        retain_bytes = :retain WHERE id = :id";
    let source = edit.source.as_deref().map(checked_source).transpose()?;
    let params = named_params! {
        ":id": stream.id.get(),
        ":source": source.as_ref().unwrap_or(&stream.source),
        ":transport": edit.transport.unwrap_or(stream.transport).word(),
        ":record": edit.record.unwrap_or(stream.record),
        ":retain": edit.retain_bytes.unwrap_or(stream.retain_bytes).map(to_sql_bytes),
    };
    conn.execute(SQL, params).or_sql(|| format!("edit stream {}", stream.id))?;
    Ok(())
}

/// The stream that an edit adds to a camera.
fn new_stream(kind: StreamKind, edit: &StreamEdit) -> Result<NewStream> {
    let source = edit.source.as_deref().ok_or_else(|| {
        Error::new(Kind::BadInput, format!("{kind} stream: the camera has none yet, a new one needs a source"))
    })?;
    let new = NewStream::new(source);
    Ok(NewStream {
        transport: edit.transport.unwrap_or(new.transport),
        record: edit.record.unwrap_or(new.record),
        retain_bytes: edit.retain_bytes.flatten(),
        ..new
    })
}

fn hide(conn: &Connection, camera: i32) -> rusqlite::Result<()> {
    const CAMERA_SQL: &str = "UPDATE camera SET removed = 1, password = '' WHERE id = :id";
    const STREAM_SQL: &str = "UPDATE stream SET record = 0 WHERE camera_id = :id";
    for sql in [CAMERA_SQL, STREAM_SQL] {
        conn.execute(sql, named_params! {":id": camera})?;
    }
    Ok(())
}

/// Everything of a stream goes, what refers before what is referred to.
fn remove_stream(conn: &Connection, id: StreamId) -> rusqlite::Result<()> {
    const OF_RECORDINGS_SQL: [&str; 3] = [
        "INSERT INTO garbage SELECT composite_id FROM recording WHERE composite_id BETWEEN :first AND :last
         ON CONFLICT DO NOTHING",
        "DELETE FROM recording_index WHERE composite_id BETWEEN :first AND :last",
        "DELETE FROM recording WHERE composite_id BETWEEN :first AND :last",
    ];
    const OF_STREAM_SQL: [&str; 4] = [
        "DELETE FROM run WHERE stream_id = :id",
        "DELETE FROM gap WHERE stream_id = :id",
        "DELETE FROM protected_span WHERE stream_id = :id",
        "DELETE FROM stream WHERE id = :id",
    ];
    let (first, last) = (RecordingId::new(id, 0).composite(), RecordingId::new(id, u32::MAX).composite());
    for sql in OF_RECORDINGS_SQL {
        conn.execute(sql, named_params! {":first": first, ":last": last})?;
    }
    for sql in OF_STREAM_SQL {
        conn.execute(sql, named_params! {":id": id.get()})?;
    }
    Ok(())
}

fn remove_row(conn: &Connection, camera: i32) -> rusqlite::Result<()> {
    const SQL: &str = "DELETE FROM camera WHERE id = :id";
    conn.execute(SQL, named_params! {":id": camera})?;
    Ok(())
}

/// More than SQLite's integers hold is as good as all of them.
fn to_sql_bytes(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
