"""First boot."""

from box import Box, resolve
from upgrade import CAMERAS, NEXT, Stick, bundle, rubbish_kernel


def tell(story):
    """An untouched card becomes a recorder, the same one after a reboot and after an upgrade with a rubbish kernel."""
    stick = Stick(story, bundle(story, NEXT, "rubbish"))
    with Box(story.kind, story.card, story.parts, story.folder, extra=stick.extra) as box:
        for number, name in enumerate(CAMERAS):
            box.network.add_camera(number, name)
        with story.part("from the untouched card to the set-up page"):
            box.power_on()
            box.says(r"lunette: slot A of A B")
            took = box.wait_for_page()
            assert box.get("/api/session")["needsOwner"]
            story.note(f"the page after {took:.0f} s")
        settled(story, box)
        with story.part("lunette.local is told by mDNS"):
            assert resolve("lunette.local") == box.address
        with story.part("the owner's password is set through the API"):
            box.become_owner()
            assert box.get("/api/session")["user"]["role"] == "owner"
        with story.part("cameras are discovered, and two record"):
            keys = box.discover(CAMERAS)
            results = box.post("/api/discovery/record", {"keys": keys})["results"]
            assert all(result["error"] is None for result in results), results
            box.wait_for_film(CAMERAS)
        with story.part("film is played on another machine"):
            box.until(lambda: box.play("porch") >= 15, "a second of film")
        with story.part("after a reboot all is still there, and it is the same machine"):
            before = identity(box), {name: camera["uuid"] for name, camera in box.cameras().items()}
            film = box.cameras()["porch"]["streams"]["main"]["bytes"]
            box.reboot()
            box.wait_for_page()
            box.log_in()
            box.wait_for_film(CAMERAS, more_than=film)
            assert before == (identity(box), {name: camera["uuid"] for name, camera in box.cameras().items()})
            assert box.play("garden") > 0
        rubbish_kernel(story, box, stick)


def identity(box):
    return box.address, box.shell("cat /etc/machine-id")


def settled(story, box):
    """What must be so once it is up."""
    with story.part("partitions are grown and the film's file system is made"):
        box.until(lambda: box.shell("cat /run/lunette/film") == "mounted", "the film's disk")
        size = int(box.shell("df -B 1 /film | sed -n '2s/^[^ ]* *\\([0-9]*\\).*/\\1/p'"))
        card = (box.folder / "card.img").stat().st_size
        assert size > 0.9 * (card - 1614 * 2**20), (size, card)
        assert box.shell("blkid -s LABEL -o value /dev/disk/by-partuuid/4c554e45-06") == "film"
    with story.part("the root is read-only, and nothing but card's data partitions and memory is written"):
        mounts = [line.split() for line in box.shell("cat /proc/self/mounts").splitlines()]
        written = {place: kind for _, place, kind, options, *_ in mounts if "rw" in options.split(",")}
        disks = {place for place, kind in written.items() if kind in ("ext4", "vfat", "squashfs", "overlay")}
        assert disks <= {"/state", "/film", "/var/lib/systemd", "/var/log/journal"}, disks
        root = [line for line in mounts if line[1] == "/"][-1]
        assert root[2] == "squashfs" and "ro" in root[3].split(","), root
    with story.part("no unit failed"):
        box.until(lambda: box.shell("systemctl is-system-running || true") in ("running", "degraded"), "the end of the start")
        failed = box.shell("systemctl --failed --no-legend --plain")
        assert not failed, failed
    with story.part("the daemon is nobody else, and in its sandbox"):
        pid = box.shell("systemctl show --value -p MainPID lunette.service")
        status = box.shell(f"grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/{pid}/status")
        fields = dict(line.split(":", 1) for line in status.splitlines())
        assert fields["Uid"].split() == ["980"] * 4, status
        # CAP_NET_BIND_SERVICE alone.
        assert int(fields["CapEff"], 16) == 1 << 10, status
        assert fields["NoNewPrivs"].strip() == "1" and fields["Seccomp"].strip() == "2", status
        writable = box.shell(f"grep -c ' / .* rw' /proc/{pid}/mountinfo || true")
        assert writable == "0" or "squashfs" not in writable
        exposure = box.shell("systemd-analyze security lunette.service --no-pager | tail -n 1", 300)
        figure = float(exposure.split(":")[1].split()[0])
        story.note(f"systemd-analyze security: {figure}")
        assert figure < 2.0, exposure
