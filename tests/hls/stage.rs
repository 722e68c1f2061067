//! `Stage`: a daemon with film of one camera: two runs, one of several recordings, one whose picture changes its size.

use crate::support::daemon::{Daemon, Home};
use crate::support::film::{Film, Packet};
use crate::support::http::Answer;
use crate::support::process::run_silently;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// 2024-05-01T10:00:00Z, when the first run starts.
pub(crate) const FIRST: i64 = 1_714_557_600 * SECOND;
/// When the second does: there is a hole before it.
pub(crate) const SECOND_RUN: i64 = FIRST + 300 * SECOND;
pub(crate) const SECOND: i64 = 90_000;

/// A camera `porch`: from [`FIRST`] on 150 s in 160×90, 10 pictures a second and a key frame each 20; from
/// [`SECOND_RUN`] on 10 s of that, which go on with 10 s in 320×180.
pub(crate) struct Stage {
    home: Home,
    daemon: Daemon,
    stream: String,
}

/// One for all tests that run at a time: nothing changes in it. The last to hold it ends its daemon.
pub(crate) fn stage() -> Arc<Stage> {
    static STAGE: Mutex<Weak<Stage>> = Mutex::new(Weak::new());
    let mut shared = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let stage = Arc::new(Stage::new());
        *shared = Arc::downgrade(&stage);
        stage
    })
}

impl Stage {
    fn new() -> Self {
        let home = Home::new();
        home.expect(&["camera", "add", "--name", "porch", "--url", "rtsp://127.0.0.1:1/", "--record", "false"]);
        let clip = |name: &str, size: &str, seconds: u32| -> PathBuf {
            let path = home.path(name);
            let source = format!("testsrc2=size={size}:rate=10:duration={seconds}");
            let coding = "-pix_fmt yuv420p -c:v libx264 -preset ultrafast -bf 0 -g 20 -sc_threshold 0 -threads 1";
            let mut ffmpeg = Command::new("ffmpeg");
            ffmpeg.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", &source]);
            run_silently(ffmpeg.args(coding.split(' ')).args(["-f", "h264"]).arg(&path));
            path
        };
        let import = |path: PathBuf, start: &str| {
            let path = path.to_str().unwrap();
            home.expect(&["import", path, "--camera", "porch", "--start", start, "--fps", "10"]);
        };
        import(clip("long.h264", "160x90", 150), "2024-05-01T10:00:00Z");
        let (small, large) = (clip("small.h264", "160x90", 10), clip("large.h264", "320x180", 10));
        let both = home.path("both.h264");
        std::fs::write(&both, [small, large].map(|path| std::fs::read(path).unwrap()).concat()).unwrap();
        import(both, "2024-05-01T10:05:00Z");
        let daemon = home.start();
        let stream = daemon.main_stream("porch", "");
        Self { home, daemon, stream }
    }

    /// Asks the stream for a resource, such as `view.mp4?s=1`.
    pub(crate) fn ask(&self, resource: &str) -> Answer {
        self.daemon.get(&format!("{}{resource}", self.stream))
    }

    /// The address of a resource for other programs.
    pub(crate) fn url(&self, resource: &str) -> String {
        self.daemon.url(&format!("{}{resource}", self.stream))
    }

    /// The same, which must be answered.
    #[track_caller]
    pub(crate) fn get(&self, resource: &str) -> Answer {
        let answer = self.ask(resource);
        assert_eq!(answer.status, 200, "{resource}: {}", answer.text());
        answer
    }

    /// The initialisation segment of a sample entry.
    pub(crate) fn init(&self, id: &str) -> Answer {
        self.daemon.get(&format!("/api/init/{id}.mp4"))
    }

    /// Bytes as a file of this name.
    pub(crate) fn film(&self, name: &str, bytes: &[u8]) -> Film {
        Film::save(&self.home.path(name), bytes)
    }

    /// A media segment behind what must go before it.
    pub(crate) fn playable(&self, segment: &Answer) -> Vec<u8> {
        let init = self.init(segment.header("x-video-sample-entry-id"));
        assert_eq!(init.status, 200);
        [init.body, segment.body.clone()].concat()
    }
}

/// Both are the same frames at the same distances. (What a cut last frame lasts ffprobe only guesses.)
#[track_caller]
pub(crate) fn same_frames(told: &[Packet], wanted: &[Packet], what: &str) {
    let frame = |all: &[Packet], i: usize| all.get(i).map(|p| (p.sha256.clone(), p.is_key, p.pts - all[0].pts));
    for i in 0..told.len().max(wanted.len()) {
        assert_eq!(frame(told, i), frame(wanted, i), "{what}: frame {i} of {} and {}", told.len(), wanted.len());
    }
}
