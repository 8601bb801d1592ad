"""A data directory that a release with one embedding model made goes on as it is.

``earlier.tar.xz`` is one, of the commit 2d8dac9 with its settings as they came: two letters in one
source, one of them in German.
"""

import tarfile
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select, update

from ingest import parsers
from kb.catalog.tables import generations, sources, vectors
from kb.embedding.pinned import ENGLISH, MULTILINGUAL
from kb.knowledge_base import KnowledgeBase
from kb.upkeep.rebuilding import Rebuilder
from tests.parts.house import House
from tests.parts.weights import with_models

MADE = Path(__file__).parent / "earlier.tar.xz"
LETTERS = {
    "ferry.txt": "The ferry to the island leaves at seven in the morning.\n",
    "bus.txt": "Der Bus ins Depot fährt um sechs Uhr am Morgen ab, jeden Werktag.\n",
}


def brought(settings, folder: Path) -> House:
    """The directory where these settings have theirs, and its letters in a folder of this test."""
    with tarfile.open(MADE) as archive:
        archive.extractall(folder, filter="data")
    (folder / "earlier").rename(settings.data)
    house = House(settings, folder / "notes")
    with house.kb.catalog.writing() as c:
        c.execute(update(sources).values(root=str(house.root)))
    for name, text in LETTERS.items():
        house.write(name, text)
    return house


def counted(kb) -> list[int]:
    """Vectors of each model, fewest first."""
    with kb.catalog.reading() as c:
        by_model = select(func.count()).select_from(vectors).group_by(vectors.c.model)
        return sorted(c.scalars(by_model))


@pytest.fixture
def its_parsers(monkeypatch):
    """Newer ones read every file again, whatever the model."""
    monkeypatch.setattr(parsers, "VERSION", "7")


async def test_it_is_searched_and_read_with_the_model_that_it_was_built_with(
    settings, tmp_path, models_dir, its_parsers
):
    """Although the multilingual one is here, and nobody has named one."""
    newcomers = with_models(settings, models_dir, tmp_path)
    house = brought(newcomers, tmp_path)
    try:
        assert house.kb.embeddings.names == (ENGLISH,)
        assert (await house.paths("When does the ferry leave?"))[0] == "ferry.txt"
        found = await house.ingest("notes")
        assert (found.unchanged, found.indexed) == (2, 0)
        house.write("tram.txt", "The tram to the depot leaves at eight.")
        assert (await house.ingest("notes")).indexed == 1
        assert counted(house.kb) == [3]
        assert (await house.paths("tram"))[0] == "tram.txt"
        assert not any((await house.kb.upkeep.check()).values())
        with house.kb.catalog.reading() as c:
            assert list(c.scalars(select(generations.c.id))) == [1]
    finally:
        await house.kb.stop_engines()
        await house.kb.close()


async def test_it_gets_the_others_vectors_when_the_administrator_says_so(
    settings, tmp_path, models_dir
):
    """Settings and ``kb reindex``; whoever has it open and names no models goes over to them."""
    newcomers = with_models(settings, models_dir, tmp_path)
    house = brought(newcomers, tmp_path)
    await house.paths("ferry")
    named = KnowledgeBase(with_models(settings, models_dir, tmp_path, MULTILINGUAL, ENGLISH))
    try:
        await house.kb.index.engine.leave()
        await Rebuilder(named.settings, named.catalog, named.embeddings).rebuild()
        assert counted(named) == [2, 2], "the German letter has its English vector from before"
        assert (await house.paths("Quand est-ce que le bac part pour l'île ?"))[0] == "ferry.txt"
        assert house.kb.embeddings.names == (MULTILINGUAL, ENGLISH)
        assert not any((await house.kb.upkeep.check()).values())
    finally:
        await house.kb.stop_engines()
        for kb in (house.kb, named):
            await kb.close()
    again = KnowledgeBase(newcomers)
    assert again.embeddings.names == (MULTILINGUAL, ENGLISH)
    await again.close()


async def test_the_old_setting_names_its_only_model(settings, tmp_path, its_parsers):
    """``embedding.model`` as earlier releases had it, here by the name of their default."""
    embedding = msgspec.structs.replace(settings.embedding, model="bundled")
    house = brought(msgspec.structs.replace(settings, embedding=embedding), tmp_path)
    assert house.kb.embeddings.names == (ENGLISH,)
    assert (await house.paths("ferry"))[0] == "ferry.txt"
    assert (await house.ingest("notes")).unchanged == 2
    await house.kb.close()
