//! Devices of the crate `onvif-server`, whose streams are our own demo camera's.

use crate::network::Network;
use crate::support::cameras::clips;
use crate::support::process::Process;
use crate::support::wait::secs;
use nix::sched::{CloneFlags, setns};
use onvif_server::{DeviceInfo, DeviceService, EventService, MediaProfile, MediaService, OnvifError, OnvifServer};
use std::path::Path;
use std::process::Command;
use std::thread;
use tokio::sync::oneshot;

/// A device of the other namespace.
#[derive(Clone)]
pub(crate) struct Yard {
    pub(crate) name: &'static str,
    /// The port of its streams.
    pub(crate) rtsp: u16,
    /// The port of its services.
    pub(crate) http: u16,
    /// Of `admin`.
    pub(crate) password: Option<&'static str>,
}

/// Ends its device with it.
pub(crate) struct Running {
    _stop: oneshot::Sender<()>,
}

impl Yard {
    /// Starts it, with discovery.
    pub(crate) fn start(self, network: &Network) -> Running {
        let (stop, stopped) = oneshot::channel();
        let cameras = network.cameras();
        thread::spawn(move || {
            setns(&cameras, CloneFlags::CLONE_NEWNET).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut server = OnvifServer::builder().port(self.http).advertised_host("10.77.0.2");
                if let Some(password) = self.password {
                    server = server.auth("admin", password);
                }
                let server = server
                    .device_service(self.clone())
                    .event_service(self.clone())
                    .media_service(self)
                    .build()
                    .unwrap();
                tokio::select! {
                    ended = server.run() => ended.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Running { _stop: stop }
    }

    /// A host as it is inside of some other network.
    fn uri(&self, scheme: &str, port: u16, path: &str) -> Result<String, OnvifError> {
        Ok(format!("{scheme}://192.168.254.254:{port}{path}"))
    }
}

#[async_trait::async_trait]
impl DeviceService for Yard {
    async fn get_device_information(&self) -> Result<DeviceInfo, OnvifError> {
        Ok(DeviceInfo {
            manufacturer: "ACME".into(),
            model: self.name.into(),
            firmware_version: "1".into(),
            serial_number: self.http.to_string(),
            hardware_id: "1".into(),
        })
    }
}

/// It lets subscribe, and has nothing to tell.
#[async_trait::async_trait]
impl EventService for Yard {}

#[async_trait::async_trait]
impl MediaService for Yard {
    fn profiles(&self) -> Vec<MediaProfile> {
        let profile = |token: &str, width, height| MediaProfile {
            token: token.into(),
            name: token.into(),
            video_source_token: "lens".into(),
            width,
            height,
            encoding: "H264".into(),
            framerate: 15,
            bitrate: 1000,
        };
        vec![profile("sub", 320, 180), profile("main", 640, 360)]
    }

    async fn get_stream_uri(&self, profile: &str) -> Result<String, OnvifError> {
        self.uri("rtsp", self.rtsp, &format!("/1/{profile}"))
    }

    async fn get_snapshot_uri(&self, _profile: &str) -> Result<String, OnvifError> {
        self.uri("http", 8600, "/snapshot.jpg")
    }
}

/// Our own camera at this address of this thread's namespace.
pub(crate) fn rtsp(listen: &str, more: &[&str]) -> Process {
    let binary = Path::new(env!("CARGO_BIN_EXE_lunette")).with_file_name("examples").join("demo_camera");
    let mut command = Command::new(binary);
    command.arg("--clips").arg(clips()).args(["--listen", listen]).args(more);
    let mut process = Process::start("demo_camera", &mut command);
    process.wait_for_line("where it serves", secs(30), |line| line.starts_with("rtsp://").then_some(()));
    process
}
