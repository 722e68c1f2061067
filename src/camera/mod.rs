//! Talking to cameras.
