//! What the tables alone can tell, and the gaps.

use super::timeline::{self, Finding};
use super::{Check, Report};
use crate::base::{Result, StreamId, WallTime};
use crate::media::recording::Cause;
use crate::store::db::{Batch, Database};
use crate::store::gap::Gap;

/// What SQLite itself finds. An index that is wrong is built anew.
pub(super) fn integrity(db: &Database, repair: bool, report: &mut Report) -> Result<()> {
    let lines = db.integrity()?;
    if lines.is_empty() {
        return Ok(());
    }
    let left = if repair { db.reindex().and_then(|()| db.integrity()) } else { Ok(lines.clone()) };
    for line in lines {
        report.problems.push(match (repair, &left) {
            (false, _) => format!("database: {line}"),
            (true, Ok(left)) if !left.contains(&line) => format!("database: {line}; repaired: indexes built anew"),
            // A row that breaks a rule is told, and mended, where it is looked at.
            (true, _) if line.contains("constraint") => format!("database: {line}; see below"),
            (true, _) => {
                format!("database: {line}; cannot be repaired: move it away, and `lunette adopt` builds it anew")
            }
        });
    }
    Ok(())
}

impl Check {
    /// Runs, sequences, garbage, sample entries.
    pub(super) fn tables(&mut self) -> Result<()> {
        for (inner, outer) in self.db.overlapping_runs()? {
            if self.told_runs.insert(inner) | self.told_runs.insert(outer) {
                self.mend(format!("run {inner}: begins within run {outer}"), |check| {
                    check.db.sum_up_run(outer, None)?;
                    check.db.sum_up_run(inner, None)?;
                    Ok("both are summed up anew".into())
                });
            }
        }
        for wrong in self.db.wrong_offsets()? {
            if self.told_runs.insert(wrong.run) {
                let ((bytes, samples), (found_bytes, found_samples)) = (wrong.told, wrong.found);
                let what = format!(
                    "recording {}: {bytes} bytes and {samples} frames are said to be before it in its run, not \
                     {found_bytes} and {found_samples}",
                    wrong.id
                );
                self.mend(what, |check| {
                    check.db.sum_up_run(wrong.run, None)?;
                    Ok("counted anew".into())
                });
            }
        }
        for run in self.db.wrong_runs()? {
            if self.told_runs.insert(run) {
                self.mend(format!("run {run}: its sums are not those of its recordings"), |check| {
                    check.db.sum_up_run(run, None)?;
                    Ok("summed up anew".into())
                });
            } else if self.options.repair {
                self.db.sum_up_run(run, None)?;
            }
        }
        for (sequence, first, last) in self.db.repeated_sequences()? {
            let told = |id| matches!(self.db.recording(id), Ok(Some(r)) if self.told_runs.contains(&r.run_start));
            if !told(first) && !told(last) {
                self.tell(format!("recordings {first} and {last}: both have the sequence {sequence}"));
            }
        }
        for id in self.db.listed_garbage()? {
            self.mend(format!("recording {id}: is garbage, and has a row"), |check| {
                check.db.take_from_garbage(id)?;
                Ok("it is no garbage".into())
            });
        }
        let unused = if self.live { Vec::new() } else { self.db.unused_sample_entries()? };
        for id in unused {
            self.mend(format!("sample entry {id}: no recording needs it"), |check| {
                check.db.remove_unused_sample_entries()?;
                Ok("it is removed".into())
            });
        }
        Ok(())
    }

    /// The gaps of each stream.
    pub(super) fn timelines(&mut self) -> Result<()> {
        for camera in self.db.cameras()? {
            for stream in &camera.streams {
                let label = format!("{}/{}", camera.name, stream.kind);
                self.timeline(stream.id, &label)?;
            }
        }
        Ok(())
    }

    fn timeline(&mut self, stream: StreamId, label: &str) -> Result<()> {
        let lost: Vec<Gap> = self.lost.iter().filter(|r| r.id.stream() == stream).map(lost_gap).collect();
        self.put(stream, lost)?;
        let film = self.db.recordings_by_number(stream, 0..=u32::MAX)?;
        let gaps = self.db.all_gaps(stream)?;
        // Film that stands at a wrong time has its own line.
        let misplaced = self.told_runs.iter().any(|run| run.stream() == stream) && !self.options.repair;
        let findings = if misplaced { Vec::new() } else { timeline::examine(&film, &gaps) };
        for Finding { what, remove, put } in findings {
            // The daemon tells the database of its gaps a little later.
            if self.live && is_recent(&film, put.as_ref()) {
                continue;
            }
            self.mend(format!("{label}: {what}"), |check| {
                if let Some(start) = remove {
                    check.db.remove_gap(stream, start)?;
                }
                let done = match &put {
                    Some(gap) => format!("the gap is told as {:?}", gap.cause),
                    None => "it is removed".into(),
                };
                check.put(stream, put)?;
                Ok(done)
            });
        }
        // What was wrong may have covered a hole.
        if self.options.repair {
            let findings = timeline::examine(&film, &self.db.all_gaps(stream)?);
            self.put(stream, findings.into_iter().filter_map(|finding| finding.put))?;
        }
        Ok(())
    }

    fn put(&self, stream: StreamId, gaps: impl IntoIterator<Item = Gap>) -> Result<()> {
        let gaps: Vec<_> = gaps.into_iter().map(|gap| (stream, gap)).collect();
        match gaps.is_empty() {
            true => Ok(()),
            false => self.db.commit(&Batch { gaps, ..Batch::default() }).map(|_| ()),
        }
    }
}

fn lost_gap(recording: &crate::media::Recording) -> Gap {
    let cause = Cause::FilmLost.words().to_owned();
    let detail = format!("recording {}", recording.id.number());
    Gap { start: recording.start, end: Some(recording.end()), cause, detail }
}

/// It concerns the newest recordings.
fn is_recent(film: &[crate::media::Recording], put: Option<&Gap>) -> bool {
    let recent = film.iter().rev().nth(3).map_or(WallTime(i64::MIN), |r| r.start);
    put.is_some_and(|gap| gap.start >= recent)
}
