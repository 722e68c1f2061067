//! `Input`: random bytes as numbers. When they are used up, all numbers are 0.

/// What is left of the bytes.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// As many bytes, or what is left.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// Two bytes.
    pub fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// A number of up to eight bytes, with a sign: small ones are as likely as large ones.
    pub fn number(&mut self) -> i64 {
        let len = usize::from(self.byte() % 9);
        let taken = self.take(len);
        let sign = if taken.first().is_some_and(|&first| first >= 0x80) { -1 } else { 0 };
        taken.iter().fold(sign, |number, &byte| number << 8 | i64::from(byte))
    }
}
