#!/usr/bin/python3
"""Runs the recorder as a house would, only worse, and checks all the time what must always hold.

    soak.py --hours H [--cameras N] [--viewers N] [--disk MIB] [--lunette BINARY] [--demo-camera BINARY] [--seed N]

Cameras come, misbehave and go at random; the recorder is killed or stopped at random and started again; viewers list and
play random spans. What must hold, at every look:

  lists      the recordings of a run follow each other without overlap; numbers ascend
  film       view.mp4 of a span decodes without a word from ffmpeg
  frames     each that a camera sent is in the film once, or lost for a cause that the time line tells: see frames.py
  health     /healthz says 200 while every camera sends, and 503 while one is gone
  memory     RssAnon stays below a bound; file descriptors too
  stop       SIGTERM ends within its five seconds; then `check --hash` finds nothing
  log        no panic

Prints a line a minute, and at the end frames sent, stored and lost, with causes, memory, descriptors, transactions and
syncs. Ends with status 1 when anything did not hold.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from frames import Trace

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UNITS = 90_000
# Of a debug build, too; the recorder's own use is told in docs/reference/performance.md.
MOST_MEMORY = 200 << 20
MOST_DESCRIPTORS = 200


class Soak:
    """What all threads share."""

    def __init__(self, args, place, film):
        self.args, self.place, self.film = args, place, film
        self.random = random.Random(args.seed)
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.wrong = []
        self.trace = Trace()

    def violation(self, what):
        with self.lock:
            self.wrong.append(what)
        print(f"NOT AS IT SHOULD BE: {what}", flush=True)

    def count(self, what, n=1):
        with self.lock:
            self.counts[what] += n

    def nap(self, seconds):
        self.ending.wait(seconds)


class Camera:
    """A simulated camera on a port of its own, with another fault each time."""

    FAULTS = (
        [],
        [],
        ["--clock-ppm", "400"],
        ["--clock-ppm", "-20000"],
        ["--burst-start", "30"],
        ["--in-band-only"],
        ["--drop-after", "150"],
        ["--stall-after", "100"],
        ["--timestamps-back-at", "120"],
        ["--timestamp-jump-at", "90"],
        ["--repeat-timestamp-at", "80"],
        ["--new-parameters-at", "100"],
        ["--garbage-at", "70"],
        ["--audio-only"],
        ["--mute"],
    )

    def __init__(self, soak, name):
        self.soak, self.name, self.port = soak, name, free_port()
        self.url = f"rtsp://127.0.0.1:{self.port}/1/main"
        self.random = random.Random(f"{soak.args.seed} {name}")
        self.plays = 0
        # Since when it has been well, or gone; None in between.
        self.well_since = self.gone_since = None

    def run(self):
        while not self.soak.ending.is_set():
            faults = self.random.choice(self.FAULTS)
            self.soak.count(f"fault {' '.join(faults) or 'none'}")
            self.play(faults, self.random.uniform(15, 90))
            self.well_since, self.gone_since = None, time.monotonic()
            self.soak.nap(self.random.choice([0, 0, 0, 3, 40]))
            self.gone_since = None

    def play(self, faults, seconds):
        self.plays += 1
        label, trace = f"{self.name}-{self.plays}", self.soak.trace
        command = [self.soak.args.demo_camera, "--listen", f"127.0.0.1:{self.port}", "--streams", "1", "--count"]
        command += ["--clips", ROOT / "target/clips", "--label", label, *faults]
        log = open(self.soak.place / f"{self.name}.log", "ab")
        with log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
            self.gone_since, begun = None, time.monotonic()
            if not faults:
                self.well_since = begun
            for line in process.stdout:
                if line.startswith("frame "):
                    trace.frame(self.name, faults, line)
                if self.soak.ending.is_set() or time.monotonic() - begun > seconds:
                    break
            process.kill()
            for line in process.stdout:
                if line.startswith("frame ") and line.endswith("\n"):
                    trace.frame(self.name, faults, line)
            trace.camera_ends(self.name, label)


class Recorder:
    """`lunette run`, again and again."""

    def __init__(self, soak, cameras):
        self.soak = soak
        self.cameras = cameras
        self.config = soak.place / "lunette.toml"
        self.port = free_port()
        self.process = None
        self.stopping = False
        # Another number after each start: an answer that came across a stop proves nothing.
        self.generation = 0
        self.since = 0
        self.log = soak.place / "lunette.log"
        self.peak_memory = self.peak_descriptors = 0
        self.memory_by_minute = []
        self.syncs = collections.Counter()
        self.traced_seconds = 0
        self.config.write_text(
            f"[store]\ndb_dir = '{soak.place}/db'\nsample_dir = '{soak.film}'\nreserve = '8MiB'\n"
            f"sync_interval = '2s'\nflush_interval = '10s'\n[web]\nlogin = 'none'\nlisten = ['127.0.0.1:{self.port}']\n[recorder]\ndiscovery = 'off'\n"
        )
        for camera in cameras:
            self.verb("camera", "add", "--name", camera.name, "--url", camera.url)

    def verb(self, *words):
        done = subprocess.run(
            [self.soak.args.lunette, "--config", self.config, *words], capture_output=True, text=True, timeout=300
        )
        if done.returncode != 0:
            self.soak.violation(f"lunette {' '.join(words)}: {done.returncode}: {done.stdout}{done.stderr}"[:2000])
        return done.stdout

    def run(self):
        rng = random.Random(f"{self.soak.args.seed} recorder")
        while not self.soak.ending.is_set():
            self.start()
            self.watch(rng.uniform(20, 120))
            if rng.random() < 0.6 and not self.soak.ending.is_set():
                self.kill()
            else:
                self.stop()
                self.soak.count("checks --hash")
                self.verb("check", "--hash")

    def start(self):
        log = open(self.log, "ab")
        environment = os.environ | {"RUST_BACKTRACE": "1", "RUST_LOG": "info"}
        self.process = subprocess.Popen(
            [self.soak.args.lunette, "--config", self.config, "run"], stderr=log, env=environment
        )
        log.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                get(self.port, "/api/")
                self.generation += 1
                self.stopping = False
                self.since = time.monotonic()
                self.soak.count("starts")
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.soak.violation(f"the recorder did not start: {self.log.read_text()[-2000:]}")
        self.soak.ending.set()

    def watch(self, seconds):
        """Looks at memory and descriptors, and counts what it makes durable."""
        until, tracer = time.monotonic() + seconds, self.trace()
        while time.monotonic() < until and not self.soak.ending.is_set():
            if self.process.poll() is not None:
                self.soak.violation(f"the recorder ended by itself with {self.process.returncode}")
                break
            proc = pathlib.Path(f"/proc/{self.process.pid}")
            with contextlib.suppress(FileNotFoundError):
                memory = int(re.search(r"RssAnon:\s+(\d+)", (proc / "status").read_text())[1]) << 10
                descriptors = len(os.listdir(proc / "fd"))
                self.peak_memory = max(self.peak_memory, memory)
                self.peak_descriptors = max(self.peak_descriptors, descriptors)
                self.memory_by_minute.append((time.monotonic(), memory, descriptors))
                if memory > MOST_MEMORY:
                    self.soak.violation(f"{memory >> 20} MiB of memory")
                if descriptors > MOST_DESCRIPTORS:
                    self.soak.violation(f"{descriptors} file descriptors")
            self.soak.nap(1)
        if tracer:
            self.end_trace(*tracer)

    def trace(self):
        """What reaches the disk, in every fourth life: tracing costs time."""
        if self.generation % 4 != 1 or not shutil.which("strace"):
            return None
        out = self.soak.place / "strace.log"
        command = ["strace", "-f", "-qq", "-y", "-e", "trace=fsync,fdatasync,syncfs", "-o", out, "-p", str(self.process.pid)]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL), out, time.monotonic()

    def end_trace(self, tracer, out, begun):
        tracer.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            tracer.wait(5)
        told = out.read_text(errors="replace") if out.exists() else ""
        if calls := re.findall(r"\b(fsync|fdatasync|syncfs)\(\d+<([^>]*)>", told):
            # Each transaction is one sync of the write-ahead log.
            self.syncs.update("transactions" if path.endswith("-wal") else call for call, path in calls)
            self.traced_seconds += time.monotonic() - begun

    def kill(self):
        self.generation += 1
        self.soak.trace.kill()
        self.process.kill()
        self.process.wait()
        self.soak.count("kills")

    def stop(self):
        self.generation += 1
        self.stopping = True
        begun = time.monotonic()
        self.soak.trace.stop()
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.soak.violation("the recorder did not stop within 30 s")
            self.process.kill()
            self.process.wait()
        self.soak.count("stops")
        # A second more than it promises: the machine is busy.
        if (took := time.monotonic() - begun) > 6:
            self.soak.violation(f"a stop took {took:.1f} s")

    def get(self, path):
        """An answer, or None when the recorder was stopped or killed meanwhile."""
        generation = self.generation
        try:
            status, body = get(self.port, path)
        except OSError as e:
            status, body = None, str(e)
        if self.generation != generation or self.stopping:
            return None
        if status is None:
            # Killed just now, and not yet counted.
            self.soak.nap(1)
            if self.generation == generation and self.process.poll() is None:
                self.soak.violation(f"GET {path}: {body}")
            return None
        return status, body


class Viewer:
    """Lists and plays at random."""

    def __init__(self, soak, recorder, number):
        self.soak, self.recorder = soak, recorder
        self.random = random.Random(f"{soak.args.seed} viewer {number}")
        self.file = soak.place / f"viewer{number}.mp4"

    def run(self):
        while not self.soak.ending.is_set():
            self.soak.nap(self.random.uniform(0.2, 2))
            answer = self.recorder.get("/api/")
            if answer is None or answer[0] != 200:
                continue
            camera = self.random.choice(json.loads(answer[1])["cameras"])
            recordings = self.list(camera)
            if recordings:
                self.play(camera, recordings)

    def list(self, camera):
        path = f"/api/cameras/{camera['uuid']}/main/"
        answer = self.recorder.get(path + "recordings?split90k=1")
        if answer is None:
            return None
        if answer[0] != 200:
            self.soak.violation(f"{path}recordings: {answer}")
            return None
        recordings = sorted(json.loads(answer[1])["recordings"], key=lambda r: r["startId"])
        self.soak.count("lists")
        for before, after in zip(recordings, recordings[1:]):
            if after["startId"] <= before["endId"]:
                self.soak.violation(f"{camera['name']}: {before} and {after} share a number")
            if after["runStartId"] == before["runStartId"] and after["startTime90k"] < before["endTime90k"]:
                self.soak.violation(f"{camera['name']}: {before} and {after} overlap")
        return recordings

    def play(self, camera, recordings):
        first = self.random.choice(recordings)
        start = first["startTime90k"] + self.random.randrange(0, max(1, first["wallDuration90k"]))
        end = start + self.random.randrange(1, 90 * UNITS)
        gaps = self.random.choice(["", "&gaps=hold"]) + self.random.choice(["", "&ts=true"])
        path = f"/api/cameras/{camera['uuid']}/main/view.mp4?start90k={start}&end90k={end}{gaps}"
        answer = self.recorder.get(path)
        # What the list told may be deleted by now.
        if answer is None or answer[0] in (404, 503):
            return
        if answer[0] != 200:
            self.soak.violation(f"{path}: {answer[0]} {answer[1][:300]}")
            return
        self.file.write_bytes(answer[1])
        command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", self.file, "-map", "0:v"]
        # Each picture with its own time: by its guess of a rate ffmpeg would give two the same, and complain of itself.
        command += ["-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "framecrc", "/dev/null"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        self.soak.count("films decoded")
        if said.returncode != 0 or said.stderr:
            kept = self.soak.place / f"odd{len(self.soak.wrong)}.mp4"
            shutil.copy(self.file, kept)
            self.soak.violation(f"{path}: ffmpeg says {said.stderr[:500]} ({kept})")


def look_at_frames(soak, recorder):
    """Reads all film before it is deleted."""
    while not soak.ending.is_set():
        soak.nap(2)
        trace_all(soak, recorder.get)


def trace_all(soak, get):
    answer = get("/api/")
    if answer and answer[0] == 200:
        for camera in json.loads(answer[1])["cameras"]:
            soak.trace.look(get, camera)


def look_at_health(soak, recorder, cameras):
    """200 exactly while all record; a little while after each change either is true."""
    settled = 30
    while not soak.ending.is_set():
        soak.nap(1)
        began = time.monotonic()
        gone = [c for c in cameras if c.gone_since and began - c.gone_since > settled]
        well = [c for c in cameras if c.well_since and began - c.well_since > settled]
        answer = recorder.get("/healthz")
        if answer is None or began - recorder.since < settled:
            continue
        soak.count("looks at health")
        # Only of what was so before and after.
        gone = [c for c in gone if c.gone_since and began - c.gone_since > settled]
        well = [c for c in well if c.well_since and began - c.well_since > settled]
        if gone and answer[0] == 200:
            soak.violation(f"healthz is well, but {gone[0].name} is gone")
        if len(well) == len(cameras) and answer[0] != 200:
            soak.violation(f"healthz: {answer}, but all cameras are well")


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()
    except (urllib.error.URLError, ConnectionError, TimeoutError) as e:
        raise OSError(str(e)) from e
    except Exception as e:  # An answer that was cut off has exceptions of its own.
        raise OSError(repr(e)) from e


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def small_disk(place, mib):
    """A file system of its own in a file, where that can be had; else a plain directory."""
    image, film = place / "disk", place / "film"
    film.mkdir()
    mounted = False
    if mib and os.geteuid() == 0:
        with open(image, "wb") as f:
            f.truncate(mib << 20)
        made = subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], capture_output=True, check=False)
        mounted = (
            made.returncode == 0
            and subprocess.run(["mount", "-o", "loop", image, film], capture_output=True, check=False).returncode == 0
        )
    if not mounted:
        print("no small disk here (that takes root and a loop device): the film is in a directory", flush=True)
    try:
        yield film / "sample"
    finally:
        if mounted:
            subprocess.run(["umount", film], check=False)


def report(soak, recorder, cameras, begun):
    sent, stored, lost, worst, wrong = soak.trace.judge()
    print(f"\n{(time.monotonic() - begun) / 60:.1f} minutes, {len(cameras)} cameras, {soak.args.viewers} viewers")
    print(f"frames: {sent} sent, {stored} stored, {sent - stored} lost")
    for cause, n in lost.most_common():
        print(f"lost, {cause}: {n}")
    print(f"the oldest frame that a kill cost was sent {worst / 1000:.1f} s before it")
    for what in wrong[:50]:
        soak.violation(what)
    if wrong[50:]:
        soak.violation(f"and {len(wrong) - 50} more")
    for name, n in sorted(soak.counts.items()):
        print(f"{name}: {n}")
    for reason, n in reasons(recorder).most_common():
        print(f"gap, {reason}: {n}")
    print(f"memory: at most {recorder.peak_memory / 2**20:.1f} MiB; file descriptors: at most {recorder.peak_descriptors}")
    samples = recorder.memory_by_minute
    for part in range(0, len(samples), max(1, len(samples) // 10)):
        at, memory, descriptors = samples[part]
        print(f"  minute {(at - begun) / 60:5.1f}: {memory / 2**20:6.1f} MiB, {descriptors} descriptors")
    minutes = recorder.traced_seconds / 60
    if minutes:
        per_minute = ", ".join(f"{name} {n / minutes:.1f}" for name, n in recorder.syncs.items())
        print(f"per minute, over {minutes:.1f} traced minutes: {per_minute}")


def reasons(recorder):
    """The causes of all gaps, from the database."""
    import sqlite3

    with contextlib.closing(sqlite3.connect(f"file:{recorder.soak.place}/db/db?mode=ro", uri=True)) as db:
        return collections.Counter(cause for (cause,) in db.execute("SELECT cause FROM gap"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, required=True)
    parser.add_argument("--cameras", type=int, default=6)
    parser.add_argument("--viewers", type=int, default=2)
    parser.add_argument("--disk", type=int, default=256, metavar="MIB", help="0: a plain directory")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--lunette", type=pathlib.Path, default=ROOT / "target/debug/lunette")
    parser.add_argument("--demo-camera", type=pathlib.Path, default=ROOT / "target/debug/examples/demo_camera")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lunette-soak-", ignore_cleanup_errors=True) as place:
        place = pathlib.Path(place)
        with small_disk(place, args.disk) as film:
            wrong = run(args, place, film, begun)
        if wrong:
            kept = pathlib.Path(tempfile.mkdtemp(prefix="lunette-soak-wrong-"))
            for file in [*place.glob("*.log"), *place.glob("odd*.mp4")]:
                shutil.copy(file, kept)
            print(f"{len(wrong)} things were not as they should be; logs and films: {kept}")
    return 1 if wrong else 0


def run(args, place, film, begun):
    soak = Soak(args, place, film)
    cameras = [Camera(soak, f"camera{n}") for n in range(1, args.cameras + 1)]
    recorder = Recorder(soak, cameras)
    viewers = [Viewer(soak, recorder, n) for n in range(args.viewers)]
    works = [c.run for c in cameras] + [recorder.run]
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    while recorder.generation == 0 and not soak.ending.is_set():
        time.sleep(0.1)
    watchers = [threading.Thread(target=v.run) for v in viewers]
    watchers.append(threading.Thread(target=look_at_health, args=(soak, recorder, cameras)))
    watchers.append(threading.Thread(target=look_at_frames, args=(soak, recorder)))
    for thread in watchers:
        thread.start()
    until = begun + args.hours * 3600
    while time.monotonic() < until and not soak.ending.is_set():
        soak.nap(min(60, max(0.1, until - time.monotonic())))
        line = f"{(time.monotonic() - begun) / 60:6.1f} min: {dict(soak.counts)}"
        print(re.sub(r"'fault [^,}]*, ?", "", line), flush=True)
    soak.ending.set()
    for thread in [*threads, *watchers]:
        thread.join()
    # One more start, to list what the last life left.
    soak.ending.clear()
    recorder.start()
    trace_all(soak, recorder.get)
    recorder.stop()
    recorder.verb("check", "--hash")
    if "panicked" in recorder.log.read_text(errors="replace"):
        soak.violation("a panic in the log")
    report(soak, recorder, cameras, begun)
    return soak.wrong


if __name__ == "__main__":
    sys.exit(main())
