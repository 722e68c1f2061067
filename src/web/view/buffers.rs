//! `Buffers`: memory that generated chunks are made in, used again and again.

use bytes::Bytes;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A buffer of some hundred KiB that comes fresh from the allocator is mapped, filled with zeros page by page and
/// unmapped again, which takes longer than to make what goes into it. So those that were sent are kept, [`MAX_KEPT`] of
/// them for all viewers.
#[derive(Clone, Debug, Default)]
pub(in crate::web) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

/// As many as one viewer has at a time.
const MAX_KEPT: usize = 8;

/// Larger ones, for recordings that are much longer than a minute, are not kept.
const MAX_KEPT_BYTES: usize = 256 << 10;

/// Room for a chunk. What is in it may be of a chunk before.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
    home: Buffers,
}

impl Buffers {
    /// Of `len` bytes.
    pub(super) fn get(&self, len: usize) -> Buffer {
        let mut bytes = self.lock().pop().unwrap_or_default();
        if bytes.len() < len {
            bytes.resize(len, 0);
        }
        Buffer { bytes, len, home: self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        // Nothing in it means anything.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    /// To be filled, all of it.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }

    /// As bytes; when they were sent, the buffer is the next one's.
    pub(super) fn share(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut kept = self.home.lock();
        if kept.len() < MAX_KEPT && self.bytes.len() <= MAX_KEPT_BYTES {
            kept.push(take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_used_again() {
        let buffers = Buffers::default();
        let mut first = buffers.get(1000);
        first.room().fill(1);
        let first = first.share();
        let address = first.as_ptr();
        assert_eq!(first, vec![1; 1000]);
        drop((first.slice(10..), first));
        let again = buffers.get(10);
        assert_eq!((again.as_ref().as_ptr(), again.as_ref().len()), (address, 10));
        drop((again, buffers.get(MAX_KEPT_BYTES + 1)));
        assert_eq!(buffers.lock().len(), 1);
        let many: Vec<Buffer> = (0..2 * MAX_KEPT).map(|_| buffers.get(1)).collect();
        drop(many);
        assert_eq!(buffers.lock().len(), MAX_KEPT);
    }
}
