//! `Catalog`: what the film alone does not tell, kept beside it, so that a lost database can be built anew.

use crate::base::Transport;
use crate::base::{Error, Kind, Result, ResultExt, StreamId, WallDuration, WallTime};
use crate::store::camera::{Camera, StreamKind};
use crate::store::db::ClockProof;
use crate::store::gap::Gap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The file's name in the sample directory.
pub(crate) const NAME: &str = "catalog";

/// Cameras and streams without user names and passwords, and the gaps. JSON, so that people can read it too. Sources are
/// as the owner typed them, and may hold a secret in a path, a query or a command's arguments: the file is its owner's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Catalog {
    format: u32,
    /// The database that wrote it.
    pub(crate) database: Uuid,
    pub(crate) cameras: Vec<CatalogCamera>,
    pub(crate) gaps: Vec<CatalogGap>,
    pub(crate) clock_proofs: Vec<CatalogClockProof>,
}

/// See [`Camera`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogCamera {
    pub(crate) uuid: Uuid,
    pub(crate) name: String,
    pub(crate) removed: bool,
    pub(crate) streams: Vec<CatalogStream>,
}

/// See [`crate::store::Stream`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogStream {
    /// It is in the names of the sample files.
    pub(crate) id: i32,
    pub(crate) kind: StreamKind,
    pub(crate) source: String,
    pub(crate) transport: Transport,
    pub(crate) record: bool,
    pub(crate) retain_bytes: Option<u64>,
}

/// See [`Gap`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogGap {
    pub(crate) stream: i32,
    #[serde(rename = "start90k")]
    pub(crate) start_90k: i64,
    #[serde(rename = "end90k")]
    pub(crate) end_90k: Option<i64>,
    pub(crate) cause: String,
    pub(crate) detail: String,
}

/// See [`ClockProof`]: files of its boot that call their time unproven are to be moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogClockProof {
    pub(crate) boot: Uuid,
    #[serde(rename = "clockOffset90k")]
    pub(crate) clock_offset_90k: i64,
}

impl CatalogClockProof {
    /// As the database knows it.
    #[cfg_attr(not(test), expect(dead_code, reason = "adopt reads it; the format is held by a test until then"))]
    pub(crate) fn proof(&self) -> ClockProof {
        ClockProof { boot_id: self.boot, clock_offset: WallDuration(self.clock_offset_90k) }
    }
}

impl Catalog {
    /// What is to be kept of these.
    pub(crate) fn new(
        database: Uuid,
        cameras: &[Camera],
        gaps: &[(StreamId, Gap)],
        proofs: &[ClockProof],
    ) -> Self {
        let proof =
            |p: &ClockProof| CatalogClockProof { boot: p.boot_id, clock_offset_90k: p.clock_offset.0 };
        let camera = |c: &Camera| CatalogCamera {
            uuid: c.uuid,
            name: c.name.clone(),
            removed: c.removed,
            streams: c.streams.iter().map(CatalogStream::new).collect(),
        };
        let gap = |(stream, gap): &(StreamId, Gap)| CatalogGap {
            stream: stream.get(),
            start_90k: gap.start.0,
            end_90k: gap.end.map(|WallTime(end)| end),
            cause: gap.cause.clone(),
            detail: gap.detail.clone(),
        };
        Self {
            format: FORMAT,
            database,
            cameras: cameras.iter().map(camera).collect(),
            gaps: gaps.iter().map(gap).collect(),
            clock_proofs: proofs.iter().map(proof).collect(),
        }
    }

    /// The file's content.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("texts, numbers and lists always are JSON");
        text.push(b'\n');
        text
    }

    /// Reads the file's content.
    #[cfg_attr(not(test), expect(dead_code, reason = "adopt reads it; the format is held by a test until then"))]
    pub(crate) fn decode(text: &[u8]) -> Result<Self> {
        let catalog: Self = serde_json::from_slice(text).or_fail(Kind::Corrupt, || "catalog")?;
        match catalog.format {
            FORMAT => Ok(catalog),
            other => Err(Error::new(Kind::Corrupt, format!("catalog: format {other}, this lunette knows {FORMAT}"))),
        }
    }
}

impl CatalogStream {
    fn new(stream: &crate::store::Stream) -> Self {
        Self {
            id: stream.id.get(),
            kind: stream.kind,
            source: stream.source.clone(),
            transport: stream.transport,
            record: stream.record,
            retain_bytes: stream.retain_bytes,
        }
    }
}

const FORMAT: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;
    use crate::store::Stream;

    #[test]
    fn it_is_json_without_passwords_and_reads_back() {
        let stream = StreamId::new(7).unwrap();
        let camera = Camera {
            uuid: Uuid::from_u128(1),
            id: 4,
            name: "porch".into(),
            username: "owner".into(),
            password: Secret::new("hunter2"),
            removed: false,
            streams: vec![Stream {
                id: stream,
                kind: StreamKind::Sub,
                source: "rtsp://porch.local/sub".into(),
                transport: Transport::Udp,
                record: true,
                retain_bytes: None,
            }],
        };
        let gap = Gap { start: WallTime(9), end: None, cause: "camera silent".into(), detail: String::new() };
        let proof = ClockProof { boot_id: Uuid::from_u128(3), clock_offset: WallDuration(5) };
        let catalog = Catalog::new(Uuid::from_u128(2), &[camera], &[(stream, gap)], &[proof]);
        assert_eq!(catalog.clock_proofs[0].proof(), proof);
        let text = String::from_utf8(catalog.encode()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"format":1,"database":"00000000-0000-0000-0000-000000000002","cameras":[{"#,
                r#""uuid":"00000000-0000-0000-0000-000000000001","name":"porch","removed":false,"streams":[{"#,
                r#""id":7,"kind":"sub","source":"rtsp://porch.local/sub","transport":"udp","record":true,"#,
                r#""retainBytes":null}]}],"#,
                r#""gaps":[{"stream":7,"start90k":9,"end90k":null,"cause":"camera silent","detail":""}],"#,
                r#""clockProofs":[{"boot":"00000000-0000-0000-0000-000000000003","clockOffset90k":5}]}"#,
                "\n"
            )
        );
        assert_eq!(Catalog::decode(text.as_bytes()).unwrap(), catalog);
        let newer = text.replace(r#""format":1"#, r#""format":2"#);
        assert_eq!(Catalog::decode(newer.as_bytes()).unwrap_err().kind(), Kind::Corrupt);
    }
}
