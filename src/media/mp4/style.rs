//! `Style`: what a viewer may wish of a film besides which span it shows.

use jiff::tz::TimeZone;

/// How recordings are put together into a film.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// What becomes of the holes between recordings.
    pub gaps: Gaps,
    /// With a text track that tells the wall time in this zone.
    pub subtitles: Option<TimeZone>,
}

/// What becomes of a hole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Gaps {
    /// The film goes on at once with what comes after it.
    #[default]
    Skip,
    /// The last picture stays for as long as the hole lasted.
    Hold,
}
