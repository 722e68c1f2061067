//! `Server`: the web room over loopback sockets, with a store in a temporary directory.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use crate::support::http::Answer;
use lunette::base::{StreamId, WallTime};
use lunette::store::{Options, Store};
use lunette::web::{self, Listener, Reactors, Site, State, Tls, TlsSource};
use serde_json::Value;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A server with one camera, `porch`, and ten seconds of film of it.
pub(crate) struct Server {
    runtime: Runtime,
    serving: JoinHandle<()>,
    stop: watch::Sender<bool>,
    address: SocketAddr,
    /// The same over TLS.
    tls_address: SocketAddr,
    dir: TempDir,
    store: Arc<Store>,
    camera: String,
}

impl Server {
    /// Recorded from 2024-05-01T10:00:00Z on: 100 pictures, 10 a second, a key frame each second.
    pub(crate) fn with_film() -> Self {
        Self::in_zone(jiff::tz::TimeZone::UTC)
    }

    /// The same, somewhere else.
    pub(crate) fn in_zone(zone: jiff::tz::TimeZone) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config =
            format!("[store]\ndb_dir = {:?}\nsample_dir = {:?}\n", dir.path().join("db"), dir.path().join("film"));
        std::fs::write(dir.path().join("lunette.toml"), config).unwrap();
        lunette(dir.path(), &["camera", "add", "--name", "porch", "--url", "rtsp://127.0.0.1:1/", "--record", "false"]);
        std::fs::write(dir.path().join("clip.h264"), clip()).unwrap();
        let import = ["import", "clip.h264", "--camera", "porch", "--start", "2024-05-01T10:00:00Z", "--fps", "10"];
        lunette(dir.path(), &import);

        let mut options = Options::new(dir.path().join("db"), dir.path().join("film"), || WallTime(0));
        options.zone = zone.clone();
        let store = Store::open(options).unwrap();
        let camera = store.cameras()[0].uuid.to_string();
        let state = State::new(store.clone(), Arc::default(), zone);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (tcp, over_tls, unix) = runtime.block_on(async {
            let unix = tokio::net::UnixListener::bind(dir.path().join("db/lunette.sock")).unwrap();
            let tcp = async || tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            (tcp().await, tcp().await, unix)
        });
        let (address, tls_address) = (tcp.local_addr().unwrap(), over_tls.local_addr().unwrap());
        let names = vec!["localhost".to_owned()];
        let tls = Tls::open(TlsSource::Made { file: dir.path().join("db/tls.pem"), names }).unwrap();
        let (stop, stopped) = watch::channel(false);
        let within = runtime.enter();
        let (listeners, reactors) = (
            vec![Listener::Tcp(tcp), Listener::Tls(over_tls, tls), Listener::Unix(unix)],
            Reactors::for_all_cores().unwrap(),
        );
        let serving = runtime.spawn(web::serve(Site::open(state), listeners, reactors.into(), stopped));
        drop(within);
        Self { runtime, serving, stop, address, tls_address, dir, store, camera }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for TLS.
    pub(crate) fn tls_address(&self) -> SocketAddr {
        self.tls_address
    }

    /// The address of the camera's main stream.
    pub(crate) fn stream(&self) -> String {
        format!("/api/cameras/{}/main", self.camera)
    }

    /// The id of the camera's main stream.
    pub(crate) fn stream_id(&self) -> StreamId {
        self.store.cameras()[0].streams[0].id
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Where the sample files are.
    pub(crate) fn film_dir(&self) -> PathBuf {
        self.dir.path().join("film")
    }

    /// The address of all the film.
    pub(crate) fn film(&self) -> String {
        format!("{}/view.mp4?s=1", self.stream())
    }

    pub(crate) fn recordings(&self, query: &str) -> Vec<Value> {
        let listed = self.get(&format!("{}/recordings{query}", self.stream())).json();
        listed["recordings"].as_array().unwrap().clone()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        self.body("POST", path, body)
    }

    /// What the command writes to standard output.
    pub(crate) fn export_to_output(&self, words: &str) -> Vec<u8> {
        let words = format!("export --camera porch {words} -o -");
        let mut command = Command::new(env!("CARGO_BIN_EXE_lunette"));
        let done = command.args(words.split(' ')).current_dir(self.dir.path()).output().unwrap();
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    }

    /// What the command writes into a file, given behind `-o`: it asks through the socket.
    pub(crate) fn export(&self, words: &str) -> Vec<u8> {
        let path = self.dir.path().join("exported.mp4");
        let words = format!("export --camera porch {words} -o exported.mp4");
        lunette(self.dir.path(), &words.split(' ').collect::<Vec<_>>());
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        bytes
    }

    /// Asks without a body. `localhost` is the host unless a header says otherwise.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request += "Host: localhost\r\n";
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        Answer::read(self.connect_and_send(&(request + "\r\n")))
    }

    /// Asks with a body of JSON.
    pub(crate) fn body(&self, method: &str, path: &str, body: &str) -> Answer {
        Answer::read(self.connect_and_send(&with_json(method, path, body)))
    }

    /// Asks through the Unix socket.
    pub(crate) fn owner(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut stream = UnixStream::connect(self.dir.path().join("db/lunette.sock")).unwrap();
        stream.write_all(with_json(method, path, body).as_bytes()).unwrap();
        Answer::read(stream)
    }

    /// A connection over which these bytes were sent.
    pub(crate) fn connect_and_send(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        // The server may have said no before it read all.
        let _ = stream.write_all(bytes.as_bytes());
        stream
    }

    /// Ends it, and waits until it has ended.
    pub(crate) fn stop(self) {
        self.stop.send_replace(true);
        self.runtime.block_on(self.serving).unwrap();
        drop(self.store);
    }

    /// Codec, number of packets and duration of an mp4 by ffprobe, which must find nothing to complain of.
    pub(crate) fn probe(&self, mp4: &[u8]) -> String {
        let path = self.dir.path().join("probed.mp4");
        std::fs::write(&path, mp4).unwrap();
        let what = ["-v", "warning", "-of", "csv=p=0", "-count_packets", "-show_entries"];
        let entries = "stream=codec_name,nb_read_packets:format=duration";
        let told = Command::new("ffprobe").args(what).arg(entries).arg(path).output().unwrap();
        assert!(told.stderr.is_empty(), "{}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).unwrap().trim().replace('\n', ",")
    }
}

fn with_json(method: &str, path: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {len}\r\n\r\n{body}"
    )
}

fn lunette(dir: &Path, words: &[&str]) {
    let done = Command::new(env!("CARGO_BIN_EXE_lunette")).args(words).current_dir(dir).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A raw H.264 stream by x264, made once.
fn clip() -> &'static [u8] {
    static CLIP: OnceLock<Vec<u8>> = OnceLock::new();
    CLIP.get_or_init(|| {
        let input = ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=10"];
        let coding = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-tune", "zerolatency", "-g", "10"];
        let made = Command::new("ffmpeg").args(input).args(coding).args(["-f", "h264", "-"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        made.stdout
    })
}
