//! Samples and their sizes, durations and key flags: the coding of `video_index`, format 1.

/// One frame as the index knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Until the next frame, in 1/90 000 s; 0 only for the last of a run.
    pub duration_90k: i32,
    /// Its size in the sample file; more than 0.
    pub bytes: u32,
    /// Decoding can start with it.
    pub is_key: bool,
}
