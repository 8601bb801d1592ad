"""How a command that another process of ours started tells it of its error: class, code and all.

What ``--json`` prints is for programs of other people and has three keys. Beside it the starter
passes one end of a pipe; its number is in the environment.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kb.errors import KbError, PermanentError, RetryableError, rebuilt, told

NUMBER = "COMMONPLACE_TELL"
"""The variable that holds the number of the pipe's end. A run takes it out of its environment."""
MOST_BYTES = 32 * 1024
"""A pipe holds twice as much, so that nobody waits for the other side."""


class Channel:
    """The starter's side."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self.writing = writing

    @property
    def environment(self) -> dict[str, str]:
        """What the started process needs to know."""
        return {NUMBER: str(self.writing)}

    def error(self, code: int) -> KbError:
        """What a process that ended with ``code`` told.

        One that was killed told nothing, and may be tried again; one that ended by itself without
        a word broke.
        """
        try:
            content = os.read(self._reading, 2 * MOST_BYTES)
        except BlockingIOError:
            content = b""
        if content:
            return rebuilt(json.loads(content))
        if code < 0:
            return RetryableError(f"The run was killed (signal {-code}).", code="interrupted")
        return PermanentError(f"The run ended with {code} and did not say why.", code="run_failed")


@contextmanager
def channel() -> Iterator[Channel]:
    """A pipe on which a started process tells of its error."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    try:
        yield Channel(reading, writing)
    finally:
        os.close(reading)
        os.close(writing)


def tell(error: KbError) -> None:
    """Tell whoever started this process, where they asked for it."""
    number = os.environ.pop(NUMBER, "")
    if not number.isdecimal():
        return
    content = _packed(told(error))
    if len(content) > MOST_BYTES:
        content = _packed(told(error) | {"message": error.message[:1000], "detail": {}})
    os.write(int(number), content)


def _packed(values: dict[str, Any]) -> bytes:
    return json.dumps(values, default=str).encode()
