"""``python -m kb.silence.sinkhole REPORT COMMAND …``: a command where every way ends here.

The command runs in a network namespace in which every address is this host's own and the only
resolver is ours. So each attempt is a packet on the loopback, whoever made it (Python, gRPC, libpq,
a browser), and each name a question to the resolver. Both are written into REPORT as JSON. Before
the command something is tried on purpose: only a sinkhole that has seen it proves anything.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from kb.silence import netlink, packets
from kb.silence.confining import CLONE_NEWNET, CLONE_NEWUSER, SINKHOLE

CLONE_NEWNS = 0x00020000
"""A namespace of mounts (linux/sched.h)."""
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
"""Flags of mount(2) and umount2(2): at another place too, with all beneath it, told to nobody; let
go at once."""
PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): processes that have lost their parent become this one's children (linux/prctl.h)."""
EVERY_PROTOCOL, OUTGOING = 0x0003, 4
"""ETH_P_ALL; and PACKET_OUTGOING, a packet's kind where this host sends it (linux/if_ether.h,
linux/if_packet.h)."""
CONTROL_NAME, CONTROL_ADDRESS = "control.commonplace.invalid", ("192.0.2.1", 443)
CONTROL = {f"name {CONTROL_NAME}", "tcp {} {}".format(*CONTROL_ADDRESS)}
SETTLING_SECONDS = 0.5
"""Seconds after the end for packets that are on their way."""
PATIENCE_SECONDS = 10.0
"""Seconds in which the control has to be seen."""
ETC = {
    "/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
"""A resolver of another process, by a Unix socket, would ask its questions outside the sinkhole."""
BY_SOCKETS = ("/var/run/nscd", "/run/systemd/resolve", "/run/dbus", "/run/avahi-daemon")


class Sinkhole:
    """Records what is tried. Made in the namespace itself."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._packets = socket.socket(
            socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(EVERY_PROTOCOL)
        )
        self._packets.bind(("lo", 0))
        self._questions = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._questions.bind(("127.0.0.1", 53))
        for listen in (self._see, self._answer):
            threading.Thread(target=listen, daemon=True).start()

    def _see(self) -> None:
        while True:
            packet, about = self._packets.recvfrom(65_536)
            if about[2] == OUTGOING and (tried := packets.reached(packet)):
                self._note(tried)

    def _answer(self) -> None:
        while True:
            question, asker = self._questions.recvfrom(4096)
            self._note(f"name {packets.asked(question)}")
            with contextlib.suppress(OSError):  # whoever asked has gone
                self._questions.sendto(packets.unknown(question), asker)

    def _note(self, tried: str) -> None:
        with self._changed:
            self.tried[tried] += 1
            self._changed.notify_all()

    def control(self) -> bool:
        """Try a name and an address on purpose; whether both were seen. They are not counted."""
        with contextlib.suppress(OSError):
            socket.getaddrinfo(CONTROL_NAME, 443)
        with contextlib.suppress(OSError):
            socket.create_connection(CONTROL_ADDRESS, timeout=1.0).close()
        with self._changed:
            seen = self._changed.wait_for(lambda: self.tried.keys() >= CONTROL, PATIENCE_SECONDS)
            self.tried.clear()
        return seen


def enter() -> None:
    """Enter the namespaces, and make the loopback the way to everywhere.

    A command that follows is of the same account: where that has no rights here, it gains none.

    Raises:
        OSError: the system does not allow it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    kinds = CLONE_NEWNET | CLONE_NEWNS
    if libc.unshare(kinds) != 0:
        _checked(libc.unshare(kinds | CLONE_NEWUSER))
        for name, line in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            Path(f"/proc/self/{name}").write_text(line, encoding="ascii")
    _checked(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    with tempfile.TemporaryDirectory(prefix="kb-sinkhole-") as folder:
        _own_resolver(libc, Path(folder))
    netlink.bring_up()
    netlink.take_everything()


def _own_resolver(libc: ctypes.CDLL, folder: Path) -> None:
    """Put files of ours in their places. They stay there when the folder goes.

    The folder is a file system of its own, which is taken away and not emptied: on a file that has
    been deleted nothing can be mounted, as by a sinkhole within this one.
    """
    _checked(libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, None))
    for place, text in ETC.items():
        file = folder / Path(place).name
        file.write_text(text, encoding="ascii")
        if Path(place).exists():
            real = os.path.realpath(place)
            _checked(libc.mount(os.fsencode(file), os.fsencode(real), None, MS_BIND, None))
    empty = folder / "empty"
    empty.mkdir()
    for place in BY_SOCKETS:
        if Path(place).is_dir():
            _checked(libc.mount(os.fsencode(empty), os.fsencode(place), None, MS_BIND, None))
    _checked(libc.umount2(os.fsencode(folder), MNT_DETACH))


def _checked(code: int) -> None:
    if code != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def main(report: Path, command: list[str]) -> int:
    """Run a command in a sinkhole; its exit status. What was tried is in the report.

    What the command leaves running (engines) ends with it: nobody would see what it tries.
    """
    enter()
    _adopt_orphans()
    hole = Sinkhole()
    seen = hole.control()
    begun = time.monotonic()
    try:
        status = _run(command)
    finally:
        _end_the_rest()
    seconds = round(time.monotonic() - begun, 1)
    time.sleep(SETTLING_SECONDS)
    told = {"control": seen, "tried": dict(hole.tried), "seconds": seconds}
    report.write_text(json.dumps(told | {"status": status}), encoding="utf-8")
    return status


def _run(command: list[str]) -> int:
    """How a command ended. Who has lost their parent is taken leave of meanwhile, as init would.

    Else a process that has ended would look as if it still ran, and whoever waits for it would wait
    for ever.
    """
    running = subprocess.Popen(command)
    while running.returncode is None:
        pid, ended = os.wait()
        if pid == running.pid:
            running.returncode = os.waitstatus_to_exitcode(ended)
    return running.returncode


def _adopt_orphans() -> None:
    """Be the parent of whoever loses theirs."""
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def _end_the_rest() -> None:
    """End every process below this one; whose parent ends is next."""
    while children := _children():
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def _children() -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            told = stat.read_text(encoding="utf-8", errors="replace")
            if int(told.rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(stat.parent.name))
    return found


def environment() -> dict[str, str]:
    """What engines and parsers are told in a sinkhole: to keep its network."""
    return {SINKHOLE: "1"}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
