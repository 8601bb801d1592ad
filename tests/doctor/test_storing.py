"""The data directory, the catalog and backups: as they should be, and when something is wrong."""

import os
import subprocess
import time
from contextlib import closing

import pytest
from sqlalchemy import create_engine

from kb.backup.backups import Backups, verify_in
from kb.catalog.database import open_catalog
from kb.doctor import machine, storing
from kb.doctor.asking import ExaminedPart, everything
from kb.errors import UsageError
from kb.rights import access
from tests.doctor.asking import asked, states
from tests.parts.processes import free_port


async def test_a_data_directory_that_others_can_open(data):
    assert (await states(storing.data_directory, asked(data)))["data"] == ("ok", "")
    data.data.chmod(0o755)
    [one] = [f for f in await storing.data_directory(asked(data)) if f.part == "data"]
    assert (one.state, one.code) == ("wrong", "data_open")
    subprocess.run(one.command, shell=True, check=True)
    assert (await states(storing.data_directory, asked(data)))["data"] == ("ok", "")


@pytest.mark.skipif(os.getuid() != 0, reason="giving a folder away needs root")
async def test_a_data_directory_of_somebody_else(data):
    os.chown(data.data, 65534, 65534)
    assert (await states(storing.data_directory, asked(data)))["data"] == (
        "wrong",
        "data_of_another",
    )


async def test_a_small_disk_in_memory(small_disk):
    about = asked(data_dir=str(small_disk))
    found = await states(storing.data_directory, about)
    assert found["room"] == ("wrong", "room_gone")
    assert found["file_system"] == ("better", "fleeting_disk")
    about = asked(data_dir=str(small_disk), ingest__min_free_mb=20)
    assert (await states(storing.data_directory, about))["room"] == ("better", "room_low")


async def test_a_catalog_that_is_damaged_older_newer_or_not_there(data):
    file = data.data / "catalog.sqlite3"
    assert (await states(storing.catalog, asked(data)))["catalog"] == ("ok", "")
    for schema, expected in (
        ("0003", ("better", "catalog_older")),
        ("9999", ("wrong", "catalog_newer")),
    ):
        with create_engine(f"sqlite:///{file}").begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{schema}'")
        assert (await states(storing.catalog, asked(data)))["catalog"] == expected
    file.write_bytes(b"no database at all " * 500)
    [one] = await everything(asked(data), [ExaminedPart("catalog", storing.catalog)])
    assert (one.state, one.error.code) == ("wrong", "catalog_damaged")
    file.unlink()
    assert (await states(storing.catalog, asked(data)))["catalog"] == ("ok", "catalog_not_yet")


async def test_a_database_that_is_away(settings):
    url = f"postgresql+psycopg://kb:secret@127.0.0.1:{free_port()}/kb"
    [one] = await everything(
        asked(settings, catalog__url=url), [ExaminedPart("catalog", storing.catalog)]
    )
    assert (one.state, one.error.code) == ("wrong", "catalog_unavailable")
    assert "secret" not in str(one.as_json())


async def test_a_database_whose_clock_is_another(settings, postgres):
    """It tells another time by a function of its own, which stands before PostgreSQL's."""
    about = asked(settings, catalog__url=postgres)
    assert (await states(storing.catalog, about))["catalog"][0] == "ok"
    name = postgres.rpartition("/")[2]
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            "$$ SELECT pg_catalog.clock_timestamp() + interval '90 s' $$"
        )
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog')
    engine.dispose()
    about = asked(settings, catalog__url=postgres)
    assert (await states(machine.clock, about))["clock"] == ("wrong", "clocks_apart")


async def test_there_is_no_backup_yet(settings, tmp_path):
    for folder, command in (("", "kb backup FOLDER"), (str(tmp_path), "kb backup")):
        [one] = await storing.backups(asked(settings, backup__folder=folder))
        assert (one.state, one.code, one.command) == ("better", "no_backup", command)


DAY = 86_400


async def test_a_backup_by_its_age_and_whether_it_was_read_again(data, tmp_path):
    """It is made, verified, left to age, and lost, as an administrator would do it."""
    folder = tmp_path / "my backups"

    async def found(**flags):
        [one] = await storing.backups(asked(data, **flags))
        return one

    def since(days):
        with create_engine(f"sqlite:///{data.data / 'catalog.sqlite3'}").begin() as connection:
            connection.exec_driver_sql(
                "UPDATE backups SET began_at = ?", (time.time() - days * DAY,)
            )

    with closing(open_catalog(data)) as catalog:
        made = Backups(catalog, data).make(access.owner(), str(folder), lambda *_: None)
    one = await found()
    assert (one.state, one.code, one.version) == ("better", "backup_unverified", made.name)
    assert one.command == f"kb backup verify '{folder}' --newest"
    verify_in(data, str(folder), "", lambda *_: None, newest=True)
    since(6.5)
    one = await found()
    assert (one.state, one.code, one.detail) == ("ok", "backup_verified", {"days": 6})
    nightly = {"backup__folder": str(folder), "backup__schedule": "30 2 * * *"}
    for days, flags, code in (
        (7.5, {}, "backup_old"),
        (0.9, nightly, "backup_verified"),
        (2.5, nightly, "backup_old"),
    ):
        since(days)
        assert (await found(**flags)).code == code
    (data.data / "catalog.sqlite3").rename(tmp_path / "lost")
    one = await found(**nightly)
    assert (one.version, one.code) == (made.name, "backup_unverified"), "the folder still tells"
    (tmp_path / "lost").rename(data.data / "catalog.sqlite3")
    folder.rename(tmp_path / "elsewhere")
    one = await found()
    assert (one.state, one.code) == ("wrong", "backup_gone")


async def test_a_backup_that_failed(data, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("Dear Ada")
    with closing(open_catalog(data)) as catalog, pytest.raises(UsageError):
        Backups(catalog, data).make(access.owner(), str(tmp_path / "full"), lambda *_: None)
    [one] = await storing.backups(asked(data))
    assert (one.state, one.code) == ("wrong", "backup_failed")
    assert "letter.txt" in one.said()
