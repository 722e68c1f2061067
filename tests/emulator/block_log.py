"""`BlockLog`: what was written to a card, in its order, and what a power cut leaves of it.

The format is that of Linux' dm-log-writes, which QEMU's blklogwrites writes: a superblock, then for each write a sector
that tells of it and the data. tests/crash/block_log.rs reads the same.
"""

import struct

MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD = 1, 2, 4
BLOCK = 4096


class BlockLog:
    def __init__(self, path):
        self.file = open(path, "rb")
        head = self.file.read(32)
        magic, version = struct.unpack_from("<QQ", head)
        assert (magic, version) == (MAGIC, 1), "a log of writes"
        self.sector = struct.unpack_from("<I", head, 24)[0]
        self.entries = []
        end, at = self.file.seek(0, 2), self.sector
        while at + self.sector <= end:
            self.file.seek(at)
            place, count, flags, length = struct.unpack("<4Q", self.file.read(32))
            data = 0 if flags & DISCARD else count * self.sector
            if (count, flags) == (0, 0) or at + self.sector + data > end:
                break
            self.entries.append((place * self.sector, at + self.sector, data, flags))
            at += self.sector + data

    def entries_at(self, position):
        """How many entries were in the log when it was so long."""
        return sum(data + length <= position for _, data, length, _ in self.entries)

    def data(self, entry):
        _, at, length, _ = entry
        self.file.seek(at)
        return self.file.read(length)


class Replay:
    """A card as it comes to be, entry by entry. `card` begins as it was before the first of them."""

    def __init__(self, log, card):
        self.log, self.card, self.done = log, open(card, "r+b"), 0

    def cut(self, entries, luck, torn=False, dropped=0):
        """The card when the power went after so many entries; gives what takes the unsure part of it back.

        `torn`: of the last write only some blocks are there. `dropped`: so many in a hundred of what was written since
        the last flush are not.
        """
        sure = max((n + 1 for n in range(entries) if self.log.entries[n][3] & FLUSH), default=0) if dropped else entries - 1
        for entry in self.log.entries[self.done : max(sure, self.done)]:
            self.write(entry, self.log.data(entry))
        self.done = max(sure, self.done)
        back = []
        for n in range(self.done, entries):
            entry = self.log.entries[n]
            place, _, length, flags = entry
            if dropped and not flags & FUA and luck.random() * 100 < dropped:
                continue
            data = self.log.data(entry)
            self.card.seek(place)
            back.append((place, self.card.read(length)))
            if torn and n == entries - 1:
                # A block is whole or not there: ext4 and every disk agree on that.
                for at in range(0, length, BLOCK):
                    if luck.random() < 0.5:
                        self.put(place + at, data[at : at + BLOCK])
            else:
                self.write(entry, data)
        self.card.flush()
        return back

    def take_back(self, back):
        for place, data in reversed(back):
            self.put(place, data)

    def write(self, entry, data):
        self.put(entry[0], data)

    def put(self, place, data):
        self.card.seek(place)
        self.card.write(data)
