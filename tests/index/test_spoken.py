"""Languages of points are read once, until somebody writes to their generation."""

from kb.index import spoken
from kb.index.spoken import Spoken


class Reading:
    """A generation in which every point below a hundred speaks German."""

    def __init__(self) -> None:
        self.asked = []

    async def __call__(self, generation, ids):
        self.asked.append((generation, list(ids)))
        return {n: "de" for n in ids if n < 100}


async def test_what_is_known_is_not_read_again():
    known, read = Spoken(), Reading()
    assert await known.of("g1", [1, 2, 100], read) == {1: "de", 2: "de"}
    assert await known.of("g1", [3, 2], read) == {3: "de", 2: "de"}
    assert await known.of("g2", [2], read) == {2: "de"}
    assert read.asked == [("g1", [1, 2, 100]), ("g1", [3]), ("g2", [2])]


async def test_what_was_written_to_is_read_again():
    known, read = Spoken(), Reading()
    await known.of("g1", [1], read)
    await known.of("g2", [1], read)
    known.forget("g1")
    await known.of("g1", [1], read)
    await known.of("g2", [1], read)
    assert [generation for generation, _ in read.asked] == ["g1", "g2", "g1"]
    known.forget_all()
    await known.of("g2", [1], read)
    assert len(read.asked) == 4


async def test_what_is_written_while_it_is_read_is_not_kept_as_it_was():
    known, read = Spoken(), Reading()

    async def overtaken(generation, ids):
        known.forget(generation)
        return {n: "en" for n in ids}

    assert await known.of("g1", [1], overtaken) == {1: "en"}
    assert await known.of("g1", [1], read) == {1: "de"}


async def test_what_is_kept_has_a_bound(monkeypatch):
    monkeypatch.setattr(spoken, "MOST_KNOWN", 3)
    known, read = Spoken(), Reading()
    for n in range(10):
        assert await known.of("g1", [n, n + 1], read) == {n: "de", n + 1: "de"}
        assert len(known._known["g1"]) <= 5


async def test_what_is_let_go_while_another_reads_is_there_for_that_one(monkeypatch):
    monkeypatch.setattr(spoken, "MOST_KNOWN", 1)
    known, read = Spoken(), Reading()
    await known.of("g1", [1], read)

    async def beside_another(generation, ids):
        await known.of(generation, [5, 6], read)
        await known.of(generation, [7], read)
        return await read(generation, ids)

    assert await known.of("g1", [1, 2], beside_another) == {1: "de", 2: "de"}
