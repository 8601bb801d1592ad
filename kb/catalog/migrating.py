"""The catalog's schema: what it is, and how it comes to be the newest one.

A migration is one transaction, on SQLite too: one that fails leaves what was there.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from kb import failpoints
from kb.errors import KbError

HEAD = "0025"
"""The newest migration; a test compares it with the scripts."""
MIGRATING = 0x6B62
"""Key of the lock under which PostgreSQL's catalog is migrated: «kb»."""
SCRIPTS = Path(__file__).parent / "migrations"
Before = Callable[[str], None]
"""What is done before a catalog of an earlier schema, which it is told, is migrated."""


def schema_of(connection: Connection) -> str | None:
    """The schema of a catalog; None: there is no catalog yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def check_known(schema: str | None) -> None:
    """Check that a schema is not newer than this release.

    Raises:
        KbError: it is.
    """
    if schema is not None and schema > HEAD:
        raise KbError(
            f"The catalog was written by a newer Commonplace (schema {schema}, this one knows "
            f"{HEAD}). Install that version again, or restore a backup.",
            code="catalog_too_new",
        )


def migrate(engine: Engine, before: Before | None = None) -> str | None:
    """Bring a catalog to the newest schema; returns the one that it had.

    Raises:
        KbError: a newer release has written it; or what ``before`` raises.
    """
    with engine.connect() as connection:
        found = schema_of(connection)
    check_known(found)
    if found == HEAD:
        return found
    with engine.connect() as connection, without_cascades(connection):
        writer = connection.execution_options(writing=True)
        with writer.begin():
            _alone(writer)
            found = schema_of(writer)  # another process may have migrated it meanwhile
            if found is not None and found != HEAD and before is not None:
                before(found)
                failpoints.reached("upgrade_saved")
            upgrade(writer, "head")
            failpoints.reached("schema_changed")
    return found


def upgrade(connection: Connection, schema: str) -> None:
    """Bring a catalog to a schema, in the caller's transaction."""
    # Alembic is heavy, so it loads only when there is something to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    command.upgrade(config, schema)


def steps_after(schema: str) -> list[tuple[str, str]]:
    """The migrations after a schema: each with the first paragraph of what it says of itself."""
    found = []
    for path in sorted(SCRIPTS.glob("versions/[0-9]*.py")):
        number = path.name[:4]
        said = re.match(r'"""(.+?)(\n\n|""")', path.read_text(encoding="utf-8"), re.DOTALL)
        if number > schema:
            found.append((number, " ".join(said[1].split()) if said else ""))
    return found


@contextmanager
def without_cascades(connection: Connection) -> Iterator[None]:
    """SQLite copies a table to change it, and drops the old one: what refers to it must stay."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.execute("PRAGMA foreign_keys=OFF")  # it has no effect within a transaction
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def _alone(connection: Connection) -> None:
    """One process migrates, the others wait and find nothing left to do (SQLite: its own lock)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
