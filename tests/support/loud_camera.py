"""A camera on standard output: an H.264 clip in real time, each picture made heavy by a message that no decoder minds.

It ends after some seconds, as a bad connection does: then it is started again, and a new recording begins."""

import sys
import time

clip, frames_per_second, bytes_per_frame, seconds = sys.argv[1], *map(int, sys.argv[2:])


def units(data):
    """The NAL units between the start codes."""
    return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")[1:]]


def heavy(size):
    """A message of user data, H.264 7.3.2.3.1."""
    return b"\0\0\0\1\x06\x05" + b"\xff" * (size // 255) + bytes([size % 255]) + b"\xaa" * size + b"\x80"


def main():
    begun = time.monotonic()
    picture, frames = b"", 0
    while True:
        for unit in units(open(clip, "rb").read()):
            kind = unit[0] & 31
            if kind in (1, 5):
                sys.stdout.buffer.write(picture + heavy(bytes_per_frame) + b"\0\0\0\1" + unit)
                sys.stdout.buffer.flush()
                picture, frames = b"", frames + 1
                time.sleep(max(0, begun + frames / frames_per_second - time.monotonic()))
                if frames >= seconds * frames_per_second:
                    return
            elif kind in (7, 8):
                picture += b"\0\0\0\1" + unit


main()
