//! H.264: parameter sets to an `avc1` sample entry.
