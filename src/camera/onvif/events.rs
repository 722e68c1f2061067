//! `Subscription`: what a device notices, fetched from its pull point.

use super::Device;
use super::client::unusable;
use super::discovery::message::clean;
use super::names::{ADDRESSING, EVENTS, NOTIFICATION, SCHEMA, TOPICS};
use super::service::Service;
use super::soap::{Call, Soap};
use super::xml::{Element, Name, escaped};
use crate::base::{Obstacle, Trouble};
use crate::camera::Login;
use jiff::Timestamp;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// A subscription to the events of a device. To be ended: devices have room for a few.
#[derive(Debug)]
pub struct Subscription {
    soap: Soap,
    /// Where it is pulled from.
    service: Service,
    /// What must stand in the header of each question: the address as the device gave it, and what it added.
    header: String,
    /// When it is to be renewed.
    renew_at: Instant,
    /// The device does not know how to renew, or need not.
    is_renewable: bool,
}

/// That there is motion, or that there is none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Motion {
    /// The sensor or rule, for programs: the same for the beginning and the end.
    pub key: String,
    /// The same for people; may be empty.
    pub source: String,
    /// There is motion.
    pub is_motion: bool,
}

/// How long a device may hold its answer back until something happens.
const HELD: Duration = Duration::from_secs(20);
/// In the words of XML Schema.
const HELD_TEXT: &str = "PT20S";
/// How long a subscription lasts when it is not renewed, if the device follows us.
const LIFE_TEXT: &str = "PT5M";
/// Where a device does not tell how long it lasts.
const LIFE: Duration = Duration::from_secs(300);
/// Between two questions at least: some devices answer at once, whether something happened or not.
const PAUSE: Duration = Duration::from_secs(1);
/// Events in one answer.
const MESSAGES: usize = 64;
/// For a farewell.
const FAREWELL: Duration = Duration::from_secs(1);

const CREATE: &str = "http://www.onvif.org/ver10/events/wsdl/EventPortType/CreatePullPointSubscriptionRequest";
const PULL: &str = "http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesRequest";
const RENEW: &str = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest";
const UNSUBSCRIBE: &str = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest";

impl Subscription {
    /// Subscribes to the event service of this URL of a device, whose device service has the other. Hosts in both are
    /// not looked at.
    pub async fn begin(events: &str, device: &str, address: SocketAddr, login: &Login) -> Result<Self, Trouble> {
        let service = Service::named(events, address).ok_or_else(|| unusable("its event service has no http: URL"))?;
        let mut soap = Soap::new(&service, login.clone());
        soap.clock_offset = Device::new(&[device.to_owned()], address).clock_offset().await?.unwrap_or_default();
        let asked = format!("<InitialTerminationTime>{LIFE_TEXT}</InitialTerminationTime>");
        let answer = match create(&mut soap, &service, &asked).await {
            // Some know no time but their own.
            Err(Trouble { obstacle: Obstacle::Unreachable | Obstacle::NoVideo, .. }) => {
                create(&mut soap, &service, "").await.map_err(without_events)?
            }
            created => created?,
        };
        let reference = answer.child(EVENTS, "SubscriptionReference");
        let (reference, space) = ADDRESSING
            .into_iter()
            .find_map(|space| reference.filter(|r| r.child(space, "Address").is_some()).map(|r| (r, space)))
            .ok_or_else(|| unusable("it tells no address of its subscription"))?;
        let told = reference.text_at(space, &["Address"]).unwrap_or_default();
        let parameters = reference.child(space, "ReferenceParameters").map_or(&[][..], Element::children);
        let header = parameters.iter().map(Element::to_xml).chain([to(told)]).collect();
        let life = life(&answer);
        let service = service.beside(told).unwrap_or(service);
        Ok(Self { soap, service, header, renew_at: Instant::now() + life / 2, is_renewable: true })
    }

    /// Waits for what happens, for half a minute at most, and tells the motion in it.
    pub async fn pull(&mut self) -> Result<Vec<Motion>, Trouble> {
        if self.is_renewable && Instant::now() >= self.renew_at {
            self.renew().await;
        }
        let begun = Instant::now();
        let body = format!(
            "<PullMessages xmlns=\"{EVENTS}\"><Timeout>{HELD_TEXT}</Timeout><MessageLimit>{MESSAGES}</MessageLimit></PullMessages>"
        );
        let limit = HELD + super::soap::LIMIT;
        let answer = self.ask((EVENTS, "PullMessagesResponse"), &body, PULL, limit).await?;
        if begun.elapsed() < PAUSE {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(motions(&answer))
    }

    /// Many devices prolong a subscription with each pull, and some know nothing else.
    async fn renew(&mut self) {
        let body = format!("<Renew xmlns=\"{NOTIFICATION}\"><TerminationTime>{LIFE_TEXT}</TerminationTime></Renew>");
        match self.ask((NOTIFICATION, "RenewResponse"), &body, RENEW, super::soap::LIMIT).await {
            Ok(answer) => self.renew_at = Instant::now() + life(&answer) / 2,
            Err(trouble) => {
                log::debug!("events: renew: {trouble}");
                self.is_renewable = false;
            }
        }
    }

    /// Takes leave of the device.
    pub async fn end(mut self) {
        let body = format!("<Unsubscribe xmlns=\"{NOTIFICATION}\"/>");
        if let Err(trouble) = self.ask((NOTIFICATION, "UnsubscribeResponse"), &body, UNSUBSCRIBE, FAREWELL).await {
            log::debug!("events: unsubscribe: {trouble}");
        }
    }

    async fn ask(
        &mut self,
        answer: (&str, &str),
        body: &str,
        action: &str,
        limit: Duration,
    ) -> Result<Element, Trouble> {
        let header = format!("{}{}", addressed(action), self.header);
        self.soap.call(&self.service, Call { answer, body, header: &header, action: Some(action), limit }).await
    }
}

/// A question that a device does not know has nothing to do with its video here.
fn without_events(trouble: Trouble) -> Trouble {
    match trouble.obstacle {
        Obstacle::NoVideo => unusable(trouble.detail),
        _ => trouble,
    }
}

async fn create(soap: &mut Soap, service: &Service, life: &str) -> Result<Element, Trouble> {
    let body = format!("<CreatePullPointSubscription xmlns=\"{EVENTS}\">{life}</CreatePullPointSubscription>");
    let header = format!("{}{}", addressed(CREATE), to(&service.url()));
    let call = Call {
        header: &header,
        action: Some(CREATE),
        ..Call::new(EVENTS, "CreatePullPointSubscriptionResponse", &body)
    };
    soap.call(service, call).await
}

fn addressed(action: &str) -> String {
    let (space, id) = (ADDRESSING[1], Uuid::new_v4());
    format!(
        "<a:Action xmlns:a=\"{space}\" s:mustUnderstand=\"1\">{action}</a:Action>\
         <a:MessageID xmlns:a=\"{space}\">urn:uuid:{id}</a:MessageID>"
    )
}

fn to(address: &str) -> String {
    format!("<a:To xmlns:a=\"{}\" s:mustUnderstand=\"1\">{}</a:To>", ADDRESSING[1], escaped(address))
}

/// How long it lasts, by the device's own clock.
fn life(answer: &Element) -> Duration {
    let time = |name: &str| answer.text_at(NOTIFICATION, &[name])?.parse::<Timestamp>().ok();
    let told = time("TerminationTime").zip(time("CurrentTime")).map(|(end, now)| end.as_second() - now.as_second());
    told.and_then(|life| u64::try_from(life).ok()).map_or(LIFE, Duration::from_secs).clamp(PAUSE, LIFE)
}

/// The motion that an answer tells of, in its order.
pub(super) fn motions(answer: &Element) -> Vec<Motion> {
    answer.all(NOTIFICATION, "NotificationMessage").take(MESSAGES).filter_map(motion).collect()
}

fn motion(notification: &Element) -> Option<Motion> {
    let topic = notification.child(NOTIFICATION, "Topic")?;
    let Name { space, local: path } = topic.names().first()?;
    if &**space != TOPICS || !path.to_ascii_lowercase().contains("motion") {
        return None;
    }
    let message = notification.child(NOTIFICATION, "Message")?.child(SCHEMA, "Message")?;
    let items = |part: &'static str| message.child(SCHEMA, part).into_iter().flat_map(|p| p.all(SCHEMA, "SimpleItem"));
    let data: Vec<(&str, bool)> = items("Data").filter_map(|i| Some((i.attribute("Name")?, truth(i)?))).collect();
    let named = STATES.into_iter().find_map(|state| data.iter().find(|(name, _)| name.eq_ignore_ascii_case(state)));
    let (_, is_motion) = named.or(data.first().filter(|_| data.len() == 1))?;
    let of = |name: &str| items("Source").find(|i| i.attribute("Name") == Some(name))?.attribute("Value");
    let source = of("Rule").or_else(|| items("Source").find_map(|i| i.attribute("Value"))).unwrap_or_default();
    let all: Vec<&str> = items("Source").filter_map(|i| i.attribute("Value")).collect();
    Some(Motion { key: format!("{path} {}", all.join(" ")), source: clean(source), is_motion: *is_motion })
}

/// What makers call it.
const STATES: [&str; 5] = ["IsMotion", "State", "Motion", "active", "IsActive"];

fn truth(item: &Element) -> Option<bool> {
    match item.attribute("Value")?.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn motion_is_read_as_makers_tell_it() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/onvif/events");
        let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let mut told = String::new();
        for file in files {
            let envelope = Element::parse(&std::fs::read(&file).unwrap()).unwrap();
            let body = envelope.child(super::super::names::SOAP[0], "Body").unwrap();
            told += &format!("{}\n", file.file_stem().unwrap().to_str().unwrap());
            for Motion { key, source, is_motion } in motions(&body.children()[0]) {
                told += &format!("  {key} | {source} | {is_motion}\n");
            }
        }
        assert_eq!(
            told,
            "alarm_default_namespace
  VideoSource/MotionAlarm VideoSource_1 | VideoSource_1 | false
cell_motion
  RuleEngine/CellMotionDetector/Motion VSC0 VAC0 MyMotionDetectorRule | MyMotionDetectorRule | true
  RuleEngine/CellMotionDetector/Motion VSC0 VAC0 MyMotionDetectorRule | MyMotionDetectorRule | false
others
"
        );
    }

    #[test]
    fn a_life_is_by_the_clock_of_the_device() {
        let life_of = |now: &str, end: &str| {
            let text = format!(
                "<a xmlns='{NOTIFICATION}'><CurrentTime>{now}</CurrentTime><TerminationTime>{end}</TerminationTime></a>"
            );
            life(&Element::parse(text.as_bytes()).unwrap()).as_secs()
        };
        assert_eq!(life_of("1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z"), 60);
        assert_eq!(life_of("2026-01-01T00:00:00.5+01:00", "2036-01-01T00:00:00Z"), 300);
        assert_eq!(life_of("2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z"), 300);
        assert_eq!(life_of("now", ""), 300);
    }
}
