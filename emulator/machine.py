"""`Machine`: an emulated computer with a card in it, its serial line, and a root shell on that line."""

import ctypes
import os
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
# Of bash or BusyBox; U-Boot's lines that begin with ## are none.
PROMPT = re.compile(rb"[/\w] ?# $")


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
        # What the Pi's firmware would take from the first partition.
        given = (ROOT / "image/cmdline.txt").read_text().strip()
        self.words, self.extra = f"{given} {SHELL} {words}".strip(), list(extra)
        self.process = None
        self.has_shell = False
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
        self.has_shell = False
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
        """Lines, as they come; the prompt of the shell is none, and tells that it is there."""
        pending = b""
        with open(self.folder / "serial.log", "ab", buffering=0) as log:
            while got := os.read(process.stdout.fileno(), 65536):
                *whole, pending = (pending + got.replace(b"\r", b"")).split(b"\n")
                with self.news:
                    for line in whole:
                        log.write(b"%8.1f %s\n" % (time.monotonic() - self.powered, line))
                        self.lines.append(line.decode("utf-8", "replace"))
                        if line.startswith(b"U-Boot 20"):
                            self.has_shell = False
                    self.has_shell = self.has_shell or bool(PROMPT.search(pending))
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
        """Status and text. Nothing is typed before the shell is there: the kernel's driver may stumble over it."""
        self.asked += 1
        number, since, end = self.asked, len(self.lines), time.monotonic() + seconds
        with self.news:
            while not self.has_shell:
                if self.process.poll() is not None or not self.news.wait(max(0, end - time.monotonic())):
                    raise Died(f"no shell within {seconds} s; last was {self.lines[-5:]}")
        # The line echoes what is typed: what is waited for is not in it as such.
        self.type(f"stty -echo 2>/dev/null; PS1= PS2=; echo 'asked' '{number}.'")
        _, since = self.wait_for(rf"^\W*asked {number}\.", seconds, since)
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
