"""Hits that a moved question found, with similarities by the question as it is."""

import msgspec
import pytest

from kb.index.base import AskedBy, Hits, IndexQuery
from kb.search.ranking import ranked
from kb.types.passages import PassageStanding

OWN = AskedBy(b"own", unrelated=0.1, related=0.5)
MOVED = AskedBy(b"moved", unrelated=0.2, related=0.4)


class Index:
    """Finds points 1 and 2; only point 1 has a vector of the model."""

    async def query(self, generation, query):
        if not query.only:
            return Hits(
                "en",
                fused=[(1, 1.0), (2, 0.5)],
                similarity={1: 0.35, 2: 0.3},
                standing={1: PassageStanding(0.9, 0.0, 0.2, 0.3)},
            )
        assert (query.only, query.limit) == ([1, 2], 2)
        assert query.vectors == {"dense": OWN}
        return Hits(
            "en",
            fused=[(1, 0.8)],
            similarity={1: 0.45},
            standing={1: PassageStanding(0.7, 0.0, 0.2, 0.3)},
        )


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        (MOVED, {1: 0.45, 2: 0.3}),
        (msgspec.structs.replace(MOVED, related=0.2), {1: 0.45, 2: 0.1}),
        (msgspec.structs.replace(OWN, unrelated=0.3), {1: 0.35, 2: 0.3}),
    ],
    ids=["half of the way", "a model that tells nothing apart", "not moved"],
)
async def test_similarities_are_those_of_the_question_as_it_is(moved, expected):
    """Point 2 is read by another model: as .3 lies from .2 to .4, so does .3 from .1 to .5."""
    query = IndexQuery({"dense": moved}, "pump", ["everyone"], 10, fused=True)
    hits = await ranked(Index(), "g1", query, {"dense": OWN})
    assert [point for point, _ in hits.fused] == [1, 2]
    assert hits.standing[1].near == (0.9 if moved.vector == OWN.vector else 0.7)
    assert hits.similarity == pytest.approx(expected)
