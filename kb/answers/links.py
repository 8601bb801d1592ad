"""Addresses and tags leave an answer, but for the addresses that a cited passage has. Pure.

A document may tell the model to write an address that carries a secret away, or that somebody else
owns: whoever shows the answer as Markdown would fetch it, whoever reads it might follow it.
"""

import re
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from kb.answers import addresses, runs
from kb.answers.addresses import KnownAddresses
from kb.answers.runs import Range
from kb.types.forms import Block, Form, Runs, Said

ELEMENTS = (
    "a|abbr|article|aside|audio|b|base|blockquote|body|button|canvas|center|code|dd|del|details|div"
    "|dl|dt|em|embed|figcaption|figure|font|footer|form|frame|h[1-6]|head|header|hr|html|i|iframe"
    "|img|input|ins|kbd|label|li|link|main|mark|math|meta|nav|noscript|object|ol|option|p|picture"
    "|pre|q|s|samp|script|section|select|small|source|span|strike|strong|style|sub|summary|sup|svg"
    "|table|tbody|td|template|textarea|tfoot|th|thead|title|tr|tt|u|ul|var|video"
)
TAG = re.compile(
    rf"</?(?:{ELEMENTS})(?:\s*+/?|[\s/][^<>=]*+=[^<>]*+)>|<!(?:--|doctype)[^<>]*+>",
    re.IGNORECASE,
)
"""Of HTML's elements: «<your name>» is text. A tag that gives way leaves the words in place."""

KnownTo = Callable[[int | None], KnownAddresses]
"""The addresses of the passages that a sentence cites, by its index; None: that any cites."""


def without_foreign(text: str, known: KnownAddresses) -> str:
    """A text of one face, cleaned."""
    plain = TAG.sub("", text)
    return addresses.without(plain, known.foreign(plain))


def cleaned(form: Form, known: KnownTo) -> Form:
    """A form without foreign addresses, and without tags outside code."""
    return tuple(_block(block, known) for block in form)


def _block(block: Block, known: KnownTo) -> Block:
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


def _said(said: Said, known: KnownTo) -> Said:
    clean = _runs(said.runs, known(said.sentence))
    return replace(said, runs=clean or tuple(replace(run, text="") for run in said.runs[:1]))


def _runs(given: Runs, known: KnownAddresses) -> Runs:
    plain = runs.without(given, _tags(given))
    return runs.without(plain, known.foreign(runs.plain(plain)), addresses.LEFT_OUT)


def _tags(given: Runs) -> Sequence[Range]:
    return runs.apart([match.span() for match in TAG.finditer(runs.plain(given))], runs.code(given))
