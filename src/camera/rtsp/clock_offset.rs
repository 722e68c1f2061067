//! How far a camera's clock is from ours, by its RTCP sender reports (RFC 3550 6.4.1).

use crate::base::WallDuration;
use crate::base::time::UNITS_PER_SEC;
use retina::rtcp::ReceivedCompoundPacket;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Camera's clock − ours, if the packet has a sender report.
pub(super) fn of(packet: &ReceivedCompoundPacket) -> Option<WallDuration> {
    let report = packet.pkts().find_map(|p| p.as_sender_report().ok().flatten())?;
    let arrived = SystemTime::from(packet.ctx().received_wall()).duration_since(UNIX_EPOCH).ok()?;
    Some(offset(report.ntp_timestamp().0, arrived))
}

/// An NTP time counts 2^-32 s since 1900 and wraps every 136 years; the difference is taken as less than 68 years.
fn offset(camera_ntp: u64, ours_since_1970: Duration) -> WallDuration {
    let seconds = ours_since_1970.as_secs() + SECONDS_1900_TO_1970;
    let fraction = (u64::from(ours_since_1970.subsec_nanos()) << 32) / 1_000_000_000;
    let ours_ntp = (seconds << 32).wrapping_add(fraction);
    let difference = camera_ntp.wrapping_sub(ours_ntp) as i64;
    WallDuration(((i128::from(difference) * i128::from(UNITS_PER_SEC)) >> 32) as i64)
}

const SECONDS_1900_TO_1970: u64 = 2_208_988_800;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_go_both_ways_and_over_the_wrap_of_2036() {
        let ours = Duration::from_millis(1_488_454_496_500);
        let same = ((1_488_454_496 + SECONDS_1900_TO_1970) << 32) + (1 << 31);
        assert_eq!(offset(same, ours), WallDuration(0));
        assert_eq!(offset(same + (2 << 32), ours), WallDuration(180_000));
        assert_eq!(offset(same - (1 << 31), ours), WallDuration(-45_000));

        let year_2036 = Duration::from_secs((1 << 32) - SECONDS_1900_TO_1970);
        assert_eq!(offset(1 << 32, year_2036), WallDuration(90_000));
        assert_eq!(offset(u64::MAX << 32, year_2036), WallDuration(-90_000));
    }
}
