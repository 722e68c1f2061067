//! Numbers of one to five bytes: unsigned LEB128, and how signed ones become unsigned.

/// Small numbers of either sign become small ones without.
pub(super) fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

/// The reverse of [`zigzag`].
pub(super) fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

/// Gives its bytes to `put`.
pub(super) fn write(mut n: u64, mut put: impl FnMut(u8)) {
    while n >= 0x80 {
        put(n as u8 | 0x80);
        n >>= 7;
    }
    put(n as u8);
}

/// Takes one of at most five bytes off the start: eight are loaded at once, so its length costs no branch of its own.
#[inline(always)]
pub(super) fn take(rest: &mut &[u8]) -> Result<u64, &'static str> {
    let word = match rest.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => near_the_end(rest),
    };
    if word & 0x80 == 0 && !rest.is_empty() {
        *rest = &rest[1..];
        return Ok(word & 0x7f);
    }
    let ends = !word & TOP_BITS;
    if ends == 0 {
        return Err("a number has too many digits");
    }
    let len = ends.trailing_zeros() as usize / 8 + 1;
    *rest = rest.get(len..).ok_or("cut off")?;
    Ok(seven_bits_of_each(word & (ends ^ (ends - 1))))
}

/// The last few bytes, with zeros behind them.
#[cold]
fn near_the_end(rest: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(bytes)
}

/// Those of five bytes: a difference of two numbers below 2^32 has 33 bits with its sign, two flags make 35.
const TOP_BITS: u64 = 0x80_8080_8080;

/// The low seven bits of each of the eight bytes, the first byte's lowest.
fn seven_bits_of_each(word: u64) -> u64 {
    let x = word & 0x7f7f_7f7f_7f7f_7f7f;
    let x = (x & 0x007f_007f_007f_007f) | (x & 0x7f00_7f00_7f00_7f00) >> 1;
    let x = (x & 0x0000_3fff_0000_3fff) | (x & 0x3fff_0000_3fff_0000) >> 2;
    (x & 0x0fff_ffff) | (x & 0x0fff_ffff_0000_0000) >> 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_reads_as_it_was_written(n in 0u64..1 << 35, behind: Vec<u8>) {
            let mut bytes = Vec::new();
            write(n, |byte| bytes.push(byte));
            prop_assert!(bytes.len() <= 5);
            bytes.extend_from_slice(&behind);
            let mut rest = &bytes[..];
            prop_assert_eq!(take(&mut rest), Ok(n));
            prop_assert_eq!(rest, &behind[..]);
        }

        #[test]
        fn signs_come_and_go(n in -(1i64 << 40)..1 << 40) {
            prop_assert_eq!(unzigzag(zigzag(n)), n);
        }
    }
}
