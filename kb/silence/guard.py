"""What this process connects to: the addresses in the configuration, and nothing else.

An audit hook of Python sees every socket that Python's own module connects, and every name that is
looked up by it. uvloop connects by itself: its loop has the same check (:mod:`kb.silence.looping`).
Both hand on what a name in the configuration was answered with: those addresses are connected to,
whatever the next answer is.
Libraries in C that open sockets of their own (gRPC, libpq, libldap) are seen by neither:
docs/independence.md.
"""

import ipaddress
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from queue import SimpleQueue
from typing import Any

from kb.silence.confining import in_sinkhole
from kb.silence.destinations import Destination

TOLD_SECONDS = 3600.0
"""Seconds in which a destination is told once, however often it was refused."""
LOCAL = {socket.AF_UNIX, getattr(socket, "AF_NETLINK", socket.AF_UNIX)}
NAMED = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
REACHED = {"socket.connect", "socket.sendto", "socket.sendmsg"}
Tell = Callable[[str, int], None]
log = logging.getLogger("kb.silence")


class Refused(PermissionError):
    """A connection to an address that is not in the configuration."""


class NetworkGuard:
    """Knows what may be connected to, and counts what was refused.

    ``tell`` is called with host and port of what was refused, on a thread of the guard's own.
    """

    def __init__(self, allowed: Sequence[Destination], tell: Tell) -> None:
        self.refused = 0
        self._names = {_plain(one.host) for one in allowed}
        self._places = {(_plain(one.host), one.port) for one in allowed}
        self._tell = tell
        self._told: dict[str, float] = {}
        self._waiting: SimpleQueue[tuple[str, int]] = SimpleQueue()
        threading.Thread(target=self._tell_all, daemon=True).start()

    def heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python's audit events (sys.addaudithook); raises ``Refused``."""
        if not event.startswith("socket."):
            return
        if event in NAMED:
            self.name(arguments[0])
        elif event in REACHED and arguments[0].family not in LOCAL and arguments[1]:
            self.place(*arguments[1][:2])

    def name(self, host: Any) -> None:
        """Check a name before it is looked up; an address is checked when it is connected to."""
        text = _text(host)
        if text and not _is_address(text) and _plain(text) not in self._names:
            self._refuse(text, 0)

    def place(self, host: Any, port: Any) -> None:
        """Check where a connection goes."""
        text = _text(host)
        if (_plain(text), int(port)) not in self._places:
            self._refuse(text, int(port))

    def answered(self, host: Any, found: Iterable[tuple[Any, ...]]) -> None:
        """Take the addresses of a name, as ``getaddrinfo`` gives them; those of before stay."""
        name = _plain(_text(host))
        ports = {port for known, port in list(self._places) if known == name}
        addresses = {_plain(str(address[0])) for *_, address in found}
        self._places |= {(address, port) for address in addresses for port in ports}

    def _refuse(self, host: str, port: int) -> None:
        self.refused += 1
        self._waiting.put((host, port))
        raise Refused(f"{host}:{port} is not in the configuration: nothing is sent there")

    def _tell_all(self) -> None:
        while True:
            host, port = self._waiting.get()
            log.error("refused to connect to %s:%s: it is not in the configuration", host, port)
            where, now = f"{host}:{port}", time.monotonic()
            if now - self._told.get(where, -TOLD_SECONDS) >= TOLD_SECONDS:
                self._told[where] = now
                try:
                    self._tell(host, port)
                except Exception:
                    log.exception("the refusal of %s could not be noted", where)


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _plain(host: str) -> str:
    """An address in its one spelling; a name in small letters, as it is asked for in ASCII."""
    try:
        number = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _ascii(host.lower())
    inner = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
    return str(inner or number)


def _ascii(name: str) -> str:
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name  # whoever looks it up is told


_installed: list[NetworkGuard] = []


def install(allowed: Sequence[Destination], tell: Tell) -> None:
    """Guard this process from now on; once, since a hook stays for good. Not in a sinkhole."""
    if _installed or in_sinkhole():
        return
    guard = NetworkGuard(allowed, tell)
    _installed.append(guard)
    look_up = socket.getaddrinfo

    @wraps(look_up)
    def looked_up(host: Any, *more: Any, **named: Any) -> Any:
        found = look_up(host, *more, **named)
        guard.answered(host, found)
        return found

    socket.getaddrinfo = looked_up
    sys.addaudithook(guard.heard)


def refused() -> int:
    """How many connections this process has refused."""
    return sum(one.refused for one in _installed)


def guards() -> Sequence[NetworkGuard]:
    """The guard of this process, where it has one."""
    return _installed
