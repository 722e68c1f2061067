//! VLC, which refuses to be run by root: as a camera, and as a player.

use super::process::Process;
use super::wait::{secs, wait_until};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// VLC that plays a film on its RTSP server: by UDP alone, to all who ask at once, wherever in the film it is.
pub(crate) struct VlcCamera {
    /// VLC. Dropping it ends it.
    _process: Process,
    _film: TempDir,
    url: String,
}

impl VlcCamera {
    /// Starts it and waits until it listens.
    pub(crate) fn start(film: &Path) -> Self {
        let film = readable(film);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("rtsp://127.0.0.1:{port}/film");
        let mut command = vlc(film.path());
        command.arg(film.path().join("film")).arg("--sout").arg(format!("#rtp{{sdp={url}}}"));
        let process = Process::start("vlc", &mut command);
        wait_until("vlc listens", secs(30), || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { _process: process, _film: film, url }
    }

    /// Where its stream is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// Decodes a film to its end, and writes what it shows to `shown`, as MPEG-TS. What VLC complains of is the answer.
pub(crate) fn show(film: &Path, shown: &Path) -> String {
    let film = readable(film);
    let out = film.path().join("shown.ts");
    let mut command = vlc(film.path());
    command.arg("--play-and-exit").arg(film.path().join("film")).arg("--sout");
    command.arg(format!(
        "#transcode{{vcodec=h264,venc=x264{{bframes=0,qp=10}}}}:std{{access=file,mux=ts,dst={}}}",
        out.display()
    ));
    let mut process = Process::start("vlc", &mut command);
    assert!(process.wait(secs(60)).success(), "{:?}", process.said());
    std::fs::copy(out, shown).unwrap();
    let of_film =
        |line: &&String| ["avcodec", "mp4", "h264", "hevc", "packetizer"].iter().any(|word| line.contains(word));
    process.said().iter().filter(of_film).cloned().collect::<Vec<_>>().join("\n")
}

/// A place that is everybody's, with the film in it.
fn readable(film: &Path) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o777)).unwrap();
    std::fs::copy(film, dir.path().join("film")).unwrap();
    std::fs::set_permissions(dir.path().join("film"), PermissionsExt::from_mode(0o644)).unwrap();
    dir
}

/// Without a window and without sound, as nobody if we are root.
fn vlc(home: &Path) -> Command {
    let mut command = if nix::unistd::geteuid().is_root() {
        let mut nobody = Command::new("setpriv");
        nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--", "vlc"]);
        nobody
    } else {
        Command::new("vlc")
    };
    command.args(["-I", "dummy", "--no-audio", "--no-color"]).env("HOME", home);
    command
}
