"""`Trace`: what became of every frame that a camera sent.

Each frame has a name, which the simulated camera tells just before it sends it, and writes into it. A frame is stored if a
film that the recorder gives holds its name. One that is not has a cause if the time line says so (the end of the recording
that holds the frame before it, and the gap that begins there; or the gap that is around it), and if that is true: the
camera did then what the cause says, or we killed or stopped the recorder just then. A frame without one of both is lost
without a cause, and that is a fault.
"""

import bisect
import collections
import json
import re
import threading
import time

UNITS = 90_000
NAME = re.compile(rb"lunette-frame-no([^;]{1,80});")
# The start of a run is settled only after the gap before it was told; see src/store/check/timeline.rs.
SLACK = UNITS
# What a kill may cost: a group of pictures, two seconds at most, and what waits in sockets and queues of a busy machine.
KILL_COSTS_MS = 3000
# What is on its way when a connection or the recorder ends.
ON_ITS_WAY_MS = 1500
# Which fault of a camera may make a time line say this, and from which frame on.
FAULTS = {
    "bad timestamps": ("--timestamps-back-at", "--timestamp-jump-at", "--repeat-timestamp-at"),
    "bad video": ("--garbage-at", "--new-parameters-at"),
    "camera closed the stream": ("--garbage-at", "--drop-after"),
    "camera silent": ("--stall-after",),
    "camera clock": ("--clock-ppm", "--burst-start"),
}


class Sent:
    """The frames of one show: one client of one camera's process."""

    def __init__(self, faults):
        self.faults = faults
        self.times = []
        # When the camera's process was ended by us.
        self.ended = None


class Trace:
    """Sent and stored, gaps and what was done to whom. Thread-safe."""

    def __init__(self):
        self.lock = threading.Lock()
        # Shows by camera and label.
        self.shows = collections.defaultdict(dict)
        # When the recorder was killed or told to stop, in milliseconds since 1970, ascending.
        self.kills, self.stops = [], []
        # By camera and number: end, end reason, and the names in its film.
        self.recordings = collections.defaultdict(dict)
        # By camera and start.
        self.gaps = collections.defaultdict(dict)
        self.unread = 0

    def frame(self, camera, faults, line):
        """A line that a camera told."""
        _, name, at, _ = line.split()
        show = name.rsplit(".", 1)[0]
        with self.lock:
            self.shows[camera].setdefault(show, Sent(faults)).times.append(int(at))

    def camera_ends(self, camera, label):
        with self.lock:
            for name, show in self.shows[camera].items():
                if name.rsplit(".", 1)[0] == label:
                    show.ended = now()

    def kill(self):
        self.kills.append(now())

    def stop(self):
        self.stops.append(now())

    def look(self, get, camera):
        """Reads lists, and film that was not read before. `get` gives a status and a body, or nothing."""
        path = f"/api/cameras/{camera['uuid']}/main/"
        # In this order: what is deleted in between takes its gaps with it.
        gaps, lists = get(path + "gaps"), get(path + "recordings?split90k=1")
        if not lists or lists[0] != 200 or not gaps or gaps[0] != 200:
            return
        listed = json.loads(lists[1])["recordings"]
        self.note_gaps(camera["name"], listed, json.loads(gaps[1])["gaps"])
        read = self.recordings[camera["name"]]
        for r in listed:
            number = r["startId"]
            if r["growing"] or r["missing"] or number in read:
                continue
            film = get(f"{path}view.mp4?s={number}")
            if film and film[0] == 200:
                names = [name.decode() for name in NAME.findall(film[1])]
                with self.lock:
                    read[number] = (r["startTime90k"], r["endTime90k"], r["endReason"], names)

    def note_gaps(self, camera, listed, gaps):
        """Those behind the oldest film are as they are told now; older ones went with their film."""
        oldest = min((r["startTime90k"] for r in listed), default=0)
        with self.lock:
            known = {start: gap for start, gap in self.gaps[camera].items() if start < oldest}
            known.update((gap["startTime90k"], gap) for gap in gaps)
            self.gaps[camera] = known

    def judge(self):
        """How many frames were sent and stored, how many were lost for which cause, and what is wrong."""
        lost, wrong, total, kept, worst = collections.Counter(), [], 0, 0, 0
        for camera, shows in self.shows.items():
            where = {}
            for number, (_, _, _, names) in self.recordings[camera].items():
                for name in names:
                    if name in where:
                        wrong.append(f"{camera}: frame {name} is in recordings {where[name]} and {number}")
                    where[name] = number
            for name, show in shows.items():
                total += len(show.times)
                before = None
                for n, at in enumerate(show.times):
                    number = where.get(f"{name}.{n}")
                    if number is not None:
                        before, kept = (number, f"{name}.{n}"), kept + 1
                        continue
                    cause, early = self.cause(camera, show, n, at, before)
                    lost[cause] += 1
                    worst = max(worst, early)
                    if cause.startswith("NO CAUSE"):
                        wrong.append(f"{camera}: frame {name}.{n} of {stamp(at)}, {show.faults}: {cause}")
        return total, kept, lost, worst, wrong

    def cause(self, camera, show, n, at, before):
        """Why a frame is not stored, and how long before a kill it was sent, in milliseconds."""
        gaps = self.gaps[camera]
        if before is None:
            gap = next((g for g in gaps.values() if is_around(g, at * 90)), None)
        else:
            _, end, reason, names = self.recordings[camera][before[0]]
            if names[-1] != before[1]:
                return f"NO CAUSE: recording {before[0]} goes on without it", 0
            gap = next((g for start, g in gaps.items() if abs(start - end) <= SLACK), None)
            gap = gap or next((g for g in gaps.values() if is_around(g, at * 90)), None)
        if gap is None:
            return "NO CAUSE: there is no gap", 0
        # While a gap lasts its cause may become another; the recording says how it began, unless a kill came right after it
        # was closed because it was full.
        cause = gap["cause"] if before is None or reason is None else reason.split(": ")[0]
        if cause == "power cut" and (kill := following(self.kills, at - 500)):
            if at >= kill - KILL_COSTS_MS:
                return "power cut: sent before or after a kill", max(0, kill - at)
            if not any(at < later <= kill for later in show.times):
                return "power cut: the newest frame of a silent camera, whose length nobody knew at a kill", 0
        for moments, words in ((self.kills, "a kill"), (self.stops, "a stop")):
            if (last := preceding(moments, at + ON_ITS_WAY_MS)) and at - last < 60_000 and self.is_down(last, at, camera):
                return f"{cause}: sent while or just before the recorder was down after {words}", max(0, last - at)
        if show.ended and at >= show.ended - ON_ITS_WAY_MS:
            return f"{cause}: on its way when its camera went", 0
        for fault in FAULTS.get(cause, ()):
            if fault in show.faults and (fault[-3:] != "-at" or n >= int(show.faults[1]) - 1):
                if fault != "--drop-after" or at >= show.times[-1] - ON_ITS_WAY_MS:
                    return f"{cause}: its camera was told {fault}", 0
        return f"NO CAUSE: the gap says {cause} ({gap['detail']}), and nothing was done", 0

    def is_down(self, since, at, camera):
        """No film of a camera was begun after the recorder ended and before this frame."""
        starts = (start // 90 for start, _, _, _ in self.recordings[camera].values())
        return at <= since or not any(since < start <= at for start in starts)


def is_around(gap, at):
    end = gap["endTime90k"]
    return gap["startTime90k"] - SLACK <= at and (end is None or at <= end + SLACK)


def following(moments, at):
    """The first of these that is not before `at`."""
    n = bisect.bisect_left(moments, at)
    return moments[n] if n < len(moments) else None


def preceding(moments, at):
    """The last of these that is not after `at`."""
    n = bisect.bisect_right(moments, at)
    return moments[n - 1] if n else None


def stamp(at):
    return time.strftime("%H:%M:%S", time.gmtime(at / 1000)) + f".{at % 1000:03}"


def now():
    return int(time.time() * 1000)
