//! `Told`: what the API told of the film before a crash, to be held against what it tells afterwards.

use crate::stage::Stage;
use crate::support::http::ask;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::time::SystemTime;

/// A recording by stream and number.
pub(crate) type Id = (i64, i64);

/// A recording as it was listed, and the film that was in its file by then.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// The camera's uuid.
    pub(crate) camera: String,
    pub(crate) frames: i64,
    pub(crate) bytes: u64,
    pub(crate) start_90k: i64,
    pub(crate) end_90k: i64,
    pub(crate) growing: bool,
    /// Why its run ended with it.
    pub(crate) end_reason: Option<String>,
    /// Of the first `bytes` of the file.
    pub(crate) blake3: [u8; 32],
}

/// What was listed at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    /// Cameras with the state of their main stream's session.
    pub(crate) cameras: BTreeMap<String, String>,
    pub(crate) recordings: BTreeMap<Id, Told>,
}

/// Where a daemon serves, and where its film is.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) server: SocketAddr,
    pub(crate) film: &'a Path,
}

impl Listing {
    /// Asks for everything; `None` when the daemon ends meanwhile. Film that was hashed for `known` is not read again.
    pub(crate) fn get(place: Place<'_>, known: &BTreeMap<Id, Told>) -> Option<Self> {
        let mut listing = Self { cameras: BTreeMap::new(), recordings: BTreeMap::new() };
        for camera in get(place, "/api/cameras")??["cameras"].as_array()? {
            let uuid = camera["uuid"].as_str()?;
            let state = camera["streams"]["main"]["live"]["state"].as_str().unwrap_or("off");
            listing.cameras.insert(uuid.to_owned(), state.to_owned());
            for (kind, stream) in camera["streams"].as_object()? {
                let recordings = get(place, &format!("/api/cameras/{uuid}/{kind}/recordings?split90k=1"))?;
                // The camera was removed meanwhile.
                let Some(recordings) = recordings else { continue };
                for r in recordings["recordings"].as_array()? {
                    let id = (stream["id"].as_i64()?, r["startId"].as_i64()?);
                    assert_eq!(r["startId"], r["endId"]);
                    assert_eq!(r["missing"], false, "{id:?}: the film of a row is gone");
                    let told = known.get(&id).filter(|k| k.same(r));
                    let told = told.cloned().or_else(|| Told::read(place.film, id, uuid, r));
                    listing.recordings.extend(told.map(|told| (id, told)));
                }
            }
        }
        Some(listing)
    }

    /// Panics unless all of `before` is here, with the same film: but for cameras that were asked to go, and for the
    /// oldest film of those that keep little. Tells how many recordings are here, and how many went for want of room.
    pub(crate) fn holds(
        &self,
        before: &BTreeMap<Id, Told>,
        film: &Path,
        stage: &Stage,
        ceiling: SystemTime,
    ) -> (usize, usize) {
        let (mut held, mut gone) = (0, 0);
        for (id, told) in before {
            // The oldest of a small camera may go between the listing and this look at its file.
            let is_there = |_: &&Told| !stage.is_small(&told.camera) || path(film, *id).exists();
            match self.recordings.get(id).filter(is_there) {
                Some(now) => {
                    now.begins_with(told, *id, film);
                    held += 1;
                }
                None if stage.asked_to_go(&told.camera, ceiling) => {}
                None => {
                    assert!(stage.is_small(&told.camera), "{id:?} is lost: it was {told:?}");
                    let older = |other: &&Id| other.0 == id.0 && other.1 < id.1 && path(film, **other).exists();
                    let kept = self.recordings.keys().find(older);
                    assert_eq!(kept, None, "{id:?} went before what is older");
                    gone += 1;
                }
            }
        }
        (held, gone)
    }
}

impl Told {
    /// `None` when its file is being deleted.
    fn read(film: &Path, id: Id, camera: &str, r: &Value) -> Option<Self> {
        let bytes = r["sampleFileBytes"].as_u64()?;
        Some(Self {
            camera: camera.to_owned(),
            frames: r["videoSamples"].as_i64()?,
            bytes,
            start_90k: r["startTime90k"].as_i64()?,
            end_90k: r["endTime90k"].as_i64()?,
            growing: r["growing"].as_bool()?,
            end_reason: r["endReason"].as_str().map(str::to_owned),
            blake3: hash(&path(film, id), bytes)?,
        })
    }

    /// Panics unless it is what was told before, or more.
    fn begins_with(&self, before: &Told, id: Id, film: &Path) {
        assert_eq!((self.start_90k, &self.camera), (before.start_90k, &before.camera), "{id:?}");
        assert!(self.frames >= before.frames, "{id:?}: {} frames where there were {}", self.frames, before.frames);
        let (bytes, hash) = (before.bytes, hash(&path(film, id), before.bytes));
        assert_eq!(hash, Some(before.blake3), "{id:?}: the first {bytes} bytes are others");
    }

    fn same(&self, r: &Value) -> bool {
        r["videoSamples"] == self.frames
            && r["sampleFileBytes"] == self.bytes
            && r["growing"] == self.growing
            && r["endTime90k"] == self.end_90k
    }
}

/// `None` when the daemon ends meanwhile; nothing in it when there is no such thing.
fn get(place: Place<'_>, path: &str) -> Option<Option<Value>> {
    let answer = ask(place.server, "GET", path, "").ok()?;
    if answer.status != 200 {
        return Some(None);
    }
    serde_json::from_slice(&answer.body).ok().map(Some)
}

/// The sample file of a recording.
fn path(film: &Path, (stream, number): Id) -> std::path::PathBuf {
    film.join(format!("{stream:08x}{number:08x}"))
}

/// BLAKE3 of the first `bytes` of a file; `None` when there are fewer.
fn hash(path: &Path, bytes: u64) -> Option<[u8; 32]> {
    let mut film = Vec::new();
    File::open(path).ok()?.take(bytes).read_to_end(&mut film).ok()?;
    (film.len() as u64 == bytes).then(|| *blake3::hash(&film).as_bytes())
}
