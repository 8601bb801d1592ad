"""The mark of a restore that goes on: a data directory in which it lies is not whole."""

import os
from pathlib import Path

import msgspec

from kb.catalog.database import RESTORING

DATA, INDEX = "data", "index"
"""What is still to be restored: everything, or the index alone."""


class RestoreMark(msgspec.Struct, frozen=True):
    """A restore: its ticket, which stands in the audit log of what it made, and of which backup."""

    ticket: str
    backup: str
    stage: str


def read(data: Path) -> RestoreMark | None:
    """The mark in a data directory; None: there is none."""
    try:
        return msgspec.json.decode((data / RESTORING).read_bytes(), type=RestoreMark)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def write(data: Path, mark: RestoreMark) -> None:
    """Put a mark there, or change it."""
    draft = data / f".{RESTORING}"
    draft.write_bytes(msgspec.json.encode(mark))
    os.replace(draft, data / RESTORING)


def remove(data: Path) -> None:
    """The restore has ended."""
    (data / RESTORING).unlink(missing_ok=True)
