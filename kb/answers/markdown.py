"""An answer's form as Markdown, and as plain text, with its numbers. Pure."""

import re
from collections.abc import Iterator, Sequence

from kb.answers import runs
from kb.types.answers import Sentence
from kb.types.forms import Block, Form, Row, Runs, Said, TextRun

SPECIAL = re.compile(r"([\\`*]|\](?=\()|<(?=[/!a-zA-Z])|(?<!\w)_|_(?!\w)|~~)")
AT_FRONT = re.compile(r"^(\s*)((?:[#+-]|\d+[.)])(?=\s)|>)")


def written(form: Form, sentences: Sequence[Sentence], *, plain: bool = False) -> str:
    """The answer; each sentence, row and piece of code is followed by its numbers."""
    return _MarkdownWriter(sentences, plain=plain).blocks(form)


class _MarkdownWriter:
    def __init__(self, sentences: Sequence[Sentence], *, plain: bool) -> None:
        self._sentences = sentences
        self._plain = plain

    def blocks(self, form: Sequence[Block], *, within: bool = False) -> str:
        """One after the other; a list behind a list has other marks. ``within`` an item."""
        text, before, other = "", None, False
        for block in form:
            other = before is not None and _are_alike(before, block) and not other
            gap = "\n" if within and before and _is_tight(before, block) else "\n\n"
            text += (gap if before else "") + self.block(block, other=other)
            before = block
        return text

    def block(self, block: Block, *, other: bool = False) -> str:
        match block.kind:
            case "heading":
                return ("" if self._plain else "#" * block.level + " ") + self._said(block.said)
            case "list":
                return self._list(block, other=other)
            case "quote":
                return self._indented(block.items[0], "> ", "> ")
            case "table":
                return self._table(block)
            case "code":
                return self._code(block.said[0])
            case "rule":
                return "———" if self._plain else "---"
        return self._said(block.said)

    def _list(self, block: Block, *, other: bool) -> str:
        lines = []
        point, end = "*)" if other and not self._plain else "-."
        for count, item in enumerate(block.items):
            mark = f"{point} " if block.start is None else f"{block.start + count}{end} "
            lines.append(self._indented(item, mark, " " * len(mark)))
        return "\n".join(lines)

    def _indented(self, item: Sequence[Block], first: str, then: str) -> str:
        text = self.blocks(item, within=True)
        lines = [first + text.split("\n")[0], *(then + line for line in text.split("\n")[1:])]
        return "\n".join(line.rstrip() for line in lines)

    def _said(self, said: Sequence[Said]) -> str:
        text = ""
        for one in said:
            if text:
                text += ("\n" if self._plain else "  \n") if one.breaks else " "
            text += self._runs(one.runs) + self._numbers(one.sentence)
        return text if self._plain else AT_FRONT.sub(r"\1\\\2", text)

    def _table(self, block: Block) -> str:
        head = [self._runs(cell) for cell in block.head]
        if self._plain:
            return "\n".join(self._in_pairs(head, block.rows))
        head = [cell.replace("|", "\\|") for cell in head]
        lines = [head, ["---"] * len(head), *(self._cells(row) for row in block.rows)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _in_pairs(self, head: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
        """Each row; before them the columns, where one has no cell that would name it."""
        filled = {at for row in rows for at, cell in enumerate(row.cells) if runs.plain(cell)}
        if not filled >= set(range(len(head))):
            yield "; ".join(cell for cell in head if cell)
        yield from (self._pairs(head, row) for row in rows)

    def _cells(self, row: Row) -> list[str]:
        cells = [self._runs(cell).replace("|", "\\|") for cell in row.cells]
        return [*cells[:-1], cells[-1] + self._numbers(row.sentence)] if cells else cells

    def _pairs(self, head: Sequence[str], row: Row) -> str:
        cells = [self._runs(cell) for cell in row.cells]
        pairs = [f"{h}: {c}" if h else c for h, c in zip(head, cells, strict=False) if c]
        return "; ".join(pairs) + self._numbers(row.sentence)

    def _code(self, said: Said) -> str:
        text = runs.plain(said.runs)
        if self._plain:
            return text + self._numbers(said.sentence)
        fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall(r"`+", text)), 3)
        after = self._numbers(said.sentence).strip()
        return f"{fence}\n{text}\n{fence}" + (f"\n\n{after}" if after else "")

    def _runs(self, given: Runs) -> str:
        return runs.plain(given) if self._plain else "".join(_run(run) for run in given)

    def _numbers(self, sentence: int | None) -> str:
        if sentence is None:
            return ""
        return "".join(f" [{n}]" for n in self._sentences[sentence].citations)


def _are_alike(before: Block, block: Block) -> bool:
    """Whether two lists would be one."""
    is_ordered = [one.start is not None for one in (before, block)]
    return before.kind == block.kind == "list" and is_ordered[0] == is_ordered[1]


def _is_tight(before: Block, block: Block) -> bool:
    """Whether a block may follow without an empty line, and be read as what it is."""
    may_begin = block.start in {None, 1} and bool(block.items and block.items[0])
    return block.kind == "list" and before.kind in {"paragraph", "list"} and may_begin


def _run(run: TextRun) -> str:
    if run.code:
        ticks = "`" * (1 + max((len(t) for t in re.findall(r"`+", run.text)), default=0))
        pad = " " if "`" in run.text else ""
        return f"{ticks}{pad}{run.text}{pad}{ticks}"
    text = run.text.strip()
    marked = SPECIAL.sub(r"\\\1", text)
    for mark, is_so in (("*", run.emphasised), ("**", run.strong), ("~~", run.struck)):
        marked = f"{mark}{marked}{mark}" if is_so and text else marked
    before = run.text[: len(run.text) - len(run.text.lstrip())]
    after = run.text[len(run.text.rstrip()) :] if text else ""
    return before + marked + after
