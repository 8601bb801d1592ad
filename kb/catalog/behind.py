"""Notes that are written behind: nobody waits for them, and a full disk loses them.

When a session or a token was last used, and what somebody opened last. Reading needs no writing:
whoever is signed in goes on reading while the catalog cannot be written.
"""

import logging
import threading
from collections.abc import Callable

from sqlalchemy import Connection

from kb.catalog.database import Catalog
from kb.errors import KbError

SECONDS = 1.0
CLOSE_SECONDS = 10.0
AGAIN_SECONDS = 15.0
"""After a failure the catalog is left alone for so long."""
MOST = 10_000
"""Notes that wait; of more the oldest are forgotten."""
log = logging.getLogger("kb.behind")
Note = Callable[[Connection], None]


class Behind:
    """One process's notes. The last one of a key is the one that counts."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._waiting: dict[tuple[str | int, ...], Note] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, key: tuple[str | int, ...], note: Note) -> None:
        """Have something noted in a moment."""
        with self._lock:
            self._waiting.pop(key, None)
            self._waiting[key] = note
            if len(self._waiting) > MOST:
                del self._waiting[next(iter(self._waiting))]
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="behind", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Write what waits, where the catalog can be written."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def flush(self) -> bool:
        """Write what waits; returns whether that went well."""
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
