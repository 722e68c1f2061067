//! What is happening now: the newest pictures, and the health of each stream.
