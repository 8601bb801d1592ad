"""An address outside: a network namespace that writes down whoever reaches it."""

import subprocess
import sys
from pathlib import Path

from tests.parts.processes import wait_for

ADDRESS, GATE = "198.51.100.9", "198.51.100.10"
"""Two of an address range for examples; only these two are given a way."""
NAMESPACE = "kbtest-outside"
LISTENS = """
import socket, threading
def datagrams():
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("0.0.0.0", 53))
    while True:
        listener.recvfrom(2000)
        print("datagram", flush=True)
threading.Thread(target=datagrams, daemon=True).start()
listener = socket.create_server(("0.0.0.0", 80))
print("listening", flush=True)
while True:
    listener.accept()[0].close()
    print("connection", flush=True)
"""
TRIES = """
import socket, sys
outside, name, *hosts = sys.argv[1:]
def datagram():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (outside, 53))
def host():
    for one in hosts:
        address, port = one.split(":")
        try:
            return socket.create_connection((address, int(port)), 3)
        except OSError:
            pass
    raise OSError
for kind, tried in {
    "connection": lambda: socket.create_connection((outside, 80), 3),
    "datagram": datagram,
    "name": lambda: socket.getaddrinfo(name, 80),
    "host": host,
}.items():
    try:
        tried()
        print(kind)
    except OSError:
        pass
"""
"""Prints what was reached. A datagram may go into the void as well: the listener says whether it came."""


class Outside:
    def __init__(self, folder: Path) -> None:
        self.log = folder / "outside"
        ip("netns", "add", NAMESPACE)
        ip("link", "add", "kbtest0", "type", "veth", "peer", "name", "kbtest1", "netns", NAMESPACE)
        ip("addr", "add", GATE, "peer", ADDRESS, "dev", "kbtest0")
        ip("link", "set", "kbtest0", "up")
        ip("-n", NAMESPACE, "addr", "add", ADDRESS, "peer", GATE, "dev", "kbtest1")
        ip("-n", NAMESPACE, "link", "set", "kbtest1", "up")
        ip("-n", NAMESPACE, "route", "add", "default", "via", GATE)
        command = ["ip", "netns", "exec", NAMESPACE, sys.executable, "-c", LISTENS]
        with self.log.open("w") as heard:
            self.process = subprocess.Popen(command, stdout=heard)
        wait_for(lambda: self.log.read_text())

    def heard(self) -> set[str]:
        return set(self.log.read_text().split()) - {"listening"}

    def forget(self) -> None:
        self.log.write_text("")

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()
        ip("netns", "del", NAMESPACE)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
