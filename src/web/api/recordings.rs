//! `…/recordings`: what there is of a stream, newest first.

use crate::base::{Result, TimeText, WallDuration, WallTime};
use crate::media::SampleEntry;
use crate::media::rows::{Row, Terms};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::api::json::Json;
use crate::web::route::StreamName;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// All that overlaps the span; recordings are told whole. Those of a run are put together as `media::rows` says.
pub(in crate::web) async fn list(
    state: &Arc<State>,
    name: StreamName,
    span: Range<WallTime>,
    split: Option<WallDuration>,
) -> Result<Response<Body>> {
    let stream = state.stream(name)?.id;
    let shared = state.clone();
    let work = move || {
        let state = &shared;
        let rows = state.store.rows(stream, span, Terms { split, limit: MAX_ROWS })?;
        let ids: BTreeSet<i32> = rows.iter().map(|row| row.sample_entry_id).collect();
        let entry = |id| Ok((id, SampleEntryJson::of(&*state.store.sample_entry(id)?)));
        let entries: BTreeMap<i32, SampleEntryJson> = ids.into_iter().map(entry).collect::<Result<_>>()?;
        let times = TimeText::new(state.zone.clone());
        let mut pieces = Pieces { rows, at: 0, times, entries: Some(answer::to_json(&entries)) };
        // With a length where it is short.
        match (pieces.rows.len() <= ROWS_A_PIECE).then(|| pieces.next()).flatten() {
            Some(whole) => Ok(answer::typed(StatusCode::OK, "application/json", Vec::from(whole))),
            None => Ok(answer::made_json(pieces)),
        }
    };
    state.desks.work(work).await
}

/// More than a month of single recordings; as many as a film may have.
pub(in crate::web) const MAX_ROWS: usize = 50_000;

/// The answer's text, some rows at a time: all of a month would be 17 MB.
struct Pieces {
    rows: Vec<Row>,
    /// So many are written.
    at: usize,
    times: TimeText,
    /// What comes behind the rows; `None` when all is written.
    entries: Option<Vec<u8>>,
}

/// About 64 kB.
const ROWS_A_PIECE: usize = 160;

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        self.entries.as_ref()?;
        let mut json = Json::with_capacity(ROWS_A_PIECE * 420);
        json.raw(if self.at == 0 { "{\"recordings\":[" } else { "" });
        let last = self.rows.len().min(self.at + ROWS_A_PIECE);
        for (at, row) in self.rows[..last].iter().enumerate().skip(self.at) {
            json.raw(if at == 0 { "" } else { "," });
            write_row(&mut json, row, &mut self.times);
        }
        self.at = last;
        if self.at == self.rows.len()
            && let Some(entries) = self.entries.take()
        {
            json.raw("],\"videoSampleEntries\":").raw_bytes(&entries).raw("}");
        }
        Some(json.into())
    }
}

fn write_row(json: &mut Json, row: &Row, times: &mut TimeText) {
    let end = row.end();
    json.raw("{\"startId\":").number(row.first);
    json.raw(",\"endId\":").number(row.last);
    json.raw(",\"runStartId\":").number(row.run_start);
    json.raw(",\"startTime90k\":").number(row.start.0);
    json.raw(",\"endTime90k\":").number(end.0);
    json.raw(",\"startTime\":\"").raw_bytes(times.bytes_of(row.start));
    json.raw("\",\"endTime\":\"").raw_bytes(times.bytes_of(end));
    json.raw("\",\"wallDuration90k\":").number(row.wall_duration.0);
    json.raw(",\"mediaDuration90k\":").number(row.media_duration.0);
    json.raw(",\"sampleFileBytes\":").number(row.sample_file_bytes);
    json.raw(",\"videoSamples\":").number(row.video_samples);
    json.raw(",\"videoSampleEntryId\":").number(row.sample_entry_id);
    json.raw(",\"growing\":").truth(row.growing);
    json.raw(",\"missing\":").truth(row.missing);
    json.raw(",\"damaged\":").truth(row.damaged);
    json.raw(",\"hasTrailingZero\":").truth(row.has_trailing_zero);
    json.raw(",\"endReason\":").text(row.end_reason.as_deref());
    json.raw("}");
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SampleEntryJson {
    width: u16,
    height: u16,
    pixel_aspect: (u16, u16),
    rfc6381_codec: String,
}

impl SampleEntryJson {
    fn of(entry: &SampleEntry) -> Self {
        Self {
            width: entry.width,
            height: entry.height,
            pixel_aspect: entry.pixel_aspect,
            rfc6381_codec: entry.rfc6381_codec.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::StreamId;
    use crate::store::db::testing::recording;
    use jiff::tz::TimeZone;
    use serde_json::{Value, json};

    fn told(rows: Vec<Row>) -> Vec<Bytes> {
        let times = TimeText::new(TimeZone::get("Europe/Berlin").unwrap());
        Pieces { rows, at: 0, times, entries: Some(b"{}".to_vec()) }.collect()
    }

    #[test]
    fn a_row_tells_all_that_is_known_of_it() {
        let row = Row {
            has_trailing_zero: true,
            damaged: true,
            end_reason: Some("camera \"silent\"\n".into()),
            ..Row::from(&recording(StreamId::new(1).unwrap(), 7, 3, 1_714_557_600, 60))
        };
        let whole: Value = serde_json::from_slice(&told(vec![row]).concat()).unwrap();
        let expected = json!({"recordings": [{
            "startId": 7,
            "endId": 7,
            "runStartId": 3,
            "startTime90k": 154_310_184_000_000u64,
            "endTime90k": 154_310_189_400_000u64,
            "startTime": "2024-05-01T12:00:00:00000+02:00",
            "endTime": "2024-05-01T12:01:00:00000+02:00",
            "wallDuration90k": 5_400_000,
            "mediaDuration90k": 5_400_000,
            "sampleFileBytes": 1007,
            "videoSamples": 10,
            "videoSampleEntryId": 1,
            "growing": false,
            "missing": false,
            "damaged": true,
            "hasTrailingZero": true,
            "endReason": "camera \"silent\"\n",
        }], "videoSampleEntries": {}});
        assert_eq!(whole, expected);
    }

    #[test]
    fn many_rows_come_in_pieces_and_none_in_one() {
        let minute = |n: u32| Row::from(&recording(StreamId::new(1).unwrap(), n + 1, 1, i64::from(n) * 60, 60));
        for rows in [0, 1, ROWS_A_PIECE, ROWS_A_PIECE * 2 + 1] {
            let pieces = told((0..rows as u32).map(minute).collect());
            assert_eq!(pieces.len(), rows.div_ceil(ROWS_A_PIECE).max(1));
            let whole: Value = serde_json::from_slice(&pieces.concat()).unwrap();
            assert_eq!(whole["recordings"].as_array().unwrap().len(), rows);
        }
    }
}
