"""In which order a run reads files, and what it keeps of one that it could not finish."""

import msgspec
import pytest
from sqlalchemy import func, select

from ingest.reading.preparing import BATCH
from kb.catalog.tables import documents, vectors
from kb.cli.ingesting import run_of
from kb.errors import EngineError
from kb.types.parsed import Chunk
from tests.parts.house import House


@pytest.fixture
async def one_by_one(settings, tmp_path):
    """A house that parses one file at a time."""
    ingest = msgspec.structs.replace(settings.ingest, parsers=1)
    made = House(msgspec.structs.replace(settings, ingest=ingest), tmp_path / "files")
    made.follow()
    yield made
    await made.kb.close()


async def test_the_largest_new_file_is_read_first(one_by_one):
    """Version numbers are given in the order in which files have been parsed."""
    sizes = {"a.md": 1, "b.md": 60, "c.md": 3, "d.md": 20}
    for name, lines in sizes.items():
        one_by_one.write(name, f"The tide table {name} is on the wall.\n\n" * lines)
    await one_by_one.ingest()
    with one_by_one.kb.catalog.reading() as connection:
        query = select(documents.c.path).order_by(documents.c.version)
        assert list(connection.scalars(query)) == ["b.md", "d.md", "c.md", "a.md"]


class Failing:
    """An embedder that dies at its second call."""

    def __init__(self, inner):
        self._inner = inner
        self.for_language = inner.for_language
        self.calls = []

    async def passages(self, texts, processors, model):
        self.calls.append(len(texts))
        if len(self.calls) == 2:
            raise EngineError("It has died.")
        return await self._inner.passages(texts, processors, model)


async def test_what_is_embedded_of_a_large_file_is_not_embedded_again(house):
    house.follow()
    preparer = run_of(house.kb, house.kb.sources.named("files")).preparer
    preparer._embeddings = failing = Failing(preparer._embeddings)
    texts = [f"Buoy {number} is lit." for number in range(BATCH + 7)]
    chunks = tuple(
        Chunk(ordinal=n, text=text, embedded_text=text, page=None, section=None, spans=(), lines=())
        for n, text in enumerate(texts)
    )
    with pytest.raises(EngineError):
        await preparer.embed(chunks, "en")
    with house.kb.catalog.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(vectors)) == BATCH
    [found] = (await preparer.embed(chunks, "en")).values()
    assert len(found) == BATCH + 7
    assert failing.calls == [BATCH, 7, 7]
