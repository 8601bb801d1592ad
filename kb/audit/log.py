"""The audit log in use: what is noted at once, and what a moment later.

What changes something is noted in the transaction that changes it. Looks are many and somebody
waits for each: they are kept on disk before the answer goes out, and get into the chain a moment
later (:mod:`kb.audit.writer`).
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kb.audit import spools
from kb.audit.writer import SpooledLook, Writer, WriterHealth
from kb.catalog import audit
from kb.catalog.database import Catalog, Connection, now
from kb.rights import access
from kb.settings import AuditSection
from kb.types.audit import AuditEntry, AuditPage, Verification
from kb.types.passages import Passage
from kb.types.people import Principal

MEGABYTE = 1024 * 1024
"""Bytes of what the setting ``audit.spool_mb`` counts in."""
SYSTEM = "system"
"""The actor of what nobody has asked for."""


class Audit:
    """Writes for one process."""

    def __init__(self, catalog: Catalog, settings: AuditSection, folder: Path) -> None:
        self._catalog = catalog
        self._settings = settings
        self._folder = folder
        self._writer = Writer(catalog, folder, settings.spool_mb * MEGABYTE)

    def note(self, principal: Principal, action: str, target: str = "", **detail: Any) -> None:
        """Note something now, in a transaction of its own."""
        with self._catalog.writing() as connection:
            audit.append(connection, [entry(principal, action, target, **detail)])

    def refused(self, host: str, port: int) -> None:
        """Note that this process refused to connect to what is not in the configuration."""
        with self._catalog.writing() as connection:
            audit.append(
                connection,
                [AuditEntry(SYSTEM, audit.REFUSED, f"{host}:{port}", {"pid": os.getpid()})],
            )

    def looked(self, principal: Principal, action: str, target: str = "", **detail: Any) -> None:
        """Note that somebody looks at something, before they are shown it.

        Raises:
            RetryableError: the log cannot take it (``audit_unavailable``): it must not be shown.
        """
        self._writer.put(_look(entry(principal, action, target, **detail)))

    def asked(
        self,
        principal: Principal,
        kind: str,
        question: str,
        passages: Sequence[Passage],
        seconds: float,
        *,
        answer: str = "",
        mode: str | None = None,
    ) -> None:
        """Note a search or an answer, before it is shown; raises as :meth:`looked`.

        It goes into the log, with what was shown, and, without the asker, into what is asked here.
        """
        words = self.words(question)
        row = {
            "at": now(),
            "kind": kind,
            "question": words or None,
            "hits": len(passages),
            "mode": mode,
            "sources": sorted({p.chunk.source for p in passages}),
            "seconds": round(seconds, 3),
        }
        noted = entry(principal, kind, answer, question=words, shown=shown(passages))
        self._writer.put(_look(noted, row))

    def words(self, question: str) -> str:
        """A question's words, where the log keeps them."""
        return question if self._settings.questions else ""

    def page(
        self, by: Principal, *, actor: str = "", action: str = "", text: str = "",
        before: int = 0, limit: int = 100, verified: bool = False,
    ) -> AuditPage:  # fmt: skip
        """Entries like these, the newest first; ``verified``: with a walk along the whole chain.

        ``before``: only those with a smaller number, if given.

        Raises:
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            rows = audit.page(
                connection, actor=actor, action=action, text=text, before=before, limit=limit + 1
            )
            verdict = audit.verify(connection) if verified else None
        return AuditPage(tuple(rows[:limit]), more=len(rows) > limit, verdict=verdict)

    def verification(self, by: Principal) -> Verification:
        """A walk along the whole chain.

        Raises:
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            return Verification(audit.verify(connection), self.waiting())

    def lines(self, by: Principal, after: int = 0) -> Iterator[str]:
        """Every entry after this number with its hash, a line of JSON each, the oldest first.

        Raises:
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        return self._lines(after)

    def _lines(self, after: int) -> Iterator[str]:
        with self._catalog.reading() as connection:
            yield from audit.lines(connection, after)

    def start(self) -> None:
        """Take the spool's space and write what earlier processes left."""
        self._writer.start()

    def health(self) -> WriterHealth:
        """How the writer fares."""
        return self._writer.health()

    def waiting(self) -> int:
        """How many looks are on disk that are not in the chain yet, of every process here."""
        return spools.waiting_in(self._folder)

    def close(self) -> None:
        """Write what waits; what the catalog does not take stays on disk for the next process."""
        self._writer.close()


def _look(noted: AuditEntry, asked: dict[str, Any] | None = None) -> SpooledLook:
    return SpooledLook(noted.at, noted.actor, noted.action, noted.target, noted.detail, asked)


def entry(principal: Principal, action: str, target: str = "", **detail: Any) -> AuditEntry:
    """An entry of what somebody does; whoever looks through another's eyes is named."""
    if principal.viewed_by is not None:
        detail = detail | {"as": principal.name}
    return AuditEntry(principal.asker, action, target, detail)


def noted(
    connection: Connection, principal: Principal, action: str, target: str = "", **detail: Any
) -> None:
    """Note a change in its own transaction."""
    audit.append(connection, [entry(principal, action, target, **detail)])


def shown(passages: Sequence[Passage]) -> list[list[Any]]:
    """Passages as the log names them: document, version, and the places of their chunks."""
    return [[p.chunk.document_id, p.chunk.version, list(p.points)] for p in passages]
