"""Upgrading the catalog: what it would change, and a backup before it does."""

import logging
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from kb.backup.saving import MadeBackup, Saver
from kb.backup.store import Store
from kb.catalog import migrating
from kb.catalog.database import Catalog, open_as_it_is, open_catalog, schema_of
from kb.errors import KbError
from kb.settings import Settings

BESIDE = "before-upgrade"
"""Folder of a data directory in which the last catalog before an upgrade stays for a while."""
KEPT_DAYS = 30.0
"""Days for which the catalog of before an upgrade is kept."""
log = logging.getLogger("kb.upgrade")


@dataclass(frozen=True, slots=True)
class MigrationStep:
    """A migration: the schema that it leads to, and what it is for."""

    schema: str
    about: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an upgrade would do. ``schema`` is None where there is no catalog yet."""

    schema: str | None
    newest: str
    steps: list[MigrationStep]
    backup: str


def plan(settings: Settings) -> Plan:
    """What opening the catalog would change; nothing is.

    Raises:
        KbError: a newer release has written it.
        ConfigurationError: it cannot be opened.
    """
    schema = schema_of(settings)
    steps = [] if schema is None else [MigrationStep(*s) for s in migrating.steps_after(schema)]
    return Plan(schema, migrating.HEAD, steps, str(folder(settings)))


def upgrade(settings: Settings, *, saved: bool) -> Plan:
    """Bring the catalog to this release's schema, with a backup before it unless told otherwise.

    Returns what it did. Raises as :func:`plan`, and what making a backup raises.
    """
    planned = plan(settings)
    open_catalog(settings, before(settings) if saved else None).close()
    return planned


def folder(settings: Settings) -> Path:
    """Where the backup before an upgrade is made: where the settings say, else beside the data."""
    if settings.backup.folder:
        return Path(settings.backup.folder).expanduser().absolute()
    return settings.data / BESIDE


def before(settings: Settings) -> migrating.Before:
    """What is done before a catalog is migrated: a backup of it as it is."""

    def save(schema: str) -> None:
        log.warning("schema %s is saved in %s before it is changed", schema, folder(settings))
        with ThreadPoolExecutor(1) as thread:  # not the event loop's, whoever opens the catalog
            made = thread.submit(_save, settings).result()
        log.warning("saved as %s; the catalog is brought to schema %s", made.name, migrating.HEAD)

    return save


def has_catalog(settings: Settings) -> bool:
    """Whether there is a catalog, or a PostgreSQL server is named where one may be."""
    return bool(settings.catalog.url) or (settings.data / "catalog.sqlite3").exists()


def opened(settings: Settings) -> closing[Catalog]:
    """The catalog for a while, of this release's schema; it is made where there is none."""
    return closing(open_catalog(settings, before(settings)))


def _save(settings: Settings) -> MadeBackup:
    place = folder(settings)
    is_beside = place == settings.data / BESIDE
    store = Store(place)
    try:
        store.prepare(None if is_beside else settings.data)
        with closing(open_as_it_is(settings)) as catalog:
            saver = Saver(catalog, settings, store, alone=True, link=is_beside)
            return saver.save(keep=1 if is_beside else 0)
    except KbError as error:
        raise type(error)(
            f"The catalog is not upgraded, since it cannot be saved first. {error.message} Put "
            "that right, or upgrade without a backup: kb upgrade --no-backup",
            code=error.code,
            detail=error.detail,
        ) from error


def forget(data: Path, *, older_than_days: float = 0.0) -> bool:
    """Remove the backup beside the data directory; whether there was one as old as that."""
    place = data / BESIDE
    with suppress(FileNotFoundError):
        if time.time() - (place / "backups").stat().st_mtime >= older_than_days * 86400:
            shutil.rmtree(place)
            return True
    return False
