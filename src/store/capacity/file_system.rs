//! `FileSystem`: how full the film's file system is, by its own word.

/// Sizes of a file system. In 64 bits on every machine: a kernel of 32 bits has them too, and 18 TB are beyond `usize`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileSystem {
    /// The unit of the others, in bytes (`f_frsize`).
    pub(crate) unit: u64,
    /// All of it.
    pub(crate) blocks: u64,
    /// Free, be it for root alone.
    pub(crate) free_blocks: u64,
    /// Free for everybody.
    pub(crate) available_blocks: u64,
}

impl FileSystem {
    /// Bytes of all of it.
    pub(crate) fn size(&self) -> u64 {
        self.blocks.saturating_mul(self.unit)
    }

    /// Bytes that may still be written.
    pub(crate) fn free(&self) -> u64 {
        self.available_blocks.saturating_mul(self.unit)
    }

    /// Bytes that are taken, by whatever.
    pub(crate) fn in_use(&self) -> u64 {
        self.blocks.saturating_sub(self.free_blocks).saturating_mul(self.unit)
    }
}

/// How much of a file system of this size stays free: what is wished, else the larger of 256 MiB and 2 %. More than half
/// of the disk is no wish that can be meant; a small disk keeps a quarter. Says whether the wish was granted.
pub(super) fn reserve(wished: Option<u64>, size: u64) -> (u64, bool) {
    let usual = (256 << 20).max(size / 50).min(size / 4);
    match wished {
        Some(wished) if wished <= size / 2 => (wished, true),
        Some(_) => (usual, false),
        None => (usual, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighteen_terabytes_in_blocks_of_four_kib() {
        let big = FileSystem {
            unit: 4096,
            blocks: 18_000_000_000_000 / 4096,
            free_blocks: 9_000_000_000_000 / 4096,
            available_blocks: 8_000_000_000_000 / 4096,
        };
        assert!(big.blocks > u64::from(u32::MAX), "this is what overflows");
        assert_eq!((big.size(), big.free()), (18_000_000_000_000, 8_000_000_000_000));
        assert_eq!(big.in_use(), 9_000_000_000_000);
        assert_eq!(reserve(None, big.size()), (360_000_000_000, true));
        let absurd = FileSystem { unit: u64::MAX, blocks: u64::MAX, ..FileSystem::default() };
        assert_eq!((absurd.size(), absurd.free()), (u64::MAX, 0));
    }

    #[test]
    fn a_reserve_is_256_mib_or_two_percent_or_what_is_wished_and_can_be() {
        const GIB: u64 = 1 << 30;
        assert_eq!(reserve(None, 10 * GIB), (256 << 20, true));
        assert_eq!(reserve(None, 100 * GIB), (2 * GIB, true));
        assert_eq!(reserve(None, 256 << 20), (64 << 20, true));
        assert_eq!(reserve(Some(0), 10 * GIB), (0, true));
        assert_eq!(reserve(Some(5 * GIB), 10 * GIB), (5 * GIB, true));
        assert_eq!(reserve(Some(5 * GIB + 1), 10 * GIB), (256 << 20, false));
    }
}
