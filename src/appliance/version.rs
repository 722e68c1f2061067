//! Which of two versions is the newer one.

use std::cmp::Ordering;

/// By their numbers, from the left; `1.2-rc1` is before `1.2`, and what stands behind a `+` says nothing
/// (semver.org 2.0.0, 10 and 11). Missing numbers are 0.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    let (numbers_a, numbers_b) = (words(a.0), words(b.0));
    let numbers = in_order(&numbers_a, &numbers_b, Some("0"));
    numbers.then_with(|| match (a.1, b.1) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => in_order(&words(a), &words(b), None),
    })
}

/// The numbers, and what it is before them.
fn parts(version: &str) -> (&str, Option<&str>) {
    let version = version.split('+').next().unwrap_or(version);
    version.split_once('-').map_or((version, None), |(numbers, before)| (numbers, Some(before)))
}

fn words(text: &str) -> Vec<&str> {
    text.split('.').filter(|word| !word.is_empty()).collect()
}

fn in_order(a: &[&str], b: &[&str], missing: Option<&str>) -> Ordering {
    for at in 0..a.len().max(b.len()) {
        let order = match (a.get(at).copied().or(missing), b.get(at).copied().or(missing)) {
            (Some(a), Some(b)) => word(a, b),
            (a, b) => a.cmp(&b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// A number is before a word.
fn word(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_their_order() {
        let rising = [
            "0.1.0-alpha",
            "0.1.0-alpha.1",
            "0.1.0-alpha.beta",
            "0.1.0-rc.2",
            "0.1.0-rc.10",
            "0.1",
            "0.1.1",
            "0.2.0",
            "0.10",
            "1.0.0",
            "1.0.1",
            "2026.11.23",
        ];
        for (at, a) in rising.iter().enumerate() {
            for (other, b) in rising.iter().enumerate() {
                assert_eq!(compare(a, b), at.cmp(&other), "{a} and {b}");
            }
        }
        assert_eq!(compare("1.0", "1.0.0+20261123"), Ordering::Equal);
        assert_eq!(compare("", "0"), Ordering::Equal);
    }
}
