//! `NalWriter`: NAL units made by hand, field by field, for tests.

use h264_reader::rbsp::{BitWrite, BitWriter, ByteWriter};
use std::io::Write;

/// Writes fields in the order of a syntax table.
pub(crate) struct NalWriter {
    header: Vec<u8>,
    payload: BitWriter<Vec<u8>>,
}

impl NalWriter {
    /// A NAL unit with this header and nothing behind it yet.
    pub(crate) fn new(header: &[u8]) -> Self {
        Self { header: header.to_vec(), payload: BitWriter::new(vec![]) }
    }

    /// Unsigned Exp-Golomb codes.
    pub(crate) fn ue(mut self, values: &[u32]) -> Self {
        for &value in values {
            self.payload.write_ue(value).expect("a Vec takes all");
        }
        self
    }

    /// A number in so many bits.
    pub(crate) fn number(mut self, bits: u32, value: u32) -> Self {
        self.payload.write_var(bits, value).expect("a Vec takes all");
        self
    }

    /// The whole NAL unit, with stop bit and emulation prevention.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.payload.write_rbsp_trailing_bits().expect("a Vec takes all");
        let mut nal = ByteWriter::new(self.header);
        nal.write_all(&self.payload.into_writer()).expect("a Vec takes all");
        nal.into_writer()
    }
}

/// An H.264 SPS of the Main profile that allows fields, 320×192 or less by `crop`, with 4 bits of frame_num and of POC.
pub(crate) fn h264_sps(id: u32, crop_bottom: u32) -> Vec<u8> {
    let sps = NalWriter::new(&[0x67]).number(24, 0x4d_00_1e).ue(&[id, 0, 0, 0, 1]).number(1, 0).ue(&[19, 5]);
    let fields_allowed_not_mbaff = 0b00;
    let sps = sps.number(2, fields_allowed_not_mbaff).number(1, 1);
    let sps = if crop_bottom > 0 { sps.number(1, 1).ue(&[0, 0, 0, crop_bottom]) } else { sps.number(1, 0) };
    sps.number(1, 0).finish()
}

/// An H.264 PPS. `qp` tells two of them apart.
pub(crate) fn h264_pps(id: u32, sps_id: u32, qp: u32) -> Vec<u8> {
    NalWriter::new(&[0x68])
        .ue(&[id, sps_id])
        .number(2, 0)
        .ue(&[0, 0, 0])
        .number(3, 0)
        .ue(&[qp, 0, 0])
        .number(3, 0)
        .finish()
}
