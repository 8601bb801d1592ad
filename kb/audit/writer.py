"""The way of a look into the audit log: first into a spool on disk, a moment later into the chain.

While the spool has room, neither a full disk nor a locked catalog stops whoever looks. Each record
goes into the chain once: the transaction that adds it also keeps its number. One that cannot be
added is set aside: an entry names it, and those after it go on.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from kb.audit import spools
from kb.audit.spool import FullError, Spool, SpoolItem
from kb.catalog import audit, questions
from kb.catalog.database import Catalog
from kb.errors import RetryableError
from kb.types.audit import AuditEntry

LATER_SECONDS = 1.0
"""Seconds between two looks for what waits in the process's own spool."""
OTHERS_SECONDS = 30.0
"""Seconds between two looks for what other processes have left."""
CLOSE_SECONDS = 10.0
"""Seconds that ending waits for the writing thread."""
MOST_AT_ONCE = 500
"""Most records that are written in one transaction."""
MOST_BYTES = 256 * 1024
"""Most bytes of one record; of a larger one only who, when and what is kept."""
BEHIND_SECONDS = 60.0
"""Seconds after which the log counts as behind: something has waited so long, and nothing was taken
meanwhile."""
ROOM_FOR_ONE = 8 * 1024
"""Free bytes below which a spool counts as full."""
SET_ASIDE = "audit.set_aside"
SHOWN = 2000
"""Characters that are kept of a record that was set aside."""
log = logging.getLogger("kb.audit")


class SpooledLook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record of the spool: an entry, and its row among what is asked here, if any."""

    at: float
    actor: str
    action: str
    target: str
    detail: dict[str, Any]
    asked: dict[str, Any] | None = None

    def entry(self) -> AuditEntry:
        """The entry for the chain."""
        return AuditEntry(self.actor, self.action, self.target, self.detail, self.at)


@dataclass(frozen=True, slots=True)
class WriterHealth:
    """How the writer fares.

    ``state``: idle (nothing was looked at yet), ok, behind (for a minute nothing got into the
    chain), full (looks are refused), stopped (nobody writes).
    """

    state: str
    waiting: int = 0
    behind_seconds: float = 0.0
    room_bytes: int = 0
    set_aside: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether the next look will be let through."""
        return self.state not in {"full", "stopped"}


class Writer:
    """One process's spool and the thread that empties it."""

    def __init__(self, catalog: Catalog, folder: Path, capacity: int) -> None:
        self._catalog = catalog
        self._folder = folder
        self._capacity = capacity
        self._spool: Spool | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._draining = threading.Lock()
        self._set_aside = 0
        self._refused = False
        self._looked_for_others = 0.0

    def put(self, look: SpooledLook) -> None:
        """Have a look in the spool, on disk, before this returns.

        Raises:
            RetryableError: there is no room (``audit_unavailable``).
        """
        content = _encoded(look)
        try:
            with self._lock:
                self._open().put(content)
                self._refused = False
        except FullError as error:
            self._refused = True
            log.error("a look is refused: %s", error)  # noqa: TRY400 -- the reason is all there is
            raise RetryableError(
                "The audit log cannot note this right now, so it is not shown. Come again later.",
                code="audit_unavailable",
            ) from error
        self.start()

    def start(self) -> None:
        """Take the spool's space and begin to write; nothing where that is done."""
        with self._lock:
            if self._stop.is_set():
                return
            try:
                self._open()
            except FullError as error:
                log.warning("the audit log has no spool yet: %s", error)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Write what waits, where the catalog takes it; what it does not take stays on disk."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)
        if self._thread is None or not self._thread.is_alive():
            self._attempt()
        with self._lock:
            if self._spool is not None and self._draining.acquire(blocking=False):
                self._spool.close()
                self._spool = None
                self._draining.release()

    def health(self) -> WriterHealth:
        """How it fares now."""
        found, thread = self._spool, self._thread
        if found is None:
            return WriterHealth("full" if self._refused else "idle", set_aside=self._set_aside)
        seconds = found.behind()
        state = "ok"
        if thread is None or not thread.is_alive():
            state = "stopped"
        elif found.room < ROOM_FOR_ONE:
            state = "full"
        elif seconds > BEHIND_SECONDS:
            state = "behind"
        return WriterHealth(state, found.count, round(seconds, 1), found.room, self._set_aside)

    def _open(self) -> Spool:
        if self._spool is None:
            self._spool = spools.open_one(self._folder, self._capacity)
        return self._spool

    def _run(self) -> None:
        while not self._stop.wait(LATER_SECONDS):
            self._attempt()

    def _attempt(self) -> None:
        """Empty the spools as far as it goes now. Nothing ends the thread that does this."""
        try:
            with self._draining:
                if self._spool is not None:
                    self._drain(self._spool)
                if time.monotonic() - self._looked_for_others > OTHERS_SECONDS:
                    self._looked_for_others = time.monotonic()
                    self._drain_others()
        except RetryableError as error:  # a full disk, say: they wait for the next second
            log.warning("the audit log cannot be written right now: %s", error.message)
        except Exception:  # whatever it is, those who look later must be noted
            log.exception("the audit log cannot be written right now")

    def _drain_others(self) -> None:
        mine = self._spool.path if self._spool is not None else None
        for path in spools.left_by_others(self._folder):
            if path == mine or (left := spools.taken_over(path)) is None:
                continue
            try:
                self._drain(left)
            finally:
                left.close()

    def _drain(self, source: Spool) -> None:
        while items := source.waiting(MOST_AT_ONCE):
            self._add(source.name, items)
            source.done(items[-1])

    def _add(self, name: str, items: Sequence[SpoolItem]) -> None:
        """Into the chain; where one of several is refused, each of them by itself."""
        try:
            looks = [(item, _decoded(item)) for item in items]
            self._add_once(name, looks)
        except RetryableError:
            raise
        except Exception as error:  # any reason that one has must not stop the others
            if len(items) > 1:
                middle = len(items) // 2
                self._add(name, items[:middle])
                self._add(name, items[middle:])
                return
            log.exception("an entry of the audit log is set aside: %s %d", name, items[0].number)
            self._set_aside_one(name, items[0], error)

    def _set_aside_one(self, name: str, item: SpoolItem, error: Exception) -> None:
        stand_in = _aside(name, item, error)
        try:
            self._add_once(name, [(item, stand_in)])
        except RetryableError:
            raise
        except Exception:  # noqa: BLE001 -- even its bytes may be what the database refuses
            bare = {key: stand_in.detail[key] for key in ("spool", "number", "reason")}
            self._add_once(name, [(item, msgspec.structs.replace(stand_in, detail=bare))])
        self._set_aside += 1

    def _add_once(self, name: str, looks: Sequence[tuple[SpoolItem, SpooledLook]]) -> None:
        with self._catalog.writing() as connection:
            known = audit.taken_up(connection, name)
            fresh = [look for item, look in looks if item.last > known]
            audit.append(connection, [look.entry() for look in fresh])
            questions.keep(connection, [look.asked for look in fresh if look.asked is not None])
            audit.take_up(connection, name, max(known, looks[-1][0].last))


class LostError(Exception):
    """A record's bytes are not those that were put."""


def _encoded(look: SpooledLook) -> bytes:
    try:
        content = msgspec.json.encode(look)
    except UnicodeEncodeError:  # half a surrogate pair has no bytes in UTF-8
        content = msgspec.json.encode(SpooledLook(**_whole(msgspec.structs.asdict(look))))
    if len(content) > MOST_BYTES:
        short = SpooledLook(
            look.at, look.actor[:200], look.action, look.target[:500], {"cut": True}
        )
        return _encoded(short)
    return content


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole(key): _whole(inner) for key, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _decoded(item: SpoolItem) -> SpooledLook:
    if item.content is None:
        raise LostError("damaged or cut off")
    return msgspec.json.decode(item.content, type=SpooledLook)


def _aside(name: str, item: SpoolItem, error: Exception) -> SpooledLook:
    """The entry that stands for records which cannot be kept as they are."""
    reason = error.args[0] if isinstance(error, LostError) else type(error).__name__
    detail: dict[str, Any] = {"spool": name, "number": item.number, "reason": reason}
    if item.last > item.number:
        detail["last"] = item.last
    if item.content is not None:
        detail["record"] = ascii(item.content[:SHOWN])
    return SpooledLook(time.time(), "system", SET_ASIDE, str(item.number), detail)
