#!/usr/bin/python3
"""One store served by two builds of Lunette at the same time: their answers must be the same, byte for byte.

    compare.py --store DIR --native BINARY -- COMMAND …

The store is scripts/big-store's, the command that of the 32-bit build (scripts/cross run). The film is 25 hours long and
has 37 GiB: offsets beyond 2^32, and more than a 32-bit process could ever map. The marks in it (examples/big_store) say
of any place which recording and offset it should be, so that both cannot be wrong in the same way.
"""

import argparse
import contextlib
import hashlib
import http.client
import json
import pathlib
import random
import re
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benches"))
import rig

MIB = 2**20
# What scripts/big-store begins with.
START = 1_790_812_800 * 90_000
END = START + 25 * 3600 * 90_000
# Of the 32-bit process with its emulator.
ANON_LIMIT = 200 * MIB
# Fewer than the connections that it takes.
VIEWERS = 100


class Build:
    """A running daemon, asked over one connection."""

    def __init__(self, process, address):
        self.process, self.connection = process, http.client.HTTPConnection(address, timeout=120)

    def ask(self, method, path, **headers):
        """Status, the headers that must agree, and the body's reader."""
        self.connection.request(method, path, headers=headers)
        answer = self.connection.getresponse()
        told = {key.lower(): value for key, value in answer.getheaders() if key.lower() != "date"}
        return answer.status, told, answer

    def answer(self, method, path, **headers):
        """Status, headers, length and hash of the body."""
        status, told, body = self.ask(method, path, **headers)
        digest, length = hashlib.sha256(), 0
        while part := body.read(MIB):
            digest.update(part)
            length += len(part)
        return status, told, length, digest.hexdigest()

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)[2].read()

    def anon(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) * 1024


def places(length):
    """Ranges, as header values, that are worth a look."""
    yield f"0-{MIB - 1}"
    for power in (31, 32, 33, 34, 35):
        yield f"{2**power - MIB}-{2**power + MIB - 1}"
        yield f"{2**power - 1}-{2**power}"
        yield f"{2**power}-{2**power}"
    yield f"{length - MIB}-"
    yield f"-{MIB}"
    yield "-1"
    yield f"{length - 1}-{2**64}"
    yield f"{length}-"
    yield f"0-99, {2**32 - 50}-{2**32 + 49}, {2**35}-{2**35 + 99}, -100"
    # Over many recordings.
    yield f"{2**32 - 32 * MIB}-{2**32 + 32 * MIB}"
    chance = random.Random(1)
    for _ in range(60):
        first = chance.randrange(length - 2 * MIB)
        yield f"{first}-{first + chance.randrange(1, 2 * MIB)}"


def check_marks(native, other, path):
    """What the list of pieces says is where it says."""
    chance = random.Random(2)
    lists = [build.get(path.replace("view.mp4?", "view.mp4.txt?")).decode() for build in (native, other)]
    assert lists[0] == lists[1], "the lists of pieces differ"
    films = re.findall(r"^ *(\d+) +\d+ film (\d+)/(\d+) (\d+)\.\.(\d+)$", lists[0], re.MULTILINE)
    assert len(films) >= 1500, f"{len(films)} recordings"
    for offset, stream, number, first, last in ([int(n) for n in film] for film in chance.sample(films, 60)):
        mark = chance.randrange(-(-first // MIB), (last - 16) // MIB + 1) * MIB
        at = offset + mark - first
        expected = struct.pack(">QQ", stream << 32 | number, mark)
        for build in (native, other):
            found = build.get(path, Range=f"bytes={at}-{at + 15}")
            assert found == expected, f"at {at}: {found.hex()} where recording {stream}/{number} has {expected.hex()}"
    return len(films)


def check_memory(build, path):
    """A gibibyte around 2^32, and what the process holds meanwhile."""
    peak = 0
    body = build.ask("GET", path, Range=f"bytes={2**32 - 2**29}-{2**32 + 2**29 - 1}")[2]
    while body.read(4 * MIB):
        peak = max(peak, build.anon())
    assert peak <= ANON_LIMIT, f"{peak / MIB:.0f} MiB of anonymous memory"
    return peak


def check_many(build, path):
    """As many viewers as there may be who ask for all of it and stop reading: each holds a window and no more (Ff13)."""
    viewers = [Build(build.process, f"{build.connection.host}:{build.connection.port}") for _ in range(VIEWERS)]
    for viewer in viewers:
        assert len(viewer.ask("GET", path, Range=f"bytes={2**32}-")[2].read(MIB)) == MIB
    held = build.anon()
    assert len(build.get(path, Range="bytes=0-99")) == 100
    for viewer in viewers:
        viewer.connection.close()
    assert held <= ANON_LIMIT + VIEWERS * MIB, f"{held / MIB:.0f} MiB of anonymous memory"
    return held


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=pathlib.Path, required=True)
    parser.add_argument("--native", required=True)
    parser.add_argument("command", nargs="+", help="the other build's")
    args = parser.parse_args()
    serve = ["--config", args.store / "lunette.toml", "run", "--read-only"]
    with contextlib.ExitStack() as stack:
        place = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        native, other = (
            Build(*stack.enter_context(rig.serving([*command, *serve], place / name)))
            for name, command in [("native.log", [args.native]), ("other.log", args.command)]
        )
        top = json.loads(native.get("/api/"))
        path = f"/api/cameras/{top['cameras'][0]['uuid']}/main/view.mp4?start90k={START}&end90k={END}"

        heads = [build.answer("HEAD", path) for build in (native, other)]
        assert heads[0] == heads[1], heads
        status, told, _, _ = heads[0]
        length = int(told["content-length"])
        assert status == 200 and length > 36 * 2**30, heads[0]
        print(f"HEAD: {length} bytes, ETag {told['etag']}", flush=True)

        count = 0
        for place in places(length):
            answers = [build.answer("GET", path, Range=f"bytes={place}") for build in (native, other)]
            assert answers[0] == answers[1], f"bytes={place}: {answers}"
            count += 1
        print(f"{count} ranges are the same")

        print(f"marks are in their places, of {check_marks(native, other, path)} recordings", flush=True)
        first_film = next(n for n in re.findall(rb"^ *(\d+) +\d+ film", native.get(path.replace("mp4?", "mp4.txt?")), re.M))
        tables = [build.answer("GET", path, Range=f"bytes=0-{int(first_film) - 1}") for build in (native, other)]
        assert tables[0] == tables[1], tables
        print(f"all {tables[0][2]} bytes before the film are the same")
        print(f"a GiB read: at most {check_memory(other, path) / MIB:.0f} MiB of anonymous memory, emulator included")
        print(f"{VIEWERS} viewers who do not read on: {check_many(other, path) / MIB:.0f} MiB")


if __name__ == "__main__":
    main()
