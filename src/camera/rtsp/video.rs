//! `Video`: the one stream of a camera that is recorded, and how to decode it.

use crate::base::{Error, Kind, Result};
use crate::media::SampleEntry;
use crate::media::codec::Codec;
use crate::media::picture::{Picture, Pictures};
use crate::media::recording::{Cause, EndReason};
use bytes::Bytes;
use retina::client::Stream;
use retina::codec::{ParametersRef, VideoFrame, VideoParametersCodec};
use std::sync::Arc;

/// The stream that was set up, with its newest parameter sets.
#[derive(Debug)]
pub(super) struct Video {
    stream: usize,
    codec: Codec,
    decoding: Option<Decoding>,
}

#[derive(Debug)]
struct Decoding {
    entry: Arc<SampleEntry>,
    pictures: Pictures,
}

/// A frame as the recorder wants it.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) data: Bytes,
    pub(super) picture: Picture,
    pub(super) entry: Arc<SampleEntry>,
}

/// The first stream that can be recorded: its place among those offered, and its coding.
pub(super) fn choose(offered: &[Stream]) -> Result<(usize, Codec), EndReason> {
    let codec = |s: &Stream| match (s.media(), s.encoding_name()) {
        ("video", "h264") => Some(Codec::H264),
        ("video", "h265") => Some(Codec::H265),
        _ => None,
    };
    let first = offered.iter().enumerate().find_map(|(i, stream)| Some((i, codec(stream)?)));
    first.ok_or_else(|| {
        let names: Vec<_> = offered.iter().map(|s| format!("{} {}", s.media(), s.encoding_name())).collect();
        let names = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        EndReason::new(Cause::BadVideo, format!("no H.264 or H.265 among what is offered: {names}"))
    })
}

impl Video {
    /// The stream at this place, of this coding.
    pub(super) fn new(stream: usize, codec: Codec) -> Self {
        Self { stream, codec, decoding: None }
    }

    pub(super) fn codec(&self) -> Codec {
        self.codec
    }

    pub(super) fn sample_entry(&self) -> Option<&Arc<SampleEntry>> {
        self.decoding.as_ref().map(|d| &d.entry)
    }

    /// Takes over retina's buffer; `None` while no parameter sets have come and in-band ones are waited for.
    pub(super) fn sample(&mut self, frame: VideoFrame, streams: &[Stream]) -> Result<Option<Sample>> {
        if frame.has_new_parameters() || self.decoding.is_none() {
            self.renew(&streams[self.stream])?;
        }
        let Some(decoding) = &self.decoding else { return Ok(None) };
        let data = Bytes::from(frame.into_data());
        let picture = decoding.pictures.look(&data)?;
        Ok(Some(Sample { data, picture, entry: Arc::clone(&decoding.entry) }))
    }

    /// Parameter sets that are sent again are the same sample entry. Bad ones leave none, since the pictures that
    /// follow are not to be decoded by those before.
    fn renew(&mut self, stream: &Stream) -> Result<()> {
        let before = self.decoding.take();
        let Some(ParametersRef::Video(parameters)) = stream.parameters() else { return Ok(()) };
        let sets: &[&Bytes] = match parameters.codec_params() {
            VideoParametersCodec::H264 { sps, pps } => &[sps, pps],
            VideoParametersCodec::H265 { vps, sps, pps } => &[vps, sps, pps],
            _ => return Err(Error::new(Kind::Camera, "parameter sets of another codec than was offered")),
        };
        let entry = SampleEntry::from_parameter_sets(self.codec, sets.iter().map(|set| &set[..]))?;
        self.decoding = match before {
            Some(before) if *before.entry == entry => Some(before),
            _ => Some(Decoding { pictures: Pictures::new(&entry)?, entry: Arc::new(entry) }),
        };
        Ok(())
    }
}
