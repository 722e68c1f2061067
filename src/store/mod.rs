//! Files and SQLite: what was recorded.
