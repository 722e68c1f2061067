#!/usr/bin/python3
"""Lunette beside ffmpeg: the same streams at the same time, what each of them costs.

    side_by_side.py --lunette BINARY [--streams 6] [--seconds 130] [--dir DIR]

GStreamer's RTSP server loops an encoded clip (1080p30, 4 Mbit/s) as several streams. `lunette run` records all of them,
and so do as many `ffmpeg -c copy -f segment` processes. CPU is user and system time of /proc/PID/stat, memory the
highest RssAnon of /proc/PID/status, seen twice a second, and bytes are what the kernel was given (wchar of /proc/PID/io).
Prints a table and leaves the figures in DIR/side_by_side.json.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
FPS = 30


class Meter:
    """What a group of processes costs."""

    def __init__(self, processes):
        self.processes = processes
        self.peak_anon = {p.pid: 0 for p in processes}

    def sample(self):
        for p in self.processes:
            status = pathlib.Path(f"/proc/{p.pid}/status").read_text()
            anon = int(re.search(r"RssAnon:\s+(\d+)", status)[1]) * 1024
            self.peak_anon[p.pid] = max(self.peak_anon[p.pid], anon)

    def figures(self, streams, seconds):
        cpu = sum(self.cpu_seconds(p.pid) for p in self.processes)
        return {
            "cpuSeconds": cpu,
            "cpuSecondsPerStreamMinute": cpu / streams / (seconds / 60),
            "peakAnonMiB": sum(self.peak_anon.values()) / 2**20,
            "writtenMB": sum(self.written(p.pid) for p in self.processes) / 1e6,
        }

    @staticmethod
    def cpu_seconds(pid):
        # Behind the name in parentheses: field 3 of proc(5) comes first, 14 and 15 are user and system time.
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def written(pid):
        return int(re.search(r"wchar: (\d+)", pathlib.Path(f"/proc/{pid}/io").read_text())[1])


def make_clip(path):
    """Twenty seconds that really have 4 Mbit/s, a key frame every two seconds, one slice a picture."""
    if path.exists():
        return
    print("encoding the clip ...", flush=True)
    part = path.with_suffix(".part")
    noisy = f"testsrc2=s=1920x1080:r={FPS}:d=20,noise=alls=12:allf=t"
    rate = "-b:v 4M -minrate 4M -maxrate 4M -bufsize 2M".split()
    x264 = f"-c:v libx264 -preset veryfast -bf 0 -g {2 * FPS} -x264-params scenecut=0:sliced-threads=0:slices=1".split()
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", noisy, *x264, *rate, "-f", "h264", part]
    subprocess.run(command, check=True)
    part.rename(path)


@contextlib.contextmanager
def running(command, log, **options):
    """A process that ends with the block."""
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stderr=output, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def record(args, place, cameras):
    """Runs both for the asked time and returns what each cost."""
    config = place / "lunette.toml"
    config.write_text(f"[store]\ndb_dir = '{place}/db'\nsample_dir = '{place}/film'\n[web]\nlisten = ['127.0.0.1:0']\n")
    lunette = [args.lunette, "--config", config]
    for name, url in cameras.items():
        subprocess.run([*lunette, "camera", "add", "--name", name, "--url", url], check=True, stdout=subprocess.DEVNULL)
    with contextlib.ExitStack() as stack:
        recorder = stack.enter_context(running([*lunette, "run"], place / "lunette.log"))
        others = []
        for name, url in cameras.items():
            command = ["ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-an", "-c", "copy"]
            command += ["-f", "segment", "-segment_time", "60", "-reset_timestamps", "1", place / f"{name}-%03d.mp4"]
            others.append(stack.enter_context(running(command, place / f"ffmpeg-{name}.log")))
        meters = {"lunette": Meter([recorder]), "ffmpeg": Meter(others)}
        end = time.monotonic() + args.seconds
        while (left := end - time.monotonic()) > 0:
            for name, meter in meters.items():
                if any(p.poll() is not None for p in meter.processes):
                    sys.exit(f"{name} ended early; its log is in {place}")
                meter.sample()
            time.sleep(min(0.5, left))
        figures = {name: meter.figures(len(cameras), args.seconds) for name, meter in meters.items()}
        figures["lunette"]["frames"] = frames_of(place / "lunette.log")
    return figures


def frames_of(log):
    """How many frames Lunette lists, so that the figures are known to be those of a recorder that records."""
    base = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())[0]

    def get(path):
        with urllib.request.urlopen(base + path) as answer:
            return json.load(answer)

    cameras = get("/api/")["cameras"]
    listed = [get(f"/api/cameras/{camera['uuid']}/main/recordings")["recordings"] for camera in cameras]
    return sum(recording["videoSamples"] for recordings in listed for recording in recordings)


def show(figures, args):
    rows = [
        ("CPU seconds", "cpuSeconds", 2),
        ("  per stream and minute", "cpuSecondsPerStreamMinute", 3),
        ("peak RssAnon, MiB", "peakAnonMiB", 1),
        ("written, MB", "writtenMB", 1),
    ]
    print(f"\n{args.streams} streams, 1080p{FPS}, 4 Mbit/s, {args.seconds} s")
    print(f"{'':26}{'lunette':>10}{'ffmpeg':>10}{'ratio':>8}")
    for title, key, digits in rows:
        ours, theirs = figures["lunette"][key], figures["ffmpeg"][key]
        print(f"{title:26}{ours:10.{digits}f}{theirs:10.{digits}f}{ours / theirs:8.2f}")
    print(f"frames listed by lunette: {figures['lunette']['frames']} of about {args.streams * args.seconds * FPS}")


def main():
    parser = argparse.ArgumentParser(description="Lunette beside ffmpeg")
    parser.add_argument("--lunette", type=pathlib.Path, required=True)
    parser.add_argument("--streams", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=130)
    parser.add_argument("--dir", type=pathlib.Path, default=ROOT / "target" / "bench")
    args = parser.parse_args()

    place = args.dir / "film"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    clip = args.dir / "clip.h264"
    make_clip(clip)

    camera = ["/usr/bin/python3", ROOT / "tests/support/gst_camera.py"]
    for n in range(1, args.streams + 1):
        camera += ["--stream", f"cam{n}:h264:1920x1080@{FPS}", "--clip", f"cam{n}={clip}"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with running(camera, place / "camera.log", **pipes) as server:
        figures = record(args, place, json.loads(server.stdout.readline()))
    (args.dir / "side_by_side.json").write_text(json.dumps(figures, indent=2) + "\n")
    shutil.rmtree(place)
    show(figures, args)


if __name__ == "__main__":
    main()
