"""What unstructured makes of a file, as our elements.

The replacement of unstructured's text tools is installed before it is imported: nothing is
fetched, nothing is reported, and torch stays out of the parsers' processes.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
from lxml import html

from ingest.parsers import paths, tables, text_types
from ingest.parsers.pages import JOINER
from kb.types.parsed import Element

if TYPE_CHECKING:
    from unstructured.documents.elements import Element as Raw

text_types.install()

LEFT_OUT = {"Header", "Footer", "PageBreak", "PageNumber", "Image"}
PRINTED = {"Header", "Footer"}
"""In Word they are of a section, not of a page: numbers of documents, who approved it."""
LINE_BREAK = "\v"
"""What python-pptx makes of a line that ends within a paragraph."""


def partition(name: str, **given: Any) -> "list[Raw]":
    """Read by unstructured. A reader is loaded at its first use: all of them take seconds."""
    reader = getattr(import_module(f"unstructured.partition.{name}"), f"partition_{name}")
    paths.compile_once(name)
    found: list[Raw] = reader(languages=[""], **given)
    return found


def elements_of(
    raw: "Iterable[Raw]", left_out: AbstractSet[str] = LEFT_OUT, *, with_pages: bool = False
) -> Iterator[Element]:
    """Our elements, in reading order, without what repeats on every page."""
    for element in raw:
        text = (element.text or "").replace(LINE_BREAK, "\n").replace(JOINER, "").strip()
        kind = type(element).__name__
        if kind in left_out or not text:
            continue
        page = element.metadata.page_number if with_pages else None
        table = _table(element.metadata.text_as_html) if kind == "Table" else None
        if table is not None:
            yield msgspec.structs.replace(table, page=page, section=element.metadata.page_name)
            continue
        yield Element(
            kind=kind,
            text=text,
            page=page,
            level=element.metadata.category_depth or 0 if kind == "Title" else 0,
            section=element.metadata.page_name,
        )


def _table(source: str | None) -> Element | None:
    """A table as its cells, each in its columns; None where there are none."""
    if not source:
        return None
    tree = html.fragment_fromstring(source, create_parent="div")
    return tables.of_cells(
        [
            [
                (
                    " ".join(cell.text_content().replace(JOINER, "").split()),
                    tables.span(cell.get("rowspan")),
                    tables.span(cell.get("colspan")),
                )
                for cell in row.iter("td", "th")
            ]
            for row in tree.iter("tr")
        ]
    )
