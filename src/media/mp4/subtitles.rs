//! `Texts`: the wall time as timed text, a line a second (3GPP TS 26.245).

use crate::base::time::UNITS_PER_SEC;
use crate::base::{MediaDuration, WallTime};
use crate::media::mp4::boxes::Boxes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::ops::Range;

/// The texts that are told with a segment of film: the second in which it begins, unless that was the last one told
/// before it, and each that begins while it is shown. They are known by their number alone; what they say is made when
/// it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// When what they tell begins; a moment within the first one's second.
    pub start: WallTime,
    /// For how long the last text of the segment before goes on in this one; below a second.
    pub lead: u32,
    /// How many there are.
    pub count: u32,
}

/// What a text has in the file: all have the same length, so that sizes are known without them.
pub const TEXT_BYTES: usize = 2 + LINE.len();

/// A line of text; the zone's offset tells the two hours apart when clocks are set back.
const LINE: &[u8] = b"2026-11-22 18:33:03 +00:00";

impl Texts {
    /// Those of a segment that is shown for so long, in which nothing happened from the end of `wall` on, and before
    /// which `told` was the last second told. At least one: a chunk is not empty.
    pub fn of(wall: Range<WallTime>, shown: MediaDuration, told: Option<i64>) -> Self {
        let end = wall.end.0.min(wall.start.0.saturating_add(shown.0));
        let (first, last) = (wall.start.unix_seconds(), WallTime(end.saturating_sub(1)).unix_seconds());
        let after_first = u32::try_from(last.saturating_sub(first)).unwrap_or(0);
        if told == Some(first) && after_first > 0 {
            let lead = (UNITS_PER_SEC - wall.start.0.rem_euclid(UNITS_PER_SEC)) as u32;
            return Self { start: WallTime(wall.start.0 + i64::from(lead)), lead, count: after_first };
        }
        Self { start: wall.start, lead: 0, count: after_first.saturating_add(1) }
    }

    /// The second that the last one tells, since 1970.
    pub fn last_second(&self) -> i64 {
        self.start.unix_seconds() + i64::from(self.count) - 1
    }

    /// By when the last one's second has ended.
    pub fn end(&self) -> WallTime {
        WallTime(self.start.0.saturating_add(i64::from(self.count) * UNITS_PER_SEC))
    }

    /// How many bytes they have.
    pub fn bytes(&self) -> u64 {
        TEXT_BYTES as u64 * u64::from(self.count)
    }

    /// How many runs [`Texts::durations`] has.
    pub fn runs(&self) -> u32 {
        self.count.min(3)
    }

    /// How long each is shown, all together `shown`: runs of so many that last so long. What is more or less than the
    /// seconds themselves, because media and wall time are not the same, is the last one's.
    pub fn durations(&self, shown: MediaDuration) -> impl Iterator<Item = (u32, u32)> {
        let first = UNITS_PER_SEC - self.start.0.rem_euclid(UNITS_PER_SEC);
        let between = i64::from(self.count.saturating_sub(2));
        let before_last = if self.count > 1 { first + between * UNITS_PER_SEC } else { 0 };
        let last = shown.0 - before_last;
        let runs = [(1, first), (between, UNITS_PER_SEC), (1, last)];
        let skipped = if self.count > 1 { 0 } else { 2 };
        let runs = runs.into_iter().skip(skipped).filter(|&(count, _)| count > 0).take(self.runs() as usize);
        runs.map(|(count, duration)| (count as u32, duration.clamp(0, u32::MAX.into()) as u32))
    }

    /// The texts as samples: a length, then the line.
    pub fn write(&self, zone: &TimeZone) -> Vec<u8> {
        let mut all = Vec::with_capacity(TEXT_BYTES * self.count as usize);
        let mut sample = [0; TEXT_BYTES];
        let mut second_of_minute = 60;
        for second in (self.start.unix_seconds()..).take(self.count as usize) {
            // Within a minute no zone changes its offset, and only two digits change.
            if second_of_minute == 60 {
                let text = line(second, zone);
                sample[..2].copy_from_slice(&(LINE.len() as u16).to_be_bytes());
                sample[2..].copy_from_slice(text.as_bytes());
                second_of_minute = digit(sample[SECONDS]) * 10 + digit(sample[SECONDS + 1]);
            }
            sample[SECONDS] = b'0' + second_of_minute / 10;
            sample[SECONDS + 1] = b'0' + second_of_minute % 10;
            all.extend_from_slice(&sample);
            second_of_minute += 1;
        }
        all
    }
}

/// The size of the track for a picture of this size, 16.16: 18 lines of text high, whatever the picture has.
pub fn track_size((width, height): (u32, u32)) -> (u32, u32) {
    const HEIGHT: u64 = (18 * FONT_SIZE as u64) << 16;
    let width = u64::from(width) * HEIGHT / u64::from(height.max(1));
    (width.clamp(1 << 16, (i16::MAX as u64) << 16) as u32, HEIGHT as u32)
}

/// The sample entry (5.16): white on half a shadow, in the middle of the lowest line of a track of this size. Most
/// players put it where they like. Font and size are those that ffmpeg takes for the usual ones: it makes plain text
/// of it.
pub fn tx3g<T>(b: &mut Boxes<T>, (width, height): (u32, u32)) {
    b.plain(b"tx3g", |b| {
        b.zeros(6);
        b.u16(1); // the first data reference
        b.u32(0); // neither scrolling nor karaoke
        b.put(&[1, 0xff]); // in the middle, at the bottom
        b.u32(0x0000_0080); // red, green, blue, opacity
        b.zeros(4); // top and left of the text's box
        b.u16((height >> 16) as u16);
        b.u16((width >> 16) as u16);
        b.zeros(4); // the style of all characters
        b.u16(FONT);
        b.put(&[0, FONT_SIZE]);
        b.u32(0xffff_ffff);
        b.plain(b"ftab", |b| {
            b.u16(1);
            b.u16(FONT);
            b.put(b"\x05Arial");
        });
    });
}

const FONT: u16 = 1;
const FONT_SIZE: u8 = 16;

/// All that the texts of a span depend on besides the time: the zone's offsets, in seconds, and when they begin.
pub fn offsets(zone: &TimeZone, span: Range<WallTime>) -> impl Iterator<Item = (i64, i32)> {
    let (start, end) = (timestamp(span.start.unix_seconds()), timestamp(span.end.unix_seconds()));
    let changes = zone.following(start).take_while(move |change| change.timestamp() <= end);
    let changes = changes.map(|change| (change.timestamp().as_second(), change.offset().seconds()));
    std::iter::once((i64::MIN, zone.to_offset(start).seconds())).chain(changes)
}

/// Where the seconds stand in a sample.
const SECONDS: usize = 2 + b"2026-11-22 18:33:".len();

fn digit(ascii: u8) -> u8 {
    ascii - b'0'
}

fn line(second: i64, zone: &TimeZone) -> String {
    let t = timestamp(second);
    let offset = zone.to_offset(t);
    let minutes = offset.seconds() / 60;
    let sign = if offset.seconds() < 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    format!("{} {sign}{hours:02}:{minutes:02}", offset.to_datetime(t).strftime("%Y-%m-%d %H:%M:%S"))
}

/// Years have four digits: what lies elsewhere is no time of a recorder, and gets the next text that has the length.
fn timestamp(second: i64) -> Timestamp {
    const YEAR_1: i64 = -62_135_596_800 + 2 * 86_400;
    const YEAR_9999: i64 = 253_402_300_799 - 2 * 86_400;
    Timestamp::from_second(second.clamp(YEAR_1, YEAR_9999)).expect("the years 1 to 9999 have timestamps")
}
