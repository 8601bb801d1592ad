"""The index process's engine, called in this process."""

import msgspec
import pytest

from kb.index.base import DENSE
from kb.index.process import Indexer
from tests.index.points import SIZE, point, query


def sent(value):
    """As it comes over the wire."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value))


@pytest.fixture
def indexer(settings):
    made = Indexer(settings)
    yield made
    made.close()


async def test_it_is_ready_before_the_first_question(indexer, monkeypatch):
    await indexer.create("g1", {DENSE: SIZE})
    points = [point(n, f"Lock {n} is repaired in May") for n in range(20)]
    await indexer.upsert("g1", sent(points))
    await indexer.get_ready("g1")

    async def taken(*_):
        raise AssertionError("a sample is taken while somebody waits")

    monkeypatch.setattr(indexer._index, "some", taken)
    asked = sent(msgspec.structs.replace(query("lock"), fused=True))
    assert (await indexer.query("g1", asked)).fused
