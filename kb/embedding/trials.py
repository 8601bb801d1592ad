"""Trials in processes of their own: a library that ends by a signal takes nobody along.

A trial is a module of this room that is run as a program. What it finds it prints as lines of JSON.
"""

import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import msgspec

LONGEST_SECONDS = 600.0
"""After which a trial that has not ended is given up."""
MEMORY = "MemoryError"
"""In the last line of who had too little memory; with SIGKILL the system ends others for it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A trial that has ended: the lines that it ``said``, and ``how`` it ended, for people.

    What a library prints beside those lines is none. ``well``: it ended with status 0.
    ``passing``: it ended by what may pass (no memory, no time).
    """

    said: list[bytes]
    how: str
    well: bool
    passing: bool = False


def run(module: str, *arguments: str, given: bytes = b"") -> Ended:
    """Run a module with these arguments, and what is ``given`` on its standard input."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            input=given,
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        how = f"it said nothing for {LONGEST_SECONDS:g} s"
        return Ended([], how, well=False, passing=True)
    last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
    how = " ".join([f"it ended with status {done.returncode}", *last])
    said = [line for line in done.stdout.splitlines() if line.startswith(b"{")]
    was_short = done.returncode == -signal.SIGKILL or MEMORY in how
    return Ended(said, how, well=done.returncode == 0, passing=was_short)


def say(what: Any) -> None:
    """Say what was found, from within a trial."""
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()
