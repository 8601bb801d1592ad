"""Databases: PostgreSQL's server, and new catalogs of both kinds."""

import os
import shutil
from pathlib import Path

import pytest

from kb import settings as settings_module
from kb.catalog import database
from tests.parts.postgresql import PostgreSQL, programs
from tests.parts.processes import missing
from tests.parts.sharing import made_once


@pytest.fixture(scope="session")
def postgresql():
    """A server for the whole session, and for all workers."""
    if not programs():
        missing("PostgreSQL (apt-get install postgresql)")
    return PostgreSQL(programs())


@pytest.fixture
def postgres(postgresql):
    """The URL of a new catalog in PostgreSQL."""
    url = postgresql.database()
    yield url
    postgresql.drop(url)


@pytest.fixture(scope="session")
def postgresql_template(postgresql):
    """A catalog of the newest schema, in which nothing stands; made once for all workers."""

    def make(folder: Path) -> None:
        url = postgresql.database()
        database.open_catalog(settings_module.load({}, {"KB_CATALOG__URL": url})).close()
        (folder / "url").write_text(url)

    return (made_once("pg-empty", make) / "url").read_text()


@pytest.fixture
def catalog_kind(request):
    """Of a test marked ``both_catalogs`` each in turn; of any other what KB_TEST_CATALOG says."""
    return getattr(request, "param", "") or os.environ.get("KB_TEST_CATALOG", "sqlite")


def pytest_generate_tests(metafunc):
    if "catalog_kind" in metafunc.fixturenames:
        if metafunc.definition.get_closest_marker("both_catalogs"):
            kinds = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
            metafunc.parametrize("catalog_kind", kinds, indirect=True)


@pytest.fixture
def catalog_url(request, catalog_kind):
    """Of this test's catalog: a new one in PostgreSQL; empty for SQLite's, in its data directory."""
    if catalog_kind == "postgresql":
        if "furnished" in request.fixturenames:
            template = request.getfixturevalue("furnished_postgresql")[0]
        else:
            template = request.getfixturevalue("postgresql_template")
        server = request.getfixturevalue("postgresql")
        url = server.database(like=template)
        yield url
        server.drop(url)
    else:
        yield ""


@pytest.fixture(scope="session")
def new_catalog(tmp_path_factory) -> Path:
    """An empty SQLite catalog of the newest schema: a migration a session, not one a test."""
    folder = tmp_path_factory.mktemp("catalog")
    made = settings_module.load({"data_dir": str(folder)}, {})
    database.open_catalog(made).close()
    return folder / "catalog.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog(request, tmp_path):
    """An empty catalog, a copy of one of the newest schema."""
    data = tmp_path / "data"
    environment = {"KB_DATA_DIR": str(data)}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        environment["KB_CATALOG__URL"] = server.database(
            like=request.getfixturevalue("postgresql_template")
        )
    else:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(request.getfixturevalue("new_catalog"), data / "catalog.sqlite3")
    opened = database.open_catalog(settings_module.load({}, environment))
    yield opened
    opened.close()
    if url := environment.get("KB_CATALOG__URL"):
        server.drop(url)
