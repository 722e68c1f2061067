//! `MAKERS`: where cameras of well-known makers have their streams, for those that are not found by themselves.

use serde::Serialize;

/// Where a maker's cameras have their streams: what stands behind host and port of an RTSP URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Maker {
    /// Its name; several where they are alike.
    pub maker: &'static str,
    /// The best picture.
    pub main: &'static str,
    /// A smaller one, where there is one.
    pub sub: Option<&'static str>,
}

/// By the alphabet. Models differ: what is right is for `POST /api/cameras/test` to say.
pub const MAKERS: &[Maker] = &[
    maker(
        "Amcrest, Dahua, Lorex",
        "/cam/realmonitor?channel=1&subtype=0",
        Some("/cam/realmonitor?channel=1&subtype=1"),
    ),
    maker("Annke, Hikvision, HiLook", "/Streaming/Channels/101", Some("/Streaming/Channels/102")),
    maker(
        "Axis",
        "/axis-media/media.amp?videocodec=h264",
        Some("/axis-media/media.amp?videocodec=h264&resolution=640x360"),
    ),
    maker("Bosch", "/?inst=1", Some("/?inst=2")),
    maker("D-Link", "/live1.sdp", Some("/live2.sdp")),
    maker("EZVIZ", "/h264/ch1/main/av_stream", Some("/h264/ch1/sub/av_stream")),
    maker("Foscam", "/videoMain", Some("/videoSub")),
    maker("Grandstream", "/0", Some("/4")),
    maker("Hanwha, Samsung Wisenet", "/profile2/media.smp", Some("/profile3/media.smp")),
    maker("Panasonic, i-PRO", "/MediaInput/stream_1", Some("/MediaInput/stream_2")),
    maker("Reolink", "/h264Preview_01_main", Some("/h264Preview_01_sub")),
    maker("Sony", "/media/video1", Some("/media/video2")),
    maker("TP-Link Tapo, VIGI", "/stream1", Some("/stream2")),
    maker("Uniview", "/unicast/c1/s0/live", Some("/unicast/c1/s1/live")),
    maker("Vivotek", "/live.sdp", Some("/live2.sdp")),
];

const fn maker(maker: &'static str, main: &'static str, sub: Option<&'static str>) -> Maker {
    Maker { maker, main, sub }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Transport;
    use crate::camera::Source;

    #[test]
    fn every_path_makes_a_source() {
        for Maker { maker, main, sub } in MAKERS {
            for path in std::iter::once(main).chain(sub) {
                assert!(path.starts_with('/'), "{maker}");
                Source::parse(&format!("rtsp://192.0.2.1{path}"), Transport::Tcp).unwrap();
            }
        }
        assert!(MAKERS.is_sorted_by_key(|m| m.maker.to_lowercase()));
    }
}
