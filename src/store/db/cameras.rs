//! Cameras and their streams.

use crate::base::{Error, Kind, Result, Secret};
use crate::store::camera::{Camera, CameraEdit, NewCamera, checked_name};
use crate::store::db::error::SqlResult;
use crate::store::db::{Database, onvif, sample_entries, streams};
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
        let uuid = new.uuid.unwrap_or_else(Uuid::new_v4);
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
                streams::add(tx, camera, kind, stream)?;
            }
            if let Some(link) = &new.onvif {
                onvif::insert(tx, camera, link)?;
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
                    Some(stream) => streams::edit(tx, stream, edit)?,
                    None => streams::add(tx, camera.id, kind, &streams::new(kind, edit)?)?,
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
            onvif::decline(tx, camera.id).or_sql(what)?;
            match film {
                Film::Keep => hide(tx, camera.id).or_sql(what),
                Film::Condemn => {
                    for stream in &camera.streams {
                        streams::remove(tx, stream.id).or_sql(what)?;
                    }
                    remove_row(tx, camera.id).or_sql(what)?;
                    sample_entries::prune(tx)
                }
            }
        })
    }
}

/// All cameras, each once with its streams.
fn list(conn: &Connection) -> Result<Vec<Camera>> {
    const SQL: &str = "SELECT camera.id, uuid, name, username, password, removed,
            stream.id, kind, source, transport, record, retain_bytes,
            endpoint, serial, service, snapshot, events, by_itself
        FROM camera LEFT JOIN stream ON stream.camera_id = camera.id LEFT JOIN onvif ON onvif.camera_id = camera.id
        ORDER BY camera.id, kind";
    let what = || "list cameras";
    let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
    let mut rows = statement.query(()).or_sql(what)?;
    let mut cameras: Vec<Camera> = Vec::new();
    while let Some(row) = rows.next().or_sql(what)? {
        let camera = camera_from_row(row).or_sql(what)?;
        if cameras.last().is_none_or(|last| last.id != camera.id) {
            cameras.push(camera);
        }
        let stream = streams::from_row(row, 6).or_sql(what)?;
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
        onvif: onvif::from_row(row, 12)?,
        streams: Vec::new(),
    })
}

fn refuse_taken_name(conn: &Connection, name: &str, except: Uuid) -> Result<()> {
    const SQL: &str = "SELECT 1 FROM camera WHERE name = :name AND removed = 0 AND uuid <> :except";
    let params = named_params! {":name": name, ":except": except.as_bytes()};
    match conn.query_row(SQL, params, |_| Ok(())).optional().or_sql(|| "look for a camera's name")? {
        Some(()) => Err(Error::new(Kind::Conflict, format!("camera {name:?}: another one has this name"))),
        None => Ok(()),
    }
}

fn hide(conn: &Connection, camera: i32) -> rusqlite::Result<()> {
    const CAMERA_SQL: &str = "UPDATE camera SET removed = 1, password = '' WHERE id = :id";
    const STREAM_SQL: &str = "UPDATE stream SET record = 0 WHERE camera_id = :id";
    for sql in [CAMERA_SQL, STREAM_SQL] {
        conn.execute(sql, named_params! {":id": camera})?;
    }
    Ok(())
}

fn remove_row(conn: &Connection, camera: i32) -> rusqlite::Result<()> {
    const SQL: &str = "DELETE FROM camera WHERE id = :id";
    conn.execute(SQL, named_params! {":id": camera})?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{RecordingId, WallTime};
    use crate::store::camera::{NewStream, PerKind, Stream, StreamKind};
    use crate::store::db::testing::{Fixture, new_camera, reopen, temp_db};
    use crate::store::db::{Batch, testing};
    use std::sync::Arc;

    #[test]
    fn a_camera_is_added_and_read_back() {
        let (dir, db) = temp_db();
        let mut new = new_camera("  porch ");
        (new.username, new.password) = ("admin".into(), Secret::new("hunter2"));
        new.streams.sub.as_mut().unwrap().retain_bytes = Some(u64::MAX);
        let camera = db.add_camera(&new).unwrap();
        assert_eq!((camera.name.as_str(), camera.streams.len()), ("porch", 2));
        assert_eq!(camera.streams[0].source, "rtsp://192.0.2.1/main");
        assert_eq!(camera.streams[1].retain_bytes, Some(i64::MAX as u64));
        assert_eq!(reopen(&dir, db).cameras().unwrap(), [camera]);
    }

    #[test]
    fn what_cannot_be_a_camera_is_refused_in_words() {
        let (_dir, db) = temp_db();
        db.add_camera(&new_camera("porch")).unwrap();
        let refusal = |new: NewCamera| db.add_camera(&new).unwrap_err().to_string();
        let mut no_source = new_camera("x");
        no_source.streams.sub = Some(NewStream::new(" "));
        let streamless = NewCamera { streams: PerKind::default(), ..new_camera("x") };
        let all = [new_camera(" porch"), new_camera(" "), no_source, streamless].map(refusal);
        assert_eq!(
            all.join("\n"),
            "camera \"porch\": another one has this name
camera name \"\": must not be empty
stream: its source (a URL) must not be empty
camera \"x\": needs a stream, main or sub"
        );
        assert_eq!(db.cameras().unwrap().len(), 1, "nothing is left of what was refused");
    }

    #[test]
    fn an_edit_changes_what_it_names() {
        let (_dir, db) = temp_db();
        let mut new = new_camera("porch");
        (new.password, new.streams.sub) = (Secret::new("hunter2"), None);
        let before = db.add_camera(&new).unwrap();
        let json = r#"{"name": "gate", "streams": {"main": {"record": false, "retainBytes": 7}, "sub": {"source": "pipe:y"}}}"#;
        let after = db.edit_camera(before.uuid, &serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!((after.name.as_str(), after.password.reveal()), ("gate", "hunter2"));
        let expected = Stream { record: false, retain_bytes: Some(7), ..before.streams[0].clone() };
        assert_eq!(after.streams[0], expected);
        assert_eq!(after.stream(StreamKind::Sub).unwrap().source, "pipe:y");

        let edit = |json: &str| db.edit_camera(before.uuid, &serde_json::from_str(json).unwrap());
        let pooled = edit(r#"{"name": "gate", "streams": {"main": {"retainBytes": null}}}"#).unwrap();
        assert_eq!(pooled.streams[0].retain_bytes, None);
        db.add_camera(&new).unwrap();
        assert_eq!(edit(r#"{"name": "porch"}"#).unwrap_err().kind(), Kind::Conflict);
        assert_eq!(db.edit_camera(Uuid::nil(), &CameraEdit::default()).unwrap_err().kind(), Kind::NotFound);
    }

    #[test]
    fn a_new_stream_of_an_old_camera_needs_a_source() {
        let (_dir, db) = temp_db();
        let mut new = new_camera("porch");
        new.streams.sub = None;
        let camera = db.add_camera(&new).unwrap();
        let edit: CameraEdit = serde_json::from_str(r#"{"streams": {"sub": {"record": true}}}"#).unwrap();
        assert_eq!(db.edit_camera(camera.uuid, &edit).unwrap_err().kind(), Kind::BadInput);
    }

    #[test]
    fn a_removed_camera_that_keeps_its_film_is_hidden_and_frees_its_name() {
        let f = Fixture::new();
        f.insert([f.closed(1, 1, 0, 60)]);
        f.db.remove_camera(f.camera, Film::Keep).unwrap();
        let cameras = f.db.cameras().unwrap();
        assert!(cameras[0].removed && cameras[0].streams.iter().all(|s| !s.record));
        assert_eq!(testing::show(&f.all()), "1/1");
        assert_eq!(f.db.edit_camera(f.camera, &CameraEdit::default()).unwrap_err().kind(), Kind::Conflict);
        f.db.add_camera(&new_camera("porch")).unwrap();
        f.db.remove_camera(f.camera, Film::Condemn).unwrap();
        assert_eq!(f.db.cameras().unwrap().len(), 1);
    }

    #[test]
    fn a_removed_camera_takes_its_film_and_nothing_else_along() {
        let f = Fixture::new();
        let other = f.db.add_camera(&new_camera("gate")).unwrap();
        let mut foreign = f.closed(1, 1, 0, 60);
        foreign.recording.id = RecordingId::new(other.streams[0].id, 1);
        foreign.recording.run_start = foreign.recording.id;
        f.insert([f.closed(1, 1, 0, 60), f.closed(2, 1, 60, 60), foreign.clone()]);
        f.db.remove_camera(f.camera, Film::Condemn).unwrap();
        assert_eq!(f.db.garbage().unwrap(), [1, 2].map(|n| RecordingId::new(f.main, n)));
        assert_eq!(f.db.cameras().unwrap(), std::slice::from_ref(&other));
        let left = f.db.recordings(other.streams[0].id, WallTime(0)..WallTime(i64::MAX)).unwrap();
        assert_eq!(left, [foreign.recording]);
        assert_eq!(f.db.remove_camera(f.camera, Film::Keep).unwrap_err().kind(), Kind::NotFound);

        // What was growing when it was removed is refused, and the flush goes on.
        let late = Batch { closed: vec![Arc::new(f.closed(3, 1, 120, 60))], ..Batch::default() };
        assert_eq!(f.db.commit(&late).unwrap().refused.len(), 1);

        // Nor stays what only its film needed.
        f.db.remove_camera(other.uuid, Film::Condemn).unwrap();
        assert_eq!(f.db.unused_sample_entries().unwrap(), [0; 0]);
    }
}
