//! `live.m3u8` of a camera that records: what RFC 8216 6.2.2 asks of a list that changes, and a player on it.

use crate::listing::{Listed, Listing};
use crate::support::cameras::GstCamera;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::film::Film;
use crate::support::process::run_silently;
use crate::support::wait::{secs, wait_until};
use std::collections::BTreeMap;
use std::process::Command;

/// A player that looks again and again, and minds that nothing is taken back.
#[derive(Default)]
struct Player {
    newest: Listing,
    /// All that was ever listed, by number, with the bytes as they were when it was listed first.
    known: BTreeMap<u64, (Listed, u64, Vec<u8>)>,
}

impl Player {
    fn look(&mut self, daemon: &Daemon) {
        let answer = daemon.get(&daemon.main_stream("door", "live.m3u8"));
        if answer.status == 404 {
            assert!(self.known.is_empty(), "{}", answer.text());
            return;
        }
        assert_eq!(answer.header("content-type"), "application/vnd.apple.mpegurl");
        assert_eq!(answer.header("cache-control"), "no-store");
        let listing = Listing::parse(answer.text());
        assert!(!listing.is_ended);
        let end = |l: &Listing| l.sequence + l.segments.len() as u64;
        let (old, new) = (&self.newest, &listing);
        assert!((new.sequence, new.discontinuities, end(new)) >= (old.sequence, old.discontinuities, end(old)));
        assert_eq!(new.target, 12, "the target duration is always the same");
        let mut discontinuities = listing.discontinuities;
        for (i, segment) in listing.segments.iter().enumerate() {
            discontinuities += u64::from(i > 0 && segment.is_discontinuous);
            let number = listing.sequence + i as u64;
            let (known, of_known, _) = self.known.entry(number).or_insert_with(|| {
                (segment.clone(), discontinuities, daemon.get(&daemon.main_stream("door", &segment.uri)).body)
            });
            let same = (&known.uri, known.seconds, &known.map, *of_known);
            assert_eq!((&segment.uri, segment.seconds, &segment.map, discontinuities), same, "number {number}");
            // The first of a list has one, whatever it had before.
            if let Some(date) = &segment.date {
                assert_eq!(known.date.get_or_insert_with(|| date.clone()), date, "number {number}");
            }
        }
        self.newest = listing;
    }

    /// Looks until something is so.
    fn until(&mut self, what: &str, daemon: &Daemon, is_so: impl Fn(&Self) -> bool) {
        wait_until(what, secs(60), || {
            self.look(daemon);
            is_so(self).then_some(())
        });
    }
}

#[test]
fn a_list_only_goes_on_and_its_segments_stay_what_they_are() {
    let home = Home::new();
    let camera = GstCamera::start(&["door:h264:320x180@15", "yard:h264:640x360@15"]);
    home.add_camera(NewCamera { name: "door", url: camera.url("door"), ..Default::default() });
    let daemon = home.start();
    let mut player = Player::default();
    player.until("three segments", &daemon, |p| p.known.len() >= 3);

    let url = daemon.url(&daemon.main_stream("door", "live.m3u8"));
    let ffmpeg = ["-nostdin", "-v", "error", "-xerror", "-err_detect", "explode", "-i", &url];
    let ffmpeg = run_silently(Command::new("ffmpeg").args(ffmpeg).args(["-frames:v", "150", "-f", "framecrc", "-"]));
    assert_eq!(ffmpeg.lines().filter(|line| !line.starts_with('#')).count(), 150);

    // The same camera with another picture: another run with other parameters.
    home.expect(&["camera", "edit", "door", "--url", camera.url("yard")]);
    player.until("the other picture", &daemon, |p| p.newest.segments.iter().any(|s| s.is_discontinuous));
    let maps: Vec<_> = player.newest.segments.chunk_by(|a, b| a.map == b.map).map(|s| s[0].map.clone()).collect();
    assert_eq!(maps, ["../../../init/1.mp4", "../../../init/2.mp4"]);
    player.until("two segments of it", &daemon, |p| p.newest.segments.last().is_some_and(|s| !s.is_discontinuous));

    daemon.stop();
    let daemon = home.start();
    // Another daemon numbers anew, above all that the one before gave.
    let numbered = std::mem::take(&mut player.known);
    player.until("more after a restart", &daemon, |p| p.newest.segments.len() >= 3);
    assert!(player.newest.sequence >= *numbered.first_key_value().unwrap().0);
    for (segment, _, bytes) in numbered.values() {
        let now = daemon.get(&daemon.main_stream("door", &segment.uri)).body;
        assert!(now == *bytes, "{segment:?} has other bytes than when it was listed");
    }

    // Nothing of it is missing: the lists that a player saw are the film, in order and without a hole in a run.
    for stretch in numbered.values().collect::<Vec<_>>().chunk_by(|a, b| a.1 == b.1) {
        let id = stretch[0].0.map.rsplit('/').next().unwrap();
        let mut file = daemon.get(&format!("/api/init/{id}")).body;
        let mut seconds = 0.0;
        for (segment, _, bytes) in stretch {
            seconds += segment.seconds;
            file.extend(bytes);
        }
        let film = Film::save(&home.path("stretch.mp4"), &file);
        let packets = film.packets();
        assert_eq!(film.decode(), packets.len());
        let lasts = packets.last().unwrap().pts - packets[0].pts;
        let frame = 90_000 / 15;
        assert!((lasts + frame - (seconds * 90_000.0) as i64).abs() < 2 * frame, "{lasts} of {seconds} s");
        assert!(packets.windows(2).all(|w| (w[1].pts - w[0].pts - frame).abs() < 10), "no frame is missing");
    }
    daemon.stop();
}
