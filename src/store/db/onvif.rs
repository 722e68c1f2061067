//! Rows of what ONVIF told of cameras, and of devices that are not wanted.

use crate::base::Result;
use crate::store::camera::OnvifLink;
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

impl Database {
    /// The owner took a camera with this endpoint away, and did not ask for it since.
    pub fn is_declined(&self, endpoint: &str) -> Result<bool> {
        const SQL: &str = "SELECT 1 FROM declined_device WHERE endpoint = :endpoint";
        self.read(|conn| {
            let found = conn.query_row(SQL, named_params! {":endpoint": endpoint}, |_| Ok(())).optional();
            Ok(found.or_sql(|| "look for a declined device")?.is_some())
        })
    }
}

/// Writes what is known of a new camera. That it is added means that it is wanted.
pub(super) fn insert(conn: &Connection, camera: i32, link: &OnvifLink) -> Result<()> {
    const SQL: &str = "INSERT INTO onvif (camera_id, endpoint, serial, service, snapshot, events, by_itself)
        VALUES (:camera, :endpoint, :serial, :service, :snapshot, :events, :by_itself)";
    const WANTED_SQL: &str = "DELETE FROM declined_device WHERE endpoint = :endpoint";
    let what = || format!("write what ONVIF told of camera {camera}");
    let params = named_params! {
        ":camera": camera,
        ":endpoint": link.endpoint,
        ":serial": link.serial,
        ":service": link.service,
        ":snapshot": link.snapshot,
        ":events": link.events,
        ":by_itself": link.by_itself,
    };
    conn.execute(SQL, params).or_sql(what)?;
    conn.execute(WANTED_SQL, named_params! {":endpoint": link.endpoint}).or_sql(what)?;
    Ok(())
}

/// Notes that a camera's device is not wanted any more, if it is one.
pub(super) fn decline(conn: &Connection, camera: i32) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO declined_device (endpoint)
        SELECT endpoint FROM onvif WHERE camera_id = :camera ON CONFLICT DO NOTHING";
    conn.execute(SQL, named_params! {":camera": camera})?;
    Ok(())
}

/// What stands in a row from this column on; `None` when there is no such row for the camera.
pub(super) fn from_row(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<OnvifLink>> {
    let Some(endpoint) = row.get(at)? else { return Ok(None) };
    Ok(Some(OnvifLink {
        endpoint,
        serial: row.get(at + 1)?,
        service: row.get(at + 2)?,
        snapshot: row.get(at + 3)?,
        events: row.get(at + 4)?,
        by_itself: row.get(at + 5)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::Film;
    use crate::store::db::testing::{new_camera, reopen, temp_db};

    #[test]
    fn a_device_that_was_taken_away_is_declined_until_it_is_asked_for() {
        let (dir, db) = temp_db();
        let link = OnvifLink {
            endpoint: "urn:uuid:1".into(),
            serial: "7".into(),
            service: "http://192.0.2.1/onvif/device_service".into(),
            snapshot: None,
            events: Some("http://192.0.2.1/events".into()),
            by_itself: true,
        };
        let mut new = new_camera("porch");
        new.onvif = Some(link.clone());
        let camera = db.add_camera(&new).unwrap();
        assert_eq!((camera.onvif.as_ref(), camera.streams.len()), (Some(&link), 2));
        let db = reopen(&dir, db);
        assert_eq!(db.cameras().unwrap(), std::slice::from_ref(&camera));
        for film in [Film::Keep, Film::Condemn] {
            assert!(!db.is_declined("urn:uuid:1").unwrap());
            let camera = db.cameras().unwrap().pop().unwrap();
            db.remove_camera(camera.uuid, film).unwrap();
            assert!(db.is_declined("urn:uuid:1").unwrap());
            db.add_camera(&new).unwrap();
        }
        assert!(!db.is_declined("urn:uuid:2").unwrap());
    }
}
