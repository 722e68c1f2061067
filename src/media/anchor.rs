//! Anchors: what ties the monotonic clock to the wall's, and how far film moves when that becomes known.

use crate::base::WallDuration;

/// What the runs that begin now are tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Realtime − monotonic, as well as it is known.
    pub clock_offset: WallDuration,
    /// The system's clock is not known to be right.
    pub unproven: bool,
}

/// How far film moves that was recorded with a difference of real and monotonic time of `own`, now that `proven` is known
/// to be right. A clock that was right all the time moves nothing: two readings of it are never quite the same.
pub fn shift(own: WallDuration, proven: WallDuration) -> WallDuration {
    let shift = proven - own;
    if shift.0.abs() <= SAME_90K { WallDuration::ZERO } else { shift }
}

/// 10 ms: less than a frame. Whoever steps a clock does so for more than ten times as much.
const SAME_90K: i64 = 900;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_right_moves_nothing() {
        let moved = |own, proven| shift(WallDuration(own), WallDuration(proven)).0;
        assert_eq!([moved(5, 905), moved(905, 5), moved(5, 906), moved(906, 5)], [0, 0, 901, -901]);
    }
}
