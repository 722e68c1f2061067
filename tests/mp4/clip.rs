//! Film that ffmpeg made goes into recordings and comes back as files that ffmpeg reads without a word.

use crate::cursor::{edits, find, spread, table};
use crate::library::{Library, relative};
use lunette::base::MediaDuration;
use lunette::media::mp4::{Fragment, init};
use lunette::media::sample_index::Sample;
use lunette::media::{SampleEntry, Selection};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Four seconds at 30 frames per second with a key frame each second.
pub(crate) struct Clip {
    path: PathBuf,
    pub(crate) samples: Vec<Sample>,
    film: Vec<u8>,
    pub(crate) entry: Arc<SampleEntry>,
}

const FRAME: i64 = 3000;
const SECOND: i64 = 30 * FRAME;

impl Clip {
    pub(crate) fn make(dir: &Path, width: u16, height: u16) -> Self {
        Self::coded(dir, width, height, "-c:v libx264 -preset ultrafast -bf 0")
    }

    fn coded(dir: &Path, width: u16, height: u16, codec: &str) -> Self {
        let path = dir.join(format!("{width}x{height}.mp4"));
        let source = format!("testsrc2=size={width}x{height}:rate=30:duration=4");
        let coding = format!("{codec} -pix_fmt yuv420p -g 30 -sc_threshold 0 -threads 1");
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-f", "lavfi", "-i", &source]).args(coding.split(' '));
        run(ffmpeg.args(["-video_track_timescale", "90000"]).arg(&path));
        let file = std::fs::read(&path).unwrap();
        let stbl = |kind: &str| find(&file, &format!("moov/trak/mdia/minf/stbl/{kind}")).unwrap().body;
        let sizes = table(&stbl("stsz")[4..], 0..1, 1);
        let keys = table(stbl("stss"), 0..1, 1);
        // Its edit list begins with the first picture: as late as pictures have to wait.
        let delay = find(&file, "moov/trak/edts/elst").map_or(0, |b| edits(b.body)[0].1 as i32);
        let offsets = find(&file, "moov/trak/mdia/minf/stbl/ctts");
        let offsets = offsets.map_or_else(|| vec![0; sizes.len()], |b| spread(b.body));
        let samples = (1..).zip(sizes).zip(spread(stbl("stts")).into_iter().zip(offsets));
        let samples = samples.map(|((number, bytes), (duration_90k, offset))| Sample {
            duration_90k: duration_90k as i32,
            bytes,
            is_key: keys.contains(&number),
            composition_90k: offset as i32 - delay,
        });
        let data = stbl("stsd")[8..].to_vec().into();
        let rfc6381_codec = "avc1.42c00d".into();
        let entry = Arc::new(SampleEntry { data, width, height, pixel_aspect: (1, 1), rfc6381_codec });
        let film = find(&file, "mdat").unwrap().body.to_vec();
        Self { path, samples: samples.collect(), film, entry }
    }

    /// The bytes of its first frames.
    pub(crate) fn film_of_first(&self, frames: usize) -> Vec<u8> {
        self.film[..self.samples[..frames].iter().map(|s| s.bytes as usize).sum()].to_vec()
    }

    /// The clip as recordings of so many frames each.
    pub(crate) fn record(&self, library: &mut Library, frames: usize) {
        let mut film = &self.film[..];
        for samples in self.samples.chunks(frames) {
            let (own, rest) = film.split_at(samples.iter().map(|s| s.bytes as usize).sum());
            library.add(samples, &self.entry, Some(own.to_vec()));
            film = rest;
        }
    }
}

/// What a file shows, told by ffmpeg: frames, seconds, and the hash of each picture.
struct Shown {
    seconds: f64,
    pictures: Vec<String>,
}

fn show(path: &Path) -> Shown {
    assert_eq!(run(Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(path).args(["-f", "null", "-"])), "");
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames,duration", "-of", "csv=p=0"]);
    let told = run(ffprobe.arg(path));
    let (seconds, frames) = told.trim().split_once(',').unwrap();
    let hashes = run(Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(path).args([
        "-fps_mode",
        "passthrough",
        "-autoscale",
        "0",
        "-f",
        "framehash",
        "-",
    ]));
    let lines = hashes.lines().filter(|line| !line.starts_with('#'));
    let pictures: Vec<_> = lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect();
    assert_eq!(pictures.len(), frames.parse::<usize>().unwrap());
    Shown { seconds: seconds.parse().unwrap(), pictures }
}

/// Standard output and error of a program that ends well.
pub(crate) fn run(command: &mut Command) -> String {
    let out = command.output().expect("ffmpeg is there: scripts/test installs it");
    let text = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    assert!(out.status.success(), "{command:?}: {text}");
    text
}

/// The file for some selections, as ffmpeg shows it.
fn play(library: &Library, selections: &[Selection]) -> Shown {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("view.mp4");
    std::fs::write(&path, library.file(&library.plan_all(selections.to_vec()).unwrap())).unwrap();
    show(&path)
}

#[test]
fn what_was_recorded_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let clip = Clip::make(dir.path(), 320, 240);
    let source = show(&clip.path);
    assert_eq!((source.pictures.len(), source.seconds), (120, 4.0));
    for frames in [120, 60, 30] {
        let mut library = Library::default();
        clip.record(&mut library, frames);
        let all = play(&library, &[Selection::all()]);
        assert_eq!((all.pictures, all.seconds), (source.pictures.clone(), 4.0), "{frames} frames a recording");
        for (part, pictures) in [
            (SECOND / 2..4 * SECOND, 15..120),
            (0..3 * SECOND + FRAME / 2, 0..91),
            (SECOND..2 * SECOND, 30..60),
            (SECOND + 20 * FRAME..3 * SECOND + 10 * FRAME, 50..100),
            (2 * SECOND - FRAME..2 * SECOND + FRAME, 59..61),
        ] {
            let shown = play(&library, &[relative(part.clone())]);
            assert_eq!(shown.pictures, source.pictures[pictures], "{part:?} of {frames} frames a recording");
            let seconds = (part.end - part.start) as f64 / SECOND as f64;
            assert!((shown.seconds - seconds).abs() < 1e-5, "{part:?}: {}", shown.seconds);
        }
    }
}

#[test]
fn pictures_that_change_places_come_back_in_their_order() {
    let dir = tempfile::tempdir().unwrap();
    for codec in [
        "-c:v libx264 -preset veryfast -bf 1",
        "-c:v libx264 -preset veryfast -bf 3 -b-pyramid normal -refs 4",
        "-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=3:b-pyramid=1:open-gop=0:scenecut=0:keyint=30",
    ] {
        let dir = tempfile::tempdir_in(&dir).unwrap();
        let clip = Clip::coded(dir.path(), 320, 240, codec);
        assert!(clip.samples.iter().any(|s| s.composition_90k < 0), "{codec}");
        let source = show(&clip.path);
        assert_eq!((source.pictures.len(), source.seconds), (120, 4.0));
        let mut library = Library::default();
        clip.record(&mut library, 60);
        let all = play(&library, &[Selection::all()]);
        assert_eq!((all.pictures, all.seconds), (source.pictures.clone(), 4.0), "{codec}");
        // What begins and ends anywhere among them: three starts, four ends.
        for start in [0, 31, 33] {
            for end in [35, 38, 61, 66] {
                let shown = play(&library, &[relative(start * FRAME..end * FRAME)]);
                let expected = &source.pictures[start as usize..end as usize];
                assert!(shown.pictures == expected, "{codec}: {start}..{end}: {} shown", shown.pictures.len());
                let seconds = (end - start) as f64 / 30.0;
                assert!((shown.seconds - seconds).abs() < 1e-5, "{codec}: {start}..{end}: {}", shown.seconds);
            }
        }
        let cuts =
            [relative(5 * FRAME..17 * FRAME), relative(40 * FRAME..51 * FRAME), relative(62 * FRAME..65 * FRAME)];
        let expected = [&source.pictures[5..17], &source.pictures[40..51], &source.pictures[62..65]].concat();
        assert!(play(&library, &cuts).pictures == expected, "{codec}: cuts");
    }
}

#[test]
fn several_cuts_show_what_was_asked_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let clip = Clip::make(dir.path(), 320, 240);
    let source = show(&clip.path);
    let mut library = Library::default();
    clip.record(&mut library, 60);
    let cuts = [relative(SECOND / 2..SECOND), relative(2 * SECOND + 10 * FRAME..3 * SECOND)];
    assert_eq!(play(&library, &cuts).pictures, [&source.pictures[15..30], &source.pictures[70..90]].concat());
}

#[test]
fn two_sizes_in_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let (small, large) = (Clip::make(dir.path(), 320, 240), Clip::make(dir.path(), 640, 480));
    let mut library = Library::default();
    small.record(&mut library, 60);
    large.record(&mut library, 60);
    let shown = play(&library, &[relative(SECOND / 2..6 * SECOND)]);
    let expected = [&show(&small.path).pictures[15..], &show(&large.path).pictures[..60]].concat();
    assert_eq!((shown.pictures, shown.seconds), (expected, 5.5));
}

#[test]
fn the_last_frame_of_a_run_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let mut clip = Clip::make(dir.path(), 320, 240);
    let source = show(&clip.path);
    for last in [59, 119] {
        clip.samples[last].duration_90k = 0;
    }
    let mut library = Library::default();
    clip.record(&mut library, 60);
    assert_eq!(play(&library, &[Selection::all()]).pictures, source.pictures);
    let from_the_middle = play(&library, &[relative(SECOND..i64::MAX)]);
    assert_eq!(from_the_middle.pictures, source.pictures[30..]);
    let with_a_hidden_start = play(&library, &[relative(SECOND + 5 * FRAME..i64::MAX)]);
    assert_eq!(with_a_hidden_start.pictures, source.pictures[35..]);
}

#[test]
fn fragments_behind_their_init_segment_are_the_film() {
    let dir = tempfile::tempdir().unwrap();
    let clip = Clip::make(dir.path(), 320, 240);
    let source = show(&clip.path).pictures;
    for frames in [1, 30, 120] {
        let mut file = init(&clip.entry).to_vec();
        let (mut film, mut decode_time) = (&clip.film[..], MediaDuration(1 << 40));
        for samples in clip.samples.chunks(frames) {
            let sequence = Fragment::sequence_at(decode_time);
            file.extend(Fragment { sequence, decode_time, samples, is_reordered: false }.head());
            let (own, rest) = film.split_at(samples.iter().map(|s| s.bytes as usize).sum());
            file.extend(own);
            film = rest;
            decode_time += MediaDuration(samples.iter().map(|s| i64::from(s.duration_90k)).sum());
        }
        let path = dir.path().join("fragments.mp4");
        std::fs::write(&path, file).unwrap();
        assert_eq!(show(&path).pictures, source, "{frames} frames a fragment");
        let packets = run(Command::new("ffprobe")
            .args(["-v", "error", "-show_entries", "packet=pts,duration,flags", "-of", "csv=p=0"])
            .arg(&path));
        let packets: Vec<_> = packets.lines().map(|line| line.split(',').collect::<Vec<_>>()).collect();
        let told = |i: usize| (packets[i][0].parse::<i64>().unwrap(), packets[i][1], packets[i][2].starts_with('K'));
        assert_eq!(told(0), (1 << 40, "3000", true));
        assert_eq!(told(119), ((1 << 40) + 119 * FRAME, "3000", false));
    }
}
