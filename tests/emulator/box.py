"""`Box`: what a browser and a finger on the plug can do to a machine: its page's API, and its power."""

import http.client
import json
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "emulator"))
from machine import Died, Machine, end_with_parent  # noqa: E402, F401
from network import Network  # noqa: E402

PASSWORD = "correct horse"
GIB = 2**30
# Seconds of patience with an emulated processor on a busy machine; nothing is decided by them but that it failed.
BOOT = 600
SOON = 240


class Refused(Exception):
    """An answer that is not 2xx."""

    def __init__(self, what, status, text):
        super().__init__(f"{what}: {status}: {text[:400]}")
        self.status, self.text = status, text


class Box:
    """A machine with its card, in a network of its own with cameras."""

    def __init__(self, kind, card, parts, folder, size=8 * GIB, words="", extra=(), leases=True):
        self.folder = pathlib.Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        # The copy holds what was written of the image, and no more.
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", card, self.folder / "card.img"], check=True)
        with open(self.folder / "card.img", "ab") as file:
            file.truncate(size)
        self.network = Network(self.folder, leases)
        # A busy host starves the machine for longer than the image's watchdog, and systemd for a disk, have patience.
        words = f"systemd.watchdog_sec=180 systemd.default_device_timeout_sec=600 {words}"
        self.machine = Machine(kind, self.folder / "card.img", parts, self.folder, words, extra)
        self.cookie = None
        self.mark = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and self.machine.process and self.machine.process.poll() is None:
            self.look_around()
        self.machine.cut()
        self.network.end()

    def look_around(self):
        """What the machine says of itself when something failed, into said.log."""
        asked = ["systemctl --failed --no-pager", "systemctl list-jobs --no-pager", "ip address", "cat /proc/self/mounts"]
        asked += ["systemctl status --no-pager 'lunette*' rauc", "journalctl -b --no-pager -o short-monotonic | tail -n 400"]
        with open(self.folder / "said.log", "w") as log:
            for command in asked:
                try:
                    log.write(f"# {command}\n{self.machine.try_shell(command, 120)[1]}\n")
                except (Died, OSError) as error:
                    log.write(f"# {command}: {error}\n")
                    break

    def power_on(self):
        self.mark = self.machine.start()

    def power_cut(self):
        self.machine.cut()

    def says(self, pattern, seconds=BOOT):
        """Waits for a line of the serial port, after what was waited for last."""
        match, self.mark = self.machine.wait_for(pattern, seconds, self.mark)
        return match

    def shell(self, command, seconds=SOON):
        return self.machine.shell(command, seconds)

    def wait_for_page(self, seconds=BOOT, film=True):
        """Until it answers, and has the film's disk if it should; seconds from the power to the first answer."""
        self.address = self.network.address(seconds)
        self.until(lambda: self.get("/api/session"), "the page", seconds)
        took = time.monotonic() - self.machine.powered
        if film:
            self.until(lambda: not self.get("/api/session")["waitsFor"], "the film's disk", seconds)
        return took

    def until(self, what, told, seconds=SOON):
        """What `what` gives, once that is true. An error of the network counts as not yet."""
        end, last = time.monotonic() + seconds, None
        while time.monotonic() < end:
            try:
                if found := what():
                    return found
            except (OSError, http.client.HTTPException, Refused) as error:
                last = error
            if self.machine.process.poll() is not None:
                raise Died("QEMU ended")
            time.sleep(0.5)
        raise TimeoutError(f"{told}: not within {seconds} s{f' ({last})' if last else ''}")

    def ask(self, method, path, body=None, content="application/json", timeout=60):
        connection = http.client.HTTPConnection(self.address, 80, timeout=timeout)
        headers = {"Cookie": self.cookie} if self.cookie else {}
        if body is not None:
            headers["Content-Type"] = content
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        if cookie := answer.getheader("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        return answer, connection

    def call(self, method, path, value=None, timeout=60):
        answer, connection = self.ask(method, path, None if value is None else json.dumps(value), timeout=timeout)
        text = answer.read().decode()
        connection.close()
        if answer.status >= 300:
            raise Refused(f"{method} {path}", answer.status, text)
        return json.loads(text) if text.startswith(("{", "[")) else text

    def get(self, path, timeout=60):
        return self.call("GET", path, timeout=timeout)

    def post(self, path, value, timeout=120):
        return self.call("POST", path, value, timeout)

    def become_owner(self):
        """argon2 takes its time on such a processor."""
        self.post("/api/setup", {"password": PASSWORD})

    def log_in(self):
        self.post("/api/login", {"name": "owner", "password": PASSWORD})

    def discover(self, names, seconds=SOON):
        """The keys of these cameras, once all are found and open."""
        found = {}
        end = time.monotonic() + seconds
        answer, connection = self.ask("GET", "/api/discovery", timeout=seconds)
        while time.monotonic() < end and not all(name in found for name in names):
            line = answer.readline().decode()
            if line.startswith("data:"):
                event = json.loads(line[5:])
                if event.get("state") == "open":
                    found[event.get("name")] = event["key"]
        connection.close()
        missing = [name for name in names if name not in found]
        if missing:
            raise TimeoutError(f"not discovered: {missing} (found {found})")
        return [found[name] for name in names]

    def cameras(self):
        return {camera["name"]: camera for camera in self.get("/api/cameras")["cameras"]}

    def wait_for_film(self, names, seconds=SOON, more_than=0):
        """Until each of these cameras' main streams is recorded and has more bytes on file than this."""

        def recorded():
            cameras = self.cameras()
            mains = [cameras[name]["streams"]["main"] for name in names if name in cameras]
            return len(mains) == len(names) and all(
                (main["live"] or {}).get("state") == "recording" and main["bytes"] > more_than for main in mains
            )

        self.until(recorded, f"film of {names}", seconds)

    def play(self, name, seconds=4):
        """Decodes film of that camera with ffmpeg on this machine, and gives how many pictures there were."""
        camera = self.cameras()[name]
        main = camera["streams"]["main"]
        end = main["lastTime90k"]
        begin = max(main["firstTime90k"], end - seconds * 90_000)
        path = f"/api/cameras/{camera['uuid']}/main/view.mp4?start90k={begin}&end90k={end}"
        answer, connection = self.ask("GET", path)
        film = self.folder / "film.mp4"
        film.write_bytes(answer.read())
        connection.close()
        assert answer.status == 200, (path, answer.status)
        decoded = subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-i", film, "-map", "0:v", "-f", "framecrc", "-"],
            capture_output=True,
            text=True,
        )
        assert decoded.returncode == 0 and not decoded.stderr, decoded.stderr
        return sum(not line.startswith("#") for line in decoded.stdout.splitlines())

    def reboot(self):
        """Through the page; waits until the loader speaks again."""
        before = len(self.machine.lines)
        self.post("/api/system/reboot", {})
        self.machine.wait_for(r"^U-Boot 20", SOON, before)
        self.mark = before


def resolve(name, seconds=60):
    """The address that mDNS gives for a name.local, asked in this process's network."""
    question = struct.pack(">6H", 0, 0, 1, 0, 0, 0)
    question += b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    question += struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        asking.settimeout(1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            asking.sendto(question, ("224.0.0.251", 5353))
            try:
                answer = asking.recv(9000)
            except TimeoutError:
                continue
            # The only record is an A: its address is the end.
            if found := re.search(rb"\x00\x01.{4}\x00\x04(.{4})", answer[12:], re.S):
                return socket.inet_ntoa(found[1])
    raise TimeoutError(f"nobody is {name}")
