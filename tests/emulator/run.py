"""Boots, upgrades, breaks and unplugs the emulated card, and tells what came of it in the words of TAP.

Each story is one emulated machine for as long as the story lasts; its parts are the tests. Two stories run at a time: one
processor each.
"""

import argparse
import multiprocessing
import os
import pathlib
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import cuts  # noqa: E402
import faults  # noqa: E402
import first_boot  # noqa: E402
import upgrade  # noqa: E402
import way_back  # noqa: E402
import writes  # noqa: E402
from box import end_with_parent  # noqa: E402

# Name, function, machine, whether CI tells it.
STORIES = {
    "upgrade": (upgrade.tell, "virt", True),
    "first-boot": (first_boot.tell, "raspi2b", True),
    "way-back": (way_back.tell, "virt", False),
    "faults": (faults.tell, "virt", False),
    "cuts": (cuts.tell, "virt", False),
    "writes": (writes.tell, "virt", False),
}


class Story:
    """Counts its parts. One that fails ends it: those after it want what it was to make."""

    def __init__(self, name, kind, options):
        self.name, self.kind, self.card, self.parts, self.foreign = name, kind, options.card, options.parts, options.foreign
        self.folder = pathlib.Path(os.environ["LUNETTE_EMULATOR"]) / "runs" / name
        self.passed, self.failed, self.began = 0, 0, time.monotonic()

    def part(self, what):
        return Part(self, what)

    def note(self, text):
        print(f"# {self.name}: {text}", flush=True)

    def tell(self, story):
        try:
            story(self)
        except Exception as error:  # What a part did not catch: the making of a machine, say.
            if not getattr(error, "told", False):
                self.failed += 1
                print(f"not ok - {self.name}: {error}", flush=True)
                traceback.print_exc()
        return self.passed, self.failed


class Part:
    def __init__(self, story, what):
        self.story, self.what = story, what

    def __enter__(self):
        self.began = time.monotonic()

    def __exit__(self, kind, error, trace):
        took = f"{time.monotonic() - self.began:.0f} s"
        if error is None:
            self.story.passed += 1
            print(f"ok - {self.story.name}: {self.what} ({took})", flush=True)
        elif isinstance(error, Exception):
            self.story.failed += 1
            error.told = True
            print(f"not ok - {self.story.name}: {self.what} ({took})", flush=True)
            traceback.print_exception(kind, error, trace, file=sys.stdout)
            print(f"# the serial line is in {self.story.folder}/serial.log; its end:")
            serial = self.story.folder / "serial.log"
            for line in serial.read_text(errors="replace").splitlines()[-20:] if serial.exists() else []:
                print(f"# {line}")
            sys.stdout.flush()


def tell(name, options):
    function, kind, _ = STORIES[name]
    return Story(name, options.machine or kind, options).tell(function)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--card")
    parser.add_argument("--parts")
    parser.add_argument("--machine", choices=["raspi2b", "virt"])
    parser.add_argument("--foreign", action="store_true", help="the card is Buildroot's")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.list:
        for name, (function, kind, ci) in STORIES.items():
            print(f"{name:16} {kind:8} {'CI ' if ci else '   '} {function.__doc__.splitlines()[0]}")
        return
    if options.names == ["all"]:
        names = list(STORIES)
    else:
        names = options.names or [name for name, story in STORIES.items() if story[2]]
    # A process each: a network namespace belongs to one.
    with multiprocessing.get_context("spawn").Pool(2, end_with_parent, maxtasksperchild=1) as pool:
        told = [pool.apply_async(tell, (name, options)) for name in names]
        counts = [one.get() for one in told]
    passed, failed = (sum(numbers) for numbers in zip(*counts))
    print(f"# pass {passed}\n# fail {failed}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
