"""Vectors that are missing are computed: kept as they come, or handed to whoever is writing."""

import pytest
from sqlalchemy import delete, select

from kb.catalog.tables import vectors, versions
from kb.upkeep.loading import keep_vectors, points_of_versions
from tests.parts.house import House

TEXTS = {"first.txt": "The canteen opens at noon.", "second.txt": "Holidays are thirty days."}


@pytest.fixture
async def without_vectors(settings, tmp_path):
    """A house that has read two files, and has lost the vectors of their passages."""
    house = House(settings, tmp_path / "files")
    house.follow()
    for name, text in TEXTS.items():
        house.write(name, text)
    await house.ingest()

    def lose() -> None:
        with house.kb.catalog.writing() as c:
            c.execute(delete(vectors))

    await house.kb.write(lose)
    yield house
    await house.kb.close()


async def numbers(house) -> list[int]:
    return await house.kb.read(lambda: rows(house, versions.c.number))


def rows(house, column) -> list:
    with house.kb.catalog.reading() as c:
        return sorted(c.scalars(select(column)))


async def test_each_batch_is_kept_as_it_comes(without_vectors):
    kb = without_vectors.kb
    made = await points_of_versions(kb.catalog, kb.embeddings, await numbers(without_vectors))
    assert len(made.points) == len(TEXTS)
    assert made.unkept == {}
    assert len(await kb.read(rows, without_vectors, vectors.c.hash)) == len(TEXTS)


async def test_a_caller_that_writes_gets_them_and_keeps_them_later(without_vectors):
    kb = without_vectors.kb
    every = await numbers(without_vectors)
    made = await points_of_versions(kb.catalog, kb.embeddings, every, keep=False)
    assert all(point.vectors for point in made.points), "the index gets them all the same"
    assert await kb.read(rows, without_vectors, vectors.c.hash) == []
    [(model, new)] = made.unkept.items()
    assert model == kb.embeddings.models[0].fingerprint
    await kb.write(keep_vectors, kb.catalog, made.unkept, {})
    assert await kb.read(rows, without_vectors, vectors.c.hash) == sorted(new)
    assert len(new) == len(TEXTS)
