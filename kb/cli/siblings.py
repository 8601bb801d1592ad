"""What a web process knows of its parent, and of those beside it. The numbers are of open files."""

import asyncio
import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator

import msgspec

VARIABLE = "COMMONPLACE_BESIDE"
"""The variable in which a parent says it. A process takes it out of its environment."""
FIGURES = "PROMETHEUS_MULTIPROC_DIR"
"""The variable in which the metrics' library finds the folder that the processes share. It is there
when the process begins, since the library looks when it is loaded."""
UP, READY, LEAVE = b"u", b"r", b"l"
"""A process tells its parent that it answers, and that it can search. The parent tells it to leave
for another that has taken its place."""


class Siblings(msgspec.Struct, frozen=True):
    """One of several web processes.

    ``worker`` is a file of the parent's, on which whoever reads sources here holds a lock.
    ``announces``: it says where the service is.
    """

    sockets: list[int]
    worker: int
    parent: int
    metrics: str
    announces: bool

    @property
    def environment(self) -> dict[str, str]:
        """What the process finds in its environment."""
        return {VARIABLE: msgspec.json.encode(self).decode(), FIGURES: self.metrics}

    @property
    def numbers(self) -> list[int]:
        """The files that it inherits."""
        return [*self.sockets, self.worker, self.parent]

    @contextlib.contextmanager
    def opened(self) -> Iterator[list[socket.socket]]:
        """The sockets at which all of them listen; none of these files goes on to our children."""
        for number in self.numbers:
            os.set_inheritable(number, False)
        yield [socket.socket(fileno=number) for number in self.sockets]

    def takes_up_work(self) -> bool:
        """Whether this process is the one that reads sources from now on, until it ends.

        The lock is this process's alone (fcntl(2), record locks): the kernel lets go of it with the
        process, however that ends.
        """
        try:
            fcntl.lockf(self.worker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # as systems differ
            return False
        return True


class Parent:
    """The connection to the parent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def of(cls, siblings: Siblings) -> "Parent":
        """Open it."""
        opened = socket.socket(fileno=siblings.parent)
        return cls(*await asyncio.open_connection(sock=opened))

    def tell(self, word: bytes) -> None:
        """Say that this process has come so far."""
        self._writer.write(word)

    async def word(self) -> bytes:
        """What the parent says: to leave, or nothing more (b""), since it is gone."""
        return await self._reader.read(1)


def siblings() -> Siblings | None:
    """What the parent has said; None: this process has no such parent."""
    said = os.environ.pop(VARIABLE, "")
    return msgspec.json.decode(said, type=Siblings) if said else None
