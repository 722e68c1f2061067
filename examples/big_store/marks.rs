//! Marks in the film: at every MiB the recording's id and the offset, so that bytes from a wrong place are seen.

use lunette::media::Recording;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// More than 25 hours of them.
pub(super) const RECORDINGS: u32 = 1600;
const EVERY: u64 = 1 << 20;

/// Writes all marks of a recording: id and offset, eight bytes each, big endian. Each takes a block of the disk.
pub(super) fn put(file: &File, recording: &Recording) -> io::Result<()> {
    for offset in (0..recording.sample_file_bytes.saturating_sub(16)).step_by(EVERY as usize) {
        let mut mark = [0; 16];
        mark[..8].copy_from_slice(&recording.id.composite().to_be_bytes());
        mark[8..].copy_from_slice(&offset.to_be_bytes());
        file.write_all_at(&mark, offset)?;
    }
    Ok(())
}
