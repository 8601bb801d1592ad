"""Trials in processes of their own: a library that ends by a signal takes nobody along.

A trial is a module of this room that is run as a program. What it finds it prints as lines of JSON.
"""

import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import msgspec

from kb.errors import RetryableError

LONGEST_SECONDS = 600.0
"""After which a trial that has not ended is given up."""
MEMORY = "MemoryError"
"""In the last line of who had too little memory; with SIGKILL the system ends others for it."""
STOPPED = {-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
"""Statuses of who was stopped by somebody: of what was tried they say nothing."""
LOOKS_SECONDS = 0.2
"""Seconds between two looks whether a trial is to be stopped."""


class StoppedError(RetryableError):
    """A trial was stopped before it had found anything."""

    code = "interrupted"


@dataclass(frozen=True, slots=True)
class EndedTrial:
    """A trial that has ended: the lines that it ``said``, and ``how`` it ended, for people.

    What a library prints beside those lines is none. ``well``: it ended with status 0.
    ``passing``: it ended by what may pass (no memory, no time).
    """

    said: list[bytes]
    how: str
    well: bool
    passing: bool = False


def run(
    module: str, *arguments: str, given: bytes = b"", stopping: threading.Event | None = None
) -> EndedTrial:
    """Run a module with these arguments, and what is ``given`` on its standard input.

    Where ``stopping`` is set meanwhile, the trial is ended.

    Raises:
        StoppedError: it was stopped, by that event or a signal.
    """
    piped = subprocess.PIPE
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdin=piped, stdout=piped, stderr=piped) as process:
        try:
            told = _told(process, given, stopping or threading.Event())
        except subprocess.TimeoutExpired:
            how = f"it said nothing for {LONGEST_SECONDS:g} s"
            return EndedTrial([], how, well=False, passing=True)
        finally:
            process.kill()
    if told is None or process.returncode in STOPPED:
        raise StoppedError("The measurement was stopped.")
    return _ended(process.returncode, *told)


def _told(
    process: "subprocess.Popen[bytes]", given: bytes, stopping: threading.Event
) -> tuple[bytes, bytes] | None:
    """What a process prints until it ends, as output and errors; None: it is to be stopped.

    Raises:
        TimeoutExpired: it has taken too long.
    """
    deadline, left = time.monotonic() + LONGEST_SECONDS, given
    while not stopping.is_set():
        try:
            return process.communicate(left or None, timeout=LOOKS_SECONDS)
        except subprocess.TimeoutExpired:
            left = b""  # it goes on being given what it was given first
            if time.monotonic() > deadline:
                raise
    return None


def _ended(status: int, output: bytes, errors: bytes) -> EndedTrial:
    last = errors.decode(errors="replace").strip().splitlines()[-1:]
    how = " ".join([f"it ended with status {status}", *last])
    said = [line for line in output.splitlines() if line.startswith(b"{")]
    was_short = status == -signal.SIGKILL or MEMORY in how
    return EndedTrial(said, how, well=status == 0, passing=was_short)


def say(what: Any) -> None:
    """Say what was found, from within a trial."""
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()
