//! SQLite's failures in our words: whose fault each of its codes is.

use crate::base::{Error, Kind, Result};
use rusqlite::ErrorCode;

/// Gives a failure of SQLite its kind and the name of the thing it happened to.
pub(crate) trait SqlResult<T> {
    /// Wraps the failure: `execute(…).or_sql(|| "add camera")?`.
    fn or_sql<W: Into<String>>(self, what: impl FnOnce() -> W) -> Result<T>;
}

impl<T> SqlResult<T> for rusqlite::Result<T> {
    fn or_sql<W: Into<String>>(self, what: impl FnOnce() -> W) -> Result<T> {
        self.map_err(|e| Error::caused(kind(&e), what(), words(&e)))
    }
}

/// SQLite's sentence and its extended code, once each.
fn words(e: &rusqlite::Error) -> String {
    match e {
        rusqlite::Error::SqliteFailure(e, Some(text)) => format!("{text} (SQLite {})", e.extended_code),
        other => other.to_string(),
    }
}

fn kind(e: &rusqlite::Error) -> Kind {
    use rusqlite::Error as E;
    match e {
        E::FromSqlConversionFailure(..) | E::IntegralValueOutOfRange(..) | E::InvalidColumnType(..) => Kind::Corrupt,
        E::QueryReturnedNoRows => Kind::Corrupt,
        E::ToSqlConversionFailure(..) => Kind::Conflict,
        _ => match e.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Kind::Corrupt,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Kind::Busy,
            Some(ErrorCode::ConstraintViolation) => Kind::Conflict,
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied,
            ) => Kind::Disk,
            _ => Kind::Internal,
        },
    }
}
