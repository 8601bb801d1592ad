"""Where ``kb serve`` listens: at an address, at a Unix socket, or at what systemd has opened."""

import contextlib
import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from kb.errors import ConfigurationError
from kb.settings.people import Server

FIRST_HANDED_OVER = 3
"""sd_listen_fds(3): the number of the first socket that systemd hands over."""
FOR_A_GROUP = 0o660
"""The socket's mode: its owner and its group may open it, nobody else."""


@contextlib.contextmanager
def listening(server: Server) -> Iterator[list[socket.socket] | None]:
    """The sockets that are open already; None where the server opens its address itself.

    Raises:
        ConfigurationError: the address or the socket's path cannot be used.
    """
    given = _handed_over()
    if given or server.socket:
        _check_public(server, given)
    if given:
        yield given
    elif server.socket:
        with _at_path(Path(server.socket)) as opened:
            yield [opened]
    else:
        check_address(server)
        yield None


def check_address(server: Server) -> None:
    """Check that the address is free.

    Raises:
        ConfigurationError: it is taken, or there is none like it.
    """
    open_address(server).close()


def open_address(server: Server) -> socket.socket:
    """A socket with this address.

    Raises:
        ConfigurationError: it is taken, or there is none like it.
    """
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((server.host, server.port))
    except OSError as error:
        opened.close()
        raise ConfigurationError(
            f"Port {server.port} on {server.host} cannot be used: {error.strerror}. Choose "
            "another with --port.",
            code="address_in_use",
        ) from error
    return opened


def _handed_over() -> list[socket.socket]:
    """The sockets that systemd has opened for this process, by sd_listen_fds(3)."""
    meant, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    if meant != str(os.getpid()) or not count.isdigit():
        return []
    numbers = range(FIRST_HANDED_OVER, FIRST_HANDED_OVER + int(count))
    return [_kept_from_children(socket.socket(fileno=number)) for number in numbers]


def _kept_from_children(one: socket.socket) -> socket.socket:
    one.set_inheritable(False)
    return one


def _check_public(server: Server, given: list[socket.socket]) -> None:
    """At a Unix socket only settings know by which address people come."""
    is_unix = not given or any(one.family == socket.AF_UNIX for one in given)
    if is_unix and not server.public_url:
        raise ConfigurationError(
            "It listens at a Unix socket: say in server.public_url at which address of the "
            "reverse proxy people reach it.",
            code="no_public_url",
        )


@contextlib.contextmanager
def _at_path(path: Path) -> Iterator[socket.socket]:
    """A Unix socket, which whoever is of this process's group may open. It goes with us."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(_alone(path))
            _make_way(path)
            opened = held.enter_context(_bound(path))
        except OSError as error:
            raise _unusable(path, error.strerror or str(error)) from error
        held.callback(path.unlink, missing_ok=True)
        yield opened


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock beside the socket, so that of two that start at once one gives way."""
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(lock, path)
        yield
    finally:
        os.close(lock)


def _lock(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _taken(path) from error


def _make_way(path: Path) -> None:
    """Remove the socket of a process that has died."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise _unusable(path, "something else lies there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        answered = probe.connect_ex(str(path))
    if answered in (0, errno.EAGAIN):  # one that is busy says "again", and lives
        raise _taken(path)
    if answered != errno.ECONNREFUSED:
        raise OSError(answered, os.strerror(answered))
    path.unlink()


def _bound(path: Path) -> socket.socket:
    """No mask is set for it: folders that a thread makes meanwhile would get that as well."""
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(opened.fileno(), FOR_A_GROUP)  # nobody else may open it from the start
        opened.bind(str(path))
        path.chmod(FOR_A_GROUP)  # the mask of this process may have taken it from the group
    except OSError:
        opened.close()
        raise
    return opened


def _taken(path: Path) -> ConfigurationError:
    return _unusable(path, "another process listens there")


def _unusable(path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"The socket {path} cannot be used: {reason}. Choose another with --socket.",
        code="socket_unusable",
        detail={"path": str(path)},
    )
