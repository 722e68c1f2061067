//! What cameras send: byte streams and parameter sets.

use lunette::base::MonoTime;
use lunette::media::Frame;
use lunette::media::access_unit::Splitter;
use lunette::media::annexb::nal_units;
use lunette::media::codec::Codec;
use lunette::media::converter::Converter;
use lunette::media::output_order::OutputOrder;
use lunette::media::picture::Pictures;
use lunette::media::sample_entry::SampleEntry;

/// A byte stream in two different splits, of either codec: the access units are the same, no NAL unit is lost, and each
/// converts or fails in words. Whatever the pictures' order, each comes out, and every time is given out once.
pub fn byte_stream(data: &[u8]) {
    for codec in [Codec::H264, Codec::H265] {
        let units = split(codec, data, data.len().max(1));
        assert_eq!(units, split(codec, data, 5));
        let nals = units.iter().flat_map(|unit| nal_units(unit));
        assert!(nals.eq(nal_units(data)));
        let mut converter = Converter::new(codec);
        let (mut order, mut times, mut given) = (OutputOrder::default(), Vec::new(), Vec::new());
        for (unit, n) in units.iter().zip(0..) {
            if let Ok(Some(converted)) = converter.convert(unit) {
                let pictures = Pictures::new(&converted.sample_entry).expect("an entry of our own");
                assert_eq!(pictures.look(&converted.data).expect("a sample of our own"), converted.picture);
                let frame = Frame {
                    pts_90k: n,
                    arrived: MonoTime(n),
                    is_key: converted.picture.is_key,
                    is_skipped_leading: converted.picture.is_skipped_leading,
                    is_bidirectional: converted.picture.is_bidirectional,
                    data: converted.data,
                    sample_entry: converted.sample_entry,
                    lost_packets: 0,
                };
                if order.push(frame, converted.order).is_ok() {
                    times.push(n);
                }
                given.extend(std::iter::from_fn(|| order.pop()).map(|frame| frame.pts_90k));
                assert!(times.len() - given.len() <= OutputOrder::MOST_HELD, "few are held");
            }
        }
        order.flush();
        given.extend(std::iter::from_fn(|| order.pop()).map(|frame| frame.pts_90k));
        given.sort_unstable();
        assert_eq!(given, times);
    }
}

fn split(codec: Codec, stream: &[u8], piece_bytes: usize) -> Vec<Vec<u8>> {
    let mut splitter = Splitter::new(codec);
    let mut units = vec![];
    for piece in stream.chunks(piece_bytes) {
        splitter.push(piece);
        units.extend(splitter.by_ref().map(|unit| unit.expect("far less than the limit").to_vec()));
    }
    splitter.finish();
    units.extend(splitter.map(|unit| unit.expect("far less than the limit").to_vec()));
    units
}

/// Parameter sets as a byte stream, and the content of an `avcC` or `hvcC` box: an entry or an error; and an entry's own
/// configuration gives the same entry again.
pub fn sample_entry(data: &[u8]) {
    for codec in [Codec::H264, Codec::H265] {
        let entries =
            [SampleEntry::from_parameter_sets(codec, nal_units(data)), SampleEntry::from_decoder_config(codec, data)];
        for entry in entries.into_iter().flatten() {
            let config = entry.decoder_config().expect("an entry of our own");
            assert_eq!(SampleEntry::from_decoder_config(codec, config).expect("our own configuration"), entry);
            Pictures::new(&entry).expect("an entry of our own");
        }
    }
}
