//! `Query`: the parameters behind the question mark, each looked at exactly once.

use crate::base::{Error, Kind, Result};
use std::borrow::Cow;

/// Decoded parameters. Whoever takes what it knows and then calls [`Query::finish`] has refused everything else.
#[derive(Debug)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Splits at `&` and the first `=`. A `+` stays a plus sign, because times have one in their offset.
    pub(super) fn parse(query: Option<&str>) -> Result<Self> {
        let parts = query.unwrap_or("").split('&').filter(|part| !part.is_empty());
        let pairs = parts.map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let decoded = percent_decode(name).zip(percent_decode(value));
            let decoded = decoded.map(|(name, value)| (name.into_owned(), value.into_owned()));
            decoded.ok_or_else(|| Error::new(Kind::BadInput, format!("parameter {part:?}: broken percent-encoding")))
        });
        Ok(Self { pairs: pairs.collect::<Result<_>>()? })
    }

    /// The value of a parameter that may be given once.
    pub(super) fn one(&mut self, name: &str) -> Result<Option<String>> {
        let mut values = self.all(name).into_iter();
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Error::new(Kind::BadInput, format!("parameter {name}: given twice"))),
            (value, None) => Ok(value),
        }
    }

    /// The values of a parameter that may be repeated, in order.
    pub(super) fn all(&mut self, name: &str) -> Vec<String> {
        self.pairs.extract_if(.., |(n, _)| n == name).map(|(_, value)| value).collect()
    }

    /// The value of a yes-or-no parameter, no when absent.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool> {
        match self.one(name)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Error::new(Kind::BadInput, format!("parameter {name}={other}: expected true or false"))),
        }
    }

    /// Refuses what is not one of these names.
    pub(super) fn only(&self, names: &[&str]) -> Result<()> {
        match self.pairs.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => Err(unknown(name)),
        }
    }

    /// Nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<()> {
        match self.pairs.first() {
            None => Ok(()),
            Some((name, _)) => Err(unknown(name)),
        }
    }
}

fn unknown(name: &str) -> Error {
    Error::new(Kind::BadInput, format!("parameter {name}: unknown here"))
}

/// RFC 3986 2.1; `None` for a broken escape or bytes that are not UTF-8.
pub(super) fn percent_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            plain => plain,
        };
        bytes.push(decoded);
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|d| d as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_a_plus_stays_a_plus() {
        let mut q = Query::parse(Some("t=10%3A30+01:00&&x&s=1&s=2")).unwrap();
        assert_eq!(q.one("t").unwrap().unwrap(), "10:30+01:00");
        assert_eq!(q.one("x").unwrap().unwrap(), "");
        assert_eq!(q.all("s"), ["1", "2"]);
        assert_eq!(q.one("t").unwrap(), None);
        q.finish().unwrap();
    }

    #[test]
    fn what_is_twice_unknown_or_broken_is_refused() {
        let told = |r: Result<()>| r.unwrap_err().to_string();
        assert_eq!(told(Query::parse(Some("a=1&a=2")).unwrap().one("a").map(drop)), "parameter a: given twice");
        assert_eq!(told(Query::parse(Some("b")).unwrap().finish()), "parameter b: unknown here");
        assert_eq!(
            told(Query::parse(Some("c=maybe")).unwrap().flag("c").map(drop)),
            "parameter c=maybe: expected true or false"
        );
        for broken in ["a=%", "a=%4", "a=%zz", "a=%+1", "%ff=1"] {
            assert!(Query::parse(Some(broken)).is_err(), "{broken}");
        }
    }
}
