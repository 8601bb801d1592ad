"""The benchmarks: each is there by its name, and those of a card need little of the program."""

import asyncio
import importlib.util
import subprocess
import sys

from bench.__main__ import PARTS

WHOLE_PROGRAM = ("sqlalchemy", "litestar", "qdrant_edge", "unstructured", "pypdfium2")
"""What a machine that is lent for its card has no reason to have."""


def test_every_part_is_a_module_with_a_main() -> None:
    names = [f"bench.{part.replace('-', '_')}" for part in PARTS]

    assert [name for name in names if importlib.util.find_spec(name) is None] == []
    assert PARTS == tuple(sorted(PARTS))
    assert asyncio.iscoroutinefunction(importlib.import_module("bench.card").main)


def test_a_card_is_measured_with_the_embedding_room_alone() -> None:
    code = f"import sys, bench.card, bench.embed; print([n for n in {WHOLE_PROGRAM!r} if n in sys.modules])"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
