//! `Connection`: one client, from its first request to its last packet.

use crate::Camera;
use crate::delivery::{Delivery, Way};
use crate::label::Label;
use crate::login::Login;
use crate::playback::{Cue, Playback, Scene};
use crate::rtp::Packetizer;
use crate::rtsp::{Request, Response};
use crate::sdp;
use bytes::BytesMut;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// A client.
pub(crate) struct Connection {
    socket: TcpStream,
    local: IpAddr,
    peer: SocketAddr,
    camera: Arc<Camera>,
    received: BytesMut,
    show: Option<Show>,
}

/// What the client has set up, and watches after PLAY.
struct Show {
    playback: Playback,
    packetizer: Packetizer,
    delivery: Delivery,
    playing: Option<Playing>,
    /// See [`Camera::sent`].
    sent: Arc<AtomicU64>,
    label: Option<Label>,
}

struct Playing {
    started: Instant,
    started_wall: Duration,
    cue: Cue,
    next_report: Duration,
}

impl Connection {
    pub(crate) fn new(socket: TcpStream, camera: Arc<Camera>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let (local, peer) = (socket.local_addr()?.ip(), socket.peer_addr()?);
        Ok(Self { socket, local, peer, camera, received: BytesMut::new(), show: None })
    }

    /// Until the client or a fault ends it. A client that hangs up is nothing to tell of.
    pub(crate) async fn serve(mut self) {
        while let Ok(true) = self.step().await {}
    }

    /// Does what comes next; false when all is over.
    async fn step(&mut self) -> io::Result<bool> {
        let due = self.show.as_ref().and_then(Show::due);
        tokio::select! {
            read = self.socket.read_buf(&mut self.received) => {
                if read? == 0 {
                    return Ok(false);
                }
                while let Some(request) = Request::take(&mut self.received).map_err(io::Error::other)? {
                    self.answer(&request).await?;
                }
                Ok(true)
            }
            () = async { sleep_until(due.expect("asked only if there is one")).await }, if due.is_some() => {
                self.show.as_mut().expect("it is due").go_on(&mut self.socket).await
            }
        }
    }

    async fn answer(&mut self, request: &Request) -> io::Result<()> {
        if self.camera.verbose {
            eprintln!("{}: {} {}", self.peer, request.method, request.path());
        }
        if self.camera.faults.mute {
            return Ok(());
        }
        let response = self.respond(request).await?;
        self.socket.write_all(&response.to(request)).await
    }

    async fn respond(&mut self, request: &Request) -> io::Result<Response> {
        let by = self.camera.login_by;
        let may = |login: &Login| login.accepts(by, request.header("authorization"), &request.method);
        if !self.camera.login.as_ref().is_none_or(may) {
            return Ok(Response::new("401 Unauthorized").header("WWW-Authenticate", &by.challenge()));
        }
        Ok(match request.method.as_str() {
            "OPTIONS" => ok().header("Public", "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"),
            "DESCRIBE" => match self.camera.clips(request.path()) {
                Some((clip, _)) => ok()
                    .header("Content-Base", &format!("{}/", request.url))
                    .body("application/sdp", sdp::describe(&clip, &self.camera.faults)),
                None => Response::new("404 Not Found"),
            },
            "SETUP" => return self.set_up(request).await,
            "PLAY" => match &mut self.show {
                Some(show) => {
                    show.play();
                    ok().header("Session", SESSION).header("Range", "npt=now-")
                }
                None => Response::new("455 Method Not Valid in This State"),
            },
            "GET_PARAMETER" => ok().header("Session", SESSION),
            "TEARDOWN" => match self.show.take() {
                Some(_) => ok(),
                None => Response::new("454 Session Not Found"),
            },
            _ => Response::new("501 Not Implemented"),
        })
    }

    async fn set_up(&mut self, request: &Request) -> io::Result<Response> {
        let path = request.path().strip_suffix("/track0").unwrap_or(request.path());
        let Some((clip, other)) = self.camera.clips(path) else {
            return Ok(Response::new("404 Not Found"));
        };
        let wanted = request.header("transport").unwrap_or_default();
        let Some((way, transport)) = Way::choose(wanted, self.local, self.peer.ip()).await? else {
            return Ok(Response::new("461 Unsupported Transport"));
        };
        let faults = &self.camera.faults;
        let number = self.camera.shows.fetch_add(1, Ordering::Relaxed);
        let label = self.camera.label.as_ref().map(|label| Label::new(clip.codec, format!("{label}.{number}")));
        self.show = Some(Show {
            packetizer: Packetizer::new(clip.codec),
            delivery: Delivery::new(way, faults),
            playback: Playback::new(clip, other, faults.clone()),
            playing: None,
            sent: self.camera.sent.clone(),
            label,
        });
        Ok(ok().header("Transport", &transport).header("Session", SESSION))
    }
}

impl Show {
    fn play(&mut self) {
        let started_wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let cue = self.playback.next();
        self.playing = Some(Playing { started: Instant::now(), started_wall, cue, next_report: Duration::ZERO });
    }

    /// When there is something to send.
    fn due(&self) -> Option<Instant> {
        let playing = self.playing.as_ref()?;
        Some(playing.started + playing.cue.due.min(playing.next_report))
    }

    /// Sends what is due; false when the connection is to be cut.
    async fn go_on(&mut self, connection: &mut TcpStream) -> io::Result<bool> {
        let Some(playing) = &mut self.playing else { return Ok(true) };
        if playing.next_report < playing.cue.due {
            return self.report(connection).await.map(|()| true);
        }
        let cue = std::mem::replace(&mut playing.cue, self.playback.next());
        match cue.scene {
            Scene::Picture(mut nals) => {
                if let Some(label) = &mut self.label {
                    label.put_into(&mut nals);
                }
                for packet in self.packetizer.picture(&nals, cue.timestamp) {
                    self.delivery.rtp(connection, packet).await?;
                }
                self.sent.fetch_add(1, Ordering::Relaxed);
            }
            Scene::Garbage(packets) => {
                for _ in 0..packets {
                    self.delivery.rtp(connection, self.packetizer.garbage(cue.timestamp)).await?;
                }
            }
            Scene::Stall => self.playing = None,
            Scene::HangUp => return Ok(false),
        }
        Ok(true)
    }

    /// A sender report by the camera's own clock.
    async fn report(&mut self, connection: &mut TcpStream) -> io::Result<()> {
        let Some(playing) = &mut self.playing else { return Ok(()) };
        playing.next_report += Duration::from_secs(1);
        let since_start = playing.started.elapsed();
        let camera_wall = playing.started_wall + self.playback.camera_time(since_start);
        let ntp = self.playback.ntp(camera_wall);
        let timestamp = self.playback.timestamp_of(self.playback.position_at(since_start));
        let report = self.packetizer.sender_report(ntp, timestamp);
        self.delivery.rtcp(connection, &report).await
    }
}

fn ok() -> Response {
    Response::new("200 OK")
}

/// A client has one connection and one session.
const SESSION: &str = "12345678;timeout=60";
