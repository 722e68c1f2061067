"""Power cuts at any moment of a card's life, looked at without booting, and some of them booted."""

import binascii
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import time

from block_log import BlockLog, Replay
from box import ROOT, Box
from layout import partitions
from upgrade import CAMERAS, NEXT, bundle, install, recording

MOMENTS = 300
BOOTED = 30
MIB = 2**20
LUNETTE = ROOT / "target/debug/lunette"
SETTINGS = dict(
    line.split("=", 1)
    for line in (ROOT / "image/layout.env").read_text().splitlines()
    if re.match(r"LAYOUT_\w+=", line)
)


def tell(story):
    """The writes of a card's life are cut off at 300 places: file systems, film, boot environment and partitions hold."""
    made = bundle(story, NEXT, "quick")
    log = story.folder.with_name(f"{story.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    seed = int(os.environ.get("LUNETTE_SEED", time.time()))
    luck = random.Random(seed)
    story.note(f"LUNETTE_SEED={seed} does the same again")
    marks = {}
    with LoggedBox(story, log) as box:
        blank = story.folder.with_name(f"{story.name}-blank.img")
        copy(box.machine.card, blank)
        recording(story, box)
        marks["first boot"] = log.stat().st_size
        with story.part("the life of a card: recording, an upgrade, a reboot"):
            film = box.cameras()["porch"]["streams"]["main"]["bytes"]
            box.wait_for_film(CAMERAS, more_than=film + 2 * MIB)
            marks["recording"] = log.stat().st_size
            install(box, made)
            marks["installing"] = log.stat().st_size
            box.reboot()
            box.says(r"Starting kernel")
            marks["loading"] = log.stat().st_size
            box.wait_for_page()
            box.log_in()
            box.wait_for_film(CAMERAS)
            marks["after the upgrade"] = log.stat().st_size
        card = box.machine.card
        box.power_cut()
        written = BlockLog(log)
        story.note(f"{len(written.entries)} writes, {log.stat().st_size / MIB:.0f} MiB")
        with story.part(f"{MOMENTS} cuts, half of them with a torn last write, a third with unflushed writes dropped"):
            booted = look(story, written, blank, marks, luck)
        with story.part(f"{len(booted)} of these cards boot to the page"):
            box.machine.extra = []
            for moment in booted:
                copy(moment, card)
                box.machine.logged = False
                box.power_on()
                box.wait_for_page()
                box.power_cut()
                moment.unlink()


class LoggedBox(Box):
    """A box whose card's writes go into a log."""

    def __init__(self, story, log):
        super().__init__(story.kind, story.card, story.parts, story.folder)
        machine, plain = self.machine, self.machine.disk
        machine.logged = True

        def disk():
            if not machine.logged:
                return plain()
            return [
                *("-blockdev", f"driver=raw,node-name=plain,file.driver=file,file.filename={machine.card}"),
                *("-blockdev", f"driver=raw,node-name=log,file.driver=file,file.filename={log}"),
                *("-blockdev", "driver=blklogwrites,node-name=card,file=plain,log=log,log-sector-size=512"),
                *("-device", "sdhci-pci", "-device", "sd-card,drive=card"),
            ]

        machine.disk = disk


def copy(source, target):
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, target], check=True)


def look(story, written, blank, marks, luck):
    """Cuts at moments of each part of the life, in their order. Gives cards to boot."""
    entries = {name: written.entries_at(position) for name, position in marks.items()}
    moments, before = [], 0
    for end in entries.values():
        share = MOMENTS // len(entries)
        moments += sorted(luck.randrange(before + 1, max(before + 2, end + 1)) for _ in range(share))
        before = end
    replay = Replay(written, blank)
    booted, faults = [], []
    for number, moment in enumerate(sorted(moments)):
        back = replay.cut(moment, luck, torn=number % 2 == 0, dropped=50 if number % 3 == 0 else 0)
        tried = story.folder / "tried.img"
        copy(blank, tried)
        try:
            judge(tried, story.folder)
        except AssertionError as error:
            faults.append(f"cut {number} after {moment} writes: {error}")
            shutil.copy(tried, story.folder / f"fault-{number}.img")
        if number % (MOMENTS // BOOTED) == 0:
            copy(blank, story.folder / f"boot-{number}.img")
            booted.append(story.folder / f"boot-{number}.img")
        replay.take_back(back)
    assert not faults, "\n".join(faults[:10])
    return booted


def judge(card, folder):
    """Partition table, boot environment, file systems and film of a card that lost its power."""
    table = partitions(card)
    assert set(table) == {1, 2, 3, 4, 5, 6}, f"partitions {sorted(table)}"
    environment(card)
    state, film = (take(card, table[number], folder / f"part-{number}.img") for number in (5, 6))
    check_file_system(state, "state")
    if any(film.open("rb").read(4 * MIB)):
        made = subprocess.run(["debugfs", "-R", "cat film-made", state], capture_output=True, text=True).stdout.strip()
        # One that was being made is made again.
        if made == "made":
            check_file_system(film, "film")
            check_film(film, folder)


def environment(card):
    """One of the two copies is whole, or there never was one."""
    size = int(SETTINGS["LAYOUT_ENV_SIZE"], 16)
    whole, empty = 0, 0
    with open(card, "rb") as file:
        for name in ("LAYOUT_ENV_OFFSET", "LAYOUT_ENV_OFFSET_REDUND"):
            file.seek(int(SETTINGS[name], 16))
            block = file.read(size)
            empty += not any(block)
            # CRC, a byte that counts, then the text.
            whole += struct.unpack_from("<I", block)[0] == binascii.crc32(block[5:])
    assert whole or empty == 2, "neither copy of the boot environment is whole"


def take(card, place, target):
    """A partition as a file, with its holes."""
    start, length = place
    command = ["dd", f"if={card}", f"of={target}", "bs=1M", f"skip={start // MIB}", f"count={length // MIB}", "conv=sparse"]
    target.unlink(missing_ok=True)
    subprocess.run([*command, "status=none"], check=True)
    return target


def check_file_system(image, name):
    checked = subprocess.run(["e2fsck", "-f", "-p", image], capture_output=True, text=True)
    assert checked.returncode < 4, f"e2fsck -p of {name}: {checked.returncode}: {checked.stdout}{checked.stderr}"


def check_film(image, folder):
    """The recorder opens it, and then rows, files and film agree."""
    mounted = folder / "mounted"
    mounted.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, mounted], check=True)
    try:
        if not (mounted / "db").is_dir() or not any((mounted / "db").iterdir()):
            return
        config = folder / "check.toml"
        config.write_text(
            f"[store]\ndb_dir = '{mounted}/db'\nsample_dir = '{mounted}/samples'\nreserve = '1MiB'\n"
            "[web]\nlogin = 'none'\nlisten = ['127.0.0.1:0']\n[recorder]\ndiscovery = 'off'\n"
        )
        lunette(config, folder)
    finally:
        subprocess.run(["umount", mounted], check=True)


def lunette(config, folder):
    said = folder / "check.log"
    with open(said, "wb") as log:
        daemon = subprocess.Popen([LUNETTE, "--config", config, "run"], stdout=log, stderr=log)
    end = time.monotonic() + 60
    while "http://" not in said.read_text() and time.monotonic() < end and daemon.poll() is None:
        time.sleep(0.05)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(60) == 0, said.read_text()[-1000:]
    checked = subprocess.run([LUNETTE, "--config", config, "check", "--hash"], capture_output=True, text=True)
    assert checked.returncode == 0, f"lunette check --hash: {checked.stdout}{checked.stderr}"
