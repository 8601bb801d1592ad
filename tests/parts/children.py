"""What tests have done by a child of the sandbox. A child imports this module, so it imports little:
a module of tests costs 1.7 s of processor in each child."""

import gc
import os
import sys
import time
from pathlib import Path

from ingest import parsers


def hang() -> bytes:
    time.sleep(60)
    return b""


def eat_memory() -> bytes:
    return bytes(bytearray(10 * 1024**3))


def crash() -> bytes:
    os.abort()


def write_forever() -> bytes:
    with open("big", "wb") as file:
        while True:
            file.write(b"x" * 1024**2)


def fill_folder() -> bytes:
    for number in range(1000):
        Path(f"part{number}").write_bytes(bytes(4 * 1024**2))
        time.sleep(0.01)
    return b""


def wait_in_vain() -> bytes:
    raise TimeoutError("/usr/bin/tesseract says nothing")


def fork_bomb() -> bytes:
    while True:
        try:
            if os.fork() == 0:
                continue
        except OSError:
            time.sleep(1)


def leave_one_behind() -> bytes:
    """A grandchild in a session of its own, which outlives whoever started it."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.write(writing, b"x")
        time.sleep(600)
    os.read(reading, 1)
    return b"left"


def network() -> bytes:
    import socket

    socket.create_connection(("127.0.0.1", 9), timeout=1)
    return b"connected"


def frozen() -> bytes:
    return str(gc.get_freeze_count()).encode()


def believe() -> bytes:
    return str(None.text).encode()  # type: ignore[attr-defined]


def loaded_for(path: str) -> bytes:
    """The modules that a child has loaded to read a file."""
    before = set(sys.modules)
    parsers.parse(path, Path(path).name, parsers.Options(languages="eng"))
    return " ".join(sorted(set(sys.modules) - before)).encode()
