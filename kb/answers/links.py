"""Addresses and tags leave an answer, but for the addresses that a cited passage has. Pure.

A document may tell the model to write an address that carries a secret away, or that somebody else
owns: whoever shows the answer as Markdown would fetch it, whoever reads it might follow it.
"""

import re
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from kb.answers import runs
from kb.answers.runs import Range
from kb.types.forms import Block, Form, Runs, Said

TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
DOT = r"(?:\.|\[\.\]|\(\.\)|\[dot\])"
REST = r"[^\s<>\"'`\])}]*"
ENDINGS = (
    "com|org|net|io|co|info|biz|dev|app|xyz|ru|cn|de|fr|it|es|eu|uk|ch|at|nl|pl|us|ai|site|online"
    "|shop|club|top|link|click|page|live|cloud|tech|store|example|test|invalid|local"
)
ADDRESS = re.compile(
    rf"\b(?:[a-z][a-z0-9+.-]*://|www\.|mailto:|javascript:|data:[a-z]+/){REST}"
    rf"|[\w.+-]+@[\w-]+(?:{DOT}[\w-]+)+"
    rf"|\b(?:[a-z0-9][a-z0-9-]*{DOT})+(?:(?-i:{ENDINGS})\b(?:[:/?#]{REST})?|[a-z]{{2,}}/{REST})"
    rf"|\b\d{{1,3}}(?:\.\d{{1,3}}){{3}}\b(?:[:/]{REST})?",
    re.IGNORECASE,
)
"""With a scheme, of a mail box, a bare name with a usual ending or a path, four numbers."""
TRAILING = ".,;:!?»”’"
LEFT_OUT = "…"
"""Stands for an address that is not shown."""

Known = Callable[[int | None], str]
"""The text of the passages that a sentence cites, by its index; None: that all of them cite."""


def foreign(text: str, known: str) -> list[Range]:
    """Where addresses stand that the known text does not have."""
    found, folded = [], known.casefold()
    for match in ADDRESS.finditer(text):
        bare = match.group().rstrip(TRAILING)
        pattern = rf"{re.escape(bare.casefold())}(?![\w-])"
        if bare and not re.search(pattern, folded):
            found.append((match.start(), match.start() + len(bare)))
    return found


def without_foreign(text: str, known: str) -> str:
    """A text of one face, cleaned."""
    plain = TAG.sub("", text)
    for start, end in reversed(foreign(plain, known)):
        plain = plain[:start] + LEFT_OUT + plain[end:]
    return plain


def cleaned(form: Form, known: Known) -> Form:
    """The same form without foreign addresses, and without tags outside code."""
    return tuple(_block(block, known) for block in form)


def _block(block: Block, known: Known) -> Block:
    rows = [
        replace(row, cells=tuple(_runs(cell, known(row.sentence)) for cell in row.cells))
        for row in block.rows
    ]
    return replace(
        block,
        said=tuple(_said(said, known) for said in block.said),
        items=tuple(cleaned(item, known) for item in block.items),
        head=tuple(_runs(cell, known(None)) for cell in block.head),
        rows=tuple(rows),
    )


def _said(said: Said, known: Known) -> Said:
    return replace(said, runs=_runs(said.runs, known(said.sentence)))


def _runs(given: Runs, known: str) -> Runs:
    plain = runs.without(given, _tags(given))
    return runs.without(plain, foreign(runs.plain(plain), known), LEFT_OUT)


def _tags(given: Runs) -> Sequence[Range]:
    code = runs.code(given)
    found = [match.span() for match in TAG.finditer(runs.plain(given))]
    return [(s, e) for s, e in found if not any(a < e and s < b for a, b in code)]
