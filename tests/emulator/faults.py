"""What goes wrong around a box: no network, no time, no room, no disk."""

from box import Box
from layout import start_of
from upgrade import CAMERAS, recording


def tell(story):
    """No network, 1970, a full state, damaged file systems, a film disk that is missing: the page answers and says so."""
    early = ["-rtc", "base=1970-01-02T00:00:00"] if story.kind == "virt" else []
    with Box(story.kind, story.card, story.parts, story.folder, extra=early) as box:
        recording(story, box)
        with story.part("a clock of 1970 is not believed: the build's date is the least"):
            year = int(box.shell("date +%Y"))
            assert year >= 2026, year
            assert box.get("/api/")["clock"]["proven"] is False
        with story.part("a full state partition: it records, and the page answers"):
            box.shell("dd if=/dev/zero of=/state/full bs=1M 2>/dev/null; true")
            film = box.cameras()["porch"]["streams"]["main"]["bytes"]
            box.wait_for_film(CAMERAS, more_than=film)
            box.reboot()
            box.wait_for_page()
            box.log_in()
            box.wait_for_film(CAMERAS, more_than=film)
            box.shell("rm /state/full")
        for number, name in ((5, "state"), (6, "film")):
            with story.part(f"the file system of {name} is damaged: it is mended or renewed, and the page answers"):
                box.power_cut()
                damage(box, number)
                box.power_on()
                box.wait_for_page(film=name != "film")
                assert name in box.shell("cat /proc/self/mounts; cat /run/lunette/film")
        with story.part("the film's disk is missing: the page answers and says so, nothing is recorded elsewhere"):
            box.shell("echo 00000000-0000-4000-8000-000000000000 >/state/film-disk && sync")
            box.power_cut()
            box.power_on()
            box.wait_for_page(film=False)
            box.until(lambda: "missing" in (box.get("/api/session")["waitsFor"] or ""), "the page says so")
            assert not box.shell("ls /film")


def damage(box, number):
    """Noise over the superblock and the first group's descriptors."""
    with open(box.machine.card, "r+b") as card:
        card.seek(start_of(box.machine.card, number))
        card.write(b"\xa5" * 8192)
