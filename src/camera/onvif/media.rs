//! `Media`: the profiles of a device, by its old media service or the newer one, and where their pictures are.

use super::names::{MEDIA, MEDIA2, SCHEMA};
use super::service::{Service, mended};
use super::soap::{Call, Soap};
use super::xml::{Element, escaped};
use crate::base::{Obstacle, Trouble};
use crate::camera::{Login, split_login};
use crate::media::codec::Codec;

/// A stream that a device offers.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its coding.
    pub codec: Codec,
    /// Pixels; 0 when it does not say.
    pub width: u32,
    /// Pixels; 0 when it does not say.
    pub height: u32,
    /// At most so many pictures a second.
    pub fps: Option<f64>,
    /// Where it is, for RTSP; at the address that answered, without a login.
    pub url: String,
    /// The login that the device put into the URL itself.
    pub(super) login: Option<Login>,
}

/// Which media service a device has.
#[derive(Clone, Debug)]
pub(super) struct Media {
    pub(super) service: Service,
    pub(super) is_second: bool,
}

/// A profile before it is known where its pictures are.
#[derive(Clone, Debug, PartialEq)]
struct Offer {
    token: String,
    /// The lens it is of.
    source: String,
    codec: Codec,
    width: u32,
    height: u32,
    fps: Option<f64>,
}

/// Of one device; recorders with dozens of cameras behind them have more.
const MAX_OFFERS: usize = 64;

impl Media {
    /// The best profile, and a smaller one of the same lens if there is one.
    pub(super) async fn profiles(&self, soap: &mut Soap) -> Result<(Profile, Option<Profile>, String), Trouble> {
        let (body, space) = match self.is_second {
            true => (
                format!(
                    "<GetProfiles xmlns=\"{MEDIA2}\"><Type>VideoSource</Type><Type>VideoEncoder</Type></GetProfiles>"
                ),
                MEDIA2,
            ),
            false => (format!("<GetProfiles xmlns=\"{MEDIA}\"/>"), MEDIA),
        };
        let answer = soap.call(&self.service, Call::new(space, "GetProfilesResponse", &body)).await?;
        let offers: Vec<Offer> = answer.all(space, "Profiles").take(MAX_OFFERS).filter_map(|p| self.offer(p)).collect();
        let (main, sub) =
            choose(&offers).ok_or_else(|| Trouble::new(Obstacle::NoVideo, "none of its profiles is H.264 or H.265"))?;
        let token = main.token.clone();
        let main = self.located(soap, main).await?;
        let sub = match sub {
            // One stream is better than none.
            Some(sub) => self.located(soap, sub).await.inspect_err(|e| log::debug!("a sub stream: {e}")).ok(),
            None => None,
        };
        Ok((main, sub, token))
    }

    fn offer(&self, profile: &Element) -> Option<Offer> {
        let (encoder, source) = match self.is_second {
            true => {
                let of = profile.child(MEDIA2, "Configurations")?;
                (of.child(MEDIA2, "VideoEncoder")?, of.child(MEDIA2, "VideoSource"))
            }
            false => {
                let source = profile.child(SCHEMA, "VideoSourceConfiguration");
                (profile.child(SCHEMA, "VideoEncoderConfiguration")?, source)
            }
        };
        let codec = match encoder.text_at(SCHEMA, &["Encoding"])?.to_ascii_uppercase().as_str() {
            "H264" => Codec::H264,
            "H265" | "HEVC" => Codec::H265,
            _ => return None,
        };
        let pixels = |name| encoder.number_at(SCHEMA, &["Resolution", name]).unwrap_or(0.0).clamp(0.0, 65535.0) as u32;
        let fps =
            encoder.number_at(SCHEMA, &["RateControl", "FrameRateLimit"]).filter(|fps| (0.01..=240.0).contains(fps));
        Some(Offer {
            token: profile.attribute("token")?.to_owned(),
            source: source.and_then(|s| s.text_at(SCHEMA, &["SourceToken"])).unwrap_or_default().to_owned(),
            codec,
            width: pixels("Width"),
            height: pixels("Height"),
            fps,
        })
    }

    async fn located(&self, soap: &mut Soap, offer: &Offer) -> Result<Profile, Trouble> {
        let token = escaped(&offer.token);
        let (body, space) = match self.is_second {
            true => (
                format!(
                    "<GetStreamUri xmlns=\"{MEDIA2}\"><Protocol>RTSP</Protocol><ProfileToken>{token}</ProfileToken></GetStreamUri>"
                ),
                MEDIA2,
            ),
            false => (
                format!(
                    "<GetStreamUri xmlns=\"{MEDIA}\"><StreamSetup><Stream xmlns=\"{SCHEMA}\">RTP-Unicast</Stream>\
                     <Transport xmlns=\"{SCHEMA}\"><Protocol>RTSP</Protocol></Transport></StreamSetup>\
                     <ProfileToken>{token}</ProfileToken></GetStreamUri>"
                ),
                MEDIA,
            ),
        };
        let answer = soap.call(&self.service, Call::new(space, "GetStreamUriResponse", &body)).await?;
        let told = self.uri(&answer).unwrap_or_default();
        let url = mended(told, self.service.server.ip()).filter(|url| url.scheme() == "rtsp");
        let url = url.ok_or_else(|| Trouble::new(Obstacle::NoVideo, "it gives no rtsp: URL for its stream"))?;
        let (url, login) = split_login(url.as_str());
        let Offer { codec, width, height, fps, .. } = *offer;
        Ok(Profile { codec, width, height, fps, url, login: Some(login).filter(|login| !login.username.is_empty()) })
    }

    /// Where the device's picture of a profile is, at the address that answered.
    pub(super) async fn snapshot(&self, soap: &mut Soap, token: &str) -> Option<String> {
        let space = if self.is_second { MEDIA2 } else { MEDIA };
        let token = escaped(token);
        let body = format!("<GetSnapshotUri xmlns=\"{space}\"><ProfileToken>{token}</ProfileToken></GetSnapshotUri>");
        let answer = soap.call(&self.service, Call::new(space, "GetSnapshotUriResponse", &body)).await.ok()?;
        let url = mended(self.uri(&answer)?, self.service.server.ip()).filter(|url| url.scheme() == "http")?;
        Some(split_login(url.as_str()).0)
    }

    fn uri<'a>(&self, answer: &'a Element) -> Option<&'a str> {
        match self.is_second {
            true => answer.text_at(MEDIA2, &["Uri"]),
            false => answer.child(MEDIA, "MediaUri")?.text_at(SCHEMA, &["Uri"]),
        }
    }
}

/// The one with the most pixels, the first of equals; and of those of its lens with half as many at most, the one that
/// is nearest to what a page shows nine of.
fn choose(offers: &[Offer]) -> Option<(&Offer, Option<&Offer>)> {
    let pixels = |offer: &Offer| u64::from(offer.width) * u64::from(offer.height);
    let main = offers.iter().rev().max_by_key(|offer| pixels(offer))?;
    let smaller = offers.iter().filter(|o| o.source == main.source && pixels(o) > 0 && pixels(o) * 2 <= pixels(main));
    let distance = |offer: &&Offer| (pixels(offer).max(SMALL) * 1000).checked_div(pixels(offer).min(SMALL));
    Some((main, smaller.min_by_key(distance)))
}

/// 640 × 360.
const SMALL: u64 = 640 * 360;

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(sizes: &[(&str, u32, u32)]) -> String {
        let offer = |&(source, width, height): &(&str, u32, u32)| Offer {
            token: format!("{source}{width}x{height}"),
            source: source.into(),
            codec: Codec::H264,
            width,
            height,
            fps: None,
        };
        let offers: Vec<_> = sizes.iter().map(offer).collect();
        match choose(&offers) {
            Some((main, sub)) => format!("{} {}", main.token, sub.map_or("-", |sub| &sub.token)),
            None => "none".into(),
        }
    }

    #[test]
    fn main_is_the_largest_and_sub_what_a_grid_can_show() {
        assert_eq!(chosen(&[]), "none");
        assert_eq!(chosen(&[("a", 640, 480)]), "a640x480 -");
        assert_eq!(chosen(&[("a", 640, 480), ("a", 2560, 1440)]), "a2560x1440 a640x480");
        assert_eq!(
            chosen(&[("a", 3840, 2160), ("a", 1920, 1080), ("a", 704, 576), ("a", 320, 180)]),
            "a3840x2160 a704x576"
        );
        assert_eq!(chosen(&[("a", 1920, 1080), ("a", 1920, 1080), ("a", 1280, 960)]), "a1920x1080 -");
        assert_eq!(chosen(&[("a", 1920, 1080), ("b", 640, 480)]), "a1920x1080 -");
        assert_eq!(chosen(&[("a", 0, 0), ("a", 0, 0)]), "a0x0 -");
    }
}
