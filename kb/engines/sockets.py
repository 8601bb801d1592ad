"""Where an engine's socket lies, and who listens at it."""

import hashlib
import os
import socket
import struct
import tempfile
from pathlib import Path

from kb.errors import EngineError

SOCKET_PATH_LIMIT = 100
"""Bytes: the system takes no longer path of a Unix socket than about this."""
CREDENTIALS = struct.Struct("3i")
"""pid, uid, gid: unix(7), SO_PEERCRED."""


def run_dir(inside: Path) -> Path:
    """The folder for sockets, made here: this one, or a temporary one where its path is too long.

    Raises:
        EngineError: it belongs to somebody else.
    """
    if len(str(inside)) + len("/embedder.sock") > SOCKET_PATH_LIMIT:
        name = hashlib.sha256(str(inside).encode()).hexdigest()[:16]
        inside = Path(tempfile.gettempdir()) / f"commonplace-{os.getuid()}-{name}"
    inside.mkdir(parents=True, exist_ok=True, mode=0o700)
    if inside.stat().st_uid != os.getuid():
        raise EngineError(f"{inside} belongs to somebody else.")
    return inside


def listener_of(path: Path) -> int:
    """The process that listens at a Unix socket, as the kernel says; 0 where none does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except OSError:
            return 0
        found = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return int(CREDENTIALS.unpack(found)[0])
