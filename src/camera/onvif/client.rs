//! `Client`: HTTP to one device, within bounds of time and size.

use super::service::{Service, at_port};
use crate::base::{Obstacle, Trouble};
use crate::camera::Login;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode};
use http_auth::{PasswordClient, PasswordParams};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

/// Talks to one device. It keeps what the device wants of a login, so that only the first question is asked twice.
#[derive(Debug)]
pub(super) struct Client {
    server: SocketAddr,
    login: Login,
    challenge: Option<PasswordClient>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) content_type: Option<String>,
    pub(super) body: Bytes,
    /// Of the answer.
    pub(super) max_bytes: usize,
    /// For all of it, from connecting to the last byte.
    pub(super) limit: Duration,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    headers: HeaderMap,
}

/// A picture of a camera.
#[derive(Clone, Debug)]
pub struct Picture {
    /// JPEG.
    pub bytes: Bytes,
}

/// How long a device may take to take a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// How often a device may send us elsewhere on itself.
const MAX_REDIRECTS: usize = 2;
/// Of a picture.
const MAX_PICTURE_BYTES: usize = 8 << 20;
/// For a picture: cameras make it when they are asked.
const PICTURE_LIMIT: Duration = Duration::from_secs(10);

/// Fetches the picture at this URL of a device, whose host is not looked at.
pub async fn picture(url: &str, address: SocketAddr, login: &Login) -> Result<Picture, Trouble> {
    let place = Service::named(url, address).ok_or_else(|| unusable("the URL of its picture is no http: URL"))?;
    let mut client = Client::new(place.server, login.clone());
    let question = Question {
        method: Method::GET,
        path: place.path,
        content_type: None,
        body: Bytes::new(),
        max_bytes: MAX_PICTURE_BYTES,
        limit: PICTURE_LIMIT,
    };
    let answer = client.ask(&question).await?;
    match answer.status {
        StatusCode::OK if answer.body.starts_with(b"\xff\xd8\xff") => Ok(Picture { bytes: answer.body }),
        StatusCode::OK => Err(unusable("what it sends is no JPEG")),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(refused(login)),
        status => Err(unusable(format!("it answers {} to the question for a picture", status.as_u16()))),
    }
}

impl Client {
    /// For a device; nothing is sent yet.
    pub(super) fn new(server: SocketAddr, login: Login) -> Self {
        Self { server, login, challenge: None }
    }

    pub(super) fn login(&self) -> &Login {
        &self.login
    }

    /// Asks; a login is only told to who wants one, and told wrong once at most.
    pub(super) async fn ask(&mut self, question: &Question) -> Result<Answer, Trouble> {
        match timeout(question.limit, self.ask_patiently(question)).await {
            Ok(answered) => answered,
            Err(_) => Err(unusable(format!("no answer within {} s", question.limit.as_secs()))),
        }
    }

    async fn ask_patiently(&mut self, question: &Question) -> Result<Answer, Trouble> {
        let mut place = Service { server: self.server, path: question.path.clone() };
        let mut redirects = 0;
        loop {
            let known = self.challenge.is_some();
            let mut answer = self.ask_once(&place, question).await?;
            if answer.status == StatusCode::UNAUTHORIZED && self.take_challenge(&answer.headers, known) {
                answer = self.ask_once(&place, question).await?;
            }
            match answer.elsewhere(&place) {
                Some(_) if redirects == MAX_REDIRECTS => return Err(unusable("it sends us from place to place")),
                Some(elsewhere) => place = elsewhere,
                None => return Ok(answer),
            }
            redirects += 1;
        }
    }

    /// Whether it is worth asking again with what is learned. Who knew a challenge before may only have had an old one.
    fn take_challenge(&mut self, headers: &HeaderMap, known: bool) -> bool {
        if self.login.username.is_empty() {
            return false;
        }
        let before = self.challenge.take();
        self.challenge = PasswordClient::try_from(headers.get_all(header::WWW_AUTHENTICATE)).ok();
        match (&before, &self.challenge) {
            (_, None) => false,
            (Some(PasswordClient::Digest(before)), Some(PasswordClient::Digest(now))) if known => {
                now.stale() || before.nonce() != now.nonce()
            }
            (_, Some(_)) => !known,
        }
    }

    async fn ask_once(&mut self, place: &Service, question: &Question) -> Result<Answer, Trouble> {
        let stream = match timeout(CONNECT_LIMIT, TcpStream::connect(place.server)).await {
            Ok(stream) => stream.map_err(|e| unusable(format!("connect to port {}: {e}", place.server.port())))?,
            Err(_) => return Err(unusable(format!("connect to port {}: no answer", place.server.port()))),
        };
        let failed = |e: hyper::Error| unusable(format!("HTTP: {e}"));
        let mut builder = http1::Builder::new();
        // Old cameras end their lines as they like.
        builder.allow_spaces_after_header_name_in_responses(true).ignore_invalid_headers_in_responses(true);
        builder.max_buf_size(MAX_HEAD_BYTES);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let talk = async {
            let answer = sender.send_request(self.request(place, question)?).await.map_err(failed)?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, question.max_bytes).collect().await.map_err(|e| {
                match e.is::<LengthLimitError>() {
                    true => unusable("its answer is too large"),
                    false => unusable(format!("HTTP: {e}")),
                }
            })?;
            Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
        };
        let mut connection = std::pin::pin!(connection);
        let mut talk = std::pin::pin!(talk);
        let mut is_open = true;
        loop {
            tokio::select! {
                biased;
                answer = talk.as_mut() => return answer,
                // Its end, good or bad, is told by the talk.
                _ = connection.as_mut(), if is_open => is_open = false,
            }
        }
    }

    fn request(&mut self, place: &Service, question: &Question) -> Result<Request<Full<Bytes>>, Trouble> {
        let mut request = Request::builder()
            .method(&question.method)
            .uri(&place.path)
            .header(header::HOST, place.authority())
            .header(header::USER_AGENT, concat!("lunette/", env!("CARGO_PKG_VERSION")))
            .header(header::CONNECTION, "close");
        if let Some(content_type) = &question.content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if let Some(challenge) = &mut self.challenge {
            let parameters = PasswordParams {
                username: &self.login.username,
                password: self.login.password.reveal(),
                uri: &place.path,
                method: question.method.as_str(),
                body: Some(&question.body),
            };
            let response = challenge.respond(&parameters).map_err(|e| unusable(format!("its kind of login: {e}")))?;
            let mut response = HeaderValue::from_str(&response).map_err(|_| unusable("its kind of login"))?;
            response.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, response);
        }
        request.body(Full::new(question.body.clone())).map_err(|e| unusable(format!("its address: {e}")))
    }
}

/// Heads above this are refused.
const MAX_HEAD_BYTES: usize = 32 << 10;

impl Answer {
    /// Where on the same device it sends us.
    fn elsewhere(&self, place: &Service) -> Option<Service> {
        if !matches!(self.status.as_u16(), 301 | 302 | 307 | 308) {
            return None;
        }
        let location = self.headers.get(header::LOCATION)?.to_str().ok()?;
        let url = Url::parse(&place.url()).ok()?.join(location).ok()?;
        let port = url.port_or_known_default()?;
        Service::named(url.as_str(), at_port(place.server, port))
    }
}

/// It wants a login, or another one.
pub(super) fn refused(login: &Login) -> Trouble {
    let obstacle = if login.username.is_empty() { Obstacle::NeedsLogin } else { Obstacle::WrongLogin };
    Trouble::new(obstacle, "")
}

pub(super) fn unusable(detail: impl Into<String>) -> Trouble {
    Trouble::new(Obstacle::Unreachable, detail)
}
