"""What a recorder writes to its card beside film."""

import time

from box import Box

SIX = ["porch", "garden", "garage", "gate", "hall", "yard"]
MINUTES = 20
MOST_MB_AN_HOUR = 120


def tell(story):
    """Six cameras of two streams: megabytes an hour to the card beyond film, and to the root none."""
    with Box(story.kind, story.card, story.parts, story.folder) as box:
        for number, name in enumerate(SIX):
            box.network.add_camera(number, name)
        with story.part("six cameras of two streams record"):
            box.power_on()
            box.wait_for_page()
            box.become_owner()
            results = box.post("/api/discovery/record", {"keys": box.discover(SIX)})["results"]
            assert all(result["error"] is None for result in results), results
            box.wait_for_film(SIX)
        with story.part(f"less than {MOST_MB_AN_HOUR} MB an hour beside film, nothing to the root"):
            begun = time.monotonic()
            before, film = written(box), bytes_of_film(box)
            time.sleep(MINUTES * 60)
            after, more = written(box), bytes_of_film(box) - film
            hours = (time.monotonic() - begun) / 3600
            card = (after["mmcblk0"] - before["mmcblk0"] - more) / 1e6 / hours
            story.note(f"{more / 1e6 / hours:.0f} MB of film an hour, {card:.0f} MB beside it")
            assert after["mmcblk0p2"] == before["mmcblk0p2"] and after["mmcblk0p3"] == before["mmcblk0p3"]
            assert card < MOST_MB_AN_HOUR, card


def written(box):
    """Bytes written to the card and each partition since the start."""
    lines = box.shell("cd /sys/class/block && for d in mmcblk0*; do echo $d $(cat $d/stat); done").splitlines()
    return {fields[0]: int(fields[7]) * 512 for fields in map(str.split, lines)}


def bytes_of_film(box):
    return sum(s["bytes"] for camera in box.cameras().values() for s in camera["streams"].values())
