"""Office files, web pages and text by unstructured, made into our elements.

The replacement of unstructured's text tools is installed before it is imported: nothing is
fetched, nothing is reported, and torch stays out of the parsers' processes.
"""

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path

from ingest.parsers import text_types

text_types.install()

import msgspec  # noqa: E402
from lxml import etree, html  # noqa: E402
from unstructured.documents.elements import Element as Raw  # noqa: E402
from unstructured.partition.csv import partition_csv  # noqa: E402
from unstructured.partition.docx import partition_docx  # noqa: E402
from unstructured.partition.html import partition_html  # noqa: E402
from unstructured.partition.md import partition_md  # noqa: E402
from unstructured.partition.odt import partition_odt  # noqa: E402
from unstructured.partition.pptx import partition_pptx  # noqa: E402
from unstructured.partition.text import partition_text  # noqa: E402
from unstructured.partition.xlsx import partition_xlsx  # noqa: E402

from ingest.parsers.detection import MEDIA_TYPES  # noqa: E402
from ingest.parsers.encoding import decode  # noqa: E402
from kb.types import Element, Parsed  # noqa: E402

CELLS = " | "
LEFT_OUT = {"Header", "Footer", "PageBreak", "PageNumber", "Image"}
PAGED = {"pptx"}
"""Kinds whose page numbers mean something: slides. Word's depend on the printer."""
QUIET: dict[str, object] = {"languages": [""], "metadata_filename": None}


def _docx(path: Path) -> list[Raw]:
    return partition_docx(filename=str(path), languages=[""])


def _pptx(path: Path) -> list[Raw]:
    return partition_pptx(filename=str(path), languages=[""], include_slide_notes=True)


def _xlsx(path: Path) -> list[Raw]:
    return partition_xlsx(
        filename=str(path), languages=[""], find_subtable=False, infer_table_structure=True
    )


def _odt(path: Path) -> list[Raw]:
    return partition_odt(filename=str(path), languages=[""])


def _html(path: Path) -> list[Raw]:
    return partition_html(text=decode(path.read_bytes()), languages=[""])


def _md(path: Path) -> list[Raw]:
    return partition_md(text=decode(path.read_bytes()), languages=[""])


def _csv(path: Path) -> list[Raw]:
    utf8 = path.with_suffix(".utf8.csv")
    utf8.write_text(decode(path.read_bytes()), encoding="utf-8")
    return partition_csv(filename=str(utf8), languages=[""], include_header=False)


def _txt(path: Path) -> list[Raw]:
    return partition_text(text=decode(path.read_bytes()), languages=[""])


PARTITION: dict[str, Callable[[Path], list[Raw]]] = {
    "docx": _docx,
    "pptx": _pptx,
    "xlsx": _xlsx,
    "odt": _odt,
    "html": _html,
    "md": _md,
    "csv": _csv,
    "txt": _txt,
}


def parse(path: Path, kind: str) -> Parsed:
    """Read a file of one of the kinds above; what unstructured raises is the file's problem."""
    raw = PARTITION[kind](path)
    elements = tuple(elements_of(raw, with_pages=kind in PAGED))
    if kind in PAGED:
        elements = tuple(_slides(elements))
    pages = max((e.page or 0 for e in elements), default=0) or None
    return Parsed(
        parser="unstructured",
        media_type=MEDIA_TYPES[kind],
        elements=elements,
        title=_html_title(path) if kind == "html" else None,
        pages=pages,
    )


def elements_of(raw: Iterable[Raw], *, with_pages: bool = False) -> Iterable[Element]:
    """Our elements, in reading order, without what repeats on every page."""
    for element in raw:
        text = element.text.strip() if element.text else ""
        kind = type(element).__name__
        if kind in LEFT_OUT or not text:
            continue
        page = element.metadata.page_number if with_pages else None
        rows = _rows(element.metadata.text_as_html) if kind == "Table" else None
        if rows:
            text = "\n".join(CELLS.join(row) for row in rows)
        yield Element(
            kind=kind,
            text=text,
            page=page,
            level=element.metadata.category_depth or 0 if kind == "Title" else 0,
            section=element.metadata.page_name,
            rows=rows,
        )


def _slides(elements: tuple[Element, ...]) -> Iterable[Element]:
    """A slide has one heading, and it comes first; the notes and short lines below are text."""
    for _, group in itertools.groupby(elements, lambda e: e.page):
        slide = list(group)
        heading = next((e for e in slide if e.kind == "Title"), None)
        if heading is not None:
            yield msgspec.structs.replace(heading, level=0)
        for element in slide:
            if element is not heading:
                is_title = element.kind == "Title"
                yield msgspec.structs.replace(element, kind="ListItem") if is_title else element


def _rows(table: str | None) -> tuple[tuple[str, ...], ...] | None:
    if not table:
        return None
    tree = html.fragment_fromstring(table, create_parent="div")
    rows = [
        tuple(" ".join(cell.text_content().split()) for cell in row.iter("td", "th"))
        for row in tree.iter("tr")
    ]
    filled = [row for row in rows if any(row)]
    return tuple(filled) or None


def _html_title(path: Path) -> str | None:
    try:
        tree = html.fromstring(
            decode(path.read_bytes()).encode(), parser=html.HTMLParser(encoding="utf-8")
        )
    except (etree.ParserError, ValueError):
        return None
    title = tree.findtext(".//title")
    return " ".join(title.split()) if title and title.strip() else None
