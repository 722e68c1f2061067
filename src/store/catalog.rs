//! `Catalog`: what the film alone does not tell, kept beside it, so that a lost database can be built anew.

use crate::base::Transport;
use crate::base::{Error, Kind, RecordingId, Result, ResultExt, StreamId, WallDuration, WallTime};
use crate::media::SampleEntry;
use crate::store::camera::{Camera, Stream, StreamKind};
use crate::store::db::{ClockProof, Damage, Database, LostStream};
use crate::store::dir::SampleDir;
use crate::store::gap::Gap;
use log::warn;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::Read;
use std::ops::Range;
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
    /// The highest id that any opening of the database had.
    #[serde(default)]
    pub(crate) last_open: u32,
    /// The highest id that any stream had, be it removed by now.
    #[serde(default)]
    pub(crate) last_stream: i64,
    pub(crate) cameras: Vec<CatalogCamera>,
    /// How the sample entries are numbered; the trailers hold them.
    #[serde(default)]
    pub(crate) sample_entries: Vec<CatalogSampleEntry>,
    pub(crate) gaps: Vec<CatalogGap>,
    /// Film that is known not to be what was recorded.
    #[serde(default)]
    pub(crate) damaged: Vec<CatalogDamage>,
    /// What moves film whose files do not know the time.
    #[serde(default)]
    pub(crate) clock_proofs: Vec<CatalogClockProof>,
    /// Film that is kept whatever its age.
    #[serde(default)]
    pub(crate) protected: Vec<CatalogSpan>,
    /// Composite ids of film that was deleted while its rows could not go.
    #[serde(default)]
    pub(crate) deleted: Vec<i64>,
    /// How many bytes of the disk were kept free.
    #[serde(default)]
    pub(crate) reserve: Option<u64>,
}

/// A span of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogSpan {
    pub(crate) stream: i32,
    #[serde(rename = "start90k")]
    pub(crate) start_90k: i64,
    #[serde(rename = "end90k")]
    pub(crate) end_90k: i64,
}

/// See [`Camera`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogCamera {
    pub(crate) uuid: Uuid,
    pub(crate) name: String,
    pub(crate) removed: bool,
    /// It has a user name, which is not told.
    #[serde(default)]
    pub(crate) login: bool,
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

/// The number of a sample entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogSampleEntry {
    pub(crate) id: i32,
    /// The first 16 hex digits of BLAKE3 over its box.
    pub(crate) blake3: String,
}

/// See [`Damage`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogDamage {
    /// The composite id.
    pub(crate) recording: i64,
    #[serde(rename = "found90k")]
    pub(crate) found_90k: i64,
    pub(crate) what: String,
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

impl Catalog {
    /// What is to be kept of a database. Blocks on the disk.
    pub(crate) fn of(db: &Database) -> Result<Self> {
        let cameras = db.cameras()?;
        let (mut gaps, mut protected) = (Vec::new(), Vec::new());
        for stream in cameras.iter().flat_map(|c| &c.streams) {
            let all = db.gaps(stream.id, WallTime(i64::MIN)..WallTime(i64::MAX))?;
            gaps.extend(all.iter().map(|gap| CatalogGap::new(stream.id, gap)));
            let kept = db.protected_spans(stream.id)?;
            protected.extend(kept.iter().map(|span| CatalogSpan::new(stream.id, span)));
        }
        Ok(Self {
            format: FORMAT,
            database: db.meta()?.database,
            last_open: db.last_open()?,
            last_stream: db.stream_ids()?.highest(),
            cameras: cameras.iter().map(CatalogCamera::new).collect(),
            sample_entries: db.sample_entry_numbers().iter().map(|(id, e)| CatalogSampleEntry::new(*id, e)).collect(),
            gaps,
            damaged: db.damaged()?.iter().map(CatalogDamage::new).collect(),
            clock_proofs: db.clock_proofs()?.iter().map(CatalogClockProof::new).collect(),
            protected,
            deleted: Vec::new(),
            reserve: None,
        })
    }

    /// A stream that it knows, with its camera.
    pub(crate) fn stream(&self, id: StreamId) -> Option<LostStream> {
        let all = self.cameras.iter().flat_map(|camera| camera.streams.iter().map(move |stream| (camera, stream)));
        let (camera, stream) = all.into_iter().find(|(_, stream)| stream.id == id.get())?;
        Some(LostStream {
            camera: camera.uuid,
            name: camera.name.clone(),
            removed: camera.removed,
            stream: Stream {
                id,
                kind: stream.kind,
                source: stream.source.clone(),
                transport: stream.transport,
                record: stream.record,
                retain_bytes: stream.retain_bytes,
            },
        })
    }

    /// All proofs of the clock.
    pub(crate) fn proofs(&self) -> Vec<ClockProof> {
        self.clock_proofs.iter().map(CatalogClockProof::proof).collect()
    }

    /// The protected spans of a stream.
    pub(crate) fn protected(&self, stream: StreamId) -> Vec<Range<WallTime>> {
        let of_stream = self.protected.iter().filter(|span| span.stream == stream.get());
        of_stream.map(|span| WallTime(span.start_90k)..WallTime(span.end_90k)).collect()
    }

    /// All gaps.
    pub(crate) fn gaps(&self) -> Vec<(StreamId, Gap)> {
        let gap = |gap: &CatalogGap| {
            let (start, end) = (WallTime(gap.start_90k), gap.end_90k.map(WallTime));
            let gap = (
                StreamId::new(gap.stream.into())?,
                Gap { start, end, cause: gap.cause.clone(), detail: gap.detail.clone() },
            );
            Some(gap)
        };
        self.gaps.iter().filter_map(gap).collect()
    }

    /// What of it is not as it would be written now; sample entries that nobody needs any more do no harm.
    pub(crate) fn is_behind(&self, now: &Self) -> Option<&'static str> {
        let same = Self {
            sample_entries: now.sample_entries.clone(),
            // What only the syncer knows.
            deleted: now.deleted.clone(),
            reserve: now.reserve,
            ..self.clone()
        };
        match () {
            () if self.database != now.database => Some("its database is"),
            () if self.cameras != now.cameras => Some("its cameras are"),
            () if self.gaps != now.gaps => Some("its gaps are"),
            () if self.protected != now.protected => Some("its protected spans are"),
            () if self.damaged != now.damaged => Some("its damaged film is"),
            () if now.sample_entries.iter().any(|entry| !self.sample_entries.contains(entry)) => {
                Some("its sample entries are")
            }
            () if same != *now => Some("something in it is"),
            () => None,
        }
    }

    /// The same, and what only the syncer knows.
    pub(crate) fn with(self, deleted: Vec<i64>, reserve: Option<u64>) -> Self {
        Self { deleted, reserve, ..self }
    }

    /// See [`Self::deleted`]; what is no id is none.
    pub(crate) fn deleted(&self) -> BTreeSet<RecordingId> {
        self.deleted.iter().filter_map(|&id| RecordingId::from_composite(id)).collect()
    }

    /// The file's content.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("texts, numbers and lists always are JSON");
        text.push(b'\n');
        text
    }

    /// The catalog of a directory, if it has one. `Corrupt` when it cannot be understood.
    pub(crate) fn read(dir: &SampleDir) -> Result<Option<Self>> {
        let mut text = Vec::new();
        let mut file = match dir.open_read(NAME) {
            Err(e) if e.kind() == Kind::NotFound => return Ok(None),
            file => file?,
        };
        file.read_to_end(&mut text).or_fail(Kind::Disk, || "read catalog")?;
        Self::decode(&text).map(Some)
    }

    /// Reads the file's content.
    pub(crate) fn decode(text: &[u8]) -> Result<Self> {
        let catalog: Self = serde_json::from_slice(text).or_fail(Kind::Corrupt, || "catalog")?;
        match catalog.format {
            FORMAT => Ok(catalog),
            other => Err(Error::new(Kind::Corrupt, format!("catalog: format {other}, this lunette knows {FORMAT}"))),
        }
    }
}

impl CatalogCamera {
    fn new(camera: &Camera) -> Self {
        Self {
            uuid: camera.uuid,
            name: camera.name.clone(),
            removed: camera.removed,
            login: !camera.username.is_empty(),
            streams: camera.streams.iter().map(CatalogStream::new).collect(),
        }
    }
}

impl CatalogSampleEntry {
    fn new(id: i32, entry: &SampleEntry) -> Self {
        Self { id, blake3: Self::name(entry) }
    }

    /// What tells it from all others.
    pub(crate) fn name(entry: &SampleEntry) -> String {
        let mut name = blake3::hash(&entry.data).to_hex().to_string();
        name.truncate(16);
        name
    }
}

impl CatalogGap {
    fn new(stream: StreamId, gap: &Gap) -> Self {
        Self {
            stream: stream.get(),
            start_90k: gap.start.0,
            end_90k: gap.end.map(|WallTime(end)| end),
            cause: gap.cause.clone(),
            detail: gap.detail.clone(),
        }
    }
}

impl CatalogSpan {
    fn new(stream: StreamId, span: &Range<WallTime>) -> Self {
        Self { stream: stream.get(), start_90k: span.start.0, end_90k: span.end.0 }
    }
}

/// The catalog of a directory; `None` where there is none, or none that can be read: it is written anew.
pub(crate) fn read(dir: &SampleDir) -> Option<Catalog> {
    let mut text = Vec::new();
    let read =
        dir.open_read(NAME).and_then(|mut file| file.read_to_end(&mut text).or_fail(Kind::Disk, || "read catalog"));
    match read.and_then(|_| Catalog::decode(&text)) {
        Ok(catalog) => Some(catalog),
        Err(e) if e.kind() == Kind::NotFound => None,
        Err(e) => {
            warn!("{}: {e}; it is written anew", dir.path().display());
            None
        }
    }
}

impl CatalogDamage {
    pub(crate) fn damage(&self) -> Option<Damage> {
        let id = RecordingId::from_composite(self.recording)?;
        Some(Damage { id, found: WallTime(self.found_90k), what: self.what.clone() })
    }

    fn new(damage: &Damage) -> Self {
        Self { recording: damage.id.composite(), found_90k: damage.found.0, what: damage.what.clone() }
    }
}

impl CatalogClockProof {
    fn new(proof: &ClockProof) -> Self {
        Self { boot: proof.boot_id, clock_offset_90k: proof.clock_offset.0 }
    }

    /// As a database knows it: to be added before what was recorded gets its rows.
    pub(crate) fn proof(&self) -> ClockProof {
        ClockProof { boot_id: self.boot, clock_offset: WallDuration(self.clock_offset_90k) }
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
    use crate::store::camera::CameraEdit;
    use crate::store::db::Batch;
    use crate::store::db::testing::Fixture;

    #[test]
    fn it_is_json_without_passwords_and_reads_back() {
        let f = Fixture::new();
        let login =
            CameraEdit { username: Some("owner".into()), password: Some(Secret::new("hunter2")), ..Default::default() };
        f.db.edit_camera(f.camera, &login).unwrap();
        let gap = Gap { start: WallTime(9), end: None, cause: "camera silent".into(), detail: String::new() };
        let closed = vec![f.closed(1, 1, 0, 60).into()];
        f.db.commit(&Batch { gaps: vec![(f.sub, gap)], closed, ..Batch::default() }).unwrap();
        let what = "its film is not what was recorded".to_owned();
        let id = RecordingId::new(f.main, 1);
        f.db.note_damage(&Damage { id, found: WallTime(7), what }).unwrap();
        let proof = ClockProof { boot_id: Uuid::from_u128(3), clock_offset: WallDuration(5) };
        f.db.add_clock_proofs(&[proof]).unwrap();
        f.db.set_protected_spans(f.main, std::slice::from_ref(&(WallTime(1)..WallTime(5)))).unwrap();
        let catalog = Catalog::of(&f.db).unwrap().with(vec![4294967298], Some(4096));
        assert_eq!(catalog.clock_proofs[0].proof(), proof);
        let text = String::from_utf8(catalog.encode()).unwrap();
        let named = text.replace(&catalog.database.to_string(), "DATABASE").replace(&f.camera.to_string(), "CAMERA");
        assert_eq!(
            named,
            concat!(
                r#"{"format":1,"database":"DATABASE","lastOpen":1,"lastStream":2,"cameras":[{"#,
                r#""uuid":"CAMERA","name":"porch","removed":false,"login":true,"streams":[{"#,
                r#""id":1,"kind":"main","source":"rtsp://192.0.2.1/main","transport":"tcp","record":true,"#,
                r#""retainBytes":null},{"#,
                r#""id":2,"kind":"sub","source":"pipe:x","transport":"tcp","record":true,"retainBytes":null}]}],"#,
                r#""sampleEntries":[{"id":1,"blake3":"17762fddd969a453"}],"#,
                r#""gaps":[{"stream":2,"start90k":9,"end90k":null,"cause":"camera silent","detail":""}],"#,
                r#""damaged":[{"recording":4294967297,"found90k":7,"what":"its film is not what was recorded"}],"#,
                r#""clockProofs":[{"boot":"00000000-0000-0000-0000-000000000003","clockOffset90k":5}],"#,
                r#""protected":[{"stream":1,"start90k":1,"end90k":5}],"deleted":[4294967298],"reserve":4096}"#,
                "\n"
            )
        );
        assert_eq!(Catalog::decode(text.as_bytes()).unwrap(), catalog);
        let newer = text.replace(r#""format":1"#, r#""format":2"#);
        assert_eq!(Catalog::decode(newer.as_bytes()).unwrap_err().kind(), Kind::Corrupt);
    }
}
