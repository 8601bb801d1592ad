"""What lies over a PDF's page: values of forms, typed-on text, notes that somebody stuck to it."""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers.pdf.places import around, in_one_row, shares
from ingest.parsers.pdf.printed import PrintedLine
from kb.types.parsed import COMMENT, Box, Element, Line

TYPED_ON = {raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP}
"""Kinds of annotations whose text stands on the page for everybody."""
NOTES = {
    raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_HIGHLIGHT, raw.FPDF_ANNOT_UNDERLINE,
    raw.FPDF_ANNOT_SQUIGGLY, raw.FPDF_ANNOT_STRIKEOUT, raw.FPDF_ANNOT_SQUARE,
    raw.FPDF_ANNOT_CIRCLE, raw.FPDF_ANNOT_LINE, raw.FPDF_ANNOT_POLYGON,
    raw.FPDF_ANNOT_POLYLINE, raw.FPDF_ANNOT_INK, raw.FPDF_ANNOT_CARET,
    raw.FPDF_ANNOT_FILEATTACHMENT,
}  # fmt: skip
"""Kinds of annotations whose text opens when a reader points at them: comments."""
UNSEEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
BOXES = {raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON}
WRITTEN = {
    raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX
}  # fmt: skip
PASSWORD = 1 << 13
"""The flag of a field whose letters nobody is to see."""
LONGEST = 50_000
"""Characters of one value or note; what is beyond is left out."""
MOST = 5_000
"""Annotations of a page that are looked at."""


@dataclass(frozen=True, slots=True)
class Field:
    """The value of a form's field, and where it stands."""

    text: str
    box: Box
    is_box: bool = False
    """A box that is ticked or not: its label is on its right, as often as on its left."""


@dataclass(slots=True)
class Over:
    """What lies over a page: values of a form, lines that were typed on, and comments."""

    fields: list[Field] = field(default_factory=list)
    typed: list[PrintedLine] = field(default_factory=list)
    comments: list[Element] = field(default_factory=list)

    def onto(self, lines: list[PrintedLine]) -> list[PrintedLine]:
        """The page's lines with what was filled in, beside its labels, and what was typed on."""
        for value in sorted(self.fields, key=lambda one: (one.box[1], one.box[0])):
            lines = _beside_label(lines, value)
        return lines + self.typed


def of(page: pdfium.PdfPage, number: int) -> Over:
    """What lies over a page (1-based ``number``)."""
    over = Over()
    for annotation in _annotations(page):
        kind, box = raw.FPDFAnnot_GetSubtype(annotation), _box(page, annotation)
        if box is None:
            continue
        if kind == raw.FPDF_ANNOT_WIDGET and page.formenv is not None:
            over.fields += _field(page.formenv, annotation, box)
        elif kind in TYPED_ON and (text := _said(annotation, b"Contents")):
            over.typed.append(PrintedLine(text, box, size=0.0, bold=False))
        elif kind in NOTES and (text := _said(annotation, b"Contents")):
            over.comments.append(_comment(annotation, text, box, number))
    return over


def _annotations(page: pdfium.PdfPage) -> Iterator[raw.FPDF_ANNOTATION]:
    """Those that a reader sees."""
    for number in range(min(raw.FPDFPage_GetAnnotCount(page), MOST)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        try:
            if not raw.FPDFAnnot_GetFlags(annotation) & UNSEEN:
                yield annotation
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _field(form: pdfium.PdfFormEnv, annotation: raw.FPDF_ANNOTATION, box: Box) -> Iterator[Field]:
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in BOXES:
        yield Field("☑" if raw.FPDFAnnot_IsChecked(form, annotation) else "☐", box, is_box=True)
    elif kind in WRITTEN and not raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & PASSWORD:
        text = _text(lambda *room: raw.FPDFAnnot_GetFormFieldValue(form, annotation, *room))
        if kind == raw.FPDF_FORMFIELD_LISTBOX:
            text = ", ".join(_chosen(form, annotation)) or text
        if text:
            yield Field(text, box)


def _chosen(form: pdfium.PdfFormEnv, annotation: raw.FPDF_ANNOTATION) -> Iterator[str]:
    for option in range(min(raw.FPDFAnnot_GetOptionCount(form, annotation), MOST)):
        if raw.FPDFAnnot_IsOptionSelected(form, annotation, option):
            yield _text(
                lambda *room, n=option: raw.FPDFAnnot_GetOptionLabel(form, annotation, n, *room)
            )


def _comment(annotation: raw.FPDF_ANNOTATION, text: str, box: Box, page: int) -> Element:
    """What somebody wrote beside the page's own text, and who."""
    author = _said(annotation, b"T")
    said = f"{author}: {text}" if author else text
    return Element(kind="NarrativeText", text=said, page=page, section=COMMENT,
                   lines=(Line(0, len(said), box),))  # fmt: skip


def _said(annotation: raw.FPDF_ANNOTATION, key: bytes) -> str:
    return _text(lambda *room: raw.FPDFAnnot_GetStringValue(annotation, key, *room))


def _text(get: Callable[..., int]) -> str:
    """What pdfium writes into a buffer, as UTF-16 with an end mark, in one line."""
    size = get(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    get(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    said = buffer.raw[: size - 2].decode("utf-16-le", "replace").rstrip("\0")
    return " ".join(said[:LONGEST].split())


def _box(page: pdfium.PdfPage, annotation: raw.FPDF_ANNOTATION) -> Box | None:
    rectangle = raw.FS_RECTF()
    if not raw.FPDFAnnot_GetRect(annotation, rectangle):
        return None
    return shares(page, (rectangle.left, rectangle.top, rectangle.right, rectangle.bottom))


def _beside_label(lines: list[PrintedLine], value: Field) -> list[PrintedLine]:
    """The lines with a field's value behind its label: what is left of it in its row, or above."""
    row = [n for n, line in enumerate(lines) if in_one_row(line.box, value.box) and line.size]
    left = [n for n in row if lines[n].box[0] <= value.box[0]]
    if value.is_box and (right := [n for n in row if lines[n].box[0] > value.box[0]]):
        label = min(right, key=lambda n: lines[n].box[0])
        return [*lines[:label], _joined(lines[label], value, before=True), *lines[label + 1 :]]
    if left:
        label = max(left, key=lambda n: lines[n].box[2])
        return [*lines[:label], _joined(lines[label], value), *lines[label + 1 :]]
    above = [n for n, line in enumerate(lines) if line.box[3] <= value.box[3] and line.size]
    at = max(above, key=lambda n: lines[n].box[3]) + 1 if above else 0
    size = lines[at - 1].size if above else 10.0
    return [*lines[:at], PrintedLine(value.text, value.box, size, bold=False), *lines[at:]]


def _joined(label: PrintedLine, value: Field, *, before: bool = False) -> PrintedLine:
    first, second = (value.text, label.text) if before else (label.text, value.text)
    return replace(
        label, text=f"{first} {second}", box=around([label.box, value.box]), bold=False, apart=True
    )
