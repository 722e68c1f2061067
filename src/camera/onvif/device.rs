//! `Device`: one ONVIF device, asked what it is and where its pictures are.

use super::client::unusable;
use super::discovery::message::clean;
use super::media::{Media, Profile};
use super::names::{DEVICE, EVENTS, MEDIA, MEDIA2, SCHEMA};
use super::service::Service;
use super::soap::{Call, LIMIT, Soap};
use super::xml::Element;
use crate::base::{Obstacle, Transport, Trouble, WallDuration, WallTime};
use crate::camera::{Login, Options, Session, Source, clock};
use crate::media::recording::Cause;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// What a device is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Who made it; may be empty, as may the others.
    pub maker: String,
    /// Its model.
    pub model: String,
    /// Its number.
    pub serial: String,
}

/// What was learned of a device, as far as it could be.
#[derive(Clone, Debug)]
pub struct Looked {
    /// What it is; `None` when it did not say.
    pub identity: Option<Identity>,
    /// Its clock − ours, if it told the time.
    pub clock_offset: Option<WallDuration>,
    /// Its pictures, or what keeps us from them.
    pub video: Result<Video, Trouble>,
}

/// Where a device's pictures are. They were seen to come, with the login.
#[derive(Clone, Debug)]
pub struct Video {
    /// The best.
    pub main: Profile,
    /// A smaller one.
    pub sub: Option<Profile>,
    /// A URL of the device that gives a JPEG.
    pub snapshot: Option<String>,
    /// The URL of its event service.
    pub events: Option<String>,
    /// What all of it was reached with.
    pub login: Login,
}

/// A device that can be asked.
#[derive(Clone, Debug)]
pub struct Device {
    service: Service,
}

/// For all that a device is asked, together: there are about ten questions.
const PATIENCE: Duration = Duration::from_secs(40);

/// Where the device service is when nothing else is known (ONVIF Core 5.1.2).
const USUAL_PATH: &str = "/onvif/device_service";

/// What the services of a device are called and where they are.
struct Services {
    /// At least one; the newer first.
    media: Vec<Media>,
    events: Option<Service>,
}

impl Device {
    /// A device that answered from this address and calls its service so. Of several URLs the one with the address that
    /// answered is best.
    pub fn new(services: &[String], address: SocketAddr) -> Self {
        let own = |url: &&String| {
            url::Url::parse(url).is_ok_and(|url| url.host_str() == Some(address.ip().to_string().as_str()))
        };
        let in_order = services.iter().filter(own).chain(services);
        let usual = || Service { server: super::service::at_port(address, 80), path: USUAL_PATH.to_owned() };
        let service = in_order.into_iter().find_map(|url| Service::named(url, address));
        Self { service: service.unwrap_or_else(usual) }
    }

    /// The URL of its device service.
    pub fn url(&self) -> String {
        self.service.url()
    }

    /// Asks it for all that is needed to record it, and looks whether its pictures come. Stops at the first refusal, so
    /// that a wrong login is told once.
    pub async fn look(&self, login: &Login) -> Looked {
        let mut looked = Looked {
            identity: None,
            clock_offset: None,
            video: Err(Trouble::new(Obstacle::Unreachable, "it took too long")),
        };
        // What was learned until then is kept.
        if let Ok(video) = timeout(PATIENCE, self.ask(login, &mut looked)).await {
            looked.video = video;
        }
        looked
    }

    async fn ask(&self, login: &Login, looked: &mut Looked) -> Result<Video, Trouble> {
        looked.clock_offset = self.clock_offset().await?;
        let mut soap = Soap::new(&self.service, login.clone());
        soap.clock_offset = looked.clock_offset.unwrap_or_default();
        let late = |trouble: Trouble| Self::explained(trouble, looked.clock_offset);
        looked.identity = Some(self.identity(&mut soap).await.map_err(late)?);
        let services = self.services(&mut soap).await?;
        let mut media = services.media.iter();
        let mut asked = media.next().ok_or_else(|| Trouble::new(Obstacle::NoVideo, "it has no media service"))?;
        let (main, sub, token) = loop {
            match (asked.profiles(&mut soap).await, media.next()) {
                (Ok(profiles), _) => break profiles,
                // Some tell of the newer service and do not have it.
                (Err(Trouble { obstacle: Obstacle::NoVideo | Obstacle::Unreachable, .. }), Some(next)) => asked = next,
                (Err(trouble), _) => return Err(trouble),
            }
        };
        let snapshot = asked.snapshot(&mut soap, &token).await;
        let login = match &main.login {
            Some(told) if login.username.is_empty() => told.clone(),
            _ => login.clone(),
        };
        see(&main, &login).await?;
        Ok(Video { main, sub, snapshot, events: services.events.map(|events| events.url()), login })
    }

    /// The device's clock − ours, asked without a login; `None` if it tells no time.
    pub(super) async fn clock_offset(&self) -> Result<Option<WallDuration>, Trouble> {
        let body = format!("<GetSystemDateAndTime xmlns=\"{DEVICE}\"/>");
        let call = Call::new(DEVICE, "GetSystemDateAndTimeResponse", &body);
        let before = clock::wall_now();
        match Soap::new(&self.service, Login::default()).call(&self.service, call).await {
            // The camera looked at its clock somewhere between.
            Ok(answer) => Ok(time(&answer).map(|time| time - before)),
            Err(Trouble { obstacle: Obstacle::Unreachable, detail }) if detail.starts_with("connect") => {
                Err(unusable(detail))
            }
            // Some want a login even for that, or do not know the question.
            Err(_) => Ok(None),
        }
    }

    /// A login that is refused by a device whose clock could not be learned may have come too late or too early.
    fn explained(trouble: Trouble, clock_offset: Option<WallDuration>) -> Trouble {
        match (trouble.obstacle, clock_offset) {
            (Obstacle::ClockOff, Some(offset)) => {
                let seconds = offset.as_secs_f64();
                Trouble::new(Obstacle::ClockOff, format!("{seconds:+.0} s against ours"))
            }
            _ => trouble,
        }
    }

    async fn identity(&self, soap: &mut Soap) -> Result<Identity, Trouble> {
        let body = format!("<GetDeviceInformation xmlns=\"{DEVICE}\"/>");
        let answer = soap.call(&self.service, Call::new(DEVICE, "GetDeviceInformationResponse", &body)).await?;
        let of = |name| clean(answer.text_at(DEVICE, &[name]).unwrap_or_default());
        Ok(Identity { maker: of("Manufacturer"), model: of("Model"), serial: of("SerialNumber") })
    }

    async fn services(&self, soap: &mut Soap) -> Result<Services, Trouble> {
        let body =
            format!("<GetServices xmlns=\"{DEVICE}\"><IncludeCapability>false</IncludeCapability></GetServices>");
        if let Ok(answer) = soap.call(&self.service, Call::new(DEVICE, "GetServicesResponse", &body)).await {
            let of = |space: &str| {
                let found = answer.all(DEVICE, "Service").find(|s| s.text_at(DEVICE, &["Namespace"]) == Some(space))?;
                self.service.beside(found.text_at(DEVICE, &["XAddr"])?)
            };
            let first = of(MEDIA).map(|service| Media { service, is_second: false });
            let second = of(MEDIA2).map(|service| Media { service, is_second: true });
            let media: Vec<Media> = second.into_iter().chain(first).collect();
            if !media.is_empty() {
                return Ok(Services { media, events: of(EVENTS) });
            }
        }
        // As devices of before 2.1 have it, and some later ones whose list is empty.
        let body = format!("<GetCapabilities xmlns=\"{DEVICE}\"><Category>All</Category></GetCapabilities>");
        let answer = soap.call(&self.service, Call::new(DEVICE, "GetCapabilitiesResponse", &body)).await?;
        let capabilities = answer.child(DEVICE, "Capabilities");
        let of = |name| self.service.beside(capabilities?.text_at(SCHEMA, &[name, "XAddr"])?);
        let service = of("Media").ok_or_else(|| Trouble::new(Obstacle::NoVideo, "it has no media service"))?;
        Ok(Services { media: vec![Media { service, is_second: false }], events: of("Events") })
    }
}

/// Whether the pictures come: that a device answers without a login does not mean that it shows them without one.
async fn see(profile: &Profile, login: &Login) -> Result<(), Trouble> {
    let source = Source::parse(&profile.url, Transport::Tcp);
    let source = source.map_err(|e| Trouble::new(Obstacle::NoVideo, e.to_string()))?;
    let options = Options { answer_limit: LIMIT, ..Options::default() };
    match Session::open(&source, login, &options).await {
        Ok(session) => {
            session.close().await;
            Ok(())
        }
        Err(reason) => Err(match reason.cause {
            Cause::Unauthorized => super::client::refused(login),
            Cause::BadVideo => Trouble::new(Obstacle::NoVideo, reason.to_string()),
            _ => unusable(format!("RTSP: {reason}")),
        }),
    }
}

/// What `GetSystemDateAndTime` says, in UTC.
fn time(answer: &Element) -> Option<WallTime> {
    let told = answer.child(DEVICE, "SystemDateAndTime")?.child(SCHEMA, "UTCDateTime")?;
    let number = |path: &[&str]| told.number_at(SCHEMA, path).map(|n| n as i16);
    let (year, month, day) = (number(&["Date", "Year"])?, number(&["Date", "Month"])?, number(&["Date", "Day"])?);
    let (hour, minute) = (number(&["Time", "Hour"])?, number(&["Time", "Minute"])?);
    let second = number(&["Time", "Second"])?.min(59);
    let small = |n: i16| i8::try_from(n).ok();
    let told = DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    let time = TimeZone::UTC.to_timestamp(told).ok()?;
    // Outside of these years nothing is a time that anybody set.
    (0..=4_102_444_800).contains(&time.as_second()).then(|| WallTime(time.as_second() * 90_000))
}
