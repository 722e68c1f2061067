//! `Onvif`: the demo camera as an ONVIF device: it answers to discovery, tells what it is and where its streams are, and
//! gives a picture. It says too little for anything but finding it.

use crate::Camera;
use crate::login::Login;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// One device: the first main and sub streams of the camera.
pub(crate) struct Onvif {
    camera: Arc<Camera>,
    /// What people call it.
    name: String,
    /// Where its services are.
    http: SocketAddr,
    /// Where its streams are.
    rtsp: SocketAddr,
    /// Something moves for so many seconds, then nothing for as many; 0: it does not tell.
    motion: u64,
    began: Instant,
}

/// Where everybody listens.
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 255, 255, 250), 3702);
const MAX_REQUEST: usize = 64 << 10;
/// A test card.
const PICTURE: &[u8] = include_bytes!("picture.jpg");

impl Onvif {
    /// Serves device and media services at `http`, and answers to discovery on the network of that address.
    pub(crate) async fn start(camera: Arc<Camera>, name: String, http: SocketAddr, rtsp: SocketAddr) -> io::Result<()> {
        let (motion, began) = (camera.motion, Instant::now());
        let listener = TcpListener::bind(http).await?;
        let onvif = Arc::new(Self { camera, name, http: listener.local_addr()?, rtsp, motion, began });
        println!("onvif http://{}/onvif/device_service", onvif.http);
        let discovery = discovery_socket(onvif.http)?;
        tokio::spawn(onvif.clone().answer_probes(discovery));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let onvif = onvif.clone();
                tokio::spawn(async move { onvif.serve(stream).await });
            }
        });
        Ok(())
    }

    /// The same each time for the same address.
    fn endpoint(&self) -> String {
        let hash = Sha1::digest(self.http.to_string());
        format!("urn:uuid:{}", uuid::Uuid::from_slice(&hash[..16]).expect("16 bytes"))
    }

    async fn answer_probes(self: Arc<Self>, socket: UdpSocket) {
        let mut datagram = vec![0; MAX_REQUEST];
        while let Ok((len, from)) = socket.recv_from(&mut datagram).await {
            let text = String::from_utf8_lossy(&datagram[..len]).into_owned();
            // Version 1.1 is not understood, as with most cameras.
            if !text.contains("http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe<") {
                continue;
            }
            let relates_to = between(&text, "MessageID>", "<").unwrap_or_default();
            let name = self.name.replace(' ', "%20");
            let answer = format!(
                "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:a='http://schemas.xmlsoap.org/ws/2004/08/addressing' \
                 xmlns:d='http://schemas.xmlsoap.org/ws/2005/04/discovery' xmlns:n='http://www.onvif.org/ver10/network/wsdl'>\
                 <s:Header><a:RelatesTo>{relates_to}</a:RelatesTo><a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action></s:Header>\
                 <s:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>{}</a:Address></a:EndpointReference>\
                 <d:Types>n:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/name/{name} onvif://www.onvif.org/hardware/demo_camera</d:Scopes>\
                 <d:XAddrs>http://{}/onvif/device_service</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>\
                 </d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>",
                self.endpoint(),
                self.http
            );
            let _ = socket.send_to(answer.as_bytes(), from).await;
        }
    }

    /// One request a connection.
    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut request = Vec::new();
        let text = loop {
            if stream.read_buf(&mut request).await? == 0 || request.len() > MAX_REQUEST {
                return Ok(());
            }
            let text = String::from_utf8_lossy(&request);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let head = head.to_ascii_lowercase();
            let length = between(&head, "content-length:", "\r").or(head.split("content-length:").nth(1));
            if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap_or(0)) {
                break text.into_owned();
            }
        };
        let (status, kind, body) = match text.starts_with("GET /snapshot.jpg ") {
            true if !self.may_see(&text) => ("401 Unauthorized", "text/plain", Vec::new()),
            true => ("200 OK", "image/jpeg", PICTURE.to_vec()),
            false => match self.answer(&text).await {
                Ok(body) => ("200 OK", "application/soap+xml", envelope(&body)),
                Err(code) => ("400 Bad Request", "application/soap+xml", envelope(&fault(code))),
            },
        };
        let challenge = match status.starts_with("401") {
            true => format!("WWW-Authenticate: {}\r\n", self.camera.login_by.challenge()),
            false => String::new(),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\n{challenge}Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await
    }

    /// Whoever asks for the picture knows the login, if there is one.
    fn may_see(&self, request: &str) -> bool {
        let header = |line: &str| {
            Some(line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case("authorization"))?.1.to_owned())
        };
        let authorization = request.lines().find_map(header);
        let accepts = |login: &Login| login.accepts(self.camera.login_by, authorization.as_deref(), "GET");
        self.camera.login.as_ref().is_none_or(accepts)
    }

    /// The body of the answer, or the subcode of a fault.
    async fn answer(&self, request: &str) -> Result<String, &'static str> {
        const EVENTS: &str = "http://www.onvif.org/ver10/events/wsdl";
        const DEVICE: &str = "http://www.onvif.org/ver10/device/wsdl";
        const MEDIA: &str = "http://www.onvif.org/ver10/media/wsdl";
        const SCHEMA: &str = "http://www.onvif.org/ver10/schema";
        let asks = |name: &str| request.contains(&format!("<{name} "));
        if asks("GetSystemDateAndTime") {
            return Ok(format!(
                "<GetSystemDateAndTimeResponse xmlns='{DEVICE}'><SystemDateAndTime><t:UTCDateTime xmlns:t='{SCHEMA}'>{}\
                 </t:UTCDateTime></SystemDateAndTime></GetSystemDateAndTimeResponse>",
                utc_now()
            ));
        }
        let (http, rtsp) = (self.http, self.rtsp);
        if asks("GetServices") {
            let service = |space: &str, path: &str| {
                format!("<Service><Namespace>{space}</Namespace><XAddr>http://{http}{path}</XAddr></Service>")
            };
            let media = service(MEDIA, "/onvif/media_service");
            let events = if self.motion > 0 { service(EVENTS, "/onvif/events") } else { String::new() };
            return Ok(format!("<GetServicesResponse xmlns='{DEVICE}'>{media}{events}</GetServicesResponse>"));
        }
        if self.camera.login.as_ref().is_some_and(|login| !knows(login, request)) {
            return Err("NotAuthorized");
        }
        let profile = |token: &str, width: u32, height: u32, fps: u32| {
            format!(
                "<Profiles token='{token}'><t:VideoEncoderConfiguration><t:Encoding>H264</t:Encoding><t:Resolution>\
                 <t:Width>{width}</t:Width><t:Height>{height}</t:Height></t:Resolution><t:RateControl>\
                 <t:FrameRateLimit>{fps}</t:FrameRateLimit></t:RateControl></t:VideoEncoderConfiguration></Profiles>"
            )
        };
        match between(request, "<ProfileToken>", "<").unwrap_or("main") {
            _ if asks("GetDeviceInformation") => Ok(format!(
                "<GetDeviceInformationResponse xmlns='{DEVICE}'><Manufacturer>Lunette</Manufacturer><Model>demo_camera</Model>\
                 <FirmwareVersion>1</FirmwareVersion><SerialNumber>{}</SerialNumber><HardwareId>0</HardwareId>\
                 </GetDeviceInformationResponse>",
                http.port()
            )),
            _ if asks("GetProfiles") => Ok(format!(
                "<GetProfilesResponse xmlns='{MEDIA}' xmlns:t='{SCHEMA}'>{}{}</GetProfilesResponse>",
                profile("main", 640, 360, 15),
                profile("sub", 320, 180, 10)
            )),
            token if asks("GetStreamUri") => Ok(format!(
                "<GetStreamUriResponse xmlns='{MEDIA}'><MediaUri><t:Uri xmlns:t='{SCHEMA}'>rtsp://{rtsp}/1/{token}</t:Uri>\
                 </MediaUri></GetStreamUriResponse>"
            )),
            _ if asks("GetSnapshotUri") => Ok(format!(
                "<GetSnapshotUriResponse xmlns='{MEDIA}'><MediaUri><t:Uri xmlns:t='{SCHEMA}'>http://{http}/snapshot.jpg</t:Uri>\
                 </MediaUri></GetSnapshotUriResponse>"
            )),
            _ if asks("CreatePullPointSubscription") && self.motion > 0 => Ok(format!(
                "<e:CreatePullPointSubscriptionResponse xmlns:e='{EVENTS}'><e:SubscriptionReference>\
                 <Address xmlns='http://www.w3.org/2005/08/addressing'>http://{http}/onvif/pull</Address>\
                 <p:ReferenceParameters xmlns:p='http://www.w3.org/2005/08/addressing'><Pull xmlns='urn:demo'>7</Pull>\
                 </p:ReferenceParameters></e:SubscriptionReference></e:CreatePullPointSubscriptionResponse>"
            )),
            _ if asks("PullMessages") && request.contains("<Pull xmlns=\"urn:demo\">7</Pull>") => {
                let moves = self.next_motion().await;
                Ok(format!(
                    "<e:PullMessagesResponse xmlns:e='{EVENTS}' xmlns:n='http://docs.oasis-open.org/wsn/b-2'>\
                     <n:NotificationMessage><n:Topic xmlns:o='http://www.onvif.org/ver10/topics'>\
                     o:RuleEngine/CellMotionDetector/Motion</n:Topic><n:Message><t:Message xmlns:t='{SCHEMA}'><t:Source>\
                     <t:SimpleItem Name='Rule' Value='door step'/></t:Source><t:Data>\
                     <t:SimpleItem Name='IsMotion' Value='{moves}'/></t:Data></t:Message></n:Message>\
                     </n:NotificationMessage></e:PullMessagesResponse>"
                ))
            }
            _ => Err("ActionNotSupported"),
        }
    }

    /// Waits until something begins to move, or nothing does any more.
    async fn next_motion(&self) -> bool {
        let period = Duration::from_secs(self.motion);
        let past = self.began.elapsed().as_secs() / self.motion;
        let next = self.began + period * (past as u32 + 1);
        tokio::time::sleep_until(next.into()).await;
        past.is_multiple_of(2)
    }
}

/// The request has the login as WS-Security tells it.
fn knows(login: &Login, request: &str) -> bool {
    let part = |name: &str| {
        let after = &request[request.find(&format!(":{name}"))?..];
        between(after, ">", "<")
    };
    let (Some(username), Some(digest), Some(nonce), Some(created)) =
        (part("Username>"), part("Password "), part("Nonce "), part("Created>"))
    else {
        return false;
    };
    let Ok(nonce) = STANDARD.decode(nonce) else { return false };
    let expected = Sha1::new().chain_update(nonce).chain_update(created).chain_update(login.password()).finalize();
    username == login.username() && digest == STANDARD.encode(expected)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let from = text.find(start)? + start.len();
    let length = text[from..].find(end)?;
    Some(&text[from..from + length])
}

fn envelope(body: &str) -> Vec<u8> {
    format!("<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body>{body}</s:Body></s:Envelope>")
        .into_bytes()
}

fn fault(code: &str) -> String {
    format!(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:ter='http://www.onvif.org/ver10/error'>ter:{code}\
         </s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang='en'>{code}</s:Text></s:Reason></s:Fault>"
    )
}

/// As `GetSystemDateAndTime` has it.
fn utc_now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let time = jiff::Timestamp::from_second(now as i64).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    format!(
        "<t:Time><t:Hour>{}</t:Hour><t:Minute>{}</t:Minute><t:Second>{}</t:Second></t:Time>\
         <t:Date><t:Year>{}</t:Year><t:Month>{}</t:Month><t:Day>{}</t:Day></t:Date>",
        time.hour(),
        time.minute(),
        time.second(),
        time.year(),
        time.month(),
        time.day()
    )
}

/// On the network of this address; several devices of one machine share the port.
fn discovery_socket(http: SocketAddr) -> io::Result<UdpSocket> {
    let SocketAddr::V4(http) = http else { return Err(io::Error::other("discovery is for IPv4 here")) };
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::V4(GROUP).into())?;
    socket.join_multicast_v4(GROUP.ip(), http.ip())?;
    socket.set_multicast_if_v4(http.ip())?;
    UdpSocket::from_std(socket.into())
}
