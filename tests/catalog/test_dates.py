"""When documents are from: those of an earlier catalog, and what came out of others."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from kb import settings as settings_module
from kb.catalog import filtering, migrations
from kb.catalog.database import open_catalog
from kb.text.queries import Wanted
from kb.types.people import Principal
from tests.parts import catalogs as making

READER = Principal("ann", frozenset({"everyone"}))
IN_2019 = int(datetime(2019, 7, 1, tzinfo=UTC).timestamp()) * 1_000_000_000
DOCUMENT = (
    "INSERT INTO documents (id, source_id, raw_path, path, state, bytes, chunks, tries, held,"
    " added_at, version, mtime_ns) VALUES ({id}, 1, '{id}', '{id}', 'indexed', 0, 1, 0, '0', 1, {id},"
    " {mtime})"
)


@pytest.mark.parametrize("kind", making.KINDS)
def test_documents_of_an_older_catalog_are_from_when_their_files_are(kind, request, tmp_path):
    url = request.getfixturevalue("postgres") if kind == "postgresql" else f"sqlite:///{tmp_path}/c"
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0018")
        for statement in (
            "INSERT INTO sources (id, name, root, created_at) VALUES (1, 'files', '/srv', 1)",
            "INSERT INTO source_readers VALUES (1, 'everyone')",
            DOCUMENT.format(id=1, mtime=IN_2019),
            DOCUMENT.format(id=2, mtime=0),
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    catalog = open_catalog(settings_module.load({"catalog.url": url}, {}))
    with catalog.reading() as connection:
        of_2019 = Wanted(years=(2019,))
        assert filtering.latest(connection, READER, of_2019, 10) == [1]
        assert filtering.count(connection, READER, Wanted()) == 2
        assert filtering.facets(connection, READER, Wanted())["year"] == [("2019", 1)]
    catalog.close()
