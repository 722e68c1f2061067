//! A closed recording as its trailer tells it, put together from its rows.

use crate::base::{Error, Kind, RecordingId, Result, WallDuration};
use crate::store::ClosedRecording;
use crate::store::camera::StreamKind;
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::db::recordings;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, named_params};
use std::sync::Arc;
use uuid::Uuid;

impl Database {
    /// All that the rows know of a recording; `NotFound` when it has none. The BLAKE3 of an old file is zeros.
    pub fn closed_recording(&self, id: RecordingId) -> Result<ClosedRecording> {
        let what = || format!("recording {id}: read rows");
        self.read(|conn| {
            let recording = recordings::get(conn, id)?.ok_or_else(|| Error::new(Kind::NotFound, what()))?;
            let sample_entry = self.sample_entry(recording.sample_entry_id)?;
            let read = |row: &Row<'_>| {
                let kind = row.get_ref(1)?.as_str()?;
                let strange = || rusqlite::Error::FromSqlConversionFailure(1, Type::Text, "no kind of stream".into());
                Ok(ClosedRecording {
                    camera: Uuid::from_bytes(row.get(0)?),
                    kind: StreamKind::from_word(kind).ok_or_else(strange)?,
                    boot_id: Uuid::from_bytes(row.get(2)?),
                    clock_offset: WallDuration(row.get(3)?),
                    video_index: Arc::from(row.get_ref(4)?.as_blob()?),
                    blake3: row.get::<_, Option<_>>(5)?.unwrap_or_default(),
                    sample_entry,
                    recording,
                })
            };
            let mut statement = conn.prepare_cached(CLOSED_SQL).or_sql(what)?;
            let closed = statement.query_row(named_params! {":id": id.composite()}, read).optional().or_sql(what)?;
            closed.ok_or_else(|| Error::new(Kind::Corrupt, format!("recording {id}: some of its rows are missing")))
        })
    }
}

const CLOSED_SQL: &str = "SELECT camera.uuid, stream.kind, open.boot_id, run.clock_offset_90k, video_index, blake3
    FROM recording
    JOIN recording_index USING (composite_id)
    JOIN run ON run.id = composite_id - run_offset
    JOIN open ON open.id = recording.open_id
    JOIN stream ON stream.id = recording.stream_id
    JOIN camera ON camera.id = stream.camera_id
    WHERE composite_id = :id";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::{Fixture, plan};

    #[test]
    fn a_recording_is_put_together_by_keys() {
        assert_eq!(
            plan(CLOSED_SQL),
            "SEARCH recording_index USING INTEGER PRIMARY KEY (rowid=?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
SEARCH open USING INTEGER PRIMARY KEY (rowid=?)
SEARCH stream USING INTEGER PRIMARY KEY (rowid=?)
SEARCH camera USING INTEGER PRIMARY KEY (rowid=?)"
        );
    }

    #[test]
    fn what_was_committed_is_put_together_again() {
        let f = Fixture::new();
        let [a, b] = [f.closed(1, 1, 0, 60), f.closed(2, 1, 60, 60)];
        f.insert([&a, &b]);
        assert_eq!(f.db.closed_recording(b.recording.id).unwrap(), b);
        let other = RecordingId::new(f.sub, 1);
        assert_eq!(f.db.closed_recording(other).unwrap_err().kind(), Kind::NotFound);
        f.write_sql("DELETE FROM recording_index");
        assert_eq!(f.db.closed_recording(a.recording.id).unwrap_err().kind(), Kind::Corrupt);
    }
}
