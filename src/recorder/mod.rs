//! From camera to disk: one session a stream.
