//! `Boundary`: where a sample of H.265 begins (ISO/IEC 23008-2 7.4.2.4.4).

use crate::media::access_unit::Place;
use crate::media::hevc::slice::SliceStart;
use crate::media::hevc::{is_base_layer, is_slice, unit, unit_type};

/// Knows whether there is a picture yet. Each field of a field-coded stream is a picture, and a sample, of its own, as
/// the standard has it and FFmpeg does it: unlike H.264 there is no frame that two fields share.
#[derive(Debug, Default)]
pub(crate) struct Boundary {
    has_picture: bool,
}

impl Boundary {
    /// Where a NAL unit belongs, judged by its first bytes.
    pub(crate) fn place(&mut self, nal: &[u8]) -> Place {
        if is_slice(nal) {
            let is_first = SliceStart::parse(nal).is_ok_and(|start| start.is_first);
            let begins = self.has_picture && is_first;
            self.has_picture = true;
            return if begins { Place::Begins } else { Place::Continues };
        }
        let opens = matches!(
            unit_type(nal),
            unit::VPS | unit::SPS | unit::PPS | unit::DELIMITER | unit::PREFIX_SEI | 41..=44 | 48..=55
        );
        if self.has_picture && opens && is_base_layer(nal) { Place::MayBegin } else { Place::Anywhere }
    }

    /// Forgets the picture: bytes are missing.
    pub(crate) fn reset(&mut self) {
        self.has_picture = false;
    }
}
