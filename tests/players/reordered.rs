//! Films whose pictures are shown in another order than they are decoded.

use crate::cinema::{Cinema, SECOND};
use crate::judge::Expected;
use crate::kinds::FRAME;
use crate::support::numbers::{Numbered, PYRAMID, PYRAMID_H265, shown_by_ffmpeg};
use crate::support::vlc;
use std::ops::Range;

/// A clip, and which picture each of its frames is, in decoding order.
struct Reordered {
    clip: Numbered,
    order: Vec<u32>,
}

/// A key frame each so many pictures.
const GROUP: u32 = 10;

impl Reordered {
    fn of(clip: Numbered) -> Self {
        let order = clip.decoding_order();
        assert!(order.windows(2).filter(|two| two[1] < two[0]).count() > 300, "its pictures change places");
        Self { clip, order }
    }

    /// What is shown of it, of samples from the key frame before to the last, as they are decoded, that belongs before the end.
    fn part(&self, pictures: Range<u32>) -> Expected {
        let at = |picture| self.order.iter().position(|&p| p == picture).unwrap();
        let key = pictures.start / GROUP * GROUP;
        let (first, last) = (at(key), (key..pictures.end).map(at).max().unwrap());
        Expected {
            numbers: self.clip.numbers(pictures.clone()).collect(),
            hidden: last + 1 - first - pictures.len(),
            shown_90k: pictures.len() as i64 * FRAME,
            entries: 1,
        }
    }

    /// All from a picture on to the end: no time is known of the last.
    fn to_its_end(&self, from: u32) -> Expected {
        let all = self.part(from..self.clip.pictures);
        Expected { shown_90k: all.shown_90k - FRAME, ..all }
    }
}

#[test]
fn any_part_of_it() {
    for clip in [PYRAMID, PYRAMID_H265] {
        let reordered = Reordered::of(clip);
        let cinema = Cinema::with(&[(clip, 0)]);
        let recordings = cinema.recordings();
        assert!(recordings.len() >= 3, "{recordings:?}");
        reordered.to_its_end(0).of(&cinema.span(0..300 * SECOND, ""));
        // It begins with a picture of each kind, and ends with each: others refer to it, some do, none does.
        for n in [1, 2, 4] {
            let (from, to) = (13 + n, 980 + n);
            reordered.part(from..to).of(&cinema.span(i64::from(from) * FRAME..i64::from(to) * FRAME, ""));
        }
        // Both sides of a border, and a picture alone.
        let first = (recordings[0].end / FRAME) as u32;
        reordered
            .part(first - 4..first + 4)
            .of(&cinema.span(i64::from(first - 4) * FRAME..i64::from(first + 4) * FRAME, ""));
        reordered.part(506..507).of(&cinema.span(506 * FRAME..507 * FRAME, ""));
    }
}

#[test]
fn media_segments() {
    for clip in [PYRAMID, PYRAMID_H265] {
        let reordered = Reordered::of(clip);
        let cinema = Cinema::with(&[(clip, 0)]);
        let all = reordered.to_its_end(0);
        all.of_fragments(&cinema.fragments("s=1-3"));
        // There is no edit list: what must be decoded is shown too, before and after.
        let part = reordered.part(13..42);
        let first = reordered.order.iter().position(|&picture| picture == GROUP).unwrap();
        let mut decoded = reordered.order[first..first + part.hidden + part.numbers.len()].to_vec();
        decoded.sort_unstable();
        // At the beginning, without the group before, what is decoded behind a key frame and shown before it is left out.
        decoded.retain(|&picture| picture >= GROUP);
        let left_out = part.hidden + part.numbers.len() - decoded.len();
        let numbers = decoded.into_iter().flat_map(|picture| clip.numbers(picture..picture + 1));
        let part = Expected { numbers: numbers.collect(), hidden: left_out, ..part };
        part.of_fragments(&cinema.fragments(&format!("s=1.{}-{}", 13 * FRAME, 42 * FRAME)));
    }
}

#[test]
fn before_and_behind_a_hole_that_is_held() {
    let second = 300 * SECOND;
    let reordered = Reordered::of(PYRAMID);
    let cinema = Cinema::with(&[(PYRAMID, 0), (PYRAMID, second)]);
    for more in ["&gaps=hold", "&gaps=hold&ts=true"] {
        for from in [957, 960, 961, 962] {
            // The film's time passes as the wall's.
            let end = second + 42 * FRAME;
            let both = reordered.part(from..1000).then(reordered.part(0..42));
            let both = Expected { shown_90k: end - i64::from(from) * FRAME, entries: 1, ..both };
            both.of(&cinema.span(i64::from(from) * FRAME..end, more));
        }
    }
    // What is left out between two parts is a hole as well: its last picture is shown as long.
    for to in 21..27 {
        let cuts = format!("s=1.{}-{}&s=1.{}-{}&gaps=hold", 13 * FRAME, i64::from(to) * FRAME, 60 * FRAME, 75 * FRAME);
        let both = reordered.part(13..to).then(reordered.part(60..75));
        let both = Expected { shown_90k: (75 - 13) * FRAME, entries: 1, ..both };
        both.of_reordered_cuts(&cinema.film(&cuts));
    }
}

#[test]
fn vlc_shows_it() {
    for clip in [PYRAMID, PYRAMID_H265] {
        let cinema = Cinema::with(&[(clip, 0)]);
        let shown = cinema.home.path("shown.ts");
        let complaints = vlc::show(&cinema.span(30 * FRAME..330 * FRAME, ""), &shown);
        assert_eq!(complaints, "");
        let shown = shown_by_ffmpeg(&shown);
        let expected: Vec<_> = clip.numbers(30..330).collect();
        // Its writer may leave out the last.
        assert!(shown == expected || shown == expected[..299], "{shown:?}");
    }
}
