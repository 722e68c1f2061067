//! The streams that recorded before the machine was started anew: a new system is measured by them.

use crate::base::{Error, Kind, Result, ResultExt};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;
use uuid::Uuid;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingStream {
    /// Of this camera.
    pub camera: Uuid,
    /// `main` or `sub`.
    pub stream: String,
    /// For people, such as `porch/main`.
    pub name: String,
    /// Where the camera takes connections, host and port; `None`: it is none that does.
    pub address: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    streams: Vec<RecordingStream>,
}

/// Leaves the list for the next start.
pub fn write(state: &Path, streams: &[RecordingStream]) -> Result<()> {
    let path = state.join(NAME);
    let what = || format!("write {}", path.display());
    let text = serde_json::to_vec(&Written { streams: streams.to_vec() }).or_fail(Kind::Internal, what)?;
    let beside = state.join(".recording.json.new");
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(state)?.sync_all()
    };
    write().or_fail(Kind::Disk, what)
}

/// What was left; nothing where nothing was.
pub fn read(state: &Path) -> Result<Vec<RecordingStream>> {
    let path = state.join(NAME);
    match fs::read(&path) {
        Ok(text) => {
            let read: Written = serde_json::from_slice(&text).or_fail(Kind::Corrupt, || path.display().to_string())?;
            Ok(read.streams)
        }
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(Error::caused(Kind::Disk, format!("read {}", path.display()), e)),
    }
}

const NAME: &str = "recording.json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), []);
        let stream = RecordingStream {
            camera: Uuid::nil(),
            stream: "main".into(),
            name: "porch/main".into(),
            address: Some("192.168.1.9:554".into()),
        };
        write(dir.path(), std::slice::from_ref(&stream)).unwrap();
        assert_eq!(read(dir.path()).unwrap(), [stream]);
    }
}
