"""A conversation as a Word document, by python-docx: it loads when somebody takes one along."""

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kb.surface.exports import ExportedPart
from kb.types.answers import Sentence
from kb.types.forms import Block, Row, Said, TextRun

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
INDENT = 0.25
"""Inches that an item stands further in than what it is in."""
DEEPEST = 9
"""Of Word's levels of headings."""


def document(parts: Sequence[ExportedPart], title: str) -> bytes:
    """The file."""
    import docx  # heavy, and wanted by few

    made = docx.Document()
    made.core_properties.title = _plain(title)[:255]
    made.core_properties.author = "Commonplace"
    for part in parts:
        writer = _WordWriter(made, part.sentences)
        for block in part.form:
            writer.block(block)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


class _WordWriter:
    """Writes blocks whose numbers are those of some sentences."""

    def __init__(self, made: "Document", sentences: Sequence[Sentence]) -> None:
        self._made = made
        self._sentences = sentences

    def block(self, block: Block, depth: int = 0) -> None:
        match block.kind:
            case "heading":
                heading = self._made.add_heading(level=min(DEEPEST, max(1, block.level)))
                self._said(heading, block.said)
            case "list":
                self._list(block, depth)
            case "quote":
                for inner in block.items[0] if block.items else ():
                    self.block(inner, depth + 1)
            case "table":
                self._table(block)
            case "code":
                self._code(block, depth)
            case "rule":
                self._paragraph(depth).add_run("———")
            case _:
                self._said(self._paragraph(depth), block.said)

    def _paragraph(self, depth: int) -> "Paragraph":
        from docx.shared import Inches

        paragraph = self._made.add_paragraph()
        if depth:
            paragraph.paragraph_format.left_indent = Inches(INDENT * depth)
        return paragraph

    def _list(self, block: Block, depth: int) -> None:
        """Marks are written out: Word would number two lists of a document as one."""
        for count, item in enumerate(block.items):
            mark = "•\t" if block.start is None else f"{block.start + count}.\t"
            first, rest = item[:1], item[1:]
            paragraph = self._paragraph(depth + 1)
            paragraph.add_run(mark)
            for inner in first:
                if inner.kind == "paragraph":
                    self._said(paragraph, inner.said)
                else:
                    self.block(inner, depth + 1)
            for inner in rest:
                self.block(inner, depth + 1)

    def _table(self, block: Block) -> None:
        columns = max([len(block.head), *(len(row.cells) for row in block.rows)], default=0)
        if not columns:
            return
        table = self._made.add_table(rows=0, cols=columns, style="Table Grid")
        rows = [Row(block.head), *block.rows] if block.head else block.rows
        for row in rows:
            cells = table.add_row().cells
            for at, runs in enumerate(row.cells):
                paragraph = cells[at].paragraphs[0]
                self._runs(paragraph, runs, strong=row is rows[0] and bool(block.head))
                if at == len(row.cells) - 1:
                    self._numbers(paragraph, row.sentence)

    def _code(self, block: Block, depth: int) -> None:
        paragraph = self._paragraph(depth)
        for said in block.said:
            for run in said.runs:
                paragraph.add_run(_plain(run.text)).font.name = "Courier New"
            self._numbers(paragraph, said.sentence)

    def _said(self, paragraph: "Paragraph", all_said: Sequence[Said]) -> None:
        for at, said in enumerate(all_said):
            if at:
                paragraph.add_run("\n" if said.breaks else " ")
            self._runs(paragraph, said.runs)
            self._numbers(paragraph, said.sentence)

    def _runs(
        self, paragraph: "Paragraph", runs: Sequence[TextRun], *, strong: bool = False
    ) -> None:
        for run in runs:
            made: Any = paragraph.add_run(_plain(run.text))
            made.bold = run.strong or strong or None
            made.italic = run.emphasised or None
            made.font.strike = run.struck or None
            if run.code:
                made.font.name = "Courier New"

    def _numbers(self, paragraph: "Paragraph", sentence: int | None) -> None:
        if sentence is None:
            return
        for n in self._sentences[sentence].citations:
            paragraph.add_run(f" [{n}]").font.superscript = True


def _plain(text: str) -> str:
    """Without signs that no XML file can hold."""
    return NOT_IN_XML.sub("", text)
