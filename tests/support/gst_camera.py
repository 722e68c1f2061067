#!/usr/bin/python3
"""GStreamer's RTSP server on loopback, as a camera that is not ours.

    gst_camera.py --stream NAME:CODEC[:WIDTHxHEIGHT@FPS][:USER:PASSWORD] ... [--clip NAME=FILE] ... [--log FILE]

Prints one line, {NAME: URL}, when it serves, on ports that are free, and ends with its standard input. A line on that
makes all streams fall silent; when what they had sent is on its way, it prints "silent". CODEC is h264 or h265, and
behind it may stand:
    -b         B-frames
    -quiet     a server without RTCP
    -inband    parameter sets come with the pictures alone, not in the session description
    -late      (of a clip) first parameter sets alone, then nothing for LATE_S seconds, then the pictures
    -still     (of a clip) all pictures have one RTP timestamp
    -headless  (of a clip) the first picture lacks its first slice, as for somebody who joins amid it
A stream with a login wants Digest. Pictures come from an encoder, or from the Annex B file of --clip, over and over,
which costs hardly any CPU. Every access unit that leaves the encoder is a JSON line in --log: stream, media (counts
the times that the stream was started anew), n, pts in ns, key, bytes and SHA-256 of its slices as an mp4 sample holds
them (each behind its length in four bytes; parameter sets, SEI and delimiters left out).
"""

import argparse
import hashlib
import itertools
import json
import re
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

ENCODERS = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast bframes=0 key-int-max={fps} bitrate={kbps}",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max={fps} bitrate={kbps} option-string=bframes=0",
}
ENCODERS_B = {
    "h264": "x264enc speed-preset=veryfast bframes=3 b-adapt=false b-pyramid=true key-int-max={fps} bitrate={kbps}"
    " ! video/x-h264,profile=main",  # else the server would have it baseline
    "h265": "x265enc speed-preset=ultrafast key-int-max={fps} bitrate={kbps}"
    " option-string=bframes=2:b-adapt=0:open-gop=0:scenecut=0",
}
# How long a frame may take from the encoder to the socket: the server holds it back for the pipeline's latency.
ON_ITS_WAY_MS = 500
# Of a stream that is late.
LATE_S = 3
CAPS = "video/x-{codec},stream-format=byte-stream,alignment=au"


class Stream:
    """What one --stream asks for."""

    FORM = re.compile(r"([\w/-]+):(h264|h265)((?:-[a-z]+)*)(?::(\d+)x(\d+)@(\d+))?(?::([^:]+):(.+))?")
    ODDITIES = {"b", "quiet", "inband", "late", "still", "headless"}

    def __init__(self, text):
        found = self.FORM.fullmatch(text)
        if not found or not set(found[3].split("-")[1:]) <= self.ODDITIES:
            raise argparse.ArgumentTypeError(f"{text!r} is not NAME:CODEC[:WIDTHxHEIGHT@FPS][:USER:PASSWORD]")
        self.name, self.codec, oddities, width, height, fps, user, password = found.groups()
        self.oddities = set(oddities.split("-")[1:])
        self.login = (user, password) if user else None
        self.width, self.height, self.fps = int(width or 320), int(height or 240), int(fps or 15)
        self.access_units = None
        self.media_count = 0

    def pipeline(self):
        """The text of its pipeline; an element named pay0 is what the server sends."""
        if self.access_units:
            source = "appsrc name=clip format=time is-live=true max-buffers=2 ! clocksync"
        else:
            kbps = max(100, self.width * self.height * self.fps // 8000)
            source = (
                f"videotestsrc is-live=true pattern=ball ! video/x-raw,width={self.width},height={self.height},"
                f"framerate={self.fps}/1 ! " + (ENCODERS_B if "b" in self.oddities else ENCODERS)[self.codec].format(fps=self.fps, kbps=kbps)
            )
        caps = CAPS.format(codec=self.codec)
        # What is odd stays odd: a parser would mend it.
        parse = "" if self.oddities & {"late", "still", "headless"} else f"! {self.codec}parse"
        pay = f"rtp{self.codec}pay config-interval=-1 pt=96 name={{}}"
        if "inband" in self.oddities:
            told = f"application/x-rtp,media=video,clock-rate=90000,encoding-name={self.codec.upper()},payload=96"
            pay = pay.format("pay") + f" ! capssetter name=pay0 replace=true join=false caps={told}"
        return f"( {source} {parse} ! {caps} ! identity name=sent signal-handoffs=true ! {pay.format('pay0')} )"


class Factory(GstRtspServer.RTSPMediaFactory):
    """Makes the pipeline of a stream when somebody asks for it."""

    def __init__(self, stream, log):
        super().__init__()
        self.stream, self.log = stream, log
        self.sent = None
        self.set_shared(True)
        self.set_enable_rtcp("quiet" not in stream.oddities)

    def do_create_element(self, _url):
        stream = self.stream
        element = Gst.parse_launch(stream.pipeline())
        self.sent = element.get_by_name("sent")
        if stream.access_units:
            feed(element.get_by_name("clip"), stream)
        if self.log:
            stream.media_count += 1
            count = itertools.count()
            media = stream.media_count
            self.sent.connect("handoff", lambda _, buffer: self.note(media, next(count), buffer))
        return element

    def fall_silent(self):
        """From now on every frame is dropped before it is noted."""
        if self.sent:
            self.sent.set_property("drop-probability", 1.0)

    def note(self, media, n, buffer):
        data = buffer.extract_dup(0, buffer.get_size())
        slices = b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals(data) if is_slice(self.stream.codec, nal))
        self.log.write(
            stream=self.stream.name,
            media=media,
            n=n,
            pts=buffer.pts,
            key=not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT),
            bytes=len(slices),
            sha256=hashlib.sha256(slices).hexdigest(),
        )


class Log:
    """Lines of JSON, whole and at once, from any thread."""

    def __init__(self, path):
        self.file, self.lock = open(path, "w", encoding="ascii"), threading.Lock()

    def write(self, **what):
        with self.lock:
            self.file.write(json.dumps(what) + "\n")
            self.file.flush()


def feed(clip, stream):
    """Gives the clip's access units to the pipeline as it asks for them, round and round."""
    clip.set_property("caps", Gst.Caps.from_string(CAPS.format(codec=stream.codec) + f",framerate={stream.fps}/1"))
    if "still" in stream.oddities:
        feed_without_times(clip, stream)
        return
    units = itertools.cycle(stream.access_units)
    late = 0
    if "late" in stream.oddities:
        # What came late is late for good: its timestamps go on from the parameter sets'.
        units, late = itertools.chain([parameter_sets(stream)], units), LATE_S * Gst.SECOND
    if "headless" in stream.oddities:
        next(units)
        units = itertools.chain([headless(stream)], units)
    numbers = itertools.count()

    def more(_, __):
        n = next(numbers)
        buffer = Gst.Buffer.new_wrapped(next(units))
        buffer.pts = buffer.dts = n * Gst.SECOND // stream.fps + (late if n else 0)
        buffer.duration = Gst.SECOND // stream.fps
        clip.emit("push-buffer", buffer)

    clip.connect("need-data", more)


def feed_without_times(clip, stream):
    """The payloader takes the timestamp before for what has none."""
    units = itertools.cycle(stream.access_units)

    def more():
        return clip.emit("push-buffer", Gst.Buffer.new_wrapped(next(units))) == Gst.FlowReturn.OK

    GLib.timeout_add(1000 // stream.fps, more)


def parameter_sets(stream):
    """An access unit of nothing else."""
    sets = [nal for nal in nals(stream.access_units[0]) if is_parameter_set(stream.codec, nal)]
    return b"".join(b"\0\0\0\1" + nal for nal in sets)


def headless(stream):
    """The first access unit without its first slice."""
    units = nals(stream.access_units[0])
    first = next(nal for nal in units if is_slice(stream.codec, nal))
    return b"".join(b"\0\0\0\1" + nal for nal in units if nal is not first)


def nals(data):
    """The NAL units of an Annex B byte stream."""
    starts = [m.end() for m in re.finditer(b"\0\0\1", data)]
    ends = [start - 3 for start in starts[1:]] + [len(data)]
    return [data[start:end].rstrip(b"\0") for start, end in zip(starts, ends)]


def is_slice(codec, nal):
    return 1 <= nal[0] & 0x1F <= 5 if codec == "h264" else nal[0] >> 1 & 0x3F < 32


def is_parameter_set(codec, nal):
    return nal[0] & 0x1F in (7, 8) if codec == "h264" else nal[0] >> 1 & 0x3F in (32, 33, 34)


def begins_picture(codec, nal):
    """The first slice of a picture: first_mb_in_slice is 0, or first_slice_segment_in_pic_flag is set."""
    return is_slice(codec, nal) and nal[1 if codec == "h264" else 2] & 0x80 != 0


def access_units(codec, path):
    """An Annex B file cut into access units: whatever stands before a picture's first slice belongs to it."""
    units, unit, has_picture = [], [], False
    with open(path, "rb") as file:
        all_nals = nals(file.read())
    for nal in all_nals:
        if has_picture and (not is_slice(codec, nal) or begins_picture(codec, nal)):
            units.append(b"".join(unit))
            unit, has_picture = [], False
        unit.append(b"\0\0\0\1" + nal)
        has_picture |= is_slice(codec, nal)
    return units + [b"".join(unit)]


def serve(login, factories):
    """A server on a free port for all streams that want the same login: one with a default role would ask nobody."""
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    for factory in factories:
        factory.set_permissions(may_watch(login))
        server.get_mount_points().add_factory(f"/{factory.stream.name}", factory)
    if login:
        server.set_auth(digest(*login))
    if server.attach(None) == 0:
        sys.exit("gst_camera.py: cannot listen on 127.0.0.1")
    return server


def may_watch(login):
    permissions = GstRtspServer.RTSPPermissions()
    for what in ("access", "construct"):
        permissions.add_permission_for_role(login[0] if login else "anyone", f"media.factory.{what}", True)
    return permissions


def digest(user, password):
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", user)
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest(user, password, token)
    return auth


def clip_of(text):
    name, equals, path = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE")
    return name, path


def main():
    parser = argparse.ArgumentParser(description="GStreamer's RTSP server on loopback")
    parser.add_argument("--stream", type=Stream, action="append", required=True)
    parser.add_argument("--clip", type=clip_of, action="append", default=[])
    parser.add_argument("--log")
    args = parser.parse_args()

    Gst.init(None)
    clips = dict(args.clip)
    for stream in args.stream:
        if stream.name in clips:
            stream.access_units = access_units(stream.codec, clips[stream.name])
    log = Log(args.log) if args.log else None
    factories = [Factory(stream, log) for stream in args.stream]
    servers, urls = [], {}
    for login in {s.login for s in args.stream}:
        of_login = [f for f in factories if f.stream.login == login]
        servers.append(serve(login, of_login))
        urls |= {f.stream.name: f"rtsp://127.0.0.1:{servers[-1].get_bound_port()}/{f.stream.name}" for f in of_login}
    print(json.dumps(urls), flush=True)

    loop = GLib.MainLoop()

    def told(*_):
        if not sys.stdin.buffer.read1(4096):
            loop.quit()
            return False
        for factory in factories:
            factory.fall_silent()
        GLib.timeout_add(ON_ITS_WAY_MS, lambda: print("silent", flush=True))
        return True

    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP | GLib.IOCondition.IN, told)
    loop.run()


if __name__ == "__main__":
    main()
