"""Qdrant Edge keeps the contract, and keeps what it has flushed."""

import os
import signal
import subprocess
import sys

import pytest

from kb.errors import EngineError
from kb.index.base import DENSE
from kb.index.edge import EdgeIndex
from tests.index.contract import IndexContract, everything
from tests.index.points import query

WRITER = """
import asyncio, os, signal, sys
from pathlib import Path
from kb.index.base import DENSE
from kb.index.edge import EdgeIndex
from tests.index.points import SIZE, point
async def main():
    index = EdgeIndex(Path(sys.argv[1]))
    await index.create("g1", {DENSE: SIZE})
    await index.upsert("g1", [point(n, f"text {n}") for n in range(50)])
    await index.flush("g1")
    await index.upsert("g1", [point(n, f"text {n}") for n in range(50, 100)])
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


class TestEdge(IndexContract):
    @pytest.fixture
    async def index(self, tmp_path):
        made = EdgeIndex(tmp_path / "index")
        yield made
        await made.close()

    async def test_what_was_closed_can_be_opened_again(self, filled, tmp_path):
        await filled.close()
        again = EdgeIndex(tmp_path / "index")
        assert len(await everything(again)) == 3
        await again.close()

    async def test_optimizing_changes_no_answer(self, filled):
        before = await filled.query("g1", query("annual leave"))
        await filled.optimize("g1")
        after = await filled.query("g1", query("annual leave"))
        assert {n: [p for p, _ in r] for n, r in before.lists.items()} == {
            n: [p for p, _ in r] for n, r in after.lists.items()
        }


async def test_what_was_flushed_survives_kill(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)], env=os.environ, cwd=os.getcwd()
    )
    assert done.returncode == -signal.SIGKILL
    index = EdgeIndex(tmp_path)
    assert set(range(50)) <= set(await everything(index))
    await index.close()


async def test_a_shard_that_somebody_else_has_open_is_an_error_of_ours(tmp_path):
    first, second = EdgeIndex(tmp_path), EdgeIndex(tmp_path)
    await first.create("g1", {DENSE: 4})
    with pytest.raises(EngineError, match="has the index open"):
        await second.count("g1")
    await first.close()
