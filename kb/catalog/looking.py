"""A look at the catalog from outside: it is neither made nor migrated, and nothing is written."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from kb.catalog import backups, purges
from kb.catalog.addresses import read
from kb.catalog.audit import REFUSED
from kb.catalog.failures import UNAVAILABLE, damaged, is_damage
from kb.catalog.migrating import HEAD
from kb.catalog.tables import audit, documents, generations, sources
from kb.errors import ConfigurationError
from kb.settings import Settings
from kb.types.backups import Backup
from kb.types.purges import Unstated

LATELY_SECONDS = 7 * 86_400.0
"""How far back refused connections are counted: seven days, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a catalog says of itself.

    ``described`` is the live generation's description, ``generation`` its name. ``ahead`` is by how
    many seconds the database's clock is before this machine's. ``watched`` are the folders of
    documents in sources that are watched. ``refused`` counts destinations that were refused lately.
    ``backup`` is the last one that was begun, ``whole_backup`` the last that ended well.
    ``unstated`` are erasings that wait for their statement.
    """

    version: str
    schema: str | None = None
    newest: str = HEAD
    described: dict[str, Any] | None = None
    generation: str | None = None
    ahead: float = 0.0
    watched: int = 0
    refused: int = 0
    backup: Backup | None = None
    whole_backup: Backup | None = None
    unstated: Unstated | None = None


def address(settings: Settings) -> str:
    """Where the catalog is, without its password."""
    return read(settings.catalog_url)[0].render_as_string(hide_password=True)


def look(settings: Settings, seconds: float) -> Looked | None:
    """Look at the catalog; None where there is none yet.

    Raises:
        ConfigurationError: it cannot be opened, or does not answer in so many seconds.
        DamagedError: its files are damaged.
    """
    url, _ = read(settings.catalog_url)
    if url.drivername.startswith("sqlite") and not Path(url.database or "").is_file():
        return None
    engine = _reading(settings, seconds)
    try:
        with engine.connect() as connection:
            return _looked(connection)
    except DBAPIError as error:
        if is_damage(error):
            raise damaged(f" at {address(settings)}") from error
        raise ConfigurationError(
            f"The catalog at {address(settings)} cannot be opened: {error.orig}.", code=UNAVAILABLE
        ) from error
    finally:
        engine.dispose()


def _reading(settings: Settings, seconds: float) -> Engine:
    """A database that is only read. SQLite's is opened so that not even a side file is written."""
    url, _ = read(settings.catalog_url)
    if url.drivername.startswith("sqlite"):
        path = url.database or ""
        # Without the side files of a process that has it open, they would be made to read it.
        still = "" if os.path.exists(f"{path}-shm") else "&immutable=1"
        return create_engine(
            f"sqlite:///file:{quote(path)}?mode=ro{still}&uri=true",
            poolclass=NullPool,
            connect_args={"timeout": seconds},
        )
    options = f"-c statement_timeout={int(seconds * 1000)} -c default_transaction_read_only=on"
    return create_engine(
        url,
        poolclass=NullPool,
        connect_args={"connect_timeout": max(2, round(seconds)), "options": options},
    )


def _looked(connection: Connection) -> Looked:
    dialect = connection.dialect.name
    version = ".".join(map(str, (connection.dialect.server_version_info or ())[:3]))
    there = set(inspect(connection).get_table_names())
    if "alembic_version" not in there:
        return Looked(version=f"{dialect} {version}", ahead=_ahead(connection))
    schema = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if schema != HEAD:
        return Looked(version=f"{dialect} {version}", schema=schema, ahead=_ahead(connection))
    live = connection.execute(
        select(generations.c.id, generations.c.description).where(generations.c.state == "live")
    ).one_or_none()
    return Looked(
        version=f"{dialect} {version}",
        schema=schema,
        described=None if live is None else live.description,
        generation=None if live is None else f"g{live.id}",
        ahead=_ahead(connection),
        watched=_watched(connection),
        refused=_refused(connection),
        backup=backups.newest(connection),
        whole_backup=backups.last_whole(connection),
        unstated=purges.unstated(connection),
    )


def _ahead(connection: Connection) -> float:
    """Seconds by which a database of another machine is before this one."""
    if connection.dialect.name != "postgresql":
        return 0.0
    begun = time.time()
    told = connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
    return float(told) - (begun + time.time()) / 2


def _refused(connection: Connection) -> int:
    """Entries of the audit log about connections that were refused in the last days."""
    counted = select(func.count()).select_from(audit)
    lately = audit.c.at > time.time() - LATELY_SECONDS
    return int(connection.scalar(counted.where(audit.c.action == REFUSED, lately)) or 0)


def _watched(connection: Connection) -> int:
    """Folders of documents in watched sources."""
    of_watched = documents.join(sources, documents.c.source_id == sources.c.id)
    found = connection.execute(
        select(documents.c.path).select_from(of_watched).where(sources.c.watch, ~sources.c.paused)
    )
    return len({os.path.dirname(path) for (path,) in found})
