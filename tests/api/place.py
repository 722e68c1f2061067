"""A recorder with film: a camera whose film was imported, and one that is recorded while the tests run."""

import re
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LUNETTE = ROOT / "target/debug/lunette"
DEMO_CAMERA = ROOT / "target/debug/examples/demo_camera"
PATIENCE = 60


class Place:
    """A temporary directory, and what runs in it. Ends all of it on leaving."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="lunette-api-")
        self.path = Path(self.directory.name)
        self.processes = []
        try:
            self.configure()
            self.add_imported_film()
            self.add_recorded_camera()
            self.url = self.start_recorder()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(PATIENCE)
        self.directory.cleanup()

    def configure(self):
        (self.path / "lunette.toml").write_text(
            f"[store]\ndb_dir = '{self.path}/db'\nsample_dir = '{self.path}/film'\nreserve = '1MiB'\n"
            "[web]\nlogin = 'none'\nlisten = ['127.0.0.1:0']\n[recorder]\ndiscovery = 'off'\n"
        )

    def lunette(self, *words):
        subprocess.run([LUNETTE, *words], cwd=self.path, check=True, stdout=subprocess.DEVNULL)

    def add_imported_film(self):
        self.lunette("camera", "add", "--name", "porch", "--url", "rtsp://127.0.0.1:1/", "--record", "false")
        clip = "testsrc2=size=160x120:rate=10:duration=10"
        coding = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-tune", "zerolatency", "-g", "10", "-f", "h264", "clip.h264"]
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", clip, *coding], cwd=self.path, check=True
        )
        for start in ("2024-05-01T10:00:00Z", "2024-05-01T10:01:00Z"):
            self.lunette("import", "clip.h264", "--camera", "porch", "--start", start, "--fps", "10")

    def add_recorded_camera(self):
        subprocess.run([ROOT / "scripts/make-clip"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        address = self.start("camera", [DEMO_CAMERA, "--streams", "2"], r"(rtsp://\S+)/1/main", ROOT)
        self.lunette(
            "camera", "add", "--name", "yard", "--url", f"{address}/1/main", "--sub-url", f"{address}/1/sub"
        )

    def start_recorder(self):
        return self.start("lunette", [LUNETTE, "run"], r"(http://127\.0\.0\.1:\d+)", self.path)

    def start(self, name, command, pattern, directory):
        """Starts it and waits until it says where it is."""
        log = self.path / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=directory, stdout=out, stderr=out)
        self.processes.append(process)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            if found := re.search(pattern, log.read_text()):
                return found[1]
            time.sleep(0.05)
        raise RuntimeError(f"{name} did not start:\n{log.read_text()}")
