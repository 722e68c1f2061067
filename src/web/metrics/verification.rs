//! How far all film was read again, and what was found.

use super::text::{Kind, Text};
use crate::web::State;

pub(super) fn write(state: &State, text: &mut Text) {
    let help = "Recordings whose film is known not to be what was recorded.";
    text.one(Kind::Gauge, "lunette_damaged_recordings", help, state.store.damaged().len());
    let Some(told) = state.store.verification() else { return };
    let help = "How many times all film was read again, ever.";
    text.one(Kind::Counter, "lunette_verification_rounds_total", help, told.rounds);
    let help = "Film of the round that goes on.";
    text.one(Kind::Gauge, "lunette_verification_bytes", help, told.bytes);
    let help = "Of that: what is still to be read.";
    text.one(Kind::Gauge, "lunette_verification_left_bytes", help, told.left_bytes);
    let help = "How fast film is to be read, on average.";
    text.one(Kind::Gauge, "lunette_verification_bytes_per_second", help, told.bytes_per_second);
    let help = "Recordings that were read again.";
    text.one(Kind::Counter, "lunette_verified_recordings_total", help, told.read_recordings);
    let help = "Bytes that were read for it.";
    text.one(Kind::Counter, "lunette_verified_bytes_total", help, told.read_bytes);
    let help = "How often film was read wrong once and right then.";
    text.one(Kind::Counter, "lunette_unsteady_readings_total", help, told.unsteady);
    let help = "1: film cannot be read again just now.";
    text.one(Kind::Gauge, "lunette_verification_trouble", help, u8::from(told.trouble.is_some()));
}
