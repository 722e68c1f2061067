"""Starts the emulated card for a person: its page on a port of this machine, simulated cameras in its network."""

import argparse
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading

from machine import Died, Machine
from network import Network

CAMERAS = ["porch", "garden", "garage"]
CARD_BYTES = 8 * 2**30


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--card", required=True)
    parser.add_argument("--parts", required=True)
    parser.add_argument("--machine", choices=["raspi2b", "virt"], default="virt")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--new", action="store_true", help="not the card as it was left")
    options = parser.parse_args()
    folder = pathlib.Path(os.environ["LUNETTE_EMULATOR"]) / "runs/play"
    card = used_card(folder, options)
    # Made where the person is; what comes in is passed on where the machine is.
    door = socket.create_server(("127.0.0.1", options.port))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    network = Network(folder)
    machine = Machine(options.machine, card, options.parts, folder)
    try:
        for number, name in enumerate(CAMERAS):
            network.add_camera(number, name)
        print(f"starting; its serial line is in {folder}/serial.log", flush=True)
        machine.start()
        wait(machine, network, door)
    except KeyboardInterrupt:
        print("\nunplugged")
    except Died as error:
        sys.exit(f"emulate: {error}")
    finally:
        machine.cut()
        network.end()


def used_card(folder, options):
    """The card as it was left, or a fresh one: of 8 GiB, of which it takes what was written."""
    card, made_of = folder / "card.img", folder / "made-of"
    if options.new or not card.exists() or made_of.read_text() != options.card:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", options.card, card], check=True)
        os.truncate(card, CARD_BYTES)
        made_of.write_text(options.card)
    (folder / "leases").unlink(missing_ok=True)
    return card


def wait(machine, network, door):
    at = 0
    for pattern, told in (("lunette: slot", "U-Boot has picked a slot"), ("Run /init|Booting Linux", "the kernel runs")):
        try:
            _, at = machine.wait_for(pattern, 120, at)
            print(f"  {told}", flush=True)
        except Died:
            if machine.process.poll() is not None:
                raise
    address = network.address(900)
    print(f"  the network knows it as {address}", flush=True)
    threading.Thread(target=let_in, args=(door, address), daemon=True).start()
    port = door.getsockname()[1]
    print(f"the page: http://127.0.0.1:{port}/ (in a moment); cameras: {', '.join(CAMERAS)}; Ctrl-C ends it", flush=True)
    machine.process.wait()
    raise Died("QEMU ended by itself")


def let_in(door, address):
    while True:
        visitor, _ = door.accept()
        try:
            page = socket.create_connection((address, 80), timeout=30)
        except OSError:
            visitor.close()
            continue
        page.settimeout(None)
        for here, there in ((visitor, page), (page, visitor)):
            threading.Thread(target=pass_on, args=(here, there), daemon=True).start()


def pass_on(here, there):
    try:
        while data := here.recv(65536):
            there.sendall(data)
    except OSError:
        pass
    for end in (here, there):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


if __name__ == "__main__":
    main()
