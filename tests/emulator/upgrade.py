"""Upgrades that work, and those that must not be kept."""

import os
import pathlib
import subprocess

from box import BOOT, ROOT, Box, Refused

CAMERAS = ["porch", "garden"]

NEXT = "99.0.0"
LATER = "99.1.0"


def bundle(story, version, *changes, keys=None, compatible=None):
    """Makes a bundle of the emulated root, changed by these scripts of tests/emulator/roots/."""
    root = subprocess.check_output([ROOT / "emulator/root", version, *changes], cwd=ROOT, text=True).strip()
    kept = pathlib.Path(os.environ["LUNETTE_EMULATOR"])
    made = kept / f"{'-'.join((version, *changes))}.raucb"
    words = [keys or "", compatible or ""] if keys or compatible else []
    subprocess.run([ROOT / "emulator/bundle", f"{root}/rootfs.squashfs", version, made, *words], cwd=ROOT, check=True)
    story.note(f"{made.name}: {made.stat().st_size / 2**20:.0f} MiB")
    return made


def recording(story, box):
    """A box that has an owner and two cameras that record."""
    for number, name in enumerate(CAMERAS):
        box.network.add_camera(number, name)
    with story.part("a box with two cameras that record"):
        box.power_on()
        box.wait_for_page()
        box.become_owner()
        results = box.post("/api/discovery/record", {"keys": box.discover(CAMERAS)})["results"]
        assert all(result["error"] is None for result in results), results
        box.wait_for_film(CAMERAS)
        proven(box)


def proven(box):
    """Waits until the slot that runs is marked good."""

    def good():
        firmware = box.get("/api/firmware")
        return firmware["slots"][firmware["booted"]]["state"] == "good" and firmware

    return box.until(good, "the slot is marked good", BOOT)


def install(box, made):
    """Through the page, as an owner does; until it is installed."""
    with open(made, "rb") as body:
        answer, connection = box.ask("POST", "/api/firmware", body, "application/octet-stream", timeout=BOOT)
        text = answer.read().decode()
        connection.close()
    if answer.status >= 300:
        raise Refused("POST /api/firmware", answer.status, text)

    def installed():
        firmware = box.get("/api/firmware")
        return firmware["pending"] and firmware["operation"] == "idle" and firmware

    return box.until(installed, "installed", BOOT)


def tell(story):
    """A bundle goes in through the page while cameras record; the other slot runs and is kept. A bad one is not."""
    good, bad = bundle(story, NEXT, "quick"), bundle(story, LATER, "quick", "records-nothing")
    with Box(story.kind, story.card, story.parts, story.folder) as box:
        recording(story, box)
        with story.part("a bundle is uploaded and installed while cameras record"):
            before = box.cameras()
            install(box, good)
            box.wait_for_film(CAMERAS)
        with story.part("the other slot runs, records again and is marked good"):
            box.reboot()
            box.says(r"lunette: slot B")
            box.wait_for_page()
            box.log_in()
            box.wait_for_film(CAMERAS)
            firmware = proven(box)
            assert (firmware["booted"], firmware["version"]) == ("B", NEXT), firmware
            assert firmware["lastUpgrade"]["outcome"] == "good", firmware["lastUpgrade"]
        with story.part("nothing recorded before is lost, and the hole says upgrade"):
            after = box.cameras()
            for name in CAMERAS:
                old, new = before[name]["streams"]["main"], after[name]["streams"]["main"]
                assert new["firstTime90k"] == old["firstTime90k"] and new["bytes"] > old["bytes"], (name, old, new)
            gaps = box.get(f"/api/cameras/{after['porch']['uuid']}/main/gaps?start90k=0")["gaps"]
            assert "upgrade" in [gap["cause"] for gap in gaps], gaps
            assert box.play("porch") > 0
        with story.part("a version that records nothing is taken back, and the page says so"):
            install(box, bad)
            box.reboot()
            box.says(r"lunette: slot A")
            box.says(r"lunette: slot B", 2 * BOOT)
            box.wait_for_page()
            box.log_in()
            box.wait_for_film(CAMERAS)
            firmware = box.get("/api/firmware")
            assert (firmware["booted"], firmware["version"]) == ("B", NEXT), firmware
            assert firmware["slots"]["A"]["state"] == "bad", firmware
            assert firmware["lastUpgrade"]["outcome"] != "good", firmware["lastUpgrade"]
            story.note(f"the page says: {firmware['lastUpgrade']['why']}")
        power_cuts(story, box)


def power_cuts(story, box, slot="B"):
    with story.part("three power cuts in the first minutes of a proven slot: it stays"):
        # In the loader's hands, in the kernel's, in the middle of the start.
        for moment in (r"lunette: slot", r"Starting kernel", r"lunette: slot"):
            box.power_cut()
            box.power_on()
            box.says(moment)
        box.power_cut()
        box.power_on()
        assert box.says(r"lunette: slot (\w)")[1] == slot
        box.wait_for_page()
        box.log_in()
        proven(box)
        box.wait_for_film(CAMERAS)


class Stick:
    """A second disk with a bundle on it: the network of the emulated Pi is slow."""

    def __init__(self, story, made):
        self.size = made.stat().st_size
        self.disk = story.folder.with_name(f"{story.name}-stick.img")
        self.disk.parent.mkdir(parents=True, exist_ok=True)
        self.disk.write_bytes(made.read_bytes() + bytes(-self.size % 512))
        pi = story.kind == "raspi2b"
        self.device = "/dev/sda" if pi else "/dev/vda"
        self.extra = ["-drive", f"if=none,id=stick,format=raw,readonly=on,file={self.disk}"]
        self.extra += ["-device", "usb-storage,drive=stick" if pi else "virtio-blk-pci,drive=stick"]


def rubbish_kernel(story, box, stick):
    """A kernel that is noise: three tries, then the slot before."""
    with story.part("a bundle with a rubbish kernel is installed from a second disk"):
        proven(box)
        box.shell(
            f"head -c {stick.size} {stick.device} >/state/stick.raucb && rauc install /state/stick.raucb; "
            "status=$?; rm /state/stick.raucb; exit $status",
            BOOT,
        )
    with story.part("it is tried three times, then the slot before starts by itself"):
        box.reboot()
        for left in (2, 1, 0):
            box.says(rf"lunette: slot B of B A; left after this: A \w+, B {left}")
            box.says(r"lunette: slot B does not start")
        box.says(r"lunette: slot A of B A")
        box.wait_for_page()
    with story.part("the page says what happened"):
        box.log_in()
        firmware = box.until(lambda: (told := box.get("/api/firmware"))["lastUpgrade"] and told, "what happened")
        assert firmware["booted"] == "A", firmware
        assert firmware["lastUpgrade"]["outcome"] != "good", firmware["lastUpgrade"]
        story.note(f"the page says: {firmware['lastUpgrade']['why']}")
