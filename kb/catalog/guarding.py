"""A check that tests switch on (``KB_TEST_GUARDS=1``): where the catalog may be used, and how.

The event loop never waits for the catalog: a call from a coroutine of ours, or from a callback on
the loop, fails. What only reads writes nothing: what ``Catalog.read`` runs fails where it does.
"""

import asyncio
import contextvars
import inspect
import os
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

OURS = ("kb", "ingest", "web")
ON = os.environ.get("KB_TEST_GUARDS") == "1"
_reading: contextvars.ContextVar[bool] = contextvars.ContextVar("only_reading", default=False)
T = TypeVar("T")


def only_reading(call: Callable[[], T]) -> T:
    """Call something that only reads: where it writes to the catalog, :func:`check` fails."""
    before = _reading.set(True)
    try:
        return call()
    finally:
        _reading.reset(before)


def check(*, writing: bool) -> None:
    """Check that the catalog may be used here; does nothing unless tests have switched it on.

    Raises:
        AssertionError: it may not, or not for writing.
    """
    if not ON:
        return
    if writing and _reading.get():
        raise AssertionError("what only reads has written to the catalog")
    if _is_on_a_loop() and (culprit := _culprit()):
        raise AssertionError(f"{culprit} uses the catalog on the event loop's thread")


def _is_on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _culprit() -> str:
    """The coroutine, or the callback, of ours that is being run; tests may use what they like."""
    frame: FrameType | None = inspect.currentframe()
    last = ""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] == "tests":
            return ""
        ours = name.partition(".")[0] in OURS and name != __name__
        if ours:
            last = f"{name}.{frame.f_code.co_name}"
        if frame.f_code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
            return last if ours else ""
        if name == "asyncio.events":
            return last
        frame = frame.f_back
    return last
