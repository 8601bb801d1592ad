"""The sample documents as an export, made once; and a knowledge base that was made of it."""

import shutil

import msgspec
import pytest

from kb import settings as settings_module
from kb.knowledge_base import KnowledgeBase
from tests.parts.house import House
from tests.parts.processes import environment_in, kb, stop_engines


@pytest.fixture(scope="session")
def sample_bag(sample_server, tmp_path_factory):
    """Made while the samples are being served."""
    folder = tmp_path_factory.mktemp("bag") / "export"
    told = kb(sample_server.environment, folder.parent, "export", str(folder))
    assert told["folder"] == str(folder)
    return folder


@pytest.fixture(scope="session")
def arrived(sample_bag, embedder_dir, tmp_path_factory):
    """The environment of another data directory, and what the import into it said."""
    base = tmp_path_factory.mktemp("arrived")
    environment = environment_in(base, embedder_dir)
    told = kb(environment, base, "import", str(sample_bag))
    yield environment, told["imported"]
    stop_engines(base / "data")


@pytest.fixture
async def opened():
    """Opens knowledge bases by their environment, and closes them."""
    bases = []

    def open_in(environment) -> KnowledgeBase:
        known = {k: v for k, v in environment.items() if k.startswith("KB_")}
        bases.append(KnowledgeBase(settings_module.load({}, known)))
        return bases[-1]

    yield open_in
    for base in bases:
        await base.close()


@pytest.fixture
async def elsewhere(settings, tmp_path, request, new_catalog):
    """Another data directory, with a catalog of the same kind; it shares the embedder."""
    there = tmp_path / "elsewhere"
    catalog = settings.catalog
    if catalog.url:
        server = request.getfixturevalue("postgresql")
        url = server.database(like=request.getfixturevalue("postgresql_template"))
        catalog = msgspec.structs.replace(catalog, url=url)
    moved = msgspec.structs.replace(settings, data_dir=str(there), catalog=catalog)
    moved.data.mkdir(mode=0o700)
    if not catalog.url:
        shutil.copy2(new_catalog, there / "catalog.sqlite3")
    house = House(moved, tmp_path / "others")
    yield house
    await house.kb.index.engine.leave()
    await house.kb.close()
    if catalog.url:
        server.drop(catalog.url)
