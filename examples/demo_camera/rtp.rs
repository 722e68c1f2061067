//! RTP packets (RFC 3550, RFC 6184 for H.264, RFC 7798 for H.265) and RTCP sender reports.

use bytes::Bytes;
use lunette::media::codec::Codec;

/// Of the stream, in packets and in the session description.
pub(crate) const PAYLOAD_TYPE: u8 = 96;

/// Makes the packets of one stream to one client.
#[derive(Debug)]
pub(crate) struct Packetizer {
    codec: Codec,
    sequence: u16,
    packets: u32,
    octets: u32,
}

impl Packetizer {
    pub(crate) fn new(codec: Codec) -> Self {
        Self { codec, sequence: 0x1234, packets: 0, octets: 0 }
    }

    /// The NAL units of a picture: each in a packet of its own, or in fragments where it is larger. The last packet
    /// has the marker.
    pub(crate) fn picture(&mut self, nals: &[Bytes], timestamp: u32) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        for nal in nals {
            match nal.len() {
                0..=PAYLOAD_BYTES => packets.push(self.packet(&[nal], timestamp)),
                _ => self.fragment(nal, timestamp, &mut packets),
            }
        }
        if let Some(last) = packets.last_mut() {
            last[1] |= MARKER;
        }
        packets
    }

    /// A packet whose payload no decoder knows: the forbidden bit is set.
    pub(crate) fn garbage(&mut self, timestamp: u32) -> Vec<u8> {
        self.packet(&[&[0xff; 40]], timestamp)
    }

    /// FU-A (RFC 6184 5.8) or FU (RFC 7798 4.4.3): a header of its own takes the place of the NAL unit's.
    fn fragment(&mut self, nal: &[u8], timestamp: u32, packets: &mut Vec<Vec<u8>>) {
        let (header, nal_type, body) = match self.codec {
            Codec::H264 => (vec![nal[0] & 0x60 | 28], nal[0] & 0x1f, &nal[1..]),
            Codec::H265 => (vec![nal[0] & 0x81 | 49 << 1, nal[1]], nal[0] >> 1 & 0x3f, &nal[2..]),
        };
        let chunks = body.chunks(PAYLOAD_BYTES - 3);
        let last = chunks.len() - 1;
        for (i, chunk) in chunks.enumerate() {
            let start_or_end = if i == 0 {
                0x80
            } else if i == last {
                0x40
            } else {
                0
            };
            packets.push(self.packet(&[&header, &[start_or_end | nal_type], chunk], timestamp));
        }
    }

    fn packet(&mut self, payload: &[&[u8]], timestamp: u32) -> Vec<u8> {
        let mut packet = vec![VERSION, PAYLOAD_TYPE];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(SSRC.to_be_bytes());
        for part in payload {
            packet.extend_from_slice(part);
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(packet.len() as u32 - HEADER_BYTES);
        packet
    }

    /// RFC 3550 6.4.1, with the name of the sender behind it, as 6.1 demands.
    pub(crate) fn sender_report(&self, ntp: u64, timestamp: u32) -> Vec<u8> {
        let mut report = vec![VERSION, 200, 0, 6];
        report.extend(SSRC.to_be_bytes());
        report.extend(ntp.to_be_bytes());
        for field in [timestamp, self.packets, self.octets] {
            report.extend(field.to_be_bytes());
        }
        report.extend([VERSION | 1, 202, 0, 3]);
        report.extend(SSRC.to_be_bytes());
        report.extend(b"\x01\x04demo\0\0");
        report
    }
}

const VERSION: u8 = 2 << 6;
const MARKER: u8 = 0x80;
const HEADER_BYTES: u32 = 12;
const SSRC: u32 = 0x1c0f_fee5;
/// Fits into an Ethernet frame with all headers.
const PAYLOAD_BYTES: usize = 1400;
