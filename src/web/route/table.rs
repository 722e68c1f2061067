//! `RESOURCES`: every path of the API, the methods it takes, whom they are for and the parameters they know. Requests are
//! read by it, and the OpenAPI document is held against it.

use super::asked::{Asked, Variables};
use super::{Form, Route};
use crate::web::auth::Admits::{self, Anybody, Newcomers, Owners, Viewers};
use crate::web::problem::Refusal;
use http::Method;

/// What is at a path.
pub(in crate::web) struct Resource {
    /// With its variables in braces; `Variables` knows their forms.
    pub(in crate::web) path: &'static str,
    pub(in crate::web) operations: &'static [Operation],
}

/// One method of a resource.
pub(in crate::web) struct Operation {
    /// `GET` is `HEAD` too.
    pub(in crate::web) method: &'static str,
    /// Whom it is for.
    pub(in crate::web) admits: Admits,
    /// What may stand behind the question mark.
    pub(in crate::web) parameters: &'static [&'static str],
    pub(super) read: Read,
}

type Read = fn(&mut Asked<'_>) -> Result<Route, Refusal>;

/// The first that fits is it: fixed words stand before variables.
pub(in crate::web) static RESOURCES: &[Resource] = &[
    Resource { path: "/metrics", operations: &[get(Viewers, &[], |_| Ok(Route::Metrics))] },
    Resource { path: "/healthz", operations: &[get(Anybody, &[], |_| Ok(Route::Health))] },
    Resource {
        path: "/api/",
        operations: &[get(Viewers, &["days"], |asked| Ok(Route::Top { days: asked.query.flag("days")? }))],
    },
    Resource { path: "/api/session", operations: &[get(Anybody, &[], |_| Ok(Route::Session))] },
    Resource { path: "/api/setup", operations: &[on("POST", Anybody, &[], |_| Ok(Route::SetUp))] },
    Resource { path: "/api/login", operations: &[on("POST", Anybody, &[], |_| Ok(Route::LogIn))] },
    Resource { path: "/api/password", operations: &[on("POST", Viewers, &[], |_| Ok(Route::ChangePassword))] },
    Resource { path: "/api/logout", operations: &[on("POST", Anybody, &[], |_| Ok(Route::LogOut))] },
    Resource {
        path: "/api/users",
        operations: &[get(Owners, &[], |_| Ok(Route::ListUsers)), on("POST", Owners, &[], |_| Ok(Route::AddUser))],
    },
    Resource {
        path: "/api/users/{id}",
        operations: &[
            on("PATCH", Owners, &[], |asked| Ok(Route::EditUser(asked.person()))),
            on("DELETE", Owners, &[], |asked| Ok(Route::RemoveUser(asked.person()))),
        ],
    },
    Resource {
        path: "/api/tokens",
        operations: &[get(Owners, &[], |_| Ok(Route::ListTokens)), on("POST", Owners, &[], |_| Ok(Route::AddToken))],
    },
    Resource {
        path: "/api/tokens/{id}",
        operations: &[on("DELETE", Owners, &[], |asked| Ok(Route::RemoveToken(asked.person())))],
    },
    Resource {
        path: "/api/time",
        operations: &[get(Viewers, &["time90k"], |asked| Ok(Route::Time(asked.needed_time("time90k")?)))],
    },
    Resource {
        path: "/api/storage",
        operations: &[get(Viewers, &["reserve", "retain"], |asked| Ok(Route::Storage(asked.settings()?)))],
    },
    Resource { path: "/api/system", operations: &[get(Viewers, &[], |_| Ok(Route::System))] },
    Resource { path: "/api/system/reboot", operations: &[on("POST", Owners, &[], |_| Ok(Route::Reboot))] },
    Resource { path: "/api/system/poweroff", operations: &[on("POST", Owners, &[], |_| Ok(Route::PowerOff))] },
    Resource {
        path: "/api/system/logs",
        operations: &[get(Owners, &["lines", "unit"], |asked| {
            Ok(Route::Logs { lines: asked.lines()?, unit: asked.unit()? })
        })],
    },
    Resource {
        path: "/api/system/network",
        operations: &[get(Owners, &[], |_| Ok(Route::Network)), on("PUT", Owners, &[], |_| Ok(Route::SetNetwork))],
    },
    Resource {
        path: "/api/system/disks",
        operations: &[get(Owners, &[], |_| Ok(Route::Disks)), on("POST", Owners, &[], |_| Ok(Route::ChangeDisk))],
    },
    Resource {
        path: "/api/firmware",
        operations: &[
            get(Owners, &[], |_| Ok(Route::Firmware)),
            on("POST", Owners, &["force"], |asked| Ok(Route::Install { force: asked.query.flag("force")? })),
            on("PATCH", Owners, &[], |_| Ok(Route::ChangeFirmware)),
        ],
    },
    Resource { path: "/api/firmware/progress", operations: &[get(Owners, &[], |_| Ok(Route::FirmwareProgress))] },
    Resource {
        path: "/api/system/backup",
        operations: &[get(Owners, &[], |_| Ok(Route::BackUp)), on("POST", Owners, &[], |_| Ok(Route::BackUpSealed))],
    },
    Resource { path: "/api/system/restore", operations: &[on("POST", Owners, &[], |_| Ok(Route::Restore))] },
    Resource { path: "/api/system/diagnostics", operations: &[get(Owners, &[], |_| Ok(Route::Diagnostics))] },
    Resource { path: "/api/openapi.json", operations: &[get(Viewers, &[], |_| Ok(Route::OpenApi))] },
    Resource {
        path: "/api/cameras",
        operations: &[get(Viewers, &[], |_| Ok(Route::ListCameras)), on("POST", Owners, &[], |_| Ok(Route::AddCamera))],
    },
    Resource { path: "/api/cameras/test", operations: &[on("POST", Owners, &[], |_| Ok(Route::TestCamera))] },
    Resource { path: "/api/discovery", operations: &[get(Newcomers, &[], |_| Ok(Route::Discover))] },
    Resource { path: "/api/discovery/record", operations: &[on("POST", Owners, &[], |_| Ok(Route::RecordFound))] },
    Resource { path: "/api/discovery/paths", operations: &[get(Owners, &[], |_| Ok(Route::UsualPaths))] },
    Resource {
        path: "/api/discovery/{key}/snapshot.jpg",
        operations: &[get(Owners, &[], |asked| Ok(Route::FoundPicture(asked.found())))],
    },
    Resource {
        path: "/api/cameras/{uuid}/snapshot.jpg",
        operations: &[get(Viewers, &[], |asked| Ok(Route::Picture(asked.camera())))],
    },
    Resource {
        path: "/api/cameras/{uuid}/events",
        operations: &[get(Viewers, &["start90k", "end90k"], |asked| {
            Ok(Route::Events { camera: asked.camera(), span: asked.span()? })
        })],
    },
    Resource {
        path: "/api/cameras/{uuid}",
        operations: &[
            get(Viewers, &[], |asked| Ok(Route::ShowCamera(asked.camera()))),
            on("PATCH", Owners, &[], |asked| Ok(Route::EditCamera(asked.camera()))),
            on("DELETE", Owners, &["deleteFilm"], |asked| {
                Ok(Route::RemoveCamera { camera: asked.camera(), delete_film: asked.query.flag("deleteFilm")? })
            }),
        ],
    },
    Resource {
        path: "/api/cameras/{uuid}/{stream}/recordings",
        operations: &[get(Viewers, &["start90k", "end90k", "split90k"], |asked| {
            Ok(Route::Recordings { stream: asked.stream(), span: asked.span()?, split: asked.split()? })
        })],
    },
    Resource {
        path: "/api/cameras/{uuid}/{stream}/gaps",
        operations: &[get(Viewers, &["start90k", "end90k"], |asked| {
            Ok(Route::Gaps { stream: asked.stream(), span: asked.span()? })
        })],
    },
    Resource {
        path: "/api/cameras/{uuid}/{stream}/protected",
        operations: &[
            get(Viewers, &[], |asked| Ok(Route::Protected(asked.stream()))),
            on("POST", Owners, &[], |asked| Ok(Route::Protect(asked.stream()))),
            on("DELETE", Owners, &["start90k", "end90k"], |asked| {
                Ok(Route::Unprotect { stream: asked.stream(), span: asked.span()? })
            }),
        ],
    },
    Resource {
        path: "/api/cameras/{uuid}/{stream}/live.m4s",
        operations: &[get(Viewers, &[], |asked| Ok(Route::Live(asked.stream())))],
    },
    Resource {
        path: "/api/cameras/{uuid}/{stream}/view.mp4",
        operations: &[get(Viewers, FILM, |asked| Ok(Route::View(asked.view(Form::Mp4)?)))],
    },
    Resource {
        path: "/api/cameras/{uuid}/{stream}/view.mp4.txt",
        operations: &[get(Viewers, FILM, |asked| Ok(Route::View(asked.view(Form::Text)?)))],
    },
    Resource {
        path: "/api/cameras/{uuid}/{stream}/view.m4s",
        operations: &[get(Viewers, &["s", "start90k", "end90k", "m"], |asked| {
            Ok(Route::MediaSegment { stream: asked.stream(), excerpt: asked.excerpt()? })
        })],
    },
    Resource {
        path: "/api/cameras/{uuid}/{stream}/vod.m3u8",
        operations: &[get(Viewers, &["start90k", "end90k"], |asked| {
            Ok(Route::Vod { stream: asked.stream(), span: asked.whole_span()? })
        })],
    },
    Resource {
        path: "/api/cameras/{uuid}/{stream}/live.m3u8",
        operations: &[get(Viewers, &[], |asked| Ok(Route::LivePlaylist(asked.stream())))],
    },
    Resource {
        path: "/api/init/{id}.mp4",
        operations: &[get(Viewers, &[], |asked| Ok(Route::Init(asked.sample_entry())))],
    },
];

/// What film is asked with.
const FILM: &[&str] = &["s", "start90k", "end90k", "gaps", "ts"];

const fn get(admits: Admits, parameters: &'static [&'static str], read: Read) -> Operation {
    on("GET", admits, parameters, read)
}

const fn on(method: &'static str, admits: Admits, parameters: &'static [&'static str], read: Read) -> Operation {
    Operation { method, admits, parameters, read }
}

impl Resource {
    /// What is at this path, and the values of its variables.
    pub(super) fn at(path: &str) -> Option<(&'static Self, Variables)> {
        // Most asked for are paths without variables. (A brace in a request is a brace.)
        if let Some(plain) = RESOURCES.iter().find(|r| r.path == path).filter(|_| !path.contains('{')) {
            return Some((plain, Variables::default()));
        }
        let segments = super::asked::segments(path)?;
        RESOURCES.iter().find_map(|r| Some((r, Variables::read(r.path, &segments)?)))
    }

    /// What this method does here.
    pub(super) fn operation(&self, method: &Method) -> Result<&Operation, Refusal> {
        let name = if *method == Method::HEAD { "GET" } else { method.as_str() };
        let found = self.operations.iter().find(|operation| operation.method == name);
        found.ok_or_else(|| Refusal::WrongMethod { allow: self.allow() })
    }

    fn allow(&self) -> String {
        let words = |o: &Operation| if o.method == "GET" { "GET, HEAD" } else { o.method };
        self.operations.iter().map(words).collect::<Vec<_>>().join(", ")
    }
}
