//! Words that all floors speak: time, ids, errors.

pub mod error;
pub mod ids;
pub mod json;
pub mod obstacle;
pub mod secret;
pub mod time;
pub mod time_text;
pub mod transport;

pub use error::{Error, Kind, Result, ResultExt};
pub use ids::{RecordingId, StreamId};
pub use obstacle::{Obstacle, Trouble};
pub use secret::Secret;
pub use time::{MediaDuration, MonoTime, WallDuration, WallTime};
pub use time_text::TimeText;
pub use transport::Transport;
