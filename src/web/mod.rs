//! From disk to browser: HTTP.

mod accept;
mod answer;
mod api;
mod auth;
mod body;
mod desks;
mod direct;
mod fixed;
mod front;
mod hls;
mod live;
mod machine;
mod metrics;
mod notices;
mod openapi;
mod pages;
mod patience;
mod peer;
mod problem;
mod query;
mod reactors;
pub mod reading;
mod route;
mod segments;
mod site;
mod slices;
mod state;
mod tls;
mod view;
mod waiting;

pub use accept::{GRACE, Listener, serve};
pub use answer::Body;
pub use api::discovery::{Detail, FoundJson};
pub use api::test::{CameraReport, look_at_camera};
pub use auth::{Entry, Rule};
pub use front::Front;
pub use machine::keep_machine;
pub use peer::Peer;
pub use reactors::Reactors;
pub use site::Site;
pub use state::State;
pub use tls::{Source as TlsSource, Tls};
pub use waiting::Waiting;

use auth::Caller;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use log::{debug, error, warn};
use machine::Machine;
use problem::Refusal;
use route::Route;
use std::sync::Arc;

/// Answers one request, wherever it comes from: a socket, or a verb that holds the store itself.
pub async fn answer_request<B>(site: &Site, peer: Peer, request: Request<B>) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answered = match read_head(site.front(), peer, &request) {
        Ok((caller, route)) => {
            let answered = match site.state() {
                state if route.is_of_machine() => {
                    machine::dispatch(Machine { front: site.front().clone(), state }, caller, route, request).await
                }
                Some(state) => dispatch(&state, &caller, route, request).await,
                None => waiting::dispatch(site.front(), &caller, route, request).await,
            };
            match answered {
                Ok(answer) => begin(answer).await,
                Err(refusal) => Err(refusal),
            }
        }
        Err(refusal) => Err(refusal),
    };
    let answer = answered.unwrap_or_else(|refusal| {
        if refusal.is_damage() {
            error!("web: {method} {path}: {refusal}");
        } else if refusal.is_ours() {
            warn!("web: {method} {path}: {refusal}");
        }
        refusal.into_response()
    });
    let mut answer = problem::in_our_words(answer);
    answer::add_common_headers(answer.headers_mut());
    debug!("web: {method} {path}: {}", answer.status().as_u16());
    answer
}

/// Waits for the first piece of what is sent: a film whose beginning cannot be read is refused in words.
async fn begin(answer: Response<Body>) -> Result<Response<Body>, Refusal> {
    let (head, body) = answer.into_parts();
    Ok(Response::from_parts(head, body.begin().await?))
}

/// Who asks for what; `Err` also when it is not for them.
fn read_head<B>(front: &Front, peer: Peer, request: &Request<B>) -> Result<(Caller, Route), Refusal> {
    peer.check(&front.doors, request.uri(), request.headers())?;
    peer.check_origin(request.method(), request.headers())?;
    if request.uri().path_and_query().is_some_and(|url| url.as_str().len() > MAX_URL_BYTES) {
        return Err(Refusal::LongUrl);
    }
    let caller = Caller::identify(&front.doors, peer, request.headers());
    let uri = request.uri();
    let parsed = Route::parse(request.method(), uri.path(), uri.query(), &front.zone)?;
    caller.must_be(&front.doors, parsed.admits, parsed.camera)?;
    Ok((caller, parsed.route))
}

/// Beyond it there is nothing that makes sense; it has room for hundreds of `s=`.
const MAX_URL_BYTES: usize = 8 << 10;

/// A backup of hundreds of cameras.
const MAX_BACKUP_BYTES: usize = 1 << 20;

async fn dispatch<B>(
    state: &Arc<State>,
    caller: &Caller,
    route: Route,
    request: Request<B>,
) -> Result<Response<Body>, Refusal>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let answer = match route {
        Route::Page(asset) => asset.serve(&request),
        Route::OpenApi => openapi::show(&request),
        Route::Metrics => metrics::show(state, caller),
        Route::Storage(settings) => api::storage::show(state, caller, &settings)?,
        Route::Health => api::health::show(state),
        Route::Top { days } => api::top::show(state, caller, days),
        Route::Time(time) => api::time::show(state, time),
        Route::ListCameras => api::cameras::list(state, caller),
        Route::ShowCamera(camera) => api::cameras::show(state, caller, camera)?,
        Route::AddCamera => api::cameras::add(state, caller, body::read(request).await?).await?,
        Route::EditCamera(camera) => api::cameras::edit(state, caller, camera, body::read(request).await?).await?,
        Route::RemoveCamera { camera, delete_film } => api::cameras::remove(state, camera, delete_film).await?,
        Route::Discover => api::discovery::watch(state, caller)?,
        Route::RecordFound => api::discovery::record(state, body::read(request).await?).await?,
        Route::UsualPaths => api::discovery::usual_paths(),
        Route::FoundPicture(key) => api::discovery::picture(state, &key).await?,
        Route::Picture(camera) => api::snapshot::show(state, camera).await?,
        Route::Events { camera, span } => api::events::list(state, camera, span).await?,
        Route::TestCamera => api::test::run(state, caller, body::read(request).await?).await?,
        Route::Recordings { stream, span, split } => api::recordings::list(state, stream, span, split).await?,
        Route::Gaps { stream, span } => api::gaps::list(state, stream, span).await?,
        Route::Protected(stream) => api::protected::list(state, stream).await?,
        Route::Protect(stream) => api::protected::add(state, stream, body::read(request).await?).await?,
        Route::Unprotect { stream, span } => api::protected::remove(state, stream, span).await?,
        Route::Live(stream) => live::agree(state, caller, stream, &request)?,
        Route::View(wanted) => view::show(state, caller, wanted, &request).await?,
        Route::MediaSegment { stream, excerpt } => {
            view::fragments::show(state, caller, stream, excerpt, &request).await?
        }
        Route::Vod { stream, span } => hls::vod(state, stream, span).await?,
        Route::LivePlaylist(stream) => hls::live(state, stream).await?,
        Route::Session => api::session::show(state, caller),
        Route::SetUp => api::session::set_up(state, caller, body::read(request).await?).await?,
        Route::LogIn => api::session::log_in(state, caller, body::read(request).await?).await?,
        Route::LogOut => api::session::log_out(state, caller).await?,
        Route::ChangePassword => api::session::change_password(state, caller, body::read(request).await?).await?,
        Route::BackUp => api::backup::plain(state).await?,
        Route::BackUpSealed => api::backup::sealed(state, body::read(request).await?).await?,
        Route::Restore => api::restore::run(state, caller, body::read_up_to(MAX_BACKUP_BYTES, request).await?).await?,
        Route::ListUsers => api::users::list(state).await?,
        Route::AddUser => api::users::add(state, body::read(request).await?).await?,
        Route::EditUser(user) => api::users::edit(state, caller, user, body::read(request).await?).await?,
        Route::RemoveUser(user) => api::users::remove(state, user).await?,
        Route::System
        | Route::Reboot
        | Route::PowerOff
        | Route::Logs { .. }
        | Route::Network
        | Route::SetNetwork
        | Route::Disks
        | Route::ChangeDisk
        | Route::Firmware
        | Route::Install { .. }
        | Route::ChangeFirmware
        | Route::FirmwareProgress
        | Route::Diagnostics => unreachable!("the machine answers"),
        Route::ListTokens => api::tokens::list(state).await?,
        Route::AddToken => api::tokens::add(state, body::read(request).await?).await?,
        Route::RemoveToken(token) => api::tokens::remove(state, token).await?,
        Route::Init(sample_entry) => view::fragments::show_init(state, sample_entry, &request).await?,
    };
    Ok(answer)
}
