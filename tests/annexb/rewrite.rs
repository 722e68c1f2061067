//! H.264 as x264 does not write it: parameter sets and slice headers of its streams (Main profile, CAVLC, frames alone)
//! written anew, so that FFmpeg's decoder can be asked about them.

use lunette::media::annexb::nal_units;

/// What becomes of a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rewrite {
    /// No VUI: nothing tells how far pictures move.
    Untold,
    /// pic_order_cnt_type 1, with a cycle of two reference frames.
    TypeOne,
    /// IDR pictures but the first become others with memory_management_control_operation 5.
    Operation5,
}

impl Rewrite {
    pub(crate) fn of(self, stream: &[u8]) -> Vec<u8> {
        let mut state = State::default();
        nal_units(stream).flat_map(|nal| [b"\0\0\0\x01", &self.nal(nal, &mut state)[..]].concat()).collect()
    }

    fn nal(self, nal: &[u8], state: &mut State) -> Vec<u8> {
        match nal[0] & 0x1f {
            7 => self.sps(nal, state),
            1 | 5 => self.slice(nal, state),
            _ => nal.to_vec(),
        }
    }

    fn sps(self, nal: &[u8], state: &mut State) -> Vec<u8> {
        let (mut from, mut to) = (Bits::of(nal), Writer::default());
        assert_eq!(from.number(8), 77, "Main profile");
        to.number(8, 77);
        to.number(16, from.number(16));
        to.ue(from.ue());
        state.frame_num_bits = to.copy_ue(&mut from) + 4;
        assert_eq!(from.ue(), 0, "x264 counts by type 0");
        state.lsb_bits = from.ue() + 4;
        if self == Self::TypeOne {
            to.ue(1);
            to.number(1, 0);
            to.se(NON_REFERENCE);
            to.se(0);
            to.ue(CYCLE.len() as u32);
            CYCLE.iter().for_each(|&offset| to.se(offset));
        } else {
            to.ue(0);
            to.ue(state.lsb_bits - 4);
        }
        to.copy_ue(&mut from);
        to.number(1, from.number(1));
        to.copy_ue(&mut from);
        to.copy_ue(&mut from);
        assert_eq!(from.number(1), 1, "frames alone");
        to.number(1, 1);
        to.number(1, from.number(1));
        let is_cropped = from.number(1);
        to.number(1, is_cropped);
        for _ in 0..4 * is_cropped {
            to.copy_ue(&mut from);
        }
        if self == Self::Untold {
            to.number(1, 0);
            to.number(1, 1);
        } else {
            to.rest(from);
        }
        to.finish(nal[0])
    }

    fn slice(self, nal: &[u8], state: &mut State) -> Vec<u8> {
        let (mut from, mut to) = (Bits::of(nal), Writer::default());
        let (is_idr, is_reference) = (nal[0] & 0x1f == 5, nal[0] & 0x60 != 0);
        let is_first = to.copy_ue(&mut from) == 0;
        to.copy_ue(&mut from);
        to.copy_ue(&mut from);
        let frame_num = from.number(state.frame_num_bits);
        let id = if is_idr { from.ue() } else { 0 };
        let lsb = from.number(state.lsb_bits);
        if is_first {
            state.picture = state.next(self, frame_num, lsb, is_idr, is_reference);
        }
        let Picture { resets, frame_num, count, lsb, expected } = state.picture;
        to.number(state.frame_num_bits, frame_num);
        if is_idr && !resets {
            to.ue(id);
        }
        if self == Self::TypeOne {
            to.se(count - expected);
        } else {
            to.number(state.lsb_bits, lsb);
        }
        if resets {
            from.number(2); // no_output_of_prior_pics_flag, long_term_reference_flag
            to.number(1, 1);
            to.ue(5);
            to.ue(0);
        }
        to.rest(from);
        to.finish(if resets { nal[0] & 0xe0 | 1 } else { nal[0] })
    }
}

/// offset_for_non_ref_pic and offset_for_ref_frame.
const NON_REFERENCE: i32 = -3;
const CYCLE: [i32; 2] = [5, 8];

/// expectedDeltaPicOrderCnt of so many frames by frame_num.
fn expected(frames: u32, is_reference: bool) -> i32 {
    let passed = if is_reference { frames } else { frames.saturating_sub(1) };
    let cycled: i32 = (0..passed as usize).map(|n| CYCLE[n % CYCLE.len()]).sum();
    cycled + if is_reference { 0 } else { NON_REFERENCE }
}

/// What all slices of a picture say.
#[derive(Clone, Copy, Default)]
struct Picture {
    resets: bool,
    frame_num: u32,
    count: i32,
    lsb: u32,
    expected: i32,
}

#[derive(Default)]
struct State {
    picture: Picture,
    frame_num_bits: u32,
    lsb_bits: u32,
    has_begun: bool,
    /// The count of the newest reference picture.
    before: i32,
    highest: i32,
    frame_num: u32,
    frames: u32,
    /// frame_num of the newest reference picture.
    reference: u32,
}

impl State {
    fn next(&mut self, rewrite: Rewrite, frame_num: u32, lsb: u32, is_idr: bool, is_reference: bool) -> Picture {
        let max_frame_num = 1 << self.frame_num_bits;
        let resets = rewrite == Rewrite::Operation5 && is_idr && self.has_begun;
        // Behind all that came, before it is counted anew.
        let behind = (self.highest + 2) as u32 % (1 << self.lsb_bits);
        let behind_reference = (self.reference + 1) % max_frame_num;
        let count = self.count(lsb, is_idr, is_reference);
        self.highest = if is_idr { count } else { self.highest.max(count) };
        self.frames = match (is_idr, frame_num < self.frame_num) {
            (true, _) => 0,
            (false, wraps) => self.frames + if wraps { max_frame_num } else { 0 },
        };
        self.frame_num = frame_num;
        self.has_begun = true;
        if is_reference {
            self.reference = frame_num;
        }
        Picture {
            resets,
            frame_num: if resets { behind_reference } else { frame_num },
            count,
            lsb: if resets { behind } else { lsb },
            expected: expected(self.frames + frame_num, is_reference),
        }
    }

    /// The count that is nearest to the one before and ends in these bits.
    fn count(&mut self, lsb: u32, is_idr: bool, is_reference: bool) -> i32 {
        let (all, before) = (1 << self.lsb_bits, if is_idr { 0 } else { self.before });
        let near = (before - all..=before + all).filter(|count| count.rem_euclid(all) == lsb as i32);
        let count = near.min_by_key(|count| (count - before).abs()).expect("each end comes up");
        if is_reference {
            self.before = count;
        }
        count
    }
}

/// The payload of a NAL unit, without emulation prevention.
struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    fn of(nal: &[u8]) -> Self {
        let (mut bytes, mut zeros) = (Vec::new(), 0);
        for &byte in &nal[1..] {
            if zeros >= 2 && byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            bytes.push(byte);
        }
        Self { bytes, at: 0 }
    }

    /// How many there are, the stop bit included.
    fn len(&self) -> usize {
        let last = self.bytes.iter().rposition(|&byte| byte != 0).expect("a stop bit");
        8 * last + 8 - self.bytes[last].trailing_zeros() as usize
    }

    fn bit(&mut self) -> u32 {
        let bit = self.bytes[self.at / 8] >> (7 - self.at % 8) & 1;
        self.at += 1;
        bit.into()
    }

    fn number(&mut self, bits: u32) -> u32 {
        (0..bits).fold(0, |number, _| number << 1 | self.bit())
    }

    fn ue(&mut self) -> u32 {
        let zeros = (0..32).take_while(|_| self.bit() == 0).count() as u32;
        (1 << zeros) - 1 + self.number(zeros)
    }
}

#[derive(Default)]
struct Writer(Vec<bool>);

impl Writer {
    fn number(&mut self, bits: u32, number: u32) {
        self.0.extend((0..bits).rev().map(|bit| number >> bit & 1 == 1));
    }

    fn ue(&mut self, number: u32) {
        let bits = (number + 1).ilog2();
        self.number(bits, 0);
        self.number(bits + 1, number + 1);
    }

    fn se(&mut self, number: i32) {
        self.ue(if number > 0 { 2 * number as u32 - 1 } else { 2 * number.unsigned_abs() });
    }

    fn copy_ue(&mut self, from: &mut Bits) -> u32 {
        let number = from.ue();
        self.ue(number);
        number
    }

    /// All that follows, up to the stop bit.
    fn rest(&mut self, mut from: Bits) {
        let end = from.len();
        while from.at < end {
            let bit = from.bit();
            self.number(1, bit);
        }
    }

    fn finish(self, header: u8) -> Vec<u8> {
        let (mut nal, mut zeros) = (vec![header], 0);
        for bits in self.0.chunks(8) {
            let byte = (0..8).fold(0, |byte, n| byte << 1 | u8::from(bits.get(n).is_some_and(|&bit| bit)));
            if zeros >= 2 && byte <= 3 {
                nal.push(3);
                zeros = 0;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            nal.push(byte);
        }
        nal
    }
}
