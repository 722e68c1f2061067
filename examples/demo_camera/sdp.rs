//! The session description (RFC 4566; RFC 6184 8.2.1, RFC 7798 7.2.1).

use crate::clip::Clip;
use crate::faults::Faults;
use crate::rtp::PAYLOAD_TYPE;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lunette::media::codec::Codec;

/// Describes a clip's stream, as far as the faults let it.
pub(crate) fn describe(clip: &Clip, faults: &Faults) -> String {
    let head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=demo\r\na=tool:Lunette demo camera\r\nt=0 0\r\na=control:*\r\n";
    if faults.no_video {
        return head.to_owned();
    }
    if faults.audio_only {
        return format!("{head}m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:track0\r\n");
    }
    let codec = match (&faults.codec, clip.codec) {
        (Some(name), _) => name,
        (None, Codec::H264) => "H264",
        (None, Codec::H265) => "H265",
    };
    let format = if faults.in_band_only { String::new() } else { format!(";{}", parameter_sets(clip)) };
    format!(
        "{head}m=video 0 RTP/AVP {PAYLOAD_TYPE}\r\na=rtpmap:{PAYLOAD_TYPE} {codec}/90000\r\n\
         a=fmtp:{PAYLOAD_TYPE} packetization-mode=1{format}\r\na=control:track0\r\n"
    )
}

fn parameter_sets(clip: &Clip) -> String {
    let sets: Vec<_> = clip.parameter_sets.iter().map(|nal| STANDARD.encode(nal)).collect();
    match clip.codec {
        Codec::H264 => format!("sprop-parameter-sets={}", sets.join(",")),
        Codec::H265 => {
            let named = ["sprop-vps", "sprop-sps", "sprop-pps"].into_iter().zip(sets);
            named.map(|(name, set)| format!("{name}={set}")).collect::<Vec<_>>().join(";")
        }
    }
}
