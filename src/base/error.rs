//! `Error`: what we tried, on what, why it failed, and whose fault it was.

use std::fmt;
use std::io;

/// Whose fault a failure is. `web` turns it into a status, `cmd` into an exit code; nobody else looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The caller asked for something that makes no sense: words, ranges, file formats.
    BadInput,
    /// The thing that was asked for is not there.
    NotFound,
    /// It is there, but in a state that forbids what was asked (a lock held, a name taken).
    Conflict,
    /// A camera did something it should not have done, or did not answer.
    Camera,
    /// The disk or the file system failed.
    Disk,
    /// Stored data is not what we wrote.
    Corrupt,
    /// It would work later: a queue is full, a service stops.
    Busy,
    /// Our own fault.
    Internal,
}

/// A failure in one line: the things it happened to, outermost first, then the reason.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    what: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A result with our own [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure that starts here.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), source: None }
    }

    /// A failure caused by another one, which keeps its own words.
    pub fn caused(
        kind: Kind,
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { kind, what: what.into(), source: Some(source.into()) }
    }

    /// Whose fault it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The disk, or what of it is ours, is full.
    pub fn is_full_disk(&self) -> bool {
        let cause = self.source.as_deref().and_then(|source| source.downcast_ref::<io::Error>());
        cause.is_some_and(is_full_disk)
    }

    /// The same failure, seen by a caller who knows what it happened to.
    pub fn on(self, what: impl fmt::Display) -> Self {
        Self { what: format!("{what}: {}", self.what), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        let mut source = self.source.as_deref().map(|s| s as &dyn std::error::Error);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

// The causes are part of `Display`, so `source` stays empty: nobody prints them twice.
impl std::error::Error for Error {}

/// The disk, or what of it is ours, is full.
pub fn is_full_disk(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Gives a foreign error a kind and the name of the thing it happened to.
pub trait ResultExt<T> {
    /// Wraps a foreign error: `fs::read(p).or_fail(Kind::Disk, || format!("read {p}"))?`.
    fn or_fail<W: Into<String>>(self, kind: Kind, what: impl FnOnce() -> W) -> Result<T>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> ResultExt<T> for std::result::Result<T, E> {
    fn or_fail<W: Into<String>>(self, kind: Kind, what: impl FnOnce() -> W) -> Result<T> {
        self.map_err(|e| Error::caused(kind, what(), e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_from_the_outside_in() {
        let io = std::io::Error::new(std::io::ErrorKind::NotFound, "No such file");
        let e = Error::caused(Kind::Disk, "open sample file", io).on("recording 3/1742");
        assert_eq!(e.to_string(), "recording 3/1742: open sample file: No such file");
        assert_eq!(e.kind(), Kind::Disk);
    }
}
