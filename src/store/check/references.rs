//! Rows that need other rows: whether these are there, and what the trailers know of them.

use super::Check;
use crate::base::{Error, Kind, RecordingId, Result, Transport};
use crate::store::camera::Stream;
use crate::store::catalog::Catalog;
use crate::store::closed::ClosedRecording;
use crate::store::db::LostStream;
use crate::store::trailer;

impl Check {
    /// References to nothing, and recordings that are not all there.
    pub(super) fn references(&mut self) -> Result<()> {
        self.incomplete = self.db.incomplete()?.into_iter().collect();
        for strays in self.db.strays()? {
            let many = if strays.rows == 1 { "a row refers" } else { "rows refer" };
            let what = format!("table {}: {many} to what is not there in table {}", strays.table, strays.parent);
            self.mend(what, |check| {
                check.restore_parents()?;
                check.db.remove_strays()?;
                match check.db.strays()?.iter().any(|s| s.table == strays.table && s.parent == strays.parent) {
                    true => Err(Error::new(Kind::Corrupt, "no trailer tells enough")),
                    false => Ok("it is there again, or they are gone".into()),
                }
            });
        }
        for run in self.db.lost_runs()? {
            let of_run = |id: &RecordingId| matches!(self.db.recording(*id), Ok(Some(r)) if r.run_start == run);
            let members: Vec<_> = self.incomplete.iter().copied().filter(of_run).collect();
            let strangers = |id: &RecordingId| self.told(*id).is_some_and(|told| told.recording.run_start != run);
            if members.iter().all(strangers) {
                // No run is missing: it is their rows that name a wrong one.
                members.iter().for_each(|id| _ = self.incomplete.remove(id));
                continue;
            }
            self.told_runs.insert(run);
            self.mend(format!("run {run}: its row is missing"), |check| {
                let told = members.iter().find_map(|&id| check.told(id));
                check.db.sum_up_run(run, told.as_ref())?;
                Ok("summed up anew".into())
            });
        }
        if self.options.repair {
            self.incomplete.clear();
        } else {
            // An index that is missing is told where the recording is looked at.
            let db = &self.db;
            self.incomplete.retain(|&id| db.video_index(id).is_ok());
        }
        Ok(())
    }

    fn told(&self, id: RecordingId) -> Option<ClosedRecording> {
        let file = self.dir.open_read(&id.file_name()).ok()?;
        trailer::read(&file).ok().flatten().filter(|told| told.recording.id == id)
    }

    /// Gives recordings the opening, the sample entry and the stream that they need, as their trailers tell.
    fn restore_parents(&mut self) -> Result<()> {
        for &id in &self.incomplete {
            let (Some(told), Some(row)) = (self.told(id), self.db.recording(id)?) else { continue };
            self.db.restore_opening(row.open_id, told.boot_id)?;
            self.db.restore_sample_entry(row.sample_entry_id, &told.sample_entry)?;
            self.db.restore_stream(&lost_stream(&told, self.catalog.as_ref()))?;
        }
        Ok(())
    }
}

/// The stream of a recording: as the catalog has it, or with what the trailer alone knows.
pub(crate) fn lost_stream(told: &ClosedRecording, catalog: Option<&Catalog>) -> LostStream {
    let id = told.recording.id.stream();
    let known = catalog.and_then(|catalog| catalog.stream(id));
    known.unwrap_or_else(|| LostStream {
        camera: told.camera,
        name: format!("camera {}", &told.camera.to_string()[..8]),
        removed: false,
        stream: Stream {
            id,
            kind: told.kind,
            source: LOST_SOURCE.to_owned(),
            transport: Transport::Tcp,
            record: false,
            retain_bytes: None,
        },
    })
}

/// Where a stream comes from of which only film is left. RFC 2606 keeps the name from being anybody's.
pub(crate) const LOST_SOURCE: &str = "rtsp://lost.invalid/";
