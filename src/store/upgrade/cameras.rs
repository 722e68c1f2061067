//! Cameras and sample entries of version 1 become ours.

use super::Say;
use crate::base::{Result, StreamId};
use crate::media::SampleEntry;
use crate::media::codec::Codec;
use crate::store::camera::checked_name;
use crate::store::db::SqlResult;
use rusqlite::{Connection, Row, named_params};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// What recordings refer to.
#[derive(Debug, Default)]
pub(super) struct Cameras {
    /// The main stream of each camera, which has the camera's id.
    pub(super) streams: BTreeMap<StreamId, Uuid>,
    pub(super) sample_entries: HashMap<i64, Arc<SampleEntry>>,
}

/// Copies the cameras. The original recorded one stream of each; the other one, if it was named, is there and not
/// recorded. Sample entries are only read: each gets its row with its first recording.
pub(super) fn copy(conn: &Connection, say: Say<'_>) -> Result<Cameras> {
    let what = || "read cameras";
    let mut statement = conn.prepare(OLD_SQL).or_sql(what)?;
    let rows = statement.query_map((), OldCamera::read).or_sql(what)?;
    let old = rows.collect::<rusqlite::Result<Vec<_>>>().or_sql(what)?;
    let (mut names, mut cameras) = (HashSet::new(), Cameras::default());
    let mut last_id = old.iter().map(|camera| camera.id).max().unwrap_or(0);
    for camera in &old {
        let Some(stream) = StreamId::new(camera.id) else {
            say(&format!("camera {:?}: its id {} is none; it is left out", camera.name, camera.id));
            continue;
        };
        let uuid = insert(conn, camera, &mut names, say)?;
        let (main, sub) = (camera.source(&camera.main_path), camera.source(&camera.sub_path));
        let recorded = !camera.main_path.is_empty() && !camera.host.is_empty();
        insert_stream(conn, camera, (camera.id, "main", &main), recorded)?;
        if !camera.sub_path.is_empty() {
            last_id += 1;
            insert_stream(conn, camera, (last_id, "sub", &sub), false)?;
        }
        cameras.streams.insert(stream, uuid);
    }
    cameras.sample_entries = sample_entries(conn, say)?;
    say(&format!("{} cameras", cameras.streams.len()));
    Ok(cameras)
}

const OLD_SQL: &str =
    "SELECT id, uuid, short_name, description, host, username, password, main_rtsp_path, sub_rtsp_path,
    retain_bytes FROM old_camera ORDER BY id";

#[derive(Debug)]
struct OldCamera {
    id: i64,
    uuid: Option<Uuid>,
    name: String,
    description: String,
    host: String,
    username: String,
    password: String,
    main_path: String,
    sub_path: String,
    retain_bytes: Option<i64>,
}

impl OldCamera {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let text = |column| -> rusqlite::Result<String> {
            let bytes = row.get_ref(column)?.as_bytes_or_null().unwrap_or_default().unwrap_or_default();
            Ok(String::from_utf8_lossy(bytes).into_owned())
        };
        Ok(Self {
            id: row.get(0)?,
            uuid: row.get_ref(1)?.as_blob().ok().and_then(|bytes| Uuid::from_slice(bytes).ok()),
            name: text(2)?,
            description: text(3)?,
            host: text(4)?,
            username: text(5)?,
            password: text(6)?,
            main_path: text(7)?,
            sub_path: text(8)?,
            retain_bytes: row.get_ref(9)?.as_i64().ok().filter(|&bytes| bytes >= 0),
        })
    }

    fn source(&self, path: &str) -> String {
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("rtsp://{}{slash}{path}", self.host)
    }
}

fn insert(conn: &Connection, camera: &OldCamera, names: &mut HashSet<String>, say: Say<'_>) -> Result<Uuid> {
    const SQL: &str = "INSERT INTO camera (id, uuid, name, username, password)
        VALUES (:id, :uuid, :name, :username, :password)";
    let mut name = checked_name(&camera.name).unwrap_or_else(|_| format!("camera {}", camera.id));
    if !names.insert(name.clone()) {
        name = format!("camera {}", camera.id);
        names.insert(name.clone());
    }
    if name != camera.name {
        say(&format!(
            "camera {:?} is called {name:?} now: a name has 1 to 64 characters and is one camera's",
            camera.name
        ));
    }
    if !camera.description.is_empty() {
        say(&format!("camera {name:?}: its description is not kept: {:?}", camera.description));
    }
    let uuid = camera.uuid.unwrap_or_else(Uuid::new_v4);
    let params = named_params! {
        ":id": camera.id,
        ":uuid": uuid.as_bytes(),
        ":name": name,
        ":username": camera.username,
        ":password": camera.password,
    };
    conn.execute(SQL, params).or_sql(|| format!("insert camera {name:?}"))?;
    Ok(uuid)
}

fn insert_stream(conn: &Connection, camera: &OldCamera, stream: (i64, &str, &str), record: bool) -> Result<()> {
    const SQL: &str = "INSERT INTO stream (id, camera_id, kind, source, transport, record, retain_bytes)
        VALUES (:id, :camera, :kind, :source, 'tcp', :record, :retain)";
    let (id, kind, source) = stream;
    let params = named_params! {
        ":id": id,
        ":camera": camera.id,
        ":kind": kind,
        ":source": source,
        ":record": record,
        ":retain": camera.retain_bytes.filter(|_| kind == "main"),
    };
    conn.execute(SQL, params).or_sql(|| format!("insert the {kind} stream of camera {:?}", camera.name))?;
    Ok(())
}

fn sample_entries(conn: &Connection, say: Say<'_>) -> Result<HashMap<i64, Arc<SampleEntry>>> {
    const SQL: &str = "SELECT id, width, height, data FROM old_video_sample_entry
        WHERE id BETWEEN 1 AND 0x7fffffff AND typeof(data) = 'blob' AND length(data) > 0 ORDER BY id";
    let what = || "read sample entries";
    let mut statement = conn.prepare(SQL).or_sql(what)?;
    let mut rows = statement.query(()).or_sql(what)?;
    let mut entries = HashMap::new();
    while let Some(row) = rows.next().or_sql(what)? {
        let id = row.get(0).or_sql(what)?;
        let side = |column| row.get_ref(column).ok().and_then(|value| u16::try_from(value.as_i64().ok()?).ok());
        let data = row.get_ref(3).or_sql(what)?.as_blob().map_err(rusqlite::Error::from).or_sql(what)?;
        let mut entry = SampleEntry {
            data: bytes::Bytes::copy_from_slice(data),
            width: side(1).unwrap_or(1).max(1),
            height: side(2).unwrap_or(1).max(1),
            pixel_aspect: (1, 1),
            rfc6381_codec: "avc1".into(),
        };
        // Its bytes stay: films that were made of it stay the same.
        match entry.decoder_config().map(|config| SampleEntry::from_decoder_config(Codec::H264, config)) {
            Some(Ok(read)) => {
                entry = SampleEntry { data: entry.data, ..read };
            }
            Some(Err(e)) => say(&format!("sample entry {id}: kept as it is, but its parameters cannot be read: {e}")),
            None => say(&format!("sample entry {id}: kept as it is, but it is no avc1 box")),
        }
        entries.insert(id, Arc::new(entry));
    }
    Ok(entries)
}
