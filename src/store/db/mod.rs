//! SQLite: everything that is known of the film except the film. A file for each noun, with its queries.

mod cameras;
mod clock_proof;
mod closed;
mod commit;
mod connection;
mod consistency;
mod damage;
mod database;
mod error;
mod events;
mod gaps;
mod garbage;
mod meta;
mod old_files;
mod onvif;
mod protected_spans;
mod recordings;
mod restore;
mod rights;
mod rows;
mod runs;
mod sample_entries;
mod sessions;
mod settings;
mod streams;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tokens;
mod users;
mod verification;
mod version;

pub use cameras::Film;
pub use clock_proof::{ClockProof, Moved};
pub(crate) use commit::insert_old;
pub use commit::{Batch, Committed};
pub use consistency::{Strays, WrongOffset};
pub use damage::Damage;
pub use database::{Access, Database};
pub(crate) use error::SqlResult;
pub use meta::{Meta, Opening, SOFTWARE};
pub use recordings::RECORDING_LIMIT;
pub(crate) use restore::Heritage;
pub use restore::LostStream;
pub use rows::Wanted;
pub use streams::StreamIds;
pub use verification::Place;
pub use version::VERSION;
pub(crate) use version::{Found, Old, SCHEMA, look, newer_version};
