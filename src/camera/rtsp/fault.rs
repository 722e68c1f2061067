//! What a failure of retina means to the owner.
//!
//! Retina's error is opaque but for the status of a response, so the rest is read out of its first line; the lines
//! below it are addresses and positions for a packet capture. `docs/decisions/0041-faults-of-a-session.md`.

use crate::media::recording::{Cause, EndReason};
use std::fmt;
use std::time::Duration;

/// What was asked of the camera.
#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    Describe,
    Setup,
    Play,
}

/// What an error in the middle of a stream means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// There will be no more.
    End(EndReason),
    /// One packet made no sense; retina goes on behind it.
    Packet(String),
}

/// The camera answered, or its connection failed.
pub(super) fn of_request(request: Request, error: &retina::Error) -> EndReason {
    request_failed(request, error.status_code(), &first_line(error))
}

/// The camera did not answer in time.
pub(super) fn unanswered(request: Request, limit: Duration) -> EndReason {
    let detail = format!("no answer to {request} within {} s", limit.as_secs_f64());
    match request {
        Request::Describe => EndReason::new(Cause::Unreachable, detail),
        Request::Setup | Request::Play => EndReason::new(Cause::Silent, detail),
    }
}

/// An error of the demultiplexer.
pub(super) fn of_stream(error: &retina::Error) -> Fault {
    stream_failed(&first_line(error))
}

fn request_failed(request: Request, status: Option<u16>, line: &str) -> EndReason {
    let (answer, why) = line.split_once(": ").unwrap_or((line, line));
    let answer = answer.split(" response to").next().unwrap_or(answer);
    let refusal = || format!("answers {answer} to {request}");
    match status {
        Some(401 | 403) if why.contains("no credentials") => EndReason::new(Cause::Unauthorized, "it wants a login"),
        Some(401 | 403) => EndReason::new(Cause::Unauthorized, "wrong name or password"),
        Some(200..=299) => EndReason::new(Cause::BadVideo, why),
        Some(461) => EndReason::new(Cause::BadVideo, "it does not send by this transport (TCP or UDP): try the other"),
        Some(400..=499) => EndReason::new(Cause::BadVideo, refusal()),
        Some(_) => EndReason::new(Cause::Closed, refusal()),
        None if answer == CONNECT => EndReason::new(Cause::Unreachable, why),
        None => EndReason::new(Cause::Closed, why),
    }
}

fn stream_failed(line: &str) -> Fault {
    let (what, why) = line.split_once(": ").unwrap_or((line, ""));
    if CONNECTION.contains(&what) {
        let why = if why == EOF { "" } else { why };
        return Fault::End(EndReason::new(Cause::Closed, why));
    }
    Fault::Packet(line.to_owned())
}

fn first_line(error: &retina::Error) -> String {
    without_urls(error.to_string().lines().next().unwrap_or_default())
}

/// A URL's path or query may hold a secret.
fn without_urls(line: &str) -> String {
    let mut parts = line.split("rtsp://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || "\"'<>()".contains(c)).unwrap_or(part.len());
        shown += "rtsp://…";
        shown += &part[end..];
    }
    shown
}

/// Retina's words for a connection that was never there.
const CONNECT: &str = "Unable to connect to RTSP server";

/// Retina's words for a connection that is no more. All else is about a single packet.
const CONNECTION: [&str; 6] = [
    "Error reading from RTSP peer",
    "Error writing to RTSP peer",
    "Error receiving UDP packet",
    "RTSP framing error",
    "Internal error",
    "Failed precondition",
];

/// What retina says of a camera that hangs up.
const EOF: &str = "EOF";

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Describe => "DESCRIBE",
            Self::Setup => "SETUP",
            Self::Play => "PLAY",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failed_request_has_one_cause() {
        let told = [
            (None, "Unable to connect to RTSP server: Connection refused (os error 111)"),
            (None, "Error reading from RTSP peer: EOF while expecting response to DESCRIBE CSeq 1"),
            (
                Some(401),
                "401 Unauthorized response to DESCRIBE CSeq=1: Authentication requested and no credentials supplied",
            ),
            (Some(401), "401 Unauthorized response to DESCRIBE CSeq=2: Received Unauthorized after trying digest auth"),
            (Some(404), "404 Not Found response to DESCRIBE CSeq=1: Unexpected RTSP response status"),
            (Some(461), "461 Unsupported transport response to SETUP CSeq=3: Unexpected RTSP response status"),
            (Some(503), "503 Service Unavailable response to DESCRIBE CSeq=1: Unexpected RTSP response status"),
            (Some(200), "200 OK response to DESCRIBE CSeq=1: Unable to parse SDP"),
        ]
        .map(|(status, line)| request_failed(Request::Describe, status, line).to_string())
        .join("\n");
        assert_eq!(
            told,
            "camera unreachable: Connection refused (os error 111)
camera closed the stream: EOF while expecting response to DESCRIBE CSeq 1
login refused: it wants a login
login refused: wrong name or password
bad video: answers 404 Not Found to DESCRIBE
bad video: it does not send by this transport (TCP or UDP): try the other
camera closed the stream: answers 503 Service Unavailable to DESCRIBE
bad video: Unable to parse SDP"
        );
    }

    #[test]
    fn urls_are_not_told() {
        let line = "cannot join \"rtsp://porch/a?token=s3cret\" and rtsp://porch/b: relative";
        assert_eq!(without_urls(line), "cannot join \"rtsp://…\" and rtsp://… relative");
    }

    #[test]
    fn a_lost_connection_ends_the_stream_and_a_broken_packet_does_not() {
        assert_eq!(
            stream_failed("Error reading from RTSP peer: Connection reset by peer (os error 104)"),
            Fault::End(EndReason::new(Cause::Closed, "Connection reset by peer (os error 104)"))
        );
        let line = "FU-A has start bit unset while no frag in progress";
        assert_eq!(stream_failed(line), Fault::Packet(line.to_owned()));
    }
}
