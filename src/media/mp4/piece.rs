//! `Piece`: a stretch of a planned file that is made, or read, in one go.

use crate::base::RecordingId;
use crate::media::mp4::table::{ChunkTable, SampleTable};
use std::fmt;
use std::ops::Range;

/// What a stretch of a file is. All but film come from [`crate::media::mp4::Plan::generate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes that the plan holds.
    Head(Range<usize>),
    /// A table that the plan makes out of itself.
    Chunks(ChunkTable),
    /// A table's entries for one segment, made from the `video_index` of its recording.
    Samples {
        /// Which table.
        table: SampleTable,
        /// Which segment of the plan, from 0.
        segment: usize,
        /// Whose index is needed.
        recording: RecordingId,
    },
    /// What stands before the film of one segment in a file of fragments, made from the `video_index` of its recording.
    Fragment {
        /// Which segment of the file, from 0.
        segment: usize,
        /// Whose index is needed.
        recording: RecordingId,
    },
    /// The texts of one segment.
    Texts {
        /// Which segment of the plan, from 0.
        segment: usize,
        /// Of which recording it is.
        recording: RecordingId,
    },
    /// These bytes of a sample file.
    Film {
        /// Whose file.
        recording: RecordingId,
        /// Which of them.
        bytes: Range<u64>,
    },
}

impl Piece {
    /// The recording whose index is needed to make it.
    pub fn indexed(&self) -> Option<RecordingId> {
        match self {
            Self::Samples { recording, .. } | Self::Fragment { recording, .. } => Some(*recording),
            _ => None,
        }
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(_) => write!(f, "head"),
            Self::Chunks(ChunkTable::Stsc) => write!(f, "stsc"),
            Self::Chunks(ChunkTable::Co64) => write!(f, "co64"),
            Self::Chunks(ChunkTable::TextStts) => write!(f, "text stts"),
            Self::Chunks(ChunkTable::TextStsc) => write!(f, "text stsc"),
            Self::Chunks(ChunkTable::TextCo64) => write!(f, "text co64"),
            Self::Samples { table: SampleTable::Stts, recording, .. } => write!(f, "stts {recording}"),
            Self::Samples { table: SampleTable::Ctts, recording, .. } => write!(f, "ctts {recording}"),
            Self::Samples { table: SampleTable::Stss, recording, .. } => write!(f, "stss {recording}"),
            Self::Samples { table: SampleTable::Stsz, recording, .. } => write!(f, "stsz {recording}"),
            Self::Fragment { recording, .. } => write!(f, "moof {recording}"),
            Self::Texts { recording, .. } => write!(f, "text {recording}"),
            Self::Film { recording, bytes } => write!(f, "film {recording} {}..{}", bytes.start, bytes.end),
        }
    }
}
