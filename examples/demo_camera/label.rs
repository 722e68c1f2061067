//! `Label`: the name of each frame of a show, written into it and told, so that a frame can be found again wherever it went.

use bytes::Bytes;
use lunette::media::codec::Codec;
use std::time::{SystemTime, UNIX_EPOCH};

/// Names the frames of one show: `SHOW.0`, `SHOW.1` and so on.
#[derive(Debug)]
pub(crate) struct Label {
    codec: Codec,
    show: String,
    next: u64,
}

impl Label {
    pub(crate) fn new(codec: Codec, show: String) -> Self {
        Self { codec, show, next: 0 }
    }

    /// Names the next frame: before its picture comes a supplemental enhancement information of the kind "user data
    /// unregistered" (ITU-T H.264 D.1.7, H.265 D.2.7), which holds [`MARK`], the name and a `;`. Tells it, too.
    pub(crate) fn put_into(&mut self, nals: &mut Vec<Bytes>) {
        let name = format!("{}.{}", self.show, self.next);
        self.next += 1;
        let is_picture = |nal: &Bytes| match self.codec {
            Codec::H264 => matches!(nal[0] & 0x1f, 1..=5),
            Codec::H265 => nal[0] >> 1 & 0x3f < 32,
        };
        let is_key = |nal: &Bytes| match self.codec {
            Codec::H264 => nal[0] & 0x1f == 5,
            Codec::H265 => matches!(nal[0] >> 1 & 0x3f, 16..=21),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        println!("frame {name} {} {}", now.as_millis(), u8::from(nals.iter().any(is_key)));
        let at = nals.iter().position(is_picture).unwrap_or(nals.len());
        nals.insert(at, self.message(&name));
    }

    /// Text alone: nothing in it needs an emulation prevention byte.
    fn message(&self, name: &str) -> Bytes {
        let header: &[u8] = match self.codec {
            Codec::H264 => &[6],
            Codec::H265 => &[39 << 1, 1],
        };
        let text = format!("{MARK}{name};");
        let len = u8::try_from(text.len()).ok().filter(|&len| len < 0xff).expect("labels are short");
        [header, &[USER_DATA, len], text.as_bytes(), &[0x80]].concat().into()
    }
}

/// The 16 bytes that say whose data it is.
const MARK: &str = "lunette-frame-no";
const USER_DATA: u8 = 5;
