//! `Route`: what a request asks for, parsed once, before anything is looked up.

mod asked;
pub(super) mod table;

use crate::base::{WallDuration, WallTime};
use crate::media::MediaPart;
use crate::media::mp4::Gaps;
use crate::store::StreamKind;
use crate::store::people::PersonId;
use crate::web::auth::Admits;
use crate::web::pages::Asset;
use crate::web::problem::Refusal;
use crate::web::query::Query;
use crate::web::segments::Segments;
use asked::Asked;
pub(super) use asked::is_tellable;
use http::Method;
use jiff::tz::TimeZone;
use std::ops::Range;
use table::Resource;
use uuid::Uuid;

/// All that can be asked for. Parameters are of their types already.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Route {
    Page(&'static Asset),
    OpenApi,
    Health,
    Metrics,
    /// What is on the disk, and what these settings would make of it.
    Storage(Settings),
    Top {
        days: bool,
    },
    /// A time, to be told in both its forms.
    Time(WallTime),
    ListCameras,
    AddCamera,
    TestCamera,
    /// Cameras on the network, as they answer.
    Discover,
    RecordFound,
    /// Where makers have their streams.
    UsualPaths,
    /// The picture of a found camera, by its key.
    FoundPicture(String),
    /// A camera's own picture.
    Picture(Uuid),
    Events {
        camera: Uuid,
        span: Range<WallTime>,
    },
    ShowCamera(Uuid),
    EditCamera(Uuid),
    RemoveCamera {
        camera: Uuid,
        delete_film: bool,
    },
    Recordings {
        stream: StreamName,
        span: Range<WallTime>,
        split: Option<WallDuration>,
    },
    Gaps {
        stream: StreamName,
        span: Range<WallTime>,
    },
    Protected(StreamName),
    Protect(StreamName),
    Unprotect {
        stream: StreamName,
        span: Range<WallTime>,
    },
    Live(StreamName),
    View(View),
    MediaSegment {
        stream: StreamName,
        excerpt: Excerpt,
    },
    Vod {
        stream: StreamName,
        span: Range<WallTime>,
    },
    LivePlaylist(StreamName),
    /// The initialisation segment of a sample entry.
    Init(i32),
    /// Who is logged in.
    Session,
    SetUp,
    LogIn,
    LogOut,
    /// Of whoever asks.
    ChangePassword,
    /// Cameras and users, without a secret.
    BackUp,
    /// The same with all secrets, behind a passphrase.
    BackUpSealed,
    Restore,
    /// What helps who has to find a fault.
    Diagnostics,
    ListUsers,
    AddUser,
    EditUser(PersonId),
    RemoveUser(PersonId),
    ListTokens,
    /// How the machine is doing.
    System,
    Reboot,
    PowerOff,
    Logs {
        lines: u32,
        unit: Option<String>,
    },
    Network,
    SetNetwork,
    Disks,
    ChangeDisk,
    Firmware,
    /// A bundle that comes in, or an address of one.
    Install {
        force: bool,
    },
    ChangeFirmware,
    FirmwareProgress,
    AddToken,
    RemoveToken(PersonId),
}

/// A request's first line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parsed {
    pub(super) route: Route,
    /// Whom it is for.
    pub(super) admits: Admits,
    /// The camera in its path.
    pub(super) camera: Option<Uuid>,
}

/// A stream as URLs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamName {
    pub(super) camera: Uuid,
    pub(super) kind: StreamKind,
}

/// Settings of retention that somebody thinks about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) reserve_bytes: Option<u64>,
    /// Quotas; `None`: in the pool.
    pub(super) retain: Vec<(StreamName, Option<u64>)>,
}

/// A film to be put together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    pub(super) stream: StreamName,
    pub(super) what: What,
    pub(super) form: Form,
    pub(super) gaps: Gaps,
    /// With the wall time as subtitles.
    pub(super) ts: bool,
}

/// What of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Recordings by number; at least one.
    Segments(Vec<Segments>),
    /// All that overlaps a span, cut to it.
    Span(Range<WallTime>),
}

/// What of a stream, for a media segment.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Excerpt {
    /// By wall time.
    Of(What),
    /// As playlists name it.
    Media(MediaPart),
}

/// As what to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The film itself.
    Mp4,
    /// The list of its pieces, for people.
    Text,
}

impl Route {
    /// It is about the machine, and needs no film.
    pub(super) fn is_of_machine(&self) -> bool {
        matches!(
            self,
            Self::System
                | Self::Reboot
                | Self::PowerOff
                | Self::Logs { .. }
                | Self::Network
                | Self::SetNetwork
                | Self::Disks
                | Self::ChangeDisk
                | Self::Firmware
                | Self::Install { .. }
                | Self::ChangeFirmware
                | Self::FirmwareProgress
                | Self::Diagnostics
        )
    }

    /// Reads a request's first line. Times without an offset are of `zone`.
    pub(super) fn parse(method: &Method, path: &str, query: Option<&str>, zone: &TimeZone) -> Result<Parsed, Refusal> {
        let query = Query::parse(query);
        if let Some(asset) = Asset::at(path) {
            if !matches!(*method, Method::GET | Method::HEAD) {
                return Err(Refusal::WrongMethod { allow: "GET, HEAD".to_owned() });
            }
            if !asset.is_index() {
                query?.finish()?;
            }
            return Ok(Parsed { route: Self::Page(asset), admits: Admits::Anybody, camera: None });
        }
        let (resource, variables) = Resource::at(path).ok_or(Refusal::NoSuchPath)?;
        let operation = resource.operation(method)?;
        let mut asked = Asked { variables, query: query?, zone };
        asked.query.only(operation.parameters)?;
        let route = (operation.read)(&mut asked)?;
        asked.query.finish()?;
        Ok(Parsed { route, admits: operation.admits, camera: asked.variables.camera })
    }
}

#[cfg(test)]
mod tests;
