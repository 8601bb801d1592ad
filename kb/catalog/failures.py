"""Errors of the database become errors of ours.

The driver's own words name hosts, files and values: they go into the program's log, and not to who
asked.
"""

import logging
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
)

from kb.errors import (
    ConflictError,
    DamagedError,
    KbError,
    PermanentError,
    RetryableError,
    UsageError,
)

UNAVAILABLE = "catalog_unavailable"
TAKEN = {"23505", "23P01", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
"""Codes that say: such a row is there already. Two had the same idea at once.

A code is PostgreSQL's SQLSTATE, or SQLite's name of the extended result."""
REFERENCED = {"23503", "SQLITE_CONSTRAINT_FOREIGNKEY"}
"""Codes that say: what a row refers to is not there any more."""
DAMAGED = {"SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002"}
REASONS = {
    "SQLITE_BUSY": "another program holds it",
    "SQLITE_LOCKED": "another program holds it",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it may not be written",
    "SQLITE_CANTOPEN": "its file cannot be opened",
    "SQLITE_IOERR": "the disk does not answer as it should",
    "53100": "the disk is full",
    "53300": "it has no connection left",
    "55P03": "another program holds it",
    "40P01": "another program holds it",
    "25006": "it may not be written",
}
log = logging.getLogger("kb.catalog")


def translate_on(engine: Engine) -> None:
    """From now on every failure of this engine's connections is an error of ours."""
    event.listen(engine, "handle_error", _raise_ours)


def _raise_ours(context: ExceptionContext) -> None:
    # A ping that fails is the pool's own business: it opens another connection.
    if context.is_pre_ping:
        return
    ours = translated(context.sqlalchemy_exception or context.original_exception)
    if ours is not None:
        raise ours from context.original_exception


def translated(error: BaseException) -> KbError | None:
    """The error of ours for one of the database's; None where it is not the database's."""
    if isinstance(error, (UnicodeError, OverflowError, DataError)):
        return _unusable(error)
    if not isinstance(error, DBAPIError):
        return None
    code = code_of(error.orig)
    log.warning("the catalog's database failed (%s): %s", code or "no code", error.orig)
    if isinstance(error, IntegrityError):
        return _collision(code)
    if is_damage(error):
        return damaged()
    if isinstance(error, (OperationalError, InterfaceError)) or _is_plain(error):
        reason = REASONS.get(_family(code))
        because = f": {reason}" if reason else ""
        return RetryableError(f"The catalog cannot be used right now{because}.", code=UNAVAILABLE)
    return PermanentError(
        "The catalog's database did not accept a statement; the log has what it said.",
        code="catalog_error",
    )


def is_damage(error: DBAPIError) -> bool:
    """Whether the database says that its own files are damaged."""
    return _family(code_of(error.orig)) in DAMAGED


def damaged(where: str = "") -> DamagedError:
    """The error that says what to do about a damaged catalog, which nothing can rebuild."""
    return DamagedError(
        f"The catalog{where} is damaged. Stop the service and restore it from a backup (or save "
        "what SQLite's .recover gives); kb check --repair then mends the index. Without one: move "
        "the data directory aside, add the sources anew, and run kb ingest.",
        code="catalog_damaged",
    )


def _is_plain(error: DBAPIError) -> bool:
    """Neither a mistake of ours (ProgrammingError) nor one with a kind of its own."""
    return type(error) in {DatabaseError, DBAPIError}


def code_of(original: Any) -> str:
    """A driver's error as a code: SQLSTATE, or the name of SQLite's result; empty: it has none."""
    found = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    return str(found or "")


def _family(code: str) -> str:
    """SQLite's results have names of three words where the first two say enough."""
    return "_".join(code.split("_")[:2])


def _unusable(error: BaseException) -> KbError:
    log.info("a value cannot be kept in the catalog: %s", type(error).__name__)
    return UsageError(
        "A value cannot be kept: it has a character that no text has (NUL, half a pair), or is a "
        "number beyond 64 bits.",
        code="bad_value",
    )


def _collision(code: str) -> KbError:
    if code in TAKEN:
        return ConflictError("That is there already: somebody was faster.", code="exists_already")
    if code in REFERENCED:
        return ConflictError(
            "Something that this refers to has gone meanwhile.", code="gone_meanwhile"
        )
    return PermanentError(
        "The catalog refused a row; the log has what its database said.", code="catalog_error"
    )
