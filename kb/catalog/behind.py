"""Notes that a thread writes into the catalog a moment later: nobody waits for them.

They say when a session or a token was last used, and what somebody opened last. So whoever is
signed in goes on reading while the catalog cannot be written. At an end, notes that cannot be
written are lost.
"""

import logging
import threading
from collections.abc import Callable

from sqlalchemy import Connection

from kb.catalog.database import Catalog
from kb.errors import KbError

SECONDS = 1.0
"""Seconds between two times of writing."""
CLOSE_SECONDS = 10.0
"""Seconds that an ending process waits for its last notes."""
AGAIN_SECONDS = 15.0
"""Seconds for which the catalog is left alone after a failure."""
MOST = 10_000
"""Notes that wait at most; of more the oldest are forgotten."""
log = logging.getLogger("kb.behind")
Note = Callable[[Connection], None]


class Behind:
    """The notes of one process, by key: a new note replaces an earlier one with its key."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._waiting: dict[tuple[str | int, ...], Note] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, key: tuple[str | int, ...], note: Note) -> None:
        """Have a note written in a moment; ``note`` is called with the transaction."""
        with self._lock:
            self._waiting.pop(key, None)
            self._waiting[key] = note
            if len(self._waiting) > MOST:
                del self._waiting[next(iter(self._waiting))]
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="behind", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread; it writes what waits, where the catalog can be written."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def flush(self) -> bool:
        """Write what waits; returns whether the catalog could be written."""
        with self._writing:
            return self._flush()

    def _flush(self) -> bool:
        with self._lock:
            taken, self._waiting = self._waiting, {}
        if not taken:
            return True
        try:
            with self._catalog.writing() as connection:
                for note in taken.values():
                    note(connection)
        except KbError as error:
            log.warning("last uses cannot be noted right now: %s", error.message)
            with self._lock:
                self._waiting = taken | self._waiting
            return False
        except Exception:  # one of them cannot be noted: they are worth no more trouble
            log.exception("notes of last uses are lost: %d", len(taken))
        return True

    def _write(self) -> None:
        seconds = SECONDS
        while not self._stop.wait(seconds):
            seconds = SECONDS if self.flush() else AGAIN_SECONDS
        self.flush()
