"""Every earlier schema is brought to the newest with what is in it, after a backup of it as it was."""

import os
from contextlib import closing

import pytest
from sqlalchemy import text

from kb.backup import upgrading
from kb.backup.saving import Saver
from kb.backup.store import Store
from kb.catalog import migrating
from kb.catalog.database import engine_of, open_catalog
from kb.errors import KbError, RetryableError
from kb.knowledge_base import KnowledgeBase
from tests.backup.conftest import all_of, looked_into, restored, settings_of
from tests.parts.every_row import SCHEMAS, add_rows, rows_of

COUNTED_ANEW = 10
"""The schema before which failed attempts to sign in were counted otherwise."""
SETTLED = {"people", "groups", "sources", "documents", "counters"}
"""Tables whose rows a migration rewrites, by rules that other tests look at."""


def of_schema(settings, schema, rows=2):
    """A catalog of this schema, with a row in each of its tables from several schemas until then.

    Returns the rows, each with the number of its schema.
    """
    engine, added = engine_of(settings), []
    try:
        with engine.connect() as connection, migrating.without_cascades(connection):
            with connection.execution_options(writing=True).begin():
                for number, one in enumerate([s for s in SCHEMAS if s <= schema], 1):
                    migrating.upgrade(connection, one)
                    if number <= rows or one == schema:
                        added.append((number, add_rows(connection, number)))
    finally:
        engine.dispose()
    return added


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def place(request, tmp_path):
    """Settings of a knowledge base that is not there yet."""
    more = {"catalog.url": request.getfixturevalue("postgres")} if request.param != "sqlite" else {}
    return settings_of(tmp_path / "data", **more)


@pytest.mark.case("R26")
def test_rows_of_every_schema_are_there_after_all_migrations(place):
    """A row comes into every table at every schema on the way, and none is lost or changed."""
    added = of_schema(place, migrating.HEAD, rows=len(SCHEMAS))
    assert len(added) == len(SCHEMAS)
    with looked_into(place) as connection:
        found = rows_of(connection)
    for number, rows in added:
        for name, row in rows.items():
            if name == "failures" and number < COUNTED_ANEW:
                continue
            same = [one for one in found[name] if all(one[c] == row[c] for c in row)]
            assert len(same) == 1, (number, name)


@pytest.mark.case("R26")
@pytest.mark.parametrize("schema", ["0001", "0007", "0008", "0013", "0021"])
def test_the_backup_of_an_older_schema_is_restored_and_upgraded(place, schema, tmp_path):
    """What this release makes of the backup is what it makes of the catalog itself."""
    of_schema(place, schema)
    before = all_of(place)
    plan = upgrading.upgrade(place, saved=True)
    assert (plan.schema, plan.steps[-1].schema) == (schema, migrating.HEAD)
    folder = upgrading.folder(place)
    store = Store(folder)
    assert store.manifest(store.chosen()).schema == schema
    there, _ = restored(folder, tmp_path / "there")
    upgraded, again = all_of(place), all_of(there)
    for name in set(before) - {"leases", "counters", "sessions", "links", "generations", "swaps"}:
        if name not in {"audit", "removed_folders", *SETTLED}:
            assert again[name] == upgraded[name], name
        elif name in SETTLED:
            assert len(again[name]) == len(upgraded[name])


def test_what_would_change_is_said_and_not_done(place):
    assert upgrading.plan(place).schema is None
    of_schema(place, "0019")
    plan = upgrading.plan(place)
    assert (plan.schema, plan.newest) == ("0019", migrating.HEAD)
    assert plan.steps[0].about == "Evaluations that are asked for in the page."
    assert [s.schema for s in plan.steps] == SCHEMAS[19:]
    assert upgrading.plan(place).schema == "0019"
    assert not (place.data / upgrading.BESIDE).exists()
    upgrading.upgrade(place, saved=False)
    assert not (place.data / upgrading.BESIDE).exists()
    assert upgrading.plan(place).steps == []


@pytest.mark.case("R26")
def test_a_migration_that_fails_leaves_what_was_there(place, monkeypatch):
    of_schema(place, "0015")
    before = all_of(place)
    told = migrating.upgrade

    def upgrade(connection, schema):
        told(connection, "0018")
        connection.execute(text("SELECT nothing FROM nowhere"))

    monkeypatch.setattr(migrating, "upgrade", upgrade)
    with pytest.raises(KbError):
        upgrading.upgrade(place, saved=True)
    assert all_of(place) == before
    assert upgrading.plan(place).schema == "0015"
    monkeypatch.undo()
    upgrading.upgrade(place, saved=True)


def test_what_cannot_be_saved_is_not_upgraded(place, monkeypatch):
    of_schema(place, "0021")

    def save(self, keep=0):
        raise RetryableError("The disk does not take more.", code="disk_full")

    monkeypatch.setattr(Saver, "save", save)
    with pytest.raises(RetryableError) as found:
        open_catalog(place, upgrading.before(place))
    assert "--no-backup" in found.value.message
    assert upgrading.plan(place).schema == "0021"


async def test_whoever_opens_an_older_catalog_has_it_saved_first(settings):
    """Where the settings name a folder, it is there, with all files; else beside the data."""
    of_schema(settings, "0020")
    (settings.data / "blobs" / "bl").mkdir(parents=True)
    value = settings.data / "blobs" / "bl" / "blob-1.elements"
    value.write_bytes(b"written once")
    base = KnowledgeBase(settings)
    try:
        store = Store(settings.data / upgrading.BESIDE)
        manifest = store.manifest(store.chosen())
        assert (manifest.schema, [f.path for f in manifest.files]) == (
            "0020", ["blobs/bl/blob-1.elements"],
        )  # fmt: skip
        kept = store.pool.path(manifest.files[0].sha256)
        assert os.path.samefile(kept, value)
        await base.documents.erase(base.principal(None), [])
        assert not store.folder.exists(), "what is erased is not kept from before"
    finally:
        await base.close()


def test_the_catalog_of_before_goes_after_a_while(place):
    of_schema(place, "0021")
    upgrading.upgrade(place, saved=True)
    beside = place.data / upgrading.BESIDE
    assert not upgrading.forget(place.data, older_than_days=upgrading.KEPT_DAYS)
    assert beside.exists()
    os.utime(beside / "backups", (1, 1))
    assert upgrading.forget(place.data, older_than_days=upgrading.KEPT_DAYS)
    assert not beside.exists()
    assert not upgrading.forget(place.data)


def test_a_second_upgrade_keeps_the_newest_alone(place):
    of_schema(place, "0020")
    upgrading.upgrade(place, saved=True)
    first = Store(place.data / upgrading.BESIDE).names()
    with closing(open_catalog(place)) as catalog, catalog.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0022'"))
        for table in ("backups", "purges", "rates", "answer_turns"):
            connection.execute(text(f"DROP TABLE {table}"))
    upgrading.upgrade(place, saved=True)
    second = Store(place.data / upgrading.BESIDE).names()
    assert (len(first), len(second)) == (1, 1)
    assert first != second
