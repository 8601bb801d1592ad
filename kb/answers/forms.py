"""An answer's Markdown to a tree of blocks, and the sentences in it that are to be judged. Pure.

Knows markdown-it. What it gives holds text alone: no HTML, no link, no picture. A link is its words
and, in brackets, its address as text; a picture is the words that stand for it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode as Node
from msgspec.structs import replace as replaced

from kb.answers import claiming, lines, runs
from kb.answers.claiming import Claim
from kb.types.forms import Block, Form, Row, Runs, Said, TextRun


def _parser() -> MarkdownIt:
    return (
        MarkdownIt("commonmark", {"html": False, "maxNesting": 64})
        .enable(["table", "strikethrough"])
        .disable(["html_block", "html_inline", "reference", "lheading", "code"])
    )


MARKDOWN = _parser()
"""A line beneath a paragraph makes no heading of it: a heading is not judged. Four spaces make no
code: models indent carelessly. What is nested deeper would be dropped: ``lines`` sees to that."""
BLOCKS = _parser().disable("inline")
BREAK = re.compile(r"<br[ \t]*+/?>", re.IGNORECASE)
FENCE = re.compile(r"^\s*+(?:```|~~~)")
MARKS_OF_CODE = re.compile(r"```|~~~")
"""Without one of them a text has no lines of code, and is not parsed to find them."""
FACES = {"strong": "strong", "em": "emphasised", "s": "struck"}


def read(text: str, passages: int) -> tuple[Form, list[Claim]]:
    """The form of an answer over so many passages; its sentences are named by their index."""
    reader = _Reader(passages)
    kept = "\n".join(line for _, line in _kept(text))
    return tuple(reader.blocks(Node(MARKDOWN.parse(kept)).children)), reader.claims


@dataclass(frozen=True, slots=True)
class SoFar:
    """What stands in an answer that is still being written.

    ``done`` blocks stay as they are, with so many ``claims`` in them; ``open`` ones may change and
    begin at character ``begins``.
    """

    done: Form
    open: Form
    begins: int
    claims: int


def so_far(text: str, passages: int, claims: int = 0) -> SoFar:
    """What is written so far, behind so many claims; what is open at its end is closed."""
    reader = _Reader(passages, first=claims)
    kept = _kept(_closed(text))
    tokens = MARKDOWN.parse("\n".join(line for _, line in kept))
    nodes = Node(tokens).children
    done = tuple(reader.blocks(nodes[:-1]))
    counted = reader.count
    begins = kept[nodes[-1].map[0]][0] if nodes and nodes[-1].map else 0
    return SoFar(done, tuple(reader.blocks(nodes[-1:])), begins, counted)


def _kept(text: str) -> list[tuple[int, str]]:
    return lines.kept(text, _code(text) if MARKS_OF_CODE.search(text) else ())


def _code(text: str) -> set[int]:
    """The numbers of the lines that are code, from 0."""
    fences = [t.map for t in BLOCKS.parse(text) if t.type == "fence" and t.map]
    return {at for begins, ends in fences for at in range(begins, ends)}


def _closed(text: str) -> str:
    """With the marks at its end that its last line has opened."""
    last = text.rpartition("\n")[2]
    if not FENCE.match(last):
        for mark in ("`", "**"):
            if last.count(mark) % 2:
                text = text.rstrip("* ") + mark if mark == "**" else text + mark
    return text


@dataclass(slots=True)
class _Reader:
    """Walks the tree, and numbers what is to be judged."""

    passages: int
    claims: list[Claim] = field(default_factory=list)
    first: int = 0

    @property
    def count(self) -> int:
        """The number of the next claim."""
        return self.first + len(self.claims)

    def blocks(self, nodes: Sequence[Node]) -> Iterator[Block]:
        for node in nodes:
            block = self._block(node)
            if block is not None:
                yield block

    def _block(self, node: Node) -> Block | None:
        match node.type:
            case "paragraph":
                said = self._sentences(_inline(node))
                return Block("paragraph", said=said) if said else None
            case "heading":
                cleaned = claiming.taken(_inline(node), self.passages).runs
                said = (Said(runs.trimmed(cleaned)),)
                return Block("heading", said=said, level=int(node.tag[1:]))
            case "bullet_list" | "ordered_list":
                return self._list(node)
            case "blockquote":
                return Block("quote", items=(tuple(self.blocks(node.children)),))
            case "fence":
                return self._code(node.content)
            case "hr":
                return Block("rule")
            case "table":
                return self._table(node)
        raise AssertionError(f"markdown-it gave a block that is not known: {node.type}")

    def _list(self, node: Node) -> Block:
        items = tuple(tuple(self.blocks(item.children)) for item in node.children)
        if node.type == "bullet_list":
            return Block("list", items=items)
        return Block("list", items=items, start=int(node.attrs.get("start", 1)))

    def _code(self, content: str) -> Block:
        text = content.rstrip("\n")
        number = self._claimed(Claim(" ".join(text.split()), ()))
        return Block("code", said=(Said((TextRun(text, code=True),), number),))

    def _table(self, node: Node) -> Block:
        head, rows = [], []
        for part in node.children:
            for row in part.children:
                cells = [claiming.taken(_on_one_line(cell), self.passages) for cell in row.children]
                if part.type == "thead":
                    head = [runs.trimmed(cell.runs) for cell in cells]
                else:
                    rows.append(self._row(head, cells))
        return Block("table", head=tuple(head), rows=tuple(rows))

    def _row(self, head: Sequence[Runs], cells: Sequence[claiming.Taken]) -> Row:
        shown = tuple(runs.trimmed(cell.runs) for cell in cells)
        claim = claiming.of_row([runs.plain(h) for h in head], [runs.plain(c) for c in shown])
        named = tuple(dict.fromkeys(n for cell in cells for _, ns in cell.named for n in ns))
        return Row(shown, self._claimed(replace(claim, named=named)))

    def _sentences(self, whole: Runs) -> tuple[Said, ...]:
        found: list[Said] = []
        taken = claiming.taken(whole, self.passages)
        for stretch in claiming.sentences_of(taken):
            number = None
            if claiming.is_judged(stretch.runs):
                number = self._claimed(Claim(stretch.text, stretch.named))
            found.append(Said(stretch.runs, number, stretch.breaks))
        if not found and self.claims:  # markers alone: they belong to the code or table before
            named = [n for _, numbers in taken.named for n in numbers]
            last = self.claims[-1]
            self.claims[-1] = replace(last, named=tuple(dict.fromkeys([*last.named, *named])))
        return tuple(found)

    def _claimed(self, claim: Claim) -> int | None:
        if not any(c.isalnum() for c in claim.text):
            return None
        self.claims.append(claim)
        return self.count - 1


def _inline(node: Node) -> Runs:
    """What stands in the lines of a block."""
    return tuple(_runs(node.children, {}))


def _on_one_line(node: Node) -> Runs:
    return tuple(replaced(run, text=run.text.replace("\n", " ")) for run in _inline(node))


def _runs(nodes: Sequence[Node], face: dict[str, Any]) -> Iterator[TextRun]:
    for node in nodes:
        if node.type in FACES:
            yield from _runs(node.children, face | {FACES[node.type]: True})
        elif node.type in {"softbreak", "hardbreak"}:
            yield TextRun("\n")
        elif node.type == "code_inline":
            yield TextRun(node.content, **face | {"code": True})
        elif node.type == "link":
            yield from _link(node, face)
        elif node.type in {"inline", "image"}:
            yield from _runs(node.children, face)
        elif node.content:
            yield TextRun(BREAK.sub("\n", node.content), **face)


def _link(node: Node, face: dict[str, Any]) -> Iterator[TextRun]:
    """Its words; the address as text, unless the words are the address, or a marker."""
    words = tuple(_runs(node.children, face))
    shown, address = runs.plain(words).strip(), str(node.attrs.get("href", ""))
    if shown.strip("^").isdigit():
        yield TextRun(f"[{shown}]")
        return
    yield from words
    if address and shown not in {address, address.removeprefix("mailto:")}:
        yield TextRun(f" ({address})")
