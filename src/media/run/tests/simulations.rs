//! Hours with cameras of all kinds, in milliseconds: where film is said to be, against where it was.

use super::*;
use crate::media::growing::Progress;
use bytes::Bytes;
use jiff::tz::TimeZone;

const SECOND: i64 = 90_000;

/// A camera, the network, and the recorder's clocks; all functions of the true monotonic time.
struct World<'a> {
    /// By how many millionths the camera's clock runs fast.
    ppm: i64,
    frames_per_second: i64,
    /// How long after it was captured a frame arrives.
    delay: &'a dyn Fn(i64) -> i64,
    /// Realtime − monotonic that a run is tied to which begins then.
    clock_offset: &'a dyn Fn(i64) -> i64,
    /// The camera starts anew each so many seconds, is gone for ten, and counts from 0 again.
    reboots_every: Option<i64>,
}

impl Default for World<'_> {
    fn default() -> Self {
        let nothing = &|_: i64| 0i64;
        Self { ppm: 0, frames_per_second: 10, delay: nothing, clock_offset: nothing, reboots_every: None }
    }
}

/// What became of a world's frames.
#[derive(Debug, Default)]
struct Film {
    recordings: Vec<Told>,
    sent: usize,
    /// How often a run ended with "camera clock".
    camera_clock: usize,
}

/// A recording, and what is true of its frames.
#[derive(Debug)]
struct Told {
    starts_run: bool,
    clock_offset: i64,
    progress: Progress,
    /// When each was captured, in true monotonic time, and in media time since the start of the recording.
    captured: Vec<(i64, i64)>,
}

impl Told {
    /// How much later than captured its frames are said to be, by the clock its run is tied to: the least and the most.
    fn errors(&self) -> (i64, i64) {
        let Progress { start, wall_duration, media_duration, .. } = self.progress;
        let wall = |media: i64| match media_duration.0 {
            0 => start.0,
            whole => start.0 + (i128::from(media) * i128::from(wall_duration.0) / i128::from(whole)) as i64,
        };
        let errors = || self.captured.iter().map(|&(at, media)| wall(media) - self.clock_offset - at);
        (errors().min().unwrap(), errors().max().unwrap())
    }
}

impl World<'_> {
    /// So many seconds of it.
    fn film(&self, seconds: i64) -> Film {
        let stream = StreamId::new(60).unwrap();
        let entry = SampleEntry::example(&b"a"[..]);
        let mut film = Film::default();
        let mut steps = Vec::new();
        let mut arrived = i64::MIN;
        let terms = |at: i64| Terms { stream, clock_offset: WallDuration((self.clock_offset)(at)), unproven: false };
        let mut run = Run::new(terms(0));
        let period = SECOND / self.frames_per_second;
        let (mut origin, mut of_session) = (0, 0);
        for n in 0..seconds * self.frames_per_second {
            let captured = n * period;
            if let Some(every) = self.reboots_every {
                let within = captured % (every * SECOND);
                if captured >= every * SECOND && within < 10 * SECOND {
                    if within == 0 {
                        run.finish(EndReason::new(Cause::Closed, ""), &mut steps);
                        film.take(&mut steps);
                        run = Run::new(terms(captured + 10 * SECOND));
                        (origin, of_session) = (captured + 10 * SECOND, 0);
                    }
                    continue;
                }
            }
            // What overtakes nothing arrives after what was sent before it.
            arrived = arrived.max(captured + (self.delay)(captured));
            let since = captured - origin;
            let frame = Frame {
                pts_90k: since + since / SECOND * self.ppm * SECOND / 1_000_000 + since % SECOND * self.ppm / 1_000_000,
                arrived: MonoTime(arrived),
                is_key: of_session % 20 == 0,
                is_skipped_leading: false,
                is_bidirectional: false,
                data: Bytes::from_static(b"frame"),
                sample_entry: entry.clone(),
                lost_packets: 0,
            };
            of_session += 1;
            film.sent += 1;
            let mut pushed = run.push(&frame, &mut steps);
            if matches!(&pushed, Err(reason) if reason.cause == Cause::CameraClock) {
                film.camera_clock += 1;
                run = Run::new(terms(arrived));
                pushed = run.push(&frame, &mut steps);
            }
            pushed.unwrap();
            film.take_at(&mut steps, captured);
        }
        run.finish(EndReason::new(Cause::Stopped, ""), &mut steps);
        film.take(&mut steps);
        film
    }
}

impl Film {
    fn take(&mut self, steps: &mut Vec<Step>) {
        self.take_at(steps, i64::MIN);
    }

    fn take_at(&mut self, steps: &mut Vec<Step>, captured: i64) {
        for step in steps.drain(..) {
            match step {
                Step::Open(head) => self.recordings.push(Told {
                    starts_run: head.starts_run,
                    clock_offset: head.clock_offset.0,
                    progress: Progress::default(),
                    captured: Vec::new(),
                }),
                Step::Append(append) => {
                    let media = append.progress.media_duration.0;
                    self.recordings.last_mut().unwrap().captured.push((captured, media));
                }
                Step::Close(close) => self.recordings.last_mut().unwrap().progress = close.progress,
            }
        }
    }

    /// No frame is missing and none is there twice; no recording is too long; and the wall error is within the bounds:
    /// never above 2 s, one recording's drift, and what frames are delayed by.
    fn assert_sound(&self, ppm: i64, least_delay: i64, most_delay: i64) {
        let recorded: usize = self.recordings.iter().map(|told| told.progress.video_samples as usize).sum();
        assert_eq!(recorded, self.sent, "frames");
        for told in &self.recordings {
            assert_eq!(told.captured.len(), told.progress.video_samples as usize);
            let drift = told.progress.media_duration.0 * ppm.abs() / (1_000_000 + ppm);
            let (least, most) = told.errors();
            let bound = 2 * SECOND + drift + 1;
            assert!(least >= least_delay.min(0) - bound && most <= most_delay + bound, "{least} {most} {told:?}");
        }
    }

    fn runs(&self) -> usize {
        self.recordings.iter().filter(|told| told.starts_run).count()
    }

    /// The greatest error of any frame, in seconds.
    fn worst(&self) -> f64 {
        let all = self.recordings.iter().map(Told::errors);
        all.map(|(least, most)| least.abs().max(most.abs())).max().unwrap() as f64 / SECOND as f64
    }
}

fn jitter(at: i64) -> i64 {
    let mixed = (at as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ mixed >> 29) % (SECOND as u64 / 5)) as i64
}

#[test]
fn a_camera_500_ppm_off_stays_in_one_run_for_a_day() {
    for ppm in [-500, 30, 500] {
        for delay in [&(|_: i64| 0i64) as &dyn Fn(i64) -> i64, &jitter] {
            let film = World { ppm, delay, frames_per_second: 2, ..World::default() }.film(24 * 3600);
            film.assert_sound(ppm, 0, SECOND / 5);
            assert_eq!((film.runs(), film.camera_clock), (1, 0), "{ppm}");
            // The first recording cannot know yet; then each takes back what it can.
            assert!(film.worst() < 0.35, "{ppm}: {} s", film.worst());
        }
    }
}

#[test]
fn a_camera_2_percent_off_begins_a_new_run_whenever_it_is_2_s_off() {
    for ppm in [-20_000, -5_000, 5_000, 20_000] {
        for delay in [&(|_: i64| 0i64) as &dyn Fn(i64) -> i64, &jitter] {
            let hours = 6;
            let film = World { ppm, delay, ..World::default() }.film(hours * 3600);
            film.assert_sound(ppm, 0, SECOND / 5);
            assert_eq!(film.runs(), film.camera_clock + 1);
            // Every 2 s of drift that are not taken back, and what a recording more adds.
            let left = (ppm.abs() - 500) * hours * 3600 / 1_000_000;
            let most = left / 2 + 1;
            let least = left / (2 + 1 + 120 * ppm.abs() / 1_000_000);
            assert!((least..=most).contains(&(film.camera_clock as i64)), "{ppm}: {} runs", film.camera_clock);
        }
    }
}

#[test]
fn a_pipe_at_half_its_declared_rate_is_a_camera_at_twice_the_speed_until_it_is_noticed() {
    // Stamps as if 30 a second came where 15 do: what `camera::pipe` would do did it not mind arrivals.
    let film = World { ppm: -500_000, frames_per_second: 15, ..World::default() }.film(2 * 3600);
    film.assert_sound(-500_000, 0, 0);
    assert_eq!(film.runs(), film.camera_clock + 1);
    assert!(film.camera_clock > 30, "{} runs", film.camera_clock);
}

#[test]
fn a_burst_at_the_start_moves_nothing() {
    for buffered in [1, 4, 20, 59] {
        let delay = |at: i64| (buffered * SECOND - at).max(0);
        let film = World { delay: &delay, ppm: 40, ..World::default() }.film(2 * 3600);
        film.assert_sound(40, 0, 0);
        assert_eq!(film.runs(), 1);
        assert!(film.worst() < 0.1, "{buffered}: {} s", film.worst());
    }
}

#[test]
fn a_camera_that_starts_anew_begins_where_it_is() {
    let film = World { reboots_every: Some(617), ppm: 200, delay: &jitter, ..World::default() }.film(6 * 3600);
    film.assert_sound(200, 0, SECOND / 5);
    assert_eq!((film.runs(), film.camera_clock), (35, 0));
    assert!(film.worst() < 0.35, "{} s", film.worst());
}

#[test]
fn steps_of_the_wall_clock_move_only_what_begins_after_them() {
    // Ahead by an hour, back by two, to 1970 and into the year 2106, while the camera starts anew now and then.
    let noon = 1_795_348_800 * SECOND;
    let steps =
        [(3_000, noon + 3600 * SECOND), (6_000, noon - 7200 * SECOND), (9_000, 0), (12_000, 4_300_000_000 * SECOND)];
    let clock_offset = |at: i64| steps.iter().rev().find(|(since, _)| at >= since * SECOND).map_or(noon, |step| step.1);
    let world = World { reboots_every: Some(1_100), ppm: 100, clock_offset: &clock_offset, ..World::default() };
    let film = world.film(4 * 3600);
    film.assert_sound(100, 0, 0);
    assert_eq!(film.camera_clock, 0, "no step is taken for the camera's");
    let mut tied: Vec<_> = film.recordings.iter().map(|told| told.clock_offset).collect();
    tied.dedup();
    assert_eq!(tied, [noon, steps[0].1, steps[1].1, steps[2].1, steps[3].1]);
    // Within a run each recording begins where the one before it ended, whatever the wall clock did.
    for pair in film.recordings.windows(2).filter(|pair| !pair[1].starts_run) {
        assert_eq!(pair[1].progress.start, pair[0].progress.start + pair[0].progress.wall_duration);
    }
    let offline = film.recordings.iter().find(|told| told.clock_offset == 0).unwrap();
    assert!(offline.progress.start.0 < 13_000 * SECOND, "a run of 1970 is told as one");
}

#[test]
fn a_leap_second_is_a_step_that_film_does_not_notice() {
    let clock_offset = |at: i64| if at < 1_800 * SECOND { 0 } else { -SECOND };
    let film = World { clock_offset: &clock_offset, ppm: -60, ..World::default() }.film(3600);
    film.assert_sound(-60, 0, 0);
    assert_eq!((film.runs(), film.recordings[film.recordings.len() - 1].clock_offset), (1, 0));
    let film = World { clock_offset: &clock_offset, reboots_every: Some(1_200), ..World::default() }.film(3600);
    film.assert_sound(0, 0, 0);
    assert_eq!(film.recordings[film.recordings.len() - 1].clock_offset, -SECOND);
}

#[test]
fn summer_time_comes_and_goes_without_a_word() {
    // What is stored counts seconds: only the text of a time knows of the hour.
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    for (midnight, before, after) in
        [("2027-03-28T00:30:00Z", "+01:00", "+02:00"), ("2027-10-31T00:30:00Z", "+02:00", "+01:00")]
    {
        let offset = WallTime::parse(midnight, &TimeZone::UTC).unwrap().0;
        let film = World { clock_offset: &|_| offset, ..World::default() }.film(2 * 3600);
        film.assert_sound(0, 0, 0);
        assert_eq!(film.runs(), 1);
        let texts: Vec<String> = film.recordings.iter().map(|told| told.progress.start.text(&berlin)).collect();
        assert!(texts[0].ends_with(before) && texts[texts.len() - 1].ends_with(after), "{texts:?}");
        let mut times: Vec<i64> = film.recordings.iter().map(|told| told.progress.start.0).collect();
        let told = times.clone();
        times.sort_unstable();
        assert_eq!(times, told, "and each is later than the one before");
        for (text, time) in texts.iter().zip(told) {
            assert_eq!(WallTime::parse(text, &berlin).unwrap().0, time, "both ways");
        }
    }
}

#[test]
fn all_of_it_at_once_loses_no_frame() {
    let clock_offset = |at: i64| (at / (700 * SECOND)) % 5 * 1_234 * SECOND;
    for ppm in [-20_000, -700, 900, 20_000] {
        let delay = |at: i64| jitter(at) + if (at / SECOND) % 97 < 3 { SECOND } else { 0 };
        let world =
            World { ppm, delay: &delay, clock_offset: &clock_offset, reboots_every: Some(431), ..World::default() };
        world.film(3 * 3600).assert_sound(ppm, 0, SECOND / 5 + SECOND);
    }
}
