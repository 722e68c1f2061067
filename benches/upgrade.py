#!/usr/bin/python3
"""What `lunette upgrade` costs on many recordings.

    upgrade.py --lunette BINARY --old-store BINARY [--recordings 500000] [--dir DIR]

Makes stores of the original system of both versions, without film, upgrades them, and prints seconds, the peak of
memory, and the size of the database before and after. Needs room for thrice the database: 8 GB for 500 000.
"""

import argparse
import pathlib
import subprocess
import tempfile
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lunette", required=True)
    parser.add_argument("--old-store", required=True)
    parser.add_argument("--recordings", type=int, default=500_000)
    parser.add_argument("--dir", type=pathlib.Path, default=pathlib.Path("target"))
    args = parser.parse_args()
    for version in (1, 0):
        with tempfile.TemporaryDirectory(dir=args.dir) as place:
            measure(args, version, pathlib.Path(place))


def measure(args, version, place):
    make = [args.old_store, "--recordings", str(args.recordings), "--version", str(version), place]
    subprocess.run(make, check=True)
    size = lambda: (place / "db/db").stat().st_size / 1e9
    before, begun = size(), time.monotonic()
    # The peak of the largest child so far: a child of its own for each.
    probe = (
        "import resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss);"
        "sys.exit(done.returncode)"
    )
    upgrade = ["/usr/bin/python3", "-c", probe, args.lunette, "--config", place / "lunette.toml", "upgrade"]
    told = subprocess.run(upgrade, check=True, stdout=subprocess.PIPE, text=True).stdout
    took = time.monotonic() - begun
    print(
        f"version {version}, {args.recordings} recordings: {took:.0f} s, at most {int(told) / 1024:.0f} MiB; "
        f"database {before:.2f} GB before, {size():.2f} GB after",
        flush=True,
    )


if __name__ == "__main__":
    main()
