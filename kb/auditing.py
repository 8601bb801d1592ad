"""The audit log in use: what is noted at once, and what a moment later.

What changes something is noted in the transaction that changes it. Searches are many and somebody
waits for each: they are noted together, within ``LATER_SECONDS``.
"""

import logging
import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection

from kb.catalog import audit, questions
from kb.catalog.audit import Entry
from kb.catalog.database import Catalog
from kb.errors import KbError
from kb.settings import AuditSection
from kb.types import Passage, Principal

LATER_SECONDS = 1.0
MOST_AT_ONCE = 500
log = logging.getLogger("kb.audit")


class Audit:
    """Writes for one process."""

    def __init__(self, catalog: Catalog, settings: AuditSection) -> None:
        self._catalog = catalog
        self._settings = settings
        self._waiting: SimpleQueue[tuple[Entry, dict[str, Any] | None]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def note(self, principal: Principal, action: str, target: str = "", **detail: Any) -> None:
        """Note something now, in a transaction of its own."""
        with self._catalog.writing() as connection:
            audit.append(connection, [entry(principal, action, target, **detail)])

    def looked(self, principal: Principal, action: str, target: str = "", **detail: Any) -> None:
        """Note that somebody has looked at something, within a second; nobody waits for it."""
        self._put(entry(principal, action, target, **detail), None)

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
        """Note a search or an answer within a second; nobody waits for it.

        It goes into the log, with what was shown, and, without the asker, into what is asked here.
        """
        words = question if self._settings.questions else ""
        noted = entry(principal, kind, answer, question=words, shown=shown(passages))
        row = {
            "at": noted.at,
            "kind": kind,
            "question": words or None,
            "hits": len(passages),
            "mode": mode,
            "sources": sorted({p.chunk.source for p in passages}),
            "seconds": round(seconds, 3),
        }
        self._put(noted, row)

    def _put(self, noted: Entry, row: dict[str, Any] | None) -> None:
        self._waiting.put((noted, row))
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Write what waits."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)
        self._flush()

    def _write(self) -> None:
        while not self._stop.wait(LATER_SECONDS):
            self._flush()

    def _flush(self) -> None:
        waiting: list[tuple[Entry, dict[str, Any] | None]] = []
        while len(waiting) < MOST_AT_ONCE:
            try:
                waiting.append(self._waiting.get_nowait())
            except Empty:
                break
        if not waiting:
            return
        try:
            with self._catalog.writing() as connection:
                audit.append(connection, [noted for noted, _ in waiting])
                questions.keep(connection, [row for _, row in waiting if row is not None])
        except KbError as error:  # a full disk, say: they wait for the next second
            log.warning("the audit log cannot be written right now: %s", error.message)
            for item in waiting:
                self._waiting.put(item)


def entry(principal: Principal, action: str, target: str = "", **detail: Any) -> Entry:
    """An entry of what somebody does; whoever looks through another's eyes is named."""
    if principal.viewed_by is not None:
        return Entry(principal.viewed_by, action, target, detail | {"as": principal.name})
    return Entry(principal.name, action, target, detail)


def noted(
    connection: Connection, principal: Principal, action: str, target: str = "", **detail: Any
) -> None:
    """Note a change in its own transaction."""
    audit.append(connection, [entry(principal, action, target, **detail)])


def shown(passages: Sequence[Passage]) -> list[list[Any]]:
    """Passages as the log names them: document, version, and the places of their chunks."""
    return [[p.chunk.document_id, p.chunk.version, list(p.points)] for p in passages]
