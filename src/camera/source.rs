//! `Source`: where a stream comes from, out of the text that is stored for it.

use crate::base::{Error, Kind, Result, Transport};
use crate::media::codec::Codec;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use url::Url;

/// Where a stream comes from. Its forms:
///
/// - `rtsp://HOST[:PORT]/PATH[?QUERY]`, without a login: see [`split_login`](super::split_login);
/// - `pipe:[CODEC[@FPS]:]PATH`: an Annex B byte stream out of a FIFO (or a character device);
/// - `exec:[CODEC[@FPS]:]COMMAND`: an Annex B byte stream from the standard output of a command, whose words are
///   split at blanks outside of quotes; there is no shell.
///
/// CODEC is `h264` or `h265`; FPS is only the first guess. Without them `h264@30` is meant.
///
/// Shown, a source tells no secret: a URL's path and query may have one, as may a command's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A camera that speaks RTSP.
    Rtsp(RtspSource),
    /// A FIFO that something else writes to.
    Pipe(ByteStream, PathBuf),
    /// A child process: the program and its arguments.
    Command(ByteStream, Vec<String>),
}

/// What is asked for by RTSP.
#[derive(Clone, PartialEq, Eq)]
pub struct RtspSource {
    /// With a host, without a login.
    pub url: Url,
    /// How RTP travels.
    pub transport: Transport,
}

/// What is known beforehand of a byte stream that cannot tell it itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteStream {
    /// Its coding.
    pub codec: Codec,
    /// Pictures a second, as declared: 1 to 240.
    pub fps: u16,
}

impl Source {
    /// Reads the stored text. The transport matters to RTSP alone.
    pub fn parse(text: &str, transport: Transport) -> Result<Self> {
        let (scheme, rest) =
            text.split_once(':').ok_or_else(|| bad("it begins with none of rtsp:, pipe: and exec:"))?;
        match scheme.to_ascii_lowercase().as_str() {
            "rtsp" => RtspSource::parse(text, transport).map(Self::Rtsp),
            "pipe" => {
                let (stream, path) = ByteStream::parse(rest)?;
                if !path.starts_with('/') {
                    return Err(bad("pipe: wants a path that begins with /"));
                }
                Ok(Self::Pipe(stream, path.into()))
            }
            "exec" => {
                let (stream, command) = ByteStream::parse(rest)?;
                Ok(Self::Command(stream, words(command)?))
            }
            _ => Err(bad("only rtsp:, pipe: and exec: are known")),
        }
    }

    /// It runs a program of this machine, so only the machine's owner may set it.
    pub fn is_command(&self) -> bool {
        matches!(self, Self::Command(..))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rtsp(rtsp) => rtsp.fmt(f),
            Self::Pipe(_, path) => write!(f, "pipe:{}", path.display()),
            Self::Command(_, words) => write!(f, "exec:{}", words[0]),
        }
    }
}

impl RtspSource {
    fn parse(text: &str, transport: Transport) -> Result<Self> {
        let url = Url::parse(text).map_err(|e| bad(&format!("not a URL: {e}")))?;
        if url.host().is_none() {
            return Err(bad("rtsp: wants a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("it holds a login: give name and password apart from the URL"));
        }
        Ok(Self { url, transport })
    }
}

impl fmt::Display for RtspSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "rtsp://{host}:{}/… ({})", self.url.port().unwrap_or(554), self.transport)
    }
}

impl fmt::Debug for RtspSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Default for ByteStream {
    fn default() -> Self {
        Self { codec: Codec::H264, fps: 30 }
    }
}

impl ByteStream {
    /// Splits `[CODEC[@FPS]:]REST`.
    fn parse(text: &str) -> Result<(Self, &str)> {
        let Some((declared, rest)) = text.split_once(':') else {
            return Ok((Self::default(), text));
        };
        let (codec, fps) = declared.split_once('@').map_or((declared, None), |(codec, fps)| (codec, Some(fps)));
        let codec = match codec {
            "h264" => Codec::H264,
            "h265" => Codec::H265,
            // The colon is of the path or the command.
            _ => return Ok((Self::default(), text)),
        };
        let fps = match fps {
            Some(fps) => u16::from_str(fps).ok().filter(|fps| (1..=240).contains(fps)),
            None => Some(Self::default().fps),
        };
        let fps = fps.ok_or_else(|| bad("the rate behind @ is 1 to 240 pictures a second"))?;
        Ok((Self { codec, fps }, rest))
    }
}

/// The words of a command: blanks separate them outside of '…' and "…".
fn words(command: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(bad("a quote in the command is not closed"));
    }
    words.extend(word);
    if words.first().is_none_or(String::is_empty) {
        return Err(bad("exec: wants a command"));
    }
    Ok(words)
}

/// The text itself is left out: it may hold a secret.
fn bad(why: &str) -> Error {
    Error::new(Kind::BadInput, format!("camera source: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        match Source::parse(text, Transport::Tcp) {
            Ok(source) => format!("{source} {source:?}"),
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn each_form_is_read_and_shown_without_its_secrets() {
        let shown = [
            "rtsp://porch.lan/Streaming/1?token=s3cret",
            "rtsp://[::1]:8554/",
            "pipe:/run/cam.fifo",
            "pipe:h265@25:/run/cam:2.fifo",
            "exec:rpicam-vid -t 0 --inline -o -",
            "exec:h264@15:cat '/srv/my film' \"\"",
        ]
        .map(parsed)
        .join("\n");
        assert_eq!(
            shown,
            r#"rtsp://porch.lan:554/… (TCP) Rtsp(rtsp://porch.lan:554/… (TCP))
rtsp://[::1]:8554/… (TCP) Rtsp(rtsp://[::1]:8554/… (TCP))
pipe:/run/cam.fifo Pipe(ByteStream { codec: H264, fps: 30 }, "/run/cam.fifo")
pipe:/run/cam:2.fifo Pipe(ByteStream { codec: H265, fps: 25 }, "/run/cam:2.fifo")
exec:rpicam-vid Command(ByteStream { codec: H264, fps: 30 }, ["rpicam-vid", "-t", "0", "--inline", "-o", "-"])
exec:cat Command(ByteStream { codec: H264, fps: 15 }, ["cat", "/srv/my film", ""])"#
        );
    }

    #[test]
    fn what_is_refused_is_told_in_words_and_without_its_secrets() {
        let shown = [
            "porch.lan/s3cret",
            "https://porch.lan/",
            "rtsp:///main",
            "rtsp://admin:s3cret@porch.lan/main",
            "pipe:cam.fifo",
            "pipe:h264@0:/run/cam.fifo",
            "exec: ",
            "exec:cat 'x",
        ]
        .map(parsed)
        .join("\n");
        assert_eq!(
            shown,
            "camera source: it begins with none of rtsp:, pipe: and exec:
camera source: only rtsp:, pipe: and exec: are known
camera source: rtsp: wants a host
camera source: it holds a login: give name and password apart from the URL
camera source: pipe: wants a path that begins with /
camera source: the rate behind @ is 1 to 240 pictures a second
camera source: exec: wants a command
camera source: a quote in the command is not closed"
        );
    }
}
