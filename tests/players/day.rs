//! A day in one film.
