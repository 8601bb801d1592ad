"""Whether what reads a text takes time by its length: a linear one four times as much for four times the text."""

import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType

import pytest

FEW = 2_000
"""Characters."""
NOTHING = 0.001
"""Seconds of this thread's processor below which nothing is told of growth: what is linear looks at
``FEW`` characters in a tenth of them, what looks at pairs of them takes ten times as long."""

REPEATED = [
    "a", "A", "1", " ", "\t", "\n", " \n", ".", "a.", "1.", "a.a", "a@", "a@b.", "@", "/", "a/", ":", "a:",
    "http://", "data:", "[", "![", "[a](", "[.]", "[1, ", "[1 , ", "[ ", "( ", "(1 ", "passage ", "passage 1, ",
    "according to ", ", ", "<", "<a", "<b ", "<!--", "&", "`", "`a` ", "*", "**a", "_", "~~", "\\", "|", "> ",
    "- ", "#", "¹", "abc¹", "?", "?\"", "…", "“", "-a", "a-", "a'", "not ", "a\u0301", "a\u200b", "<think", "<|",
    "<|channel|>", "é.", "www.", "1:", "::", "| a\n|-\n", "- a\n", "  - a\n", "> a\n", "```\n", "a\n\n", "Sources:\n",
    "<script>", "<style ", "</a", "<!", "<![CDATA[", "&#", "{", "{\\", "\\'", "=\"", "style=", ";", "--", "url(", "/*", "@import ",
    "compare a ", "difference between ", "A vs ", "\"A", " a or ", "Q1 ", "2024-", "1/", "Stand: ", "$", "=?", "\r\n", "BT ",
]  # fmt: skip
"""What hostile texts are made of."""


def patterns(package: ModuleType) -> Iterator[object]:
    """The expressions of a package's modules, and of those beneath it, also within tuples; each once."""
    seen = set()
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            for number, pattern in enumerate(_within(value)):
                if pattern in seen:
                    continue
                seen.add(pattern)
                where = f"{found.name.removeprefix(package.__name__ + '.')}.{name}"
                yield pytest.param(pattern, id=f"{where}.{number}" if number else where)


def _within(value: object) -> Iterator[re.Pattern]:
    if isinstance(value, re.Pattern) and value.pattern:
        yield value
    elif isinstance(value, tuple | list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _within(one)


def repeated(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length] + "\x01"


def seconds(work) -> float:
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def slow(read: Callable[[str], Iterable]) -> list[str]:
    """The pieces of which a long text, if it is read so, takes time by the pairs of its letters."""
    return [one for one in REPEATED if grows(lambda text: sum(1 for _ in read(text)), one)]


def grows(work: Callable[[str], object], piece: str, length: int = FEW) -> bool:
    """Whether work on a text takes time by the pairs of its letters; the text is made of a piece.

    Four times the text then takes sixteen times the time. Only what took long for ``length``
    characters, or an eighth of them, is given four times as many; and for ``length`` only what took
    ten times as long as for the eighth, of which what is linear takes eight times.
    """

    def took(length: int, times: int = 1) -> float:
        text = repeated(piece, length)
        return min(seconds(lambda: work(text)) for _ in range(times))

    def long() -> int | None:
        eighth = took(length // 8)
        if eighth > NOTHING:
            return length // 8
        whole = took(length)
        rises = whole > NOTHING and whole > 10 * min(eighth, took(length // 8, 2))
        return length if rises else None

    few = long()
    return few is not None and all(took(4 * few, n) > 9 * took(few, n) for n in (1, 3))
