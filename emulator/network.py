"""`Network`: a network namespace of our own with a tap device for the machine, an address for it, and cameras beside it.

Multicast does not pass QEMU's user network, and here nothing that is sent leaves the namespace.
"""

import ctypes
import pathlib
import re
import subprocess
import time

from machine import end_with_parent

ROOT = pathlib.Path(__file__).resolve().parents[1]
INSIDE = ROOT / "emulator/inside"
CLONE_NEWNET = 0x40000000
HERE = "10.77.0.1"


class Network:
    """Begins with the process, and ends with it and all that it started."""

    def __init__(self, folder, leases=True):
        self.folder = pathlib.Path(folder)
        self.started = []
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "a network namespace of our own")
        for words in (
            "link set lo up",
            "tuntap add dev tap0 mode tap",
            f"address add {HERE}/24 dev tap0",
            "link set tap0 up",
            "route add 224.0.0.0/4 dev tap0",
        ):
            subprocess.run(["ip", *words.split()], check=True)
        if leases:
            self.give_addresses()

    def give_addresses(self):
        """By DHCP, as a home's router does. It knows no name and leads nowhere."""
        self.start(
            "dnsmasq",
            *(INSIDE, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--bind-interfaces"),
            *("--interface=tap0", "--dhcp-range=10.77.0.100,10.77.0.199,1h", "--user=root", "--log-facility=-"),
            *(f"--dhcp-leasefile={self.folder}/leases", "--pid-file=", "--dhcp-authoritative"),
        )

    def add_camera(self, number, name, **options):
        """A camera with ports of its own, found by ONVIF and open to all unless `login` is given.

        All have one address: an answer to a multicast question comes from the interface's first one whatever is listened on.
        """
        words = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
        self.start(
            f"camera-{number}",
            *(ROOT / "target/debug/examples/demo_camera", "--streams", "2", "--listen", f"{HERE}:{554 + number}"),
            *("--onvif", f"{HERE}:{8000 + number}", "--name", name, *words),
        )

    def start(self, name, *command):
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                list(map(str, command)),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,
            )
        self.started.append(process)
        return process

    def address(self, seconds=300):
        """The machine's, once it has asked for one."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            leases = self.folder / "leases"
            text = leases.read_text() if leases.exists() else ""
            if found := re.search(r"^\d+ \S+ (10\.77\.0\.\d+) ", text, re.M):
                return found[1]
            time.sleep(0.2)
        raise TimeoutError(f"the machine asked for no address within {seconds} s")

    def end(self):
        for process in reversed(self.started):
            process.terminate()
        for process in self.started:
            process.wait(30)
