"""What the document says in words alone, and the machine must know to ask well: which values a format has, which
parameters go together, and what is there to be asked for. Addresses are of this machine only."""

import json
import os
import urllib.request
from datetime import datetime
from email.utils import formatdate

import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode

URL = os.environ["LUNETTE_URL"]
# Asked for and left as they are; what is edited and removed is added for it.
KNOWN = json.loads(os.environ["LUNETTE_CAMERAS"])
# Where there is film, and around it.
TIMES = json.loads(os.environ["LUNETTE_TIMES"])
KNOWN_TO_ANSWER = KNOWN[-1:]
NOBODY = "rtsp://127.0.0.1:1"

numbers = st.integers(-5 * 10**15, 2 * 10**16)
near = st.builds(lambda time, off: time + off, st.sampled_from(TIMES), st.integers(-900_000, 900_000))
years = st.datetimes(datetime(1, 1, 2), datetime(9998, 12, 30))
texts = years.map(lambda t: t.strftime("%Y-%m-%dT%H:%M:%S").zfill(19))
offsets = st.sampled_from(["", "Z", "+01:00", "-03:30", ":00000", ":89999Z"])
dates = st.integers(0, 2**32).map(lambda seconds: formatdate(seconds, usegmt=True))
counts = st.integers(0, 10**7)

formats = {
    "time90k": st.one_of(near.map(str), numbers.map(str), st.builds(str.__add__, texts, offsets)),
    "segments": st.builds(
        lambda first, more, start, length: f"{first}-{first + more}.{start}-{start + length}",
        st.integers(1, 3), st.integers(0, 1), counts, st.integers(1, 10**6),
    ),
    "media-part": st.builds(
        lambda number, start, length: f"{number}.{start}-{start + length}",
        st.integers(1, 3), counts, st.integers(1, 10**6),
    ),
    "byte-ranges": st.builds(lambda first, length: f"bytes={first}-{first + length}", counts, counts),
    "etag": st.sampled_from(['"0123456789abcdef"', '"x"']),
    "http-date": dates,
    "camera-source": st.sampled_from([f"{NOBODY}/stream{n}?profile=main" for n in range(9)]),
}
for name, strategy in formats.items():
    schemathesis.openapi.format(name, strategy)


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict):
        stay_here(case.body)
    meant = case.meta.generation.mode == GenerationMode.POSITIVE
    if meant and case.path_parameters and "uuid" in case.path_parameters:
        case.path_parameters["uuid"] = existing(case)
    if meant and isinstance(case.query, dict):
        make_sense(case)
    if case.operation.method == "delete" and is_stateful(case) and isinstance(case.query, dict):
        # Without it the camera stays as a removed one, and can still be asked for.
        case.query["deleteFilm"] = "true"
    if meant and case.operation.method == "patch" and isinstance(case.body, dict):
        # A stream that the camera does not have needs one.
        for stream in case.body.get("streams", {}).values():
            stream.setdefault("source", f"{NOBODY}/")
    if meant and case.operation.path == "/api/cameras/test" and "camera" in case.body:
        look_once(case.body)
    if isinstance(case.body, dict) and meant and isinstance(case.body.get("name"), str):
        case.body["name"] = unique(case.body["name"])


def look_once(body):
    """At the camera that is recorded: it takes seconds. Later ones are unknown."""
    if KNOWN_TO_ANSWER:
        body.update(camera=KNOWN_TO_ANSWER.pop(), stream="main")


def is_stateful(case):
    return case.meta.phase.name.value == "stateful"


def existing(case):
    """A camera that is there. One that somebody else added (a link) stays; one that would be changed is a new one."""
    uuid = case.path_parameters["uuid"]
    if is_stateful(case):
        return uuid
    if case.operation.method in ("get", "head"):
        return KNOWN[hash(str(uuid)) % len(KNOWN)] if uuid not in KNOWN else uuid
    body = {"name": unique("x"), "streams": {kind: {"source": f"{NOBODY}/", "record": False} for kind in ("main", "sub")}}
    request = urllib.request.Request(
        f"{URL}/api/cameras", json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["uuid"]


def make_sense(case):
    """A film is asked for by numbers or by a span with both its ends, and a span goes forward."""
    query = case.query
    takes = {parameter.name for parameter in case.operation.query}
    if "m" in query:
        query = case.query = {"m": query["m"]}
    elif "s" in takes and query.get("s"):
        query.pop("start90k", None)
        query.pop("end90k", None)
        if "m" in takes:
            # A media segment is of one run.
            query["s"] = query["s"][:1]
    elif "s" in takes and ("m" in takes or "start90k" not in query or "end90k" not in query):
        query.update(start90k=str(TIMES[0]), end90k=str(TIMES[0] + 900_000))
    if "start90k" in query and "end90k" in query:
        go_forward(query)


def go_forward(query):
    numbers = [query[name] for name in ("start90k", "end90k") if query[name].lstrip("-").isdigit()]
    if len(numbers) < 2:
        query.update(start90k="2024-05-01T10:00:00Z", end90k="2024-05-01T10:00:05:00001+00:00")
    elif int(numbers[0]) >= int(numbers[1]):
        query["end90k"] = str(int(numbers[0]) + 900_000)


def stay_here(body):
    """The examples of the document are other machines: they are not called."""
    streams = body.get("streams")
    for part in [body, *(streams.values() if isinstance(streams, dict) else [])]:
        if isinstance(part, dict) and str(part.get("source", "")).startswith("rtsp://192.0.2."):
            part["source"] = f"{NOBODY}/"


taken = 0


def unique(name):
    global taken
    taken += 1
    return f"{name.strip()[:50]} {taken}"
