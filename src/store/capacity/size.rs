//! `Size`: bytes as people read them.

use std::fmt;

/// For people: `1.5 GiB`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size(pub(crate) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match UNITS.iter().find(|(_, unit)| self.0 >= *unit) {
            Some((name, unit)) => write!(f, "{:.1} {name}", self.0 as f64 / *unit as f64),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_as_people_say_them() {
        let told = [0, 1023, 1 << 20, 3 << 29, 18_000_000_000_000].map(|bytes| Size(bytes).to_string());
        assert_eq!(told, ["0 bytes", "1023 bytes", "1.0 MiB", "1.5 GiB", "16.4 TiB"]);
    }
}
