//! Splits a raw Annex B stream into access units.
