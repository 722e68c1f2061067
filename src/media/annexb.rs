//! Annex B byte streams: where the NAL units lie between start codes (ISO/IEC 14496-10 and 23008-2, annex B).

use memchr::memmem::Finder;
use std::sync::LazyLock;

/// The NAL units of a byte stream, in their order, without start codes and trailing zeros, none of them empty.
///
/// What precedes the first start code is no NAL unit and is left out. A start code has three bytes; the zero before
/// it that makes it four, and any number of further ones, are taken off the NAL unit before, which never ends in a
/// zero itself (7.4.1). One pass over the bytes, whatever they are.
pub fn nal_units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = find_start_code(stream).map(|at| &stream[at + START_CODE.len()..]);
    std::iter::from_fn(move || {
        let unit = rest?;
        let end = find_start_code(unit);
        rest = end.map(|at| &unit[at + START_CODE.len()..]);
        Some(without_trailing_zeros(&unit[..end.unwrap_or(unit.len())]))
    })
    .filter(|unit| !unit.is_empty())
}

/// Where the first start code begins: its three bytes, not the zero that may precede them.
pub(crate) fn find_start_code(stream: &[u8]) -> Option<usize> {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(&START_CODE));
    FINDER.find(stream)
}

/// What every NAL unit of a byte stream has before it.
pub(crate) const START_CODE: [u8; 3] = [0, 0, 1];

/// The bytes up to the last that is not zero.
pub(crate) fn without_trailing_zeros(unit: &[u8]) -> &[u8] {
    let end = unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    &unit[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(stream: &[u8]) -> Vec<String> {
        nal_units(stream).map(|unit| unit.iter().map(|b| format!("{b:02x}")).collect()).collect()
    }

    #[test]
    fn start_codes_have_three_or_four_bytes() {
        assert_eq!(text(b"\0\0\0\x01\x67\x42\0\0\x01\x68\xce\0\0\0\x01\x65"), ["6742", "68ce", "65"]);
    }

    #[test]
    fn zeros_after_a_unit_are_not_its_own() {
        assert_eq!(text(b"\0\0\x01\x65\x88\0\0\0\0\0\0\x01\x41\0\0"), ["6588", "41"]);
    }

    #[test]
    fn bytes_before_the_first_start_code_are_no_unit() {
        assert_eq!(text(b"garbage\0\0\x01\x65"), ["65"]);
        assert!(text(b"garbage").is_empty());
    }

    #[test]
    fn empty_units_are_left_out() {
        assert_eq!(text(b"\0\0\x01\0\0\x01\0\0\0\x01\x09"), ["09"]);
        assert!(text(b"\0\0\x01").is_empty());
    }

    proptest! {
        #[test]
        fn units_come_back_whatever_separates_them(
            units in prop::collection::vec((prop::collection::vec(2u8.., 1..20), 2usize..6), 0..10),
        ) {
            let mut stream = vec![];
            for (unit, zeros) in &units {
                stream.resize(stream.len() + zeros, 0);
                stream.push(1);
                stream.extend_from_slice(unit);
            }
            let found: Vec<_> = nal_units(&stream).map(<[u8]>::to_vec).collect();
            prop_assert_eq!(found, units.into_iter().map(|(unit, _)| unit).collect::<Vec<_>>());
        }

        #[test]
        fn no_unit_holds_a_start_code_or_ends_in_a_zero(stream in prop::collection::vec(0u8..3, 0..200)) {
            for unit in nal_units(&stream) {
                prop_assert!(find_start_code(unit).is_none());
                prop_assert_ne!(unit.last(), Some(&0));
            }
        }
    }
}
