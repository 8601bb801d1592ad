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
    """A folder that is followed, who may read what is in it, and how it went so far.

    ``failures``: how many runs in a row failed of what may pass, the last at ``failed_at``.
    """

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
    failures: int = 0
    failed_at: float | None = None
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


@dataclass(frozen=True, slots=True)
class Document:
    """A file as the ledger has it, beside the source it is in.

    ``bytes`` is its size; ``mtime_ns`` when it changed last (nanoseconds since the epoch), and
    ``indexed_at`` when it was read (seconds). ``dated_ns`` is the document's own date, taken from
    ``date_source`` (``header`` of a mail, ``text``, ``name``, ``folder``, ``created`` and
    ``changed`` among its properties, ``container``, ``file``); it is the beginning of a day, month,
    quarter or year, as ``date_precision`` says. ``chunks`` counts its passages,
    ``confidence`` is the mean of its recognised words (0 to 100). ``blob``, ``content_hash`` and
    ``pending`` name what is kept of it; ``version`` is the one that is searched (None: none is).
    """

    id: int
    source_id: int
    source: str
    root: str
    shown_as: str | None
    uploads: bool
    parent_id: int | None
    raw_path: bytes
    path: str
    state: str
    code: str | None
    parameters: dict[str, Any] | None
    bytes: int
    mtime_ns: int | None
    content_hash: str | None
    pending: str | None
    media_type: str | None
    title: str | None
    author: str | None
    language: str | None
    dated_ns: int | None
    date_source: str | None
    date_precision: str | None
    parser: str | None
    blob: str | None
    pages: int | None
    confidence: float | None
    chunks: int
    version: int | None
    held: bool
    indexed_at: float | None


@dataclass(frozen=True, slots=True)
class Version:
    """A try to read a document: how it stands, and when it began and ended (since the epoch)."""

    number: int
    state: str
    started_at: float
    finished_at: float | None
    code: str | None
    parameters: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A run over a source that goes on: files done and in all, pages read, the file at hand."""

    source_id: int
    started_at: float
    seen_at: float
    done: int
    total: int
    pages: int
    path: str | None


@dataclass(frozen=True, slots=True)
class FirstReading:
    """Sources are read for the first time.

    ``runs`` are those whose figures are somebody's to know; ``others``: there are more, of which a
    part is theirs to read.
    """

    runs: tuple[RunProgress, ...]
    others: bool


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """How a source stands: its readers and its rule by the names of this moment, and its run."""

    source: Source
    readers: list[str]
    rule: dict[str, Any]
    running: RunProgress | None


@dataclass(frozen=True, slots=True)
class Card:
    """A source as somebody sees it; ``standing`` where it is theirs to look after."""

    name: str
    about: str | None
    curators: list[str]
    standing: SourceStanding | None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """How many documents of a source wait for the confirmation of their removal; some paths."""

    count: int
    paths: list[str]


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A source for the people who search in it: ``count`` documents for them, the ``latest``."""

    source: Source
    kind: str
    readers: list[str]
    curators: list[str]
    count: int
    latest: list[Document]
    mine: bool


@dataclass(frozen=True, slots=True)
class HandingIn:
    """Whether somebody may hand in files, and for whom: everyone, these groups, themselves."""

    may: bool
    choice: list[str]


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """A page of the ledger, with what all of its files count by state and by reason."""

    rows: list[Document]
    more: bool
    counts: dict[str, int]
    causes: dict[str, int]
    sources: list[str]
    upload: HandingIn


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a knowledge base has: its sources, documents by state, passages by language."""

    sources: list[Source]
    states: dict[str, int]
    languages: dict[str, int]
    generation: int | None
    alarms: int

    @property
    def passages(self) -> int:
        """How many passages there are, in all languages."""
        return sum(self.languages.values())
