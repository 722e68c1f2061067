//! The box itself: what only a machine of our image has, by its one privileged helper. Elsewhere none of it is there, and
//! it says so.

pub mod client;
pub mod firmware;
pub mod helper;
pub mod lines;
pub mod machine;
pub mod network;
pub mod notify;
pub mod proof;
pub mod protocol;
pub mod recording_list;
pub mod sensors;
pub mod settings;
pub mod setup_file;
mod start;
pub mod version;
pub mod wifi;

pub use client::Helper;
pub use firmware::Firmware;
pub use recording_list::RecordingStream;

use crate::base::{Error, Kind, Result};
use protocol::Request;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The machine that the daemon runs on.
#[derive(Debug, Default)]
pub struct Appliance {
    image: Option<Image>,
}

/// A machine of our image.
#[derive(Debug)]
pub struct Image {
    helper: Helper,
    state: PathBuf,
    firmware: Firmware,
    start: Vec<String>,
}

impl Appliance {
    /// Some other machine.
    pub fn none() -> Self {
        Self::default()
    }

    /// A machine of our image, whose helper listens there, and where the daemon may keep what is not film.
    pub fn image(helper: PathBuf, state: PathBuf) -> Self {
        let start = helper.parent().map(start::told).unwrap_or_default();
        let helper = Helper::at(helper);
        let firmware = Firmware::new(helper.clone(), &state);
        Self { image: Some(Image { helper, state, firmware, start }) }
    }

    /// What the image has; in words where it is not.
    pub fn here(&self) -> Result<&Image> {
        self.image.as_ref().ok_or_else(|| Error::new(Kind::Conflict, NOT_HERE))
    }

    /// Whether this is a machine of our image.
    pub fn is_image(&self) -> bool {
        self.image.is_some()
    }
}

impl Image {
    /// Slots and versions.
    pub fn firmware(&self) -> &Firmware {
        &self.firmware
    }

    /// What the start of the machine had to say: bad entries of the set-up file, and the like.
    pub fn start(&self) -> &[String] {
        &self.start
    }

    /// What needs root.
    pub fn helper(&self) -> &Helper {
        &self.helper
    }

    /// Where the daemon may keep what is not film.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Starts the machine anew. These streams are recorded now: what comes up is measured by them.
    pub async fn reboot(&self, recording: Vec<RecordingStream>) -> Result<()> {
        self.leave(&Request::Reboot, recording).await
    }

    /// Switches the machine off.
    pub async fn power_off(&self, recording: Vec<RecordingStream>) -> Result<()> {
        self.leave(&Request::Poweroff, recording).await
    }

    async fn leave(&self, how: &Request, recording: Vec<RecordingStream>) -> Result<()> {
        // Without the list nothing counts in the proof: no reason to stay.
        if let Err(e) = recording_list::write(&self.state, &recording) {
            log::warn!("the list of recording streams: {e}");
        }
        self.helper.ask::<Value>(how).await?;
        Ok(())
    }
}

/// What there is to say elsewhere.
pub const NOT_HERE: &str = "not on this machine";
