"""A data directory that a release with one embedding model made goes on as it is.

``earlier.tar.xz`` is one, of the commit 2d8dac9 with its settings as they came: two letters in one
source, one of them in German.
"""

import tarfile
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select, update

from ingest import parsers
from kb.catalog.tables import generations, sources, vectors
from kb.embedding.pinned import ENGLISH, MULTILINGUAL
from kb.errors import RetryableError
from kb.index.edge import EdgeIndex
from kb.knowledge_base import KnowledgeBase
from kb.upkeep import languages
from kb.upkeep.rebuilding import Rebuilder
from tests.parts.house import House
from tests.parts.processes import stop_engines
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


async def spoken(kb) -> dict[str, int]:
    """How many points of the index have each language."""
    stop_engines(kb.settings.data)
    index = EdgeIndex(kb.settings.data / "index")
    points = await index.readers("g1", None, 100)
    languages = await index.languages("g1", list(points))
    await index.close()
    return dict(Counter(languages.values()))


def described(kb) -> dict:
    with kb.catalog.reading() as c:
        return c.scalar(select(generations.c.description))


@pytest.fixture
def its_parsers(monkeypatch):
    """Newer ones read every file again, whatever the model."""
    monkeypatch.setattr(parsers, "VERSION", "7")


async def test_it_is_searched_and_read_with_the_model_that_it_was_built_with(
    settings, tmp_path, models_dir, its_parsers
):
    """Although the multilingual one is here, and nobody has named one."""
    newcomers = with_models(settings, models_dir)
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
        assert await spoken(house.kb) == {"en": 2, "de": 1}
    finally:
        await house.kb.index.engine.leave()
        await house.kb.close()


async def test_its_points_get_their_languages_and_nothing_is_embedded(settings, tmp_path):
    """From the catalog, before a run or while it is served; until then they are unknown."""
    house = brought(settings, tmp_path)
    try:
        assert (await house.paths("When does the ferry leave?"))[0] == "ferry.txt"
        assert await spoken(house.kb) == {"": 2}
        stopped = StoppedCatalog(house.kb.catalog)
        with pytest.raises(RetryableError):
            await languages.tell(stopped, house.kb.index, house.kb.publisher.generation)
        assert "languages" not in described(house.kb), "it begins again the next time"
        await house.kb.publisher.tell_languages()
        assert described(house.kb)["languages"] is True
        assert await spoken(house.kb) == {"en": 1, "de": 1}
        assert counted(house.kb) == [2]
        assert (await house.paths("Wann fährt der Bus?"))[0] == "bus.txt"
    finally:
        await house.kb.index.engine.leave()
        await house.kb.close()


class StoppedCatalog:
    """A catalog that fails when the last is to be written."""

    def __init__(self, catalog):
        self.read, self.reading = catalog.read, catalog.reading

    async def write(self, *_):
        raise RetryableError("The disk is full.")


async def test_it_gets_the_others_vectors_when_the_administrator_says_so(
    settings, tmp_path, models_dir
):
    """Settings and ``kb reindex``; whoever has it open and names no models goes over to them."""
    newcomers = with_models(settings, models_dir)
    house = brought(newcomers, tmp_path)
    await house.paths("ferry")
    named = KnowledgeBase(with_models(settings, models_dir, MULTILINGUAL, ENGLISH))
    try:
        await house.kb.index.engine.leave()
        await Rebuilder(named.settings, named.catalog, named.embeddings).rebuild()
        assert counted(named) == [2, 2], "the German letter has its English vector from before"
        assert (await house.paths("Quand est-ce que le bac part pour l'île ?"))[0] == "ferry.txt"
        assert house.kb.embeddings.names == (MULTILINGUAL, ENGLISH)
        assert not any((await house.kb.upkeep.check()).values())
    finally:
        await house.kb.index.engine.leave()
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
