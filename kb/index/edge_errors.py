"""What Qdrant Edge says is wrong, as errors of ours: by its words, since it has no kinds."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from kb.errors import DamagedError, EngineError, KbError

T = TypeVar("T")
ENGINE = {"engine": "index"}
DAMAGE = "Service runtime error"
"""How messages of Edge begin that are about its own files; those about what it is asked do not."""
NO_ROOM = ("No space left", "Too many open files", "Cannot allocate memory", "os error 28")
"""Words in a message that say: there is no room on the disk or in memory."""
log = logging.getLogger("kb.index")


def translated(call: Callable[..., T], *arguments: Any) -> T:
    """Call, with Edge's errors as ours: it raises nothing narrower, panics of Rust included."""
    try:
        return call(*arguments)
    except KbError:
        raise
    except BaseException as error:
        words = str(error)
        log.warning("Qdrant Edge: %s", words)
        if "WouldBlock" in words:
            raise EngineError(
                "Another process has the index open.", code="index_busy", detail=ENGINE
            ) from error
        if any(sign in words for sign in NO_ROOM):
            raise EngineError(
                "The index found no room: disk, memory or open files.", detail=ENGINE
            ) from error
        if words.startswith(DAMAGE) or type(error).__name__ == "PanicException":
            raise damaged(words) from error
        if not isinstance(error, Exception):
            raise
        raise EngineError(f"Qdrant Edge: {error}", detail=ENGINE) from error


def damaged(what: str) -> DamagedError:
    """What to raise where the index's files cannot be read."""
    log.warning("the index is damaged: %s", what)
    return DamagedError(
        "The index is damaged. Nothing is lost: build it anew from the catalog with: kb reindex",
        code="index_damaged",
        detail=ENGINE,
    )


@contextmanager
def told_only(generation: str) -> Iterator[None]:
    """What goes wrong while a shard that nobody needs is closed is logged, and holds nobody up."""
    try:
        yield
    except BaseException as error:  # panics of Rust are no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        log.warning("the generation %s was not closed well: %s", generation, error)
