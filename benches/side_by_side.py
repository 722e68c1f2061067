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
import sys
import time
import urllib.request

import rig


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


def record(args, place, urls):
    """Runs both for the asked time and returns what each cost."""
    lunette = rig.configured(args.lunette, place, urls)
    with contextlib.ExitStack() as stack:
        recorder = stack.enter_context(rig.running([*lunette, "run"], place / "lunette.log"))
        others = []
        for name, url in urls.items():
            command = ["ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-an", "-c", "copy"]
            command += ["-f", "segment", "-segment_time", "60", "-reset_timestamps", "1", place / f"{name}-%03d.mp4"]
            others.append(stack.enter_context(rig.running(command, place / f"ffmpeg-{name}.log")))
        meters = {"lunette": Meter([recorder]), "ffmpeg": Meter(others)}
        end = time.monotonic() + args.seconds
        while (left := end - time.monotonic()) > 0:
            for name, meter in meters.items():
                if any(p.poll() is not None for p in meter.processes):
                    sys.exit(f"{name} ended early; its log is in {place}")
                meter.sample()
            time.sleep(min(0.5, left))
        figures = {name: meter.figures(len(urls), args.seconds) for name, meter in meters.items()}
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
    print(f"\n{args.streams} streams, 1080p{rig.FPS}, 4 Mbit/s, {args.seconds} s")
    print(f"{'':26}{'lunette':>10}{'ffmpeg':>10}{'ratio':>8}")
    for title, key, digits in rows:
        ours, theirs = figures["lunette"][key], figures["ffmpeg"][key]
        print(f"{title:26}{ours:10.{digits}f}{theirs:10.{digits}f}{ours / theirs:8.2f}")
    print(f"frames listed by lunette: {figures['lunette']['frames']} of about {args.streams * args.seconds * rig.FPS}")


def main():
    parser = argparse.ArgumentParser(description="Lunette beside ffmpeg")
    parser.add_argument("--lunette", type=pathlib.Path, required=True)
    parser.add_argument("--streams", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=130)
    parser.add_argument("--dir", type=pathlib.Path, default=rig.ROOT / "target" / "bench")
    args = parser.parse_args()

    place = args.dir / "film"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    clip = args.dir / "clip.h264"
    rig.make_clip(clip)
    with rig.cameras(args.streams, clip, place / "camera.log") as urls:
        figures = record(args, place, urls)
    (args.dir / "side_by_side.json").write_text(json.dumps(figures, indent=2) + "\n")
    shutil.rmtree(place)
    show(figures, args)


if __name__ == "__main__":
    main()
