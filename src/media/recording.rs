//! `Recording`: what is known of about a minute of one stream without looking at its frames.

use crate::base::{MediaDuration, RecordingId, WallDuration, WallTime};
use std::fmt;

/// The row of a recording, closed or growing. `store` lists these, `media::segment` cuts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Which one it is.
    pub id: RecordingId,
    /// Order of opening over all streams; retention goes by it.
    pub sequence: u64,
    /// The opening of the store that made it; tells two recordings of one id apart.
    pub open_id: u32,
    /// The first recording of its run.
    pub run_start: RecordingId,
    /// When its first frame was captured.
    pub start: WallTime,
    /// How long it lasted by the recorder's clock: media duration with the drift correction.
    pub wall_duration: WallDuration,
    /// The sum of its frames' durations.
    pub media_duration: MediaDuration,
    /// Media time from the start of the run to its first frame.
    pub media_offset: MediaDuration,
    /// Local start − start: how far the camera's clock had drifted from the recorder's, before correction.
    pub local_delta: WallDuration,
    /// Bytes of film.
    pub sample_file_bytes: u64,
    /// How many frames.
    pub video_samples: u32,
    /// How many of them are key frames.
    pub video_sync_samples: u32,
    /// The row of its sample entry.
    pub sample_entry_id: i32,
    /// Which coding its `video_index` has.
    pub index_format: u8,
    /// See [`Flags`].
    pub flags: Flags,
    /// Still being written: what is said here is its whole groups of pictures so far.
    pub growing: bool,
    /// Why the run ended with it; `None` while it grows and where the run went on.
    pub end_reason: Option<String>,
}

impl Recording {
    /// When its last frame ended.
    pub fn end(&self) -> WallTime {
        self.start + self.wall_duration
    }

    /// Its last frame has no duration, because none came after it.
    pub fn has_trailing_zero(&self) -> bool {
        self.flags.contains(Flags::TRAILING_ZERO)
    }

    /// It was recorded elsewhere, at any time.
    pub fn is_imported(&self) -> bool {
        self.flags.contains(Flags::IMPORTED)
    }

    /// Its film is gone, though there is a row.
    pub fn is_missing(&self) -> bool {
        self.flags.contains(Flags::MISSING)
    }

    /// Its film was read again and is not what was recorded.
    pub fn is_damaged(&self) -> bool {
        self.flags.contains(Flags::DAMAGED)
    }
}

/// Bits that say something about a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    /// The last frame's duration is 0: the run ended with it.
    pub const TRAILING_ZERO: Self = Self(1);
    /// The system clock was not known to be right when the run started.
    pub const UNPROVEN_TIME: Self = Self(2);
    /// The film was cut at a start after a power cut or a kill: it ends where journal and file agreed.
    pub const RECOVERED: Self = Self(4);
    /// Frames may be shown in another order than they are decoded in: its index may have composition offsets.
    pub const REORDERED: Self = Self(8);
    /// It was imported: its number tells when that was, and not when it was recorded.
    pub const IMPORTED: Self = Self(16);
    /// Its sample file was not there at the last start. Only a listing says so; it is not stored.
    pub const MISSING: Self = Self(1 << 31);
    /// Its film was read again and is not what was recorded. Only a listing says so; it is not stored.
    pub const DAMAGED: Self = Self(1 << 30);

    /// All bits of `other` are set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// With the bits of `other` cleared.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// With the bits of `other` set.
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Why a run ended, in a fixed word for programs and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndReason {
    /// What happened.
    pub cause: Cause,
    /// The particulars, without secrets; may be empty.
    pub detail: String,
}

impl EndReason {
    /// A cause with its particulars.
    pub fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Self { cause, detail: detail.into() }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause.words())?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

/// The causes of holes. The words are stored, so they do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Could not be reached: no route, refused, name not found.
    Unreachable,
    /// Refused the login.
    Unauthorized,
    /// Nothing arrived for too long.
    Silent,
    /// Closed the connection or the stream.
    Closed,
    /// Timestamps that cannot be recorded.
    BadTimestamps,
    /// Pictures changed places more than the stream says, or brought no times to sort them by.
    BFrames,
    /// No video, an unknown codec, or parameter sets that make no sense.
    BadVideo,
    /// No key frame for too long.
    NoKeyFrame,
    /// Camera and recorder disagree on the time by more than a recording may carry.
    CameraClock,
    /// The disk was slower than the film.
    DiskBehind,
    /// The disk has no room, and there was nothing to delete.
    DiskFull,
    /// The disk refused.
    DiskFailed,
    /// The daemon was stopped.
    Stopped,
    /// The daemon was stopped, and another version of it went on.
    Upgrade,
    /// The daemon or the machine ended without closing.
    PowerCut,
    /// The owner changed or removed the camera.
    Reconfigured,
    /// There was film, and it is no more: its file is gone, or nothing of it was whole.
    FilmLost,
    /// The recorder's clock was set: film that follows at once seems to be later, or to be at the same time.
    ClockMoved,
    /// The system that recorded it did not say: film of `lunette upgrade` and `lunette import`.
    Untold,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Unreachable,
        Self::Unauthorized,
        Self::Silent,
        Self::Closed,
        Self::BadTimestamps,
        Self::BFrames,
        Self::BadVideo,
        Self::NoKeyFrame,
        Self::CameraClock,
        Self::DiskBehind,
        Self::DiskFull,
        Self::DiskFailed,
        Self::Stopped,
        Self::Upgrade,
        Self::PowerCut,
        Self::Reconfigured,
        Self::FilmLost,
        Self::ClockMoved,
        Self::Untold,
    ];

    /// The fixed words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Unreachable => "camera unreachable",
            Self::Unauthorized => "login refused",
            Self::Silent => "camera silent",
            Self::Closed => "camera closed the stream",
            Self::BadTimestamps => "bad timestamps",
            Self::BFrames => "unexpected B-frames",
            Self::BadVideo => "bad video",
            Self::NoKeyFrame => "no key frame",
            Self::CameraClock => "camera clock",
            Self::DiskBehind => "disk behind",
            Self::DiskFull => "disk full",
            Self::DiskFailed => "disk failed",
            Self::Stopped => "recorder stopped",
            Self::Upgrade => "upgrade",
            Self::PowerCut => "power cut",
            Self::Reconfigured => "camera settings changed",
            Self::FilmLost => "film lost",
            Self::ClockMoved => "clock moved",
            Self::Untold => "not told",
        }
    }
}
