"""The errors of the code, as they are raised: their classes, and the sentences they are made of."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kb import errors
from kb.errors import KbError, TooManyError, UsageError

ROOT = Path(__file__).parent.parent.parent
TERMINAL = (
    "kb/cli/", "kb/evaluation/", "kb/tuning/", "kb/settings/", "kb/models/", "kb/embedding/",
    "kb/leaving/", "kb/swapping/page.py", "kb/backup/", "kb/index/", "kb/engines/", "kb/llm/",
    "kb/signing.py",
)  # fmt: skip
"""Rooms that only a command, or an engine's process, has to do with."""


@dataclass(frozen=True)
class Raised:
    """A call of an error's class. ``sentence`` is None where it is put together there."""

    file: str
    line: int
    kind: type[KbError]
    sentence: str | None


def below(kind: type[KbError]) -> Iterator[type[KbError]]:
    """A class of errors and every one below it."""
    yield kind
    for lower in kind.__subclasses__():
        yield from below(lower)


@cache
def raised() -> tuple[Raised, ...]:
    """Every error that the code makes, but for those of ``FileProblem``, which have a code alone."""
    kinds = {kind.__name__: kind for kind in below(KbError) if kind is not errors.FileProblem}
    found = []
    for room in ("kb", "web", "ingest"):
        for path in sorted((ROOT / room).rglob("*.py")):
            file = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in kinds and node.args:
                    text = node.args[0]
                    sentence = text.value if isinstance(text, ast.Constant) else None
                    kind = kinds[ast.unparse(node.func)]
                    found.append(Raised(file, node.lineno, kind, sentence))
    return tuple(found)


def of_people() -> list[Raised]:
    """Those that somebody at a page can cause: their sentences are translated."""
    kinds = {*below(UsageError), *below(TooManyError)}
    return [one for one in raised() if one.kind in kinds and not one.file.startswith(TERMINAL)]
