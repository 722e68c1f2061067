//! Who may enter: users with passwords, browsers with sessions, programs with tokens; and from which site.

mod caller;
mod cookie;
mod delays;
mod doors;
mod known;
mod names;
mod password;
mod sealed;
mod secret;

pub(super) use caller::{Admits, Audience, Caller, no_camera};
pub(super) use doors::Doors;
pub use doors::{Entry, Rule};
pub(super) use known::Person;
pub(super) use sealed::Sealed;
