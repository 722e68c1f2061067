#!/usr/bin/python3
"""How many instructions a frame and a byte of film cost, from the socket to the file, by valgrind's callgrind.

    instructions.py --lunette BINARY [--dir DIR]

Records one 1080p30 stream of 4 Mbit/s from GStreamer's RTSP server twice, for 20 and for 50 seconds. What start and end
cost is in both, so the difference is that of the frames between. The kernel's instructions are not counted. The hash of
the film is told apart: it depends most on the processor (here callgrind offers AVX2; an ARMv7 has the portable code).
"""

import argparse
import pathlib
import re
import shutil
import sqlite3
import subprocess
import time

import rig

# By callgrind on blake3 1.8 built with its portable code alone.
PORTABLE_HASH_PER_BYTE = 17.0
CORTEX_A7_PER_SECOND = 0.6 * 900e6  # 900 MHz at 0.6 instructions a cycle


def session(args, seconds):
    """Instructions, those of the hash, frames and bytes of a session of so many seconds."""
    place = args.dir / "instructions"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    out = place / "callgrind.out"
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    with rig.cameras(1, args.dir / "clip.h264", place / "camera.log") as urls:
        lunette = rig.configured(args.lunette, place, urls)
        with rig.running([*valgrind, *lunette, "run"], place / "lunette.log"):
            time.sleep(seconds)
    report = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", out], check=True, capture_output=True, text=True)
    total, hashed = 0, 0
    for count, where in re.findall(r"^ *([\d,]+) \([^)]*%\)  (.*)$", report.stdout, re.MULTILINE):
        count = int(count.replace(",", ""))
        if where.startswith("PROGRAM TOTALS"):
            total = count
        elif "blake3" in where:
            hashed += count
    with sqlite3.connect(place / "db" / "db") as db:
        frames, film = db.execute("select sum(video_samples), sum(sample_file_bytes) from recording").fetchone()
    return total, hashed, frames, film


def main():
    parser = argparse.ArgumentParser(description="instructions a frame and a byte")
    parser.add_argument("--lunette", type=pathlib.Path, required=True)
    parser.add_argument("--dir", type=pathlib.Path, default=rig.ROOT / "target" / "bench")
    args = parser.parse_args()
    args.dir.mkdir(parents=True, exist_ok=True)
    rig.make_clip(args.dir / "clip.h264")

    short, long = session(args, 20), session(args, 50)
    total, hashed, frames, film = (b - a for a, b in zip(short, long))
    other = (total - hashed) / frames
    print(f"{frames} frames of {film / frames:.0f} bytes")
    print(f"instructions a frame   {total / frames:9.0f}")
    print(f"instructions a byte    {total / film:9.2f}")
    print(f"  of them the hash     {hashed / film:9.2f}")
    print(f"a frame without hash   {other:9.0f}")
    portable = other + PORTABLE_HASH_PER_BYTE * film / frames
    print(f"a frame on ARMv7       {portable:9.0f}  (portable hash: {PORTABLE_HASH_PER_BYTE:.0f} a byte)")
    share = portable * 6 * rig.FPS / CORTEX_A7_PER_SECOND
    print(f"six such streams on a Cortex-A7 at 900 MHz: {share:.0%} of a core, without the kernel's part")


if __name__ == "__main__":
    main()
