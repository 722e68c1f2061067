//! `Login`: the name and password for a camera, kept apart from its URL.

use crate::base::Secret;
use url::Url;

/// The name and password for a camera; an empty name means that there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// Who.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// Takes a login out of an `rtsp:` URL, as people paste it, so that the text that is stored has none. Any other text
/// comes back as it is.
pub fn split_login(text: &str) -> (String, Login) {
    let Ok(mut url) = Url::parse(text) else {
        return (text.to_owned(), Login::default());
    };
    if url.username().is_empty() && url.password().is_none() {
        return (text.to_owned(), Login::default());
    }
    let login = Login {
        username: percent_decoded(url.username()),
        password: Secret::new(percent_decoded(url.password().unwrap_or_default())),
    };
    let taken = url.set_username("").and_then(|()| url.set_password(None));
    taken.expect("a URL that has a login has a host, and so can be without one");
    (url.into(), login)
}

/// `%40` is `@` (RFC 3986 2.1). What is no such triplet stands for itself.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| first == b'%').and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_login_is_taken_out_of_the_url() {
        for (pasted, stored, username, password) in [
            ("rtsp://admin:p%40ss%zz@porch.lan:8554/a?b", "rtsp://porch.lan:8554/a?b", "admin", "p@ss%zz"),
            ("rtsp://admin:p@ss@porch.lan/a", "rtsp://porch.lan/a", "admin", "p@ss"),
            ("rtsp://porch.lan/a", "rtsp://porch.lan/a", "", ""),
            ("pipe:/run/a@b", "pipe:/run/a@b", "", ""),
        ] {
            let login = Login { username: username.into(), password: Secret::new(password) };
            assert_eq!(split_login(pasted), (stored.to_owned(), login), "{pasted}");
        }
    }
}
