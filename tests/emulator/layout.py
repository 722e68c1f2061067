"""Where partitions are on a card, as its own table says."""

import struct

SECTOR = 512


def partitions(card):
    """Number to (start, length), in bytes: the four of the MBR, then those in the chain of the extended one."""
    found = {}
    with open(card, "rb") as file:

        def entries(at):
            file.seek(at + 446)
            table = file.read(66)
            if table[64:] != b"\x55\xaa":
                raise ValueError(f"no partition table at {at}")
            for n in range(4):
                kind, start, count = table[16 * n + 4], *struct.unpack_from("<II", table, 16 * n + 8)
                if count:
                    yield n, kind, start * SECTOR, count * SECTOR

        extended = None
        for n, kind, start, length in entries(0):
            found[n + 1] = (start, length)
            if kind in (0x5, 0xF, 0x85):
                extended = start
        at, number = extended, 5
        while at is not None:
            following = None
            for n, kind, start, length in entries(at):
                if kind in (0x5, 0xF, 0x85):
                    following = extended + start
                else:
                    found[number] = (at + start, length)
                    number += 1
            at = following
    return found


def start_of(card, number):
    return partitions(card)[number][0]
