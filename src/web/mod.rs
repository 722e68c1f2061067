//! From disk to browser: HTTP.
