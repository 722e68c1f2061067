//! `Lines`: the newest lines of the daemon's log, for who has no journal to look into.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Filled by the logger, read by the page. Locked for a few lines.
#[derive(Debug, Default)]
pub struct Lines(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<String>,
    bytes: usize,
}

/// Those of this process.
pub static LINES: Lines = Lines(Mutex::new(Kept { lines: VecDeque::new(), bytes: 0 }));

impl Lines {
    /// One more. The oldest go when there are too many.
    pub fn add(&self, line: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += line.len();
        kept.lines.push_back(line);
        while kept.lines.len() > MOST || kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.lines.pop_front() else { return };
            kept.bytes -= oldest.len();
        }
    }

    /// The newest, oldest first, each with its line end.
    pub fn newest(&self, count: usize) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = kept.lines.len().saturating_sub(count);
        kept.lines.iter().skip(skipped).flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

const MOST: usize = 2000;
const MOST_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept() {
        let lines = Lines::default();
        (0..MOST + 5).for_each(|n| lines.add(n.to_string()));
        assert_eq!(lines.newest(2), format!("{}\n{}\n", MOST + 3, MOST + 4));
        assert_eq!(lines.newest(usize::MAX).lines().next(), Some("5"));
        lines.add("x".repeat(MOST_BYTES - 4));
        assert_eq!(lines.newest(usize::MAX).lines().count(), 2);
    }
}
