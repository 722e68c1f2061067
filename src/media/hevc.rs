//! H.265: parameter sets to an `hvc1` sample entry.
