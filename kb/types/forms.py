"""The form of an answer: a tree of blocks. Page, copy and receipt are rendered from it alone."""

from typing import Literal

import msgspec


class TextRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stretch of text in one face."""

    text: str
    strong: bool = False
    emphasised: bool = False
    struck: bool = False
    code: bool = False


Runs = tuple[TextRun, ...]


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sentence, by its index in the answer; None: a heading, lead-in or label, not judged."""

    runs: Runs
    sentence: int | None = None
    breaks: bool = False
    """Whether it stands on a line of its own, not behind the one before."""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of a table, which is judged as a whole."""

    cells: tuple[Runs, ...]
    sentence: int | None = None


class Block(msgspec.Struct, frozen=True, omit_defaults=True):
    """A paragraph, heading, list, table, quotation, rule, or code in its own lines."""

    kind: Literal["paragraph", "heading", "list", "table", "quote", "rule", "code"]
    said: tuple[Said, ...] = ()
    level: int = 0
    """Of a heading, from 1."""
    start: int | None = None
    """The first number of a numbered list; None: it has points."""
    items: tuple[tuple["Block", ...], ...] = ()
    """Of a list; a quotation has one."""
    head: tuple[Runs, ...] = ()
    rows: tuple[Row, ...] = ()


Form = tuple[Block, ...]
