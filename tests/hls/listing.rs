//! `Listing`: a media playlist, read as RFC 8216 says.

/// What a playlist says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    pub(crate) target: u64,
    pub(crate) sequence: u64,
    pub(crate) discontinuities: u64,
    pub(crate) is_ended: bool,
    /// Seconds from the first frame to where playback begins.
    pub(crate) start: f64,
    pub(crate) segments: Vec<Listed>,
}

/// A media segment of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listed {
    pub(crate) uri: String,
    pub(crate) seconds: f64,
    /// Begins anew after the one before.
    pub(crate) is_discontinuous: bool,
    /// The address of its initialisation segment.
    pub(crate) map: String,
    /// When it was, where that is said.
    pub(crate) date: Option<String>,
}

impl Listing {
    /// Reads a playlist and holds it against what every playlist of ours must keep to.
    #[track_caller]
    pub(crate) fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("#EXTM3U"));
        let mut listing = Self::default();
        let mut next = Listed::default();
        let mut tags = Vec::new();
        for line in lines {
            let (tag, value) = line.split_once(':').unwrap_or((line, ""));
            tags.push(tag);
            let number = || value.parse::<u64>().unwrap();
            match tag {
                "#EXT-X-VERSION" => assert!(number() >= 6),
                "#EXT-X-TARGETDURATION" => listing.target = number(),
                "#EXT-X-MEDIA-SEQUENCE" => listing.sequence = number(),
                "#EXT-X-DISCONTINUITY-SEQUENCE" => listing.discontinuities = number(),
                "#EXT-X-PLAYLIST-TYPE" => assert_eq!(value, "VOD"),
                "#EXT-X-INDEPENDENT-SEGMENTS" => {}
                "#EXT-X-START" => {
                    listing.start = value.split_once('=').unwrap().1.split(',').next().unwrap().parse().unwrap();
                }
                "#EXT-X-ENDLIST" => listing.is_ended = true,
                "#EXT-X-DISCONTINUITY" => next.is_discontinuous = true,
                "#EXT-X-MAP" => next.map = value.split('"').nth(1).unwrap().to_owned(),
                "#EXT-X-PROGRAM-DATE-TIME" => next.date = Some(value.to_owned()),
                "#EXTINF" => next.seconds = value.strip_suffix(',').unwrap().parse().unwrap(),
                _ => {
                    assert!(!line.starts_with('#'), "{line}");
                    assert!(next.seconds > 0.0 && next.seconds.round() as u64 <= listing.target, "{next:?}");
                    next.uri = line.to_owned();
                    listing.segments.push(next.clone());
                    next = Listed { map: next.map, ..Listed::default() };
                }
            }
        }
        assert!(tags.contains(&"#EXT-X-INDEPENDENT-SEGMENTS"));
        for segment in &listing.segments {
            assert!(!segment.map.is_empty());
            assert!(segment.date.is_some() || !segment.is_discontinuous, "{segment:?}");
        }
        assert!(listing.segments[0].date.is_some());
        listing
    }
}
