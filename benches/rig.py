"""What the measuring scripts share: a clip, GStreamer's RTSP server that loops it, and processes that end with us."""

import contextlib
import json
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FPS = 30


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


@contextlib.contextmanager
def serving(command, log):
    """A `lunette run`, once it listens, and its address."""
    with running(command, log) as process:
        while not (address := re.search(r"listening on http://([0-9.:]+)/", log.read_text())):
            if process.poll() is not None:
                sys.exit(f"{command[0]} ended: {log.read_text()}")
            time.sleep(0.001)
        yield process, address[1]


@contextlib.contextmanager
def cameras(count, clip, log):
    """As many streams of the clip as asked for, by name."""
    command = ["/usr/bin/python3", ROOT / "tests/support/gst_camera.py"]
    for n in range(1, count + 1):
        command += ["--stream", f"cam{n}:h264:1920x1080@{FPS}", "--clip", f"cam{n}={clip}"]
    with running(command, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        yield json.loads(server.stdout.readline())


def configured(binary, place, urls):
    """The command line of a recorder of these cameras in a place of its own."""
    config = place / "lunette.toml"
    config.write_text(f"[store]\ndb_dir = '{place}/db'\nsample_dir = '{place}/film'\n[web]\nlogin = 'none'\nlisten = ['127.0.0.1:0']\n[recorder]\ndiscovery = 'off'\n")
    lunette = [binary, "--config", config]
    for name, url in urls.items():
        subprocess.run([*lunette, "camera", "add", "--name", name, "--url", url], check=True, stdout=subprocess.DEVNULL)
    return lunette
