"""Backups as the catalog knows them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Backup:
    """One that was begun. Times are Unix seconds, sizes bytes.

    ``name`` is there when it is whole, ``error`` when it failed. ``new_bytes`` were written, the
    rest was in the folder already. ``missing`` are stored values that were not on the disk.
    """

    id: int
    folder: str
    name: str | None
    began_at: float
    ended_at: float | None
    files: int
    bytes: int
    new_bytes: int
    missing: int
    error: dict[str, Any] | None
    verified_at: float | None


@dataclass(frozen=True, slots=True)
class BackupStanding:
    """The last that was begun, the last whole one, and when one was last verified."""

    newest: Backup | None
    whole: Backup | None
    verified_at: float | None
