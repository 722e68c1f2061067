//! The trailer: all that is known of a recording, behind the film in its own sample file.

use crate::base::{Error, Kind, MediaDuration, RecordingId, Result, ResultExt, WallDuration, WallTime};
use crate::media::recording::Flags;
use crate::media::{Recording, SampleEntry};
use crate::store::camera::StreamKind;
use crate::store::closed::ClosedRecording;
use crate::store::wire::{Reader, Writer, checksum};
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Body and footer, as they follow the film.
pub(crate) fn encode(closed: &ClosedRecording) -> Vec<u8> {
    let mut w = Writer::default();
    w.u16(FORMAT);
    put_facts(&mut w, closed);
    w.bytes(&closed.video_index);
    w.fixed(&closed.blake3);
    let sum = checksum(&w.0);
    let len = u32::try_from(w.0.len()).expect("a trailer is far below 4 GiB");
    w.u32(len);
    w.fixed(&sum);
    w.fixed(MAGIC);
    w.0
}

/// What the file of a closed recording says of itself; `None` when it does not end with a footer, so was not closed.
/// `Corrupt` when it does, and yet body and footer or length do not agree; `Conflict` when a newer lunette wrote it.
pub(crate) fn read(file: &File) -> Result<Option<ClosedRecording>> {
    let file_len = file.metadata().or_fail(Kind::Disk, || "stat")?.len();
    parse(file_len, |buffer, at| file.read_exact_at(buffer, at))
}

/// The same of anything so long that can be read at an offset.
pub(crate) fn parse(
    file_len: u64,
    read_at: impl Fn(&mut [u8], u64) -> io::Result<()>,
) -> Result<Option<ClosedRecording>> {
    let disk = |e| Error::caused(Kind::Disk, "read trailer", e);
    let Some(footer_at) = file_len.checked_sub(FOOTER_LEN as u64) else { return Ok(None) };
    let mut footer = [0; FOOTER_LEN];
    read_at(&mut footer, footer_at).map_err(disk)?;
    let Some((body_len, sum)) = parse_footer(&footer) else { return Ok(None) };
    let too_long = || Error::new(Kind::Corrupt, format!("a trailer of {body_len} bytes"));
    let body_at = footer_at.checked_sub(body_len.into()).filter(|_| body_len <= LIMIT).ok_or_else(too_long)?;
    let mut body = vec![0; body_len as usize];
    read_at(&mut body, body_at).map_err(disk)?;
    let closed = decode_body(&body, &sum).map_err(|e| e.on("trailer"))?;
    if closed.recording.sample_file_bytes != body_at {
        let told = closed.recording.sample_file_bytes;
        return Err(Error::new(Kind::Corrupt, format!("trailer: {body_at} bytes of film where it tells {told}")));
    }
    Ok(Some(closed))
}

fn parse_footer(footer: &[u8; FOOTER_LEN]) -> Option<(u32, [u8; 8])> {
    let mut r = Reader::new(footer);
    let (len, sum) = (r.u32().ok()?, r.fixed().ok()?);
    (r.fixed().ok()? == *MAGIC).then_some((len, sum))
}

fn decode_body(body: &[u8], sum: &[u8; 8]) -> Result<ClosedRecording> {
    if checksum(body) != *sum {
        return Err(Error::new(Kind::Corrupt, "its checksum is another"));
    }
    let mut r = Reader::new(body);
    match r.u16()? {
        FORMAT => {}
        // Its writer is newer, and nothing is wrong with it.
        other => return Err(Error::new(Kind::Conflict, format!("format {other}, this lunette knows {FORMAT}"))),
    }
    let mut closed = take_facts(&mut r)?;
    closed.video_index = Arc::from(r.bytes()?);
    closed.blake3 = r.fixed()?;
    r.end()?;
    Ok(closed)
}

/// All but index and hash. The journal's head of a recording is the same.
pub(super) fn put_facts(w: &mut Writer, closed: &ClosedRecording) {
    let r = &closed.recording;
    w.i64(r.id.composite());
    w.u64(r.sequence);
    w.u32(r.open_id);
    w.i64(r.run_start.composite());
    w.i64(r.start.0);
    w.i64(r.wall_duration.0);
    w.i64(r.media_duration.0);
    w.i64(r.media_offset.0);
    w.i64(r.local_delta.0);
    w.u64(r.sample_file_bytes);
    w.u32(r.video_samples);
    w.u32(r.video_sync_samples);
    w.u8(r.index_format);
    w.u32(r.flags.0);
    w.maybe_text(r.end_reason.as_deref());
    w.uuid(closed.camera);
    w.u8(match closed.kind {
        StreamKind::Main => 0,
        StreamKind::Sub => 1,
    });
    w.uuid(closed.boot_id);
    w.i64(closed.clock_offset.0);
    let entry = &closed.sample_entry;
    for v in [entry.width, entry.height, entry.pixel_aspect.0, entry.pixel_aspect.1] {
        w.u16(v);
    }
    w.bytes(entry.rfc6381_codec.as_bytes());
    w.bytes(&entry.data);
}

/// The reverse of [`put_facts`]; the sample entry's number is not known (0), index and hash are empty.
pub(super) fn take_facts(r: &mut Reader<'_>) -> Result<ClosedRecording> {
    let id = |composite| {
        RecordingId::from_composite(composite)
            .ok_or_else(|| Error::new(Kind::Corrupt, format!("no recording can have the id {composite}")))
    };
    Ok(ClosedRecording {
        recording: Recording {
            id: id(r.i64()?)?,
            sequence: r.u64()?,
            open_id: r.u32()?,
            run_start: id(r.i64()?)?,
            start: WallTime(r.i64()?),
            wall_duration: WallDuration(r.i64()?),
            media_duration: MediaDuration(r.i64()?),
            media_offset: MediaDuration(r.i64()?),
            local_delta: WallDuration(r.i64()?),
            sample_file_bytes: r.u64()?,
            video_samples: r.u32()?,
            video_sync_samples: r.u32()?,
            sample_entry_id: 0,
            index_format: r.u8()?,
            flags: Flags(r.u32()?),
            growing: false,
            end_reason: r.maybe_text()?.map(str::to_owned),
        },
        camera: r.uuid()?,
        kind: match r.u8()? {
            0 => StreamKind::Main,
            1 => StreamKind::Sub,
            other => return Err(Error::new(Kind::Corrupt, format!("stream kind {other}"))),
        },
        boot_id: r.uuid()?,
        clock_offset: WallDuration(r.i64()?),
        sample_entry: Arc::new(SampleEntry {
            width: r.u16()?,
            height: r.u16()?,
            pixel_aspect: (r.u16()?, r.u16()?),
            rfc6381_codec: r.text()?.to_owned(),
            data: Bytes::copy_from_slice(r.bytes()?),
        }),
        video_index: Arc::from([]),
        blake3: [0; 32],
    })
}

const FORMAT: u16 = 1;
/// The last bytes of a closed sample file.
const MAGIC: &[u8; 8] = b"lunette\n";
/// Length, checksum, magic.
const FOOTER_LEN: usize = 4 + 8 + 8;
/// More than two minutes of 1000 frames a second need.
const LIMIT: u32 = 4 << 20;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::base::StreamId;
    use proptest::prelude::*;
    use std::io::Write;
    use uuid::Uuid;

    /// A recording of stream 3 with all its fields told apart.
    pub(crate) fn example(number: u32) -> ClosedRecording {
        let stream = StreamId::new(3).unwrap();
        ClosedRecording {
            recording: Recording {
                id: RecordingId::new(stream, number),
                sequence: 77,
                open_id: 5,
                run_start: RecordingId::new(stream, 1),
                start: WallTime(140_000_000_000_000),
                wall_duration: WallDuration(5_400_001),
                media_duration: MediaDuration(5_400_000),
                media_offset: MediaDuration(900),
                local_delta: WallDuration(-7),
                sample_file_bytes: 11,
                video_samples: 2,
                video_sync_samples: 1,
                sample_entry_id: 0,
                index_format: 1,
                flags: Flags::TRAILING_ZERO,
                growing: false,
                end_reason: Some("camera silent: 10 s".into()),
            },
            camera: Uuid::from_u128(8),
            kind: StreamKind::Sub,
            boot_id: Uuid::from_u128(9),
            clock_offset: WallDuration(123_456),
            sample_entry: Arc::new(SampleEntry {
                data: Bytes::from_static(b"not really avc1"),
                width: 1920,
                height: 1080,
                pixel_aspect: (4, 3),
                rfc6381_codec: "avc1.4d401f".into(),
            }),
            video_index: Arc::from([0x29, 0xd0, 0x0f, 2, 20]),
            blake3: [6; 32],
        }
    }

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file
    }

    fn whole() -> Vec<u8> {
        [b"eleven byte".as_slice(), &encode(&example(2))].concat()
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&file(&whole())).unwrap(), Some(example(2)));
    }

    #[test]
    fn a_trailer_behind_other_film_is_refused() {
        let e = read(&file(&[b"!".as_slice(), &whole()].concat())).unwrap_err();
        assert_eq!(e.to_string(), "trailer: 12 bytes of film where it tells 11");
    }

    #[test]
    fn a_file_cut_anywhere_is_not_closed() {
        let whole = whole();
        for len in 0..whole.len() {
            assert_eq!(read(&file(&whole[..len])).unwrap(), None, "{len}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_changed_byte_is_seen(at in 11usize..300, change in 1u8..) {
            let mut bytes = whole();
            let at = at.min(bytes.len() - 1);
            bytes[at] ^= change;
            prop_assert!(!matches!(read(&file(&bytes)), Ok(Some(_))));
        }

        #[test]
        fn a_block_of_zeros_is_seen(from in 11usize..300, len in 1usize..300) {
            let whole = whole();
            let from = from.min(whole.len() - 1);
            let mut bytes = whole.clone();
            bytes[from..whole.len().min(from + len)].fill(0);
            prop_assert!(bytes == whole || !matches!(read(&file(&bytes)), Ok(Some(_))));
        }

        #[test]
        fn garbage_with_a_right_checksum_does_not_panic(body: Vec<u8>) {
            let _ = decode_body(&body, &checksum(&body));
            let mut bytes = body.clone();
            bytes.extend((body.len() as u32).to_le_bytes());
            bytes.extend(checksum(&body));
            bytes.extend(MAGIC);
            prop_assert!(!matches!(read(&file(&bytes)), Ok(Some(_))));
        }
    }
}
