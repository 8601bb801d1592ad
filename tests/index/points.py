"""Points and questions for whoever tests an index."""

import numpy as np
import pytest

from kb.index.base import DENSE, AskedBy, IndexPoint, IndexQuery

SIZE = 384


def vector(seed: int) -> bytes:
    values = np.random.default_rng(seed).standard_normal(SIZE).astype("<f4")
    return (values / np.linalg.norm(values)).tobytes()


def packed(values) -> bytes:
    return np.array(values, "<f4").tobytes()


def point(number: int, text: str, readers=("everyone",), language="en") -> IndexPoint:
    return IndexPoint(number, {DENSE: vector(number)}, text, language, list(readers))


def query(text="anything", seed=1, readers=("everyone",), limit=10) -> IndexQuery:
    return IndexQuery({DENSE: AskedBy(vector(seed))}, text, list(readers), limit)


class Filled:
    """A generation of three passages, in an index that the test gives."""

    @pytest.fixture
    async def filled(self, index):
        await index.create("g1", {DENSE: SIZE})
        await index.upsert(
            "g1",
            [
                point(1, "Employees have thirty days of annual leave"),
                point(2, "The canteen opens at noon", ["group:kitchen", "owner"]),
                point((5 << 20) | 7, "Die Genehmigungen gelten ein Jahr", language="de"),
            ],
        )
        await index.flush("g1")
        return index
