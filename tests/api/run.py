"""Holds a running recorder against its OpenAPI document with Schemathesis. Run it with the Python that has it."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from place import Place

HERE = Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max-examples", type=int, default=20, help="random cases of each operation")
    parser.add_argument("rest", nargs="*", help="more for Schemathesis, behind --")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Place() as place:
        status = run(place, options)
        if status:
            print((place.path / "lunette.log").read_text()[-4000:])
    sys.exit(status)


def run(place, options):
    cameras = recording(place.url)
    times = [s["firstTime90k"] for camera in cameras for s in camera["streams"].values()]
    environment = os.environ | {
        "LUNETTE_URL": place.url,
        "LUNETTE_CAMERAS": json.dumps([camera["uuid"] for camera in cameras]),
        "LUNETTE_TIMES": json.dumps(times),
        "PYTHONHASHSEED": "0",
        "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"),
    }
    schemathesis = Path(sys.executable).parent / "schemathesis"
    command = [schemathesis, "--config-file", HERE / "schemathesis.toml", "run", f"{place.url}/api/openapi.json"]
    command += ["--max-examples", str(options.max_examples), *options.rest]
    process = subprocess.Popen(command, cwd=place.path, env=environment, stdout=subprocess.PIPE, text=True)
    said = []
    for line in process.stdout:
        said.append(line)
        print(line, end="", flush=True)
    status = process.wait()
    count("".join(said), status)
    return status


def recording(url):
    """All cameras, once each of their streams has film."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with urllib.request.urlopen(f"{url}/api/cameras") as answer:
            cameras = json.load(answer)["cameras"]
        if all(stream["bytes"] for camera in cameras for stream in camera["streams"].values()):
            return cameras
        time.sleep(0.1)
    raise RuntimeError("no film came")


def count(said, status):
    """For scripts/test, in the words of TAP: an operation is a test."""
    number = lambda pattern: int((re.search(pattern, said) or [0, 0])[1])
    cases, operations, failures = number(r"(\d+) generated"), number(r"Tested: (\d+)"), number(r"(\d+) unique failures")
    failures = failures or int(status != 0)
    print(f"{cases} requests to {operations} operations")
    print(f"# pass {max(operations - failures, 0)}\n# fail {failures}")


main()
