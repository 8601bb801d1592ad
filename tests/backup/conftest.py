"""A catalog with rows in every table, in a data directory with stored values and uploads."""

from contextlib import closing, contextmanager
from types import SimpleNamespace

import pytest
from sqlalchemy import insert, text, update

from kb import settings as settings_module
from kb.backup.backups import Backups
from kb.backup.restoring import Restorer
from kb.backup.store import Store
from kb.catalog import audit
from kb.catalog.database import engine_of, open_catalog
from kb.catalog.tables import counters, sources
from kb.files.blobs import ELEMENTS, Blobs
from kb.rights import access
from kb.types.audit import AuditEntry
from tests.parts.every_row import add_rows, everything

OWNER = access.owner()
ROWS = 4


def settings_of(folder, **given):
    return settings_module.load({"data_dir": str(folder), **given}, {})


class Base(SimpleNamespace):
    """A knowledge base without engines."""

    def save(self, folder, **options):
        with closing(open_catalog(self.settings)) as catalog:
            verbs = Backups(catalog, self.settings)
            return verbs.make(OWNER, str(folder), lambda _d, _t: None, **options)

    def change(self, *statements):
        with closing(open_catalog(self.settings)) as catalog, catalog.writing() as connection:
            for statement in statements:
                connection.execute(text(statement))


@pytest.fixture(scope="session")
def full_catalog(tmp_path_factory, new_catalog):
    """A catalog with rows in every table: they are added once, and the file is copied."""
    folder = tmp_path_factory.mktemp("full")
    (folder / "catalog.sqlite3").write_bytes(new_catalog.read_bytes())
    with closing(open_catalog(settings_of(folder))) as catalog, catalog.writing() as connection:
        connection.execute(text("DELETE FROM counters"))
        for n in range(1, ROWS):
            add_rows(connection, n)
        connection.execute(text("DELETE FROM audit"))
        audit.append(
            connection, [AuditEntry("ada", "search", "ferries", {"n": n}) for n in range(5)]
        )
        connection.execute(insert(counters), [{"name": "seq", "value": 7}])
    return folder / "catalog.sqlite3"


@pytest.fixture
def base(tmp_path, full_catalog):
    """Everything that a backup is made of."""
    settings = settings_of(tmp_path / "data", **{"llm.api_key": "hush", "server.port": 9000})
    settings.data.mkdir(mode=0o700)
    (settings.data / "catalog.sqlite3").write_bytes(full_catalog.read_bytes())
    handed_in = settings.data / "uploads" / "abc"
    with closing(open_catalog(settings)) as catalog, catalog.writing() as connection:
        connection.execute(
            update(sources).where(sources.c.id == 2).values(root=str(handed_in), uploads=True)
        )
    for n in range(1, ROWS):
        Blobs(settings.data / "blobs").put(f"blob-{n}", ELEMENTS, b"what was read %d" % n)
    Blobs(settings.data / "blobs").put("nobody", ELEMENTS, b"what nothing refers to")
    handed_in.mkdir(parents=True)
    (handed_in / "Fähre \udcff.txt").write_bytes(b"handed in")
    (settings.data / "uploads" / ".unfinished").mkdir()
    (settings.data / "uploads" / ".unfinished" / "half").write_bytes(b"half")
    return Base(settings=settings)


@contextmanager
def looked_into(settings):
    """A connection to a catalog as it is."""
    engine = engine_of(settings)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def all_of(settings):
    """Every row of a catalog."""
    with looked_into(settings) as connection:
        return everything(connection)


def restored(folder, place, at="", moved=None, **given):
    """A backup restored into a data directory; its settings, and what was said."""
    settings, store = settings_of(place, **given), Store(folder)
    restorer = Restorer(settings, store, store.chosen(at), moved or {})
    said = restorer.restore()
    restorer.finish()
    return settings, said
