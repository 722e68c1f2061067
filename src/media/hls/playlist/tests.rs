//! Playlists as text.

use super::*;
use crate::base::{RecordingId, WallDuration};
use crate::media::hls::testing::recording;

/// A segment of `seconds` of this recording, 4 s into it, which began at 2024-03-31T00:59:56.5Z.
fn segment(number: u32, seconds: i64) -> MediaSegment {
    let mut recording = recording(number, &[(90_000, true)]).recording;
    recording.start = WallTime(1_711_846_796 * UNITS_PER_SEC + 45_000);
    let from = MediaDuration::from_secs(4);
    MediaSegment::new(&recording, from..from + MediaDuration::from_secs(seconds))
}

fn after(before: &MediaSegment, seconds: i64) -> MediaSegment {
    let media = before.media.end..before.media.end + MediaDuration::from_secs(seconds);
    let wall = before.wall + before.duration().as_wall();
    MediaSegment { media, wall, decode_time: before.decode_time + before.duration(), ..before.clone() }
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

#[test]
fn a_film_with_a_gap_and_other_parameters() {
    let first = segment(1, 4);
    let mut second = after(&first, 5);
    second.media.end += MediaDuration(1);
    // The run goes on in the next recording, where wall and media time are brought together.
    let mut third = after(&second, 4);
    third.recording = RecordingId::new(first.recording.stream(), 2);
    third.wall = third.wall + WallDuration(180);
    let of_next_run = segment(3, 2);
    let other_entry = MediaSegment { sample_entry_id: 2, ..after(&of_next_run, 3) };
    let segments = [first, second, third, of_next_run, other_entry];
    let kind = Kind::Vod(MediaDuration(135_000));
    let playlist = Playlist { kind, target_secs: target_secs(&segments), segments: &segments };
    let expected = "\
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-START:TIME-OFFSET=1.50000,PRECISE=YES
#EXT-X-MAP:URI=\"../../../init/1.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-03-31T03:00:00.500+02:00
#EXTINF:4.00000,
view.m4s?m=1.360000-720000
#EXTINF:5.00001,
view.m4s?m=1.720000-1170001
#EXT-X-PROGRAM-DATE-TIME:2024-03-31T03:00:09.502+02:00
#EXTINF:4.00000,
view.m4s?m=2.1170001-1530001
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2024-03-31T03:00:00.500+02:00
#EXTINF:2.00000,
view.m4s?m=3.360000-540000
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI=\"../../../init/2.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-03-31T03:00:02.500+02:00
#EXTINF:3.00000,
view.m4s?m=3.540000-810000
#EXT-X-ENDLIST
";
    assert_eq!(playlist.write(&berlin()), expected);
}

#[test]
fn what_goes_on_has_numbers_and_no_end() {
    let segments = [segment(7, 4)];
    let kind = Kind::Live { sequence: 897, discontinuities: 7 };
    let playlist = Playlist { kind, target_secs: 6, segments: &segments };
    let expected = "\
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:897
#EXT-X-DISCONTINUITY-SEQUENCE:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI=\"../../../init/1.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-03-31T01:00:00.500+00:00
#EXTINF:4.00000,
view.m4s?m=7.360000-720000
";
    assert_eq!(playlist.write(&TimeZone::UTC), expected);
}

#[test]
fn no_segment_is_longer_than_the_target() {
    let target = |seconds: &[i64]| target_secs(&seconds.iter().map(|&n| segment(1, n)).collect::<Vec<_>>());
    assert_eq!((target(&[]), target(&[4, 4]), target(&[4, 60])), (1, 4, 60));
    let mut longer = segment(1, 4);
    longer.media.end += MediaDuration(1);
    assert_eq!(target_secs(&[longer]), 5);
}
