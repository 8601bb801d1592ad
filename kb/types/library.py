"""The folders that are followed, and the documents in them."""

from dataclasses import dataclass
from typing import Any

SCHEDULED, WATCHED, ASKED, UPLOADED = 0, 1, 5, 10
"""Priorities of a run: what somebody waits for goes first."""


@dataclass(frozen=True, slots=True)
class Following:
    """How a folder is followed.

    ``include`` and ``exclude`` are patterns in gitignore's syntax; ``languages`` are tesseract's.
    None stands for the setting.
    """

    schedule: str | None = None
    watch: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_file_mb: int | None = None
    languages: str | None = None
    shown_as: str | None = None
    uploads: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A folder that is followed, who may read what is in it, and how it went so far."""

    id: int
    name: str
    root: str
    following: Following
    paused: bool
    readers: tuple[str, ...]
    created_at: float
    requested_at: float | None
    priority: int
    started_at: float | None
    finished_at: float | None
    counts: dict[str, Any] | None
    error: dict[str, Any] | None
    rule: dict[str, Any] | None = None
    rights_at: float | None = None
    about: str | None = None
    mounts: dict[str, Any] | None = None
    documents: int = 0

    @property
    def is_requested(self) -> bool:
        """Whether somebody asked for a run that has not begun yet."""
        return self.requested_at is not None


@dataclass(frozen=True, slots=True)
class PathRule:
    """Documents whose path matches ``pattern`` are for ``readers`` (names, as in ``--readers``)."""

    pattern: str
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edited:
    """How a source is to be from now on; what is None, and no readers, stays as it is.

    ``readers`` and ``curators`` are names; ``rule`` is its kind, with the lines of one by paths.
    """

    following: Following
    about: str | None = None
    curators: tuple[str, ...] | None = None
    readers: tuple[str, ...] | None = None
    rule: tuple[str, tuple[PathRule, ...]] | None = None


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which rows of the ledger are wanted."""

    state: str | None = None
    source: str | None = None
    text: str | None = None
    code: str | None = None
    folder: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class After:
    """A row's place in the order by path; what comes next begins behind it."""

    source: str
    raw_path: bytes
