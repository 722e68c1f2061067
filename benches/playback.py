#!/usr/bin/python3
"""What playback costs: a table of figure, target, measured, and whether it is met.

    playback.py --lunette BINARY --load BINARY --store DIR --nginx BINARY [--json FILE] [--only PART …]

The store is scripts/big-store's. `lunette run --read-only` serves it, and nginx the same bytes of one hour as a static
file; examples/http_load asks. "Cold" is a daemon that was just started: nothing is in its caches or SQLite's, while the
kernel's are warm. CPU is the process's own clock (user and kernel, in nanoseconds), of nginx with its workers.
Times are medians. Anonymous memory is RssAnon, peaks are looked at every millisecond.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import rig

GIB = 2**30
MINUTE = 60 * 90_000
# What scripts/big-store begins with.
START = 1_790_812_800 * 90_000
PARTS = ["start", "first", "tables", "seeks", "nginx", "lists"]


class Server:
    """A process, or several, with their CPU time and memory."""

    def __init__(self, process, address):
        self.process, self.address = process, address

    def pids(self):
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def cpu(self):
        # The id of another process's CPU clock, as clock_getcpuclockid(3) makes it.
        return sum(time.clock_gettime(~pid << 3 | 2) for pid in self.pids())

    def anon(self):
        return sum(self.status(pid, "RssAnon") for pid in self.pids())

    @staticmethod
    def status(pid, key):
        return int(re.search(rf"{key}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024

    @contextlib.contextmanager
    def peak_anon(self):
        """A list whose only item is the highest seen meanwhile."""
        peak, done = [self.anon()], threading.Event()

        def watch():
            while not done.wait(0.001):
                peak[0] = max(peak[0], self.anon())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield peak
        finally:
            done.set()
            watcher.join()
            peak[0] = max(peak[0], self.anon())


class Load:
    """Requests of examples/http_load to one server."""

    def __init__(self, binary, server):
        self.binary, self.server = binary, server

    def __call__(self, path, **options):
        """What http_load tells, with the server's CPU seconds."""
        command = [self.binary, self.server.address, path]
        for name, value in options.items():
            command.append("--" + name.replace("_", "-"))
            command += [] if value is True else [str(value)]
        before = self.server.cpu()
        said = subprocess.run(command, capture_output=True, text=True)
        if said.returncode != 0:
            raise Refused(re.sub(r'.*HTTP/1.1 ([0-9]+).*detail\\":\\"(.*?)\\".*', r"\1: \2", said.stderr.strip()))
        return json.loads(said.stdout) | {"cpu": self.server.cpu() - before}


class Refused(Exception):
    """The server gave no 2xx."""


class Table:
    """Lines of figure, target and what was measured."""

    def __init__(self):
        self.lines = []

    def add(self, figure, measured, unit, target=None, at_least=False):
        met = None
        if target is not None and measured is not None:
            met = measured >= target if at_least else measured <= target
        self.lines.append({"figure": figure, "measured": measured, "unit": unit, "target": target, "met": met})
        print(self.text(self.lines[-1]), flush=True)

    def refused(self, figure, why, target=None):
        self.lines.append({"figure": figure, "measured": None, "unit": why, "target": target, "met": False})
        print(self.text(self.lines[-1]), flush=True)

    @staticmethod
    def text(line):
        target = "" if line["target"] is None else f"{line['target']:g}"
        met = {None: "", True: "yes", False: "**no**"}[line["met"]]
        measured = line["unit"]
        if (number := line["measured"]) is not None:
            measured = f"{number:{'.0f' if number >= 100 else '.3g'}} {measured}".strip()
        return f"| {line['figure']} | {target} | {measured} | {met} |"

    @staticmethod
    def head():
        print("| figure | target | measured | met |\n|---|---|---|---|", flush=True)


class Stage:
    """The store, and daemons over it."""

    def __init__(self, args, place):
        self.args, self.place, self.started = args, place, 0
        with self.reader() as server:
            self.cameras = self.get(server, "/api/")["cameras"]
        self.recordings = sum(len(entry.name) == 16 for entry in os.scandir(args.store / "film"))

    @contextlib.contextmanager
    def daemon(self, *options):
        command = [self.args.lunette, "--config", self.args.store / "lunette.toml", "run", *options]
        self.started += 1
        log = self.place / f"lunette-{self.started}.log"
        with rig.serving(command, log) as (process, address):
            yield Server(process, address)

    def reader(self):
        return self.daemon("--read-only")

    def cold(self, work, times=5):
        """What `work` gives for daemons that were just started."""
        done = []
        for _ in range(times):
            with self.reader() as server:
                done.append(work(server))
        return done

    @staticmethod
    def get(server, path, **headers):
        request = urllib.request.Request(f"http://{server.address}{path}", headers=headers)
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
            return json.loads(body) if "json" in answer.headers["content-type"] else body

    def stream(self, number, kind):
        return f"/api/cameras/{self.cameras[number]['uuid']}/{kind}"

    def film(self, minutes, number=0, kind="main"):
        """The path of a film that is cut at both ends."""
        return f"{self.stream(number, kind)}/view.mp4?start90k={START + 90_000}&end90k={START + minutes * MINUTE - 90_000}"

    @staticmethod
    def head(server, path):
        request = urllib.request.Request(f"http://{server.address}{path}", method="HEAD")
        with urllib.request.urlopen(request) as answer:
            return int(answer.headers["content-length"])

    def film_offset(self, server, path):
        """How many bytes come before the film: all but the film of the list of pieces."""
        text = self.get(server, path.replace("view.mp4?", "view.mp4.txt?")).decode()
        return next(int(line.split()[0]) for line in text.splitlines() if line.split()[2] == "film")

    def load(self, server):
        return Load(self.args.load, server)


def measure_start(stage, table):
    """How long until the page answers, with a row and a file for each recording."""
    for name, options in [("start to record", []), ("start `--read-only`", ["--read-only"])]:
        times = []
        for _ in range(3):
            began = time.monotonic()
            with stage.daemon(*options):
                times.append(time.monotonic() - began)
        table.add(f"{name}, {stage.recordings} recordings", statistics.median(times), "s")


def spans():
    """Name, minutes, stream, targets of a cold and a warm first byte."""
    day = 1440
    yield "1 h", 60, "main", None, None
    yield "24 h", day, "main", 6, 2
    yield "25 h × 37 GiB", 25 * 60, "main", 6, 2
    yield "34 days, 30 frames/s", 34 * day, "main", None, None
    yield "40 days, 10 frames/s", 40 * day - 10, "sub", None, None


def measure_first_byte(stage, table):
    """From connecting to the first byte of the file, and the memory that it takes."""
    for name, minutes, kind, cold_target, warm_target in spans():
        path = stage.film(minutes, kind=kind)

        def first(server):
            with server.peak_anon() as peak:
                return stage.load(server)(path, first_byte=True, requests=1)["firstByteMs"], peak

        try:
            colds = stage.cold(first)
            with stage.reader() as server:
                load = stage.load(server)
                load(path, first_byte=True, requests=5)
                warm = load(path, first_byte=True, requests=50, seconds=3)
        except Refused as e:
            table.refused(f"first byte of {name}", str(e))
            continue
        table.add(f"first byte of {name}, cold", statistics.median(ms for ms, _ in colds), "ms", cold_target)
        table.add(f"first byte of {name}, warm", warm["firstByteMs"], "ms", warm_target)
        table.add(f"CPU of a warm first byte of {name}", warm["cpu"] / warm["requests"] * 1e3, "ms")
        table.add(f"peak anonymous memory, {name}, cold", max(peak[0] for _, peak in colds) / 2**20, "MiB")


def measure_tables(stage, table, server):
    """All that comes before the film, which is made while it is read."""
    day, hour = stage.film(1440), stage.film(60)
    whole = {path: f"0-{stage.film_offset(server, path) - 1}" for path in (day, hour)}
    moov = int(whole[day].split("-")[1]) / 1e6
    ask = {path: lambda server, path=path, **more: stage.load(server)(path, range=whole[path], **more) for path in whole}
    cold = statistics.median(seen["wholeMs"] for seen in stage.cold(lambda server: ask[day](server, requests=1)))
    table.add(f"tables of 24 h ({moov:.1f} MB), cold", cold, "ms", 80)
    ask[day](server, requests=2)
    with server.peak_anon() as peak:
        warm = ask[day](server, requests=20)
    table.add("tables of 24 h, warm", warm["wholeMs"], "ms", 20)
    table.add("tables of 24 h, warm: CPU", warm["cpu"] / warm["requests"] * 1e3, "ms")
    table.add("generated bytes a second of CPU, warm", warm["bytes"] / warm["cpu"] / 1e6, "MB/s")
    table.add("peak anonymous memory meanwhile", peak[0] / 2**20, "MiB")
    ask[hour](server, requests=5)
    warm = ask[hour](server, requests=200)
    table.add("tables of 1 h, warm: CPU", warm["cpu"] / warm["requests"] * 1e3, "ms", 0.6)


def measure_seeks(stage, table, server):
    """Ranges out of a film. Its files are holes, which the kernel fills with zeros when they are first read."""
    for name, path in [("1 h", stage.film(60)), ("24 h", stage.film(1440))]:
        first, last = stage.film_offset(server, path), stage.head(server, path) - 1
        load = stage.load(server)
        middle = (first + last) // 2
        load(path, range=f"{middle}-{middle + 2**20 - 1}", requests=20)
        seen = load(path, range=f"{middle}-{middle + 2**20 - 1}", requests=1000)
        table.add(f"1 MiB from the middle of {name}: CPU", seen["cpu"] / seen["requests"] * 1e3, "ms", 0.4)
    seen = load(path, range=f"{first}-{last}", random=2**16, seconds=4)
    table.add("seeks in 24 h, each with 64 KiB, one client", seen["requests"] / seen["seconds"], "/s")
    table.add("seeks in 24 h: CPU of each", seen["cpu"] / seen["requests"] * 1e3, "ms")


def measure_beside_nginx(stage, table, server):
    """The same bytes, of one hour, from both, in turns."""
    path = stage.film(60)
    copy = stage.place / "hour.mp4"
    with urllib.request.urlopen(f"http://{server.address}{path}") as answer, open(copy, "wb") as file:
        while part := answer.read(1 << 20):
            file.write(part)
    size = copy.stat().st_size
    with nginx(stage.args.nginx, stage.place) as other:
        both = {"lunette": (stage.load(server), path), "nginx": (stage.load(other), "/hour.mp4")}
        for load, what in both.values():
            load(what, requests=1)
        for name, options, goal in [
            ("whole, 1 client", {"requests": 3}, True),
            ("whole, 16 clients", {"clients": 16, "requests": 16}, True),
            ("64 KiB ranges, 1 client", {"range": f"0-{size - 1}", "random": 2**16, "seconds": 2}, False),
            ("64 KiB ranges, 16 clients", {"clients": 16, "range": f"0-{size - 1}", "random": 2**16, "seconds": 2}, False),
        ]:
            seen = {name: [] for name in both}
            for _ in range(2):
                for server_name, (load, what) in both.items():
                    seen[server_name].append(load(what, **options))
            rate = {n: sum(s["bytes"] for s in all) / sum(s["seconds"] for s in all) for n, all in seen.items()}
            cpu = {n: sum(s["cpu"] for s in all) / sum(s["bytes"] for s in all) * GIB for n, all in seen.items()}
            table.add(f"{name}: throughput", rate["lunette"] / GIB, "GiB/s")
            table.add(f"{name}: throughput / nginx's", rate["lunette"] / rate["nginx"], "", 0.9, at_least=True)
            table.add(f"{name}: CPU per GiB", cpu["lunette"], "s", 0.35 if goal else None)
            table.add(f"{name}: CPU / nginx's", cpu["lunette"] / cpu["nginx"], "", 1.5 if goal else None)


@contextlib.contextmanager
def nginx(binary, place):
    """Debian's, with sendfile and a worker a core, over the files of `place`."""
    config = place / "nginx.conf"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    temporary = "".join(f"{kind}_temp_path {place}/{kind};" for kind in "client_body proxy fastcgi uwsgi scgi".split())
    config.write_text(
        f"""daemon off; {"user root;" if os.getuid() == 0 else ""} worker_processes auto; pid {place}/nginx.pid;
        error_log stderr; events {{ worker_connections 256; }}
        http {{ access_log off; sendfile on; keepalive_requests 1000000000; {temporary}
        server {{ listen {address}; root {place}; }} }}"""
    )
    with rig.running([binary, "-p", place, "-e", "stderr", "-c", config], place / "nginx.log") as process:
        server = Server(process, address)
        for _ in range(1000):
            with contextlib.suppress(OSError), socket.create_connection(tuple(address.split(":")), 1):
                break
            if process.poll() is not None:
                sys.exit(f"nginx ended: {(place / 'nginx.log').read_text()}")
            time.sleep(0.01)
        yield server


def measure_lists(stage, table, server):
    """Lists of what there is. The year's holds the forty days that the store has."""
    load = stage.load(server)
    month = f"start90k={START}&end90k={START + 30 * 1440 * MINUTE}"
    year = f"start90k={START}&end90k={START + 365 * 1440 * MINUTE}"
    one = stage.stream(0, "main")
    each = [stage.stream(number, kind) for number in range(len(stage.cameras)) for kind in ("main", "sub")]
    minutely, hourly = f"split90k={MINUTE}", f"split90k={60 * MINUTE}"
    gzip = {"header": "Accept-Encoding: gzip"}
    for name, paths, times, unit, target, options in [
        ("`GET /api/`: CPU", ["/api/"], 5000, "µs", 12, {}),
        ("`GET /api/?days=true`: CPU", ["/api/?days=true"], 3000, "µs", 18, {}),
        ("a month of one stream, single", [f"{one}/recordings?{month}&{minutely}"], 10, "ms", 28, {}),
        ("the same, gzip accepted", [f"{one}/recordings?{month}&{minutely}"], 10, "ms", 80, gzip),
        ("a month of one stream, by run", [f"{one}/recordings?{month}"], 20, "ms", 4, {}),
        ("a month of one stream, by hour", [f"{one}/recordings?{month}&{hourly}"], 20, "ms", None, {}),
        ("a month of 6 streams, by run", [f"{s}/recordings?{month}" for s in each], 5, "ms", None, {}),
        ("a year of 6 streams, by run", [f"{s}/recordings?{year}" for s in each], 5, "ms", None, {}),
        ("a year of 6 streams, by hour", [f"{s}/recordings?{year}&{hourly}" for s in each], 5, "ms", None, {}),
    ]:
        try:
            for path in paths:
                load(path, requests=2, **options)
            seen = [load(path, requests=times, **options) for path in paths]
        except Refused as e:
            table.refused(name, str(e), target)
            continue
        if unit == "µs":
            table.add(name, seen[0]["cpu"] / times * 1e6, unit, target)
        else:
            size = sum(s["bytes"] for s in seen) / times / 1e6
            table.add(f"{name} ({size:.2g} MB)", sum(s["wholeMs"] for s in seen), unit, target)
            table.add(f"{name}: CPU", sum(s["cpu"] for s in seen) / times * 1e3, unit)


def measure_rest(stage, table, server):
    """What is left in memory, once the longest films were asked for too, and what a recording takes in it."""
    for _, minutes, kind, _, _ in spans():
        stage.load(server)(stage.film(minutes, kind=kind), first_byte=True, requests=1)
    rollup = pathlib.Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    table.add("anonymous memory after all of it", int(re.search(r"Anonymous:\s+(\d+)", rollup)[1]) / 1024, "MiB", 40)
    with contextlib.closing(sqlite3.connect(f"file:{stage.args.store}/db/db?mode=ro", uri=True)) as db:
        sql = "SELECT avg(length(video_index)) FROM recording_index WHERE composite_id BETWEEN 1 << 32 AND (1 << 32) + 1440"
        table.add("bytes of cached index per minute of 30 frames/s", db.execute(sql).fetchone()[0], "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ["lunette", "load", "store", "nginx"]:
        parser.add_argument(f"--{name}", type=lambda path: pathlib.Path(path).resolve(), required=True)
    parser.add_argument("--json", type=pathlib.Path, help="keep the figures in this file")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="measure only these")
    args = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="playback-", dir=args.store) as place:
        stage = Stage(args, pathlib.Path(place))
        began = time.monotonic()
        table.head()
        if "start" in args.only:
            measure_start(stage, table)
        if "first" in args.only:
            measure_first_byte(stage, table)
        with stage.reader() as server:
            for part, measure in [
                ("tables", measure_tables),
                ("seeks", measure_seeks),
                ("nginx", measure_beside_nginx),
                ("lists", measure_lists),
            ]:
                if part in args.only:
                    measure(stage, table, server)
            measure_rest(stage, table, server)
        print(f"\n{time.monotonic() - began:.0f} s", file=sys.stderr)
    if args.json:
        args.json.write_text(json.dumps(table.lines, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
