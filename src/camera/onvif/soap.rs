//! `Soap`: questions to a device's services, and what their faults mean.

use super::client::{Answer, Client, Question, refused, unusable};
use super::names::{BASE64, ERROR, PASSWORD_DIGEST, SECURITY, SOAP, UTILITY};
use super::service::Service;
use super::xml::{Element, Name, escaped};
use crate::base::{Obstacle, Trouble, WallDuration, WallTime};
use crate::camera::{Login, clock};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode};
use jiff::Timestamp;
use sha1::{Digest, Sha1};
use std::time::Duration;
use uuid::Uuid;

/// Talks to the services of one device.
#[derive(Debug)]
pub(super) struct Soap {
    client: Client,
    /// The device's clock − ours: its logins are only good at its own time.
    pub(super) clock_offset: WallDuration,
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    /// What the answer must be: its namespace and its name.
    pub(super) answer: (&'a str, &'a str),
    /// The element in the body of the question.
    pub(super) body: &'a str,
    /// What stands in its header beside the login.
    pub(super) header: &'a str,
    /// What WS-Addressing calls it.
    pub(super) action: Option<&'a str>,
    pub(super) limit: Duration,
}

/// For an answer.
pub(super) const LIMIT: Duration = Duration::from_secs(6);
/// Of an answer.
const MAX_BYTES: usize = 1 << 20;

impl<'a> Call<'a> {
    pub(super) fn new(space: &'a str, answer: &'a str, body: &'a str) -> Self {
        Self { answer: (space, answer), body, header: "", action: None, limit: LIMIT }
    }
}

impl Soap {
    pub(super) fn new(service: &Service, login: Login) -> Self {
        Self { client: Client::new(service.server, login), clock_offset: WallDuration(0) }
    }

    /// Asks, and gives the element in the body of the answer.
    pub(super) async fn call(&mut self, service: &Service, call: Call<'_>) -> Result<Element, Trouble> {
        let login = self.client.login();
        let security = match login.username.is_empty() {
            true => String::new(),
            false => security(login, clock::wall_now() + self.clock_offset, Uuid::new_v4().as_bytes()),
        };
        let envelope = envelope(&format!("{}{security}", call.header), call.body);
        let action = call.action.map_or(String::new(), |action| format!("; action=\"{action}\""));
        let question = Question {
            method: Method::POST,
            path: service.path.clone(),
            content_type: Some(format!("application/soap+xml; charset=utf-8{action}")),
            body: Bytes::from(envelope),
            max_bytes: MAX_BYTES,
            limit: call.limit,
        };
        let answer = self.client.ask(&question).await?;
        read(&answer, self.client.login(), call.answer)
    }
}

/// The element that was asked for, or what the answer means instead.
fn read(answer: &Answer, login: &Login, (space, name): (&str, &str)) -> Result<Element, Trouble> {
    let refusal = matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let envelope = match Element::parse(&answer.body) {
        Ok(envelope) => envelope,
        Err(_) if refusal => return Err(locked(&answer.body).unwrap_or_else(|| refused(login))),
        Err(_) if answer.status == StatusCode::LOCKED || answer.status == StatusCode::TOO_MANY_REQUESTS => {
            return Err(Trouble::new(Obstacle::LockedOut, ""));
        }
        Err(_) if !answer.status.is_success() => {
            return Err(unusable(format!("it answers {}", answer.status.as_u16())));
        }
        Err(e) => return Err(unusable(e.to_string())),
    };
    let part = |name| SOAP.into_iter().find_map(|soap| envelope.child(soap, name));
    let Some(body) = part("Body") else {
        return Err(match refusal {
            true => locked(&answer.body).unwrap_or_else(|| refused(login)),
            false => unusable("its answer is no SOAP"),
        });
    };
    if let Some(fault) = SOAP.into_iter().find_map(|soap| body.child(soap, "Fault")) {
        return Err(Fault::read(fault).meaning(login));
    }
    match body.child(space, name) {
        Some(element) => Ok(element.clone()),
        None if refusal => Err(refused(login)),
        None => Err(unusable(format!("it answers something else than {name}"))),
    }
}

/// Some say it in HTML or in XML of their own.
fn locked(body: &[u8]) -> Option<Trouble> {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 << 10)]).to_ascii_lowercase();
    says_locked(&text).then(|| Trouble::new(Obstacle::LockedOut, ""))
}

fn says_locked(text: &str) -> bool {
    ["locked", "lockout", "lockstatus>lock", "account lock", "user lock", "illegal login lock", "too many"]
        .iter()
        .any(|word| text.contains(word) && !text.contains("unlocked") && !text.contains("clocked"))
}

/// A fault, of SOAP 1.2 or 1.1.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fault {
    /// From the code to the innermost subcode.
    codes: Vec<Name>,
    reason: String,
}

impl Fault {
    pub(super) fn read(fault: &Element) -> Self {
        let mut read = Self::default();
        fault.walk(&mut |element| match element.name().local.as_str() {
            "Value" | "faultcode" => read.codes.extend(element.names().iter().cloned()),
            "Text" | "faultstring" if read.reason.is_empty() => read.reason = shortened(element.text()),
            _ => {}
        });
        read
    }

    /// Subcodes are told by the namespaces that ONVIF and WS-Security gave them. What devices add in their own words
    /// is looked at last.
    pub(super) fn meaning(&self, login: &Login) -> Trouble {
        let has = |space: &str, locals: &[&str]| {
            self.codes.iter().any(|code| &*code.space == space && locals.contains(&code.local.as_str()))
        };
        let reason = self.reason.to_ascii_lowercase();
        let is_locked = self.codes.iter().any(|code| code.local.to_ascii_lowercase().contains("accountlock"));
        if is_locked || says_locked(&reason) {
            return Trouble::new(Obstacle::LockedOut, "");
        }
        let refusal =
            has(ERROR, &["NotAuthorized", "InvalidCredentials", "SenderNotAuthorized", "OperationProhibited"])
                || has(SECURITY, &["FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "FailedCheck"]);
        let is_late = has(UTILITY, &["MessageExpired"]) || has(SECURITY, &["MessageExpired", "InvalidTimestamp"]);
        let says_late = ["expired", "timestamp", "created time", "time skew", "replay", "clock"];
        let has_login = !login.username.is_empty();
        if is_late || has_login && says_late.iter().any(|word| reason.contains(word)) {
            return Trouble::new(Obstacle::ClockOff, "");
        }
        let says_refused = [
            "authoriz",
            "authoris",
            "authenticat",
            "wsse",
            "ws-security",
            "security header",
            "usernametoken",
            "credential",
            "password",
        ];
        if refusal || says_refused.iter().any(|word| reason.contains(word)) {
            return refused(login);
        }
        if has(ERROR, &["ActionNotSupported", "NoProfile", "NotSupported"]) {
            return Trouble::new(Obstacle::NoVideo, self.words());
        }
        unusable(self.words())
    }

    fn words(&self) -> String {
        let code = self.codes.last().map_or("", |code| code.local.as_str());
        match (code, self.reason.as_str()) {
            ("", "") => "it answers with a fault".to_owned(),
            (code, "") => format!("it answers {code}"),
            ("", reason) => format!("it answers “{reason}”"),
            (code, reason) => format!("it answers {code}: “{reason}”"),
        }
    }
}

/// A stranger's words in one short line.
fn shortened(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    line.join(" ").chars().filter(|c| !c.is_control()).take(200).collect()
}

/// A message.
pub(super) fn envelope(header: &str, body: &str) -> String {
    let soap = SOAP[0];
    let header = if header.is_empty() { String::new() } else { format!("<s:Header>{header}</s:Header>") };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope xmlns:s=\"{soap}\">{header}<s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// The login as WS-Security's username token with a digest: Base64(SHA-1(nonce + created + password)).
fn security(login: &Login, created: WallTime, nonce: &[u8]) -> String {
    let created = utc_text(created);
    let mut hash = Sha1::new();
    hash.update(nonce);
    hash.update(created.as_bytes());
    hash.update(login.password.reveal().as_bytes());
    let (digest, nonce) = (STANDARD.encode(hash.finalize()), STANDARD.encode(nonce));
    let username = escaped(&login.username);
    format!(
        "<w:Security s:mustUnderstand=\"1\" xmlns:w=\"{SECURITY}\" xmlns:u=\"{UTILITY}\"><w:UsernameToken>\
         <w:Username>{username}</w:Username><w:Password Type=\"{PASSWORD_DIGEST}\">{digest}</w:Password>\
         <w:Nonce EncodingType=\"{BASE64}\">{nonce}</w:Nonce><u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
    )
}

/// `2026-11-23T01:02:03.456Z`
pub(super) fn utc_text(time: WallTime) -> String {
    let millis = time.0.div_euclid(90);
    let time = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;

    fn login() -> Login {
        Login { username: "admin".into(), password: Secret::new("userpassword") }
    }

    #[test]
    fn the_digest_is_that_of_onvif() {
        // ONVIF's Application Programmer's Guide, 6.1.1.3, gives this example.
        let nonce = STANDARD.decode("LKqI6G/AikKCQrN0zqZFlg==").unwrap();
        let created = "2010-09-16T07:50:45Z".parse::<Timestamp>().unwrap();
        let created = WallTime(created.as_second() * 90_000);
        assert_eq!(utc_text(created), "2010-09-16T07:50:45.000Z");
        let told = security(&login(), created, &nonce);
        let expected = STANDARD.encode(
            Sha1::new()
                .chain_update(&nonce)
                .chain_update("2010-09-16T07:50:45.000Z")
                .chain_update("userpassword")
                .finalize(),
        );
        assert!(told.contains(&expected) && told.contains("LKqI6G/AikKCQrN0zqZFlg=="), "{told}");
        assert!(!told.contains("userpassword"));
        let known = Sha1::new().chain_update(&nonce).chain_update("2010-09-16T07:50:45Z").chain_update("userpassword");
        assert_eq!(STANDARD.encode(known.finalize()), "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
    }

    /// What a fault in this style means, without and with a login.
    fn meaning(fault: &str) -> String {
        let spaces = "xmlns:ter='http://www.onvif.org/ver10/error' xmlns:own='urn:maker' \
                      xmlns:wsse='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd' \
                      xmlns:wsu='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'";
        let fault = format!("<e:Fault xmlns:e='{}' {spaces}>{fault}</e:Fault>", SOAP[0]);
        let fault = Fault::read(&Element::parse(fault.as_bytes()).unwrap());
        [Login::default(), login()].map(|login| fault.meaning(&login).obstacle.word()).join(" ")
    }

    #[test]
    fn faults_are_told_apart_as_makers_write_them() {
        let code = |code: &str, reason: &str| {
            format!(
                "<e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>\n {code} </e:Value></e:Subcode></e:Code>\
                 <e:Reason><e:Text xml:lang='en'>{reason}</e:Text></e:Reason>"
            )
        };
        for (fault, meant) in [
            (code("ter:NotAuthorized", "Sender not Authorized"), "needsLogin wrongLogin"),
            (code("wsse:FailedAuthentication", ""), "needsLogin wrongLogin"),
            (code("own:Error", "The security token could not be authenticated"), "needsLogin wrongLogin"),
            ("<e:Code><e:Value>e:Sender</e:Value></e:Code><e:Reason><e:Text>Authentication failed</e:Text></e:Reason>".into(), "needsLogin wrongLogin"),
            ("<faultcode>ter:NotAuthorized</faultcode><faultstring>no</faultstring>".into(), "needsLogin wrongLogin"),
            (code("wsu:MessageExpired", ""), "clockOff clockOff"),
            (code("wsse:FailedAuthentication", "Message has expired, check the time"), "needsLogin clockOff"),
            (code("own:AccountLocked", ""), "lockedOut lockedOut"),
            (code("ter:NotAuthorized", "The user is locked, try again in 30 minutes"), "lockedOut lockedOut"),
            (code("ter:ActionNotSupported", "Optional Action Not Implemented"), "noVideo noVideo"),
            // Prefixes alone say nothing.
            ("<e:Code><e:Value xmlns:ter='urn:maker'>ter:NotAuthorized</e:Value></e:Code>".into(), "unreachable unreachable"),
            (code("ter:InvalidArgVal", "what"), "unreachable unreachable"),
        ] {
            assert_eq!(meaning(&fault), meant, "{fault}");
        }
    }
}
