"""`Machine`: an emulated computer with a card in it, its serial line, and a root shell on that line."""

import ctypes
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
INSIDE = ROOT / "emulator/inside"
# Kernel words of the tests, beside those of the image's cmdline.txt: a root shell on the serial line, which is the only
# way in that an untouched card has.
SHELL = "systemd.debug_shell=ttyAMA0 systemd.getty_auto=no systemd.show_status=false"


def end_with_parent():
    """A process that is started with this is killed when the one that started it ends, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Died(Exception):
    """QEMU ended, or what was waited for did not come."""


class Machine:
    """`start` plugs it in, `cut` pulls the plug. The card stays.

    `kind` is raspi2b or virt, `parts` the folder of emulator/parts; `words` are for the kernel, `extra` for QEMU.
    """

    def __init__(self, kind, card, parts, folder, words="", extra=()):
        self.kind, self.card = kind, pathlib.Path(card)
        self.parts, self.folder = pathlib.Path(parts), pathlib.Path(folder)
        self.words, self.extra = f"{SHELL} {words}".strip(), list(extra)
        self.process = None
        self.lines = []
        self.news = threading.Condition()
        self.asked = 0

    def start(self):
        began = len(self.lines)
        command = [INSIDE, "qemu-system-arm", *self.computer(), *self.disk(), *self.network()]
        command += ["-display", "none", "-serial", "stdio", "-monitor", "none", *self.extra]
        self.process = subprocess.Popen(
            list(map(str, command)),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent,
        )
        self.powered = time.monotonic()
        threading.Thread(target=self.read, args=(self.process,), daemon=True).start()
        return began

    def computer(self):
        if self.kind == "raspi2b":
            # One processor in one thread: QEMU's USB controller and the kernel's driver miss each other otherwise.
            return [
                *("-M", "raspi2b", "-accel", "tcg,thread=single"),
                *("-kernel", self.parts / "u-boot.uimg", "-dtb", self.parts / "pi2.dtb"),
                *("-append", f"nr_cpus=1 {self.words}"),
            ]
        # QEMU takes -append only with a kernel.
        tree = self.folder / "virt.dtb"
        shutil.copy(self.parts / "virt.dtb", tree)
        subprocess.run([INSIDE, "fdtput", "-t", "s", tree, "/chosen", "bootargs", self.words], check=True, cwd=ROOT)
        return [
            *("-M", "virt,highmem=off", "-cpu", "cortex-a7", "-smp", "1", "-m", "512"),
            *("-bios", self.parts / "u-boot-virt.bin", "-dtb", tree),
        ]

    def disk(self):
        file = f"format=raw,file={self.card}"
        if self.kind == "raspi2b":
            return ["-drive", f"if=sd,{file}"]
        return ["-device", "sdhci-pci", "-device", "sd-card,drive=card", "-drive", f"if=none,id=card,{file}"]

    def network(self):
        tap = ["-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no"]
        device = "usb-net,netdev=n0" if self.kind == "raspi2b" else "virtio-net-pci,netdev=n0,romfile="
        return [*tap, "-device", device]

    def read(self, process):
        with open(self.folder / "serial.log", "ab", buffering=0) as log:
            for line in process.stdout:
                log.write(b"%8.1f %s" % (time.monotonic() - self.powered, line.replace(b"\r", b"")))
                with self.news:
                    self.lines.append(line.decode("utf-8", "replace").rstrip("\r\n"))
                    self.news.notify_all()
        with self.news:
            self.lines.append("")
            self.news.notify_all()

    def wait_for(self, pattern, seconds, since):
        """The match of the first line at or after `since` that has the pattern, and the number of the next line."""
        wanted, end = re.compile(pattern), time.monotonic() + seconds
        at = since
        with self.news:
            while True:
                while at < len(self.lines):
                    at += 1
                    if match := wanted.search(self.lines[at - 1]):
                        return match, at
                if self.process.poll() is not None:
                    raise Died(f"QEMU ended with {self.process.returncode}: {self.lines[-5:]}")
                if not self.news.wait(max(0, end - time.monotonic())) and time.monotonic() >= end:
                    raise Died(f"no {pattern!r} within {seconds} s; last was {self.lines[-5:]}")

    def shell(self, command, seconds=120):
        """What a command says, run by root on the machine. Its failure is ours."""
        status, said = self.try_shell(command, seconds)
        if status:
            raise Died(f"{command}: status {status}: {said}")
        return said

    def try_shell(self, command, seconds=120):
        """Status and text. The shell may come only now: it is asked until it answers."""
        self.asked += 1
        number, since = self.asked, len(self.lines)
        end = time.monotonic() + seconds
        # The line echoes what is typed: what is waited for is not in it as such.
        while True:
            self.type(f"stty -echo 2>/dev/null; PS1= PS2=; echo 'asked' '{number}.'")
            try:
                _, since = self.wait_for(rf"^\W*asked {number}\.", 5, since)
                break
            except Died:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
        self.type(f"( {command}\n) </dev/null 2>&1; echo; echo 'status' '{number}' $?.")
        match, last = self.wait_for(rf"^status {number} (\d+)\.", seconds, since)
        return int(match[1]), "\n".join(self.lines[since : last - 1]).strip("\n")

    def type(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def cut(self):
        """Pulls the plug: what QEMU was told to write is on the card, what the guest still held is lost."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
