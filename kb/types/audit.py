"""The audit log's entries, and whether its chain holds. Times are seconds since 1970."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

START = "0" * 64
"""The hash that stands before the first entry's."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What is to be noted. ``detail`` holds numbers and names, never a document's text."""

    actor: str
    action: str
    target: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    at: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry in the chain, with its number there; fields stand in the order of their names."""

    action: str
    actor: str
    at: float
    detail: dict[str, Any]
    seq: int
    target: str

    def as_json(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """Whether the chain holds; where it does not, from which entry on, and why.

    Out of ``redacted`` entries words were taken when a document was erased; others vouch for them.
    """

    entries: int
    intact: bool
    broken_at: int | None = None
    reason: str | None = None
    head: str = START
    redacted: int = 0


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A part of the log, the newest first."""

    rows: tuple[Logged, ...]
    more: bool
    """Whether there are older ones like these."""
    verdict: ChainVerdict | None = None
    """Where the whole chain was walked at the same moment."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along the chain found, and how many looks wait on disk to get into it."""

    verdict: ChainVerdict
    waiting: int
