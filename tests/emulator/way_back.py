"""Versions that do not work: each is left by itself."""

from box import BOOT, Box
from upgrade import CAMERAS, bundle, install, proven, recording


def tell(story):
    """A daemon that does not start, and a user space that hangs: the slot before comes back. Both slots used up: still boots."""
    dead = bundle(story, "99.2.0", "quick", "does-not-start")
    hanging = bundle(story, "99.3.0", "hangs")
    with Box(story.kind, story.card, story.parts, story.folder) as box:
        recording(story, box)
        with story.part("a daemon that does not start: the slot before comes back, and the page says so"):
            install(box, dead)
            box.reboot()
            box.says(r"lunette: slot B")
            returned(story, box, "A")
        with story.part("a user space that hangs: the watchdog ends it, three times, and the slot before comes back"):
            # As shipped: whoever does not feed it for 15 seconds is started again.
            box.machine.words = box.machine.words.replace("systemd.watchdog_sec=180", "")
            install(box, hanging)
            # The new words are the firmware's: they come with the power.
            box.shell("sync")
            box.power_cut()
            box.power_on()
            for _ in range(3):
                box.says(r"lunette: slot B", 2 * BOOT)
            returned(story, box, "A")
        with story.part("both slots used up: the counters begin again, and it boots"):
            box.shell("fw_setenv BOOT_A_LEFT 0 && fw_setenv BOOT_B_LEFT 0 && sync")
            box.power_cut()
            box.power_on()
            box.says(r"lunette: both slots are used up")
            box.says(r"lunette: slot [AB]")
            box.wait_for_page()


def returned(story, box, slot):
    box.says(rf"lunette: slot {slot}", 3 * BOOT)
    box.wait_for_page()
    box.log_in()
    box.wait_for_film(CAMERAS)
    firmware = proven(box)
    assert firmware["booted"] == slot, firmware
    last = box.until(lambda: box.get("/api/firmware")["lastUpgrade"], "what happened")
    assert last["outcome"] != "good", last
    story.note(f"the page says: {last['why']}")
