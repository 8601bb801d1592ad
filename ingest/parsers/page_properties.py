"""What a web page says in its head: title, author, when it was published and changed."""

from collections.abc import Iterable
from pathlib import Path

from lxml import html

from ingest.parsers import dates, pages
from ingest.parsers.encoding import decode
from ingest.parsers.said import NOTHING, DocumentProperties, line
from ingest.parsers.shallow import few_attributes

AUTHOR = ("author", "dc.creator", "dcterms.creator", "citation_author", "parsely-author")
PUBLISHED = (
    "article:published_time", "datepublished", "dcterms.issued", "dcterms.created",
    "dc.date.issued", "dc.date.created", "dc.date", "dcterms.date",
    "citation_publication_date", "pubdate", "publishdate", "publish-date", "publication_date",
    "creation-date", "created", "date",
)  # fmt: skip
CHANGED = (
    "article:modified_time", "og:updated_time", "datemodified", "dcterms.modified",
    "dc.date.modified", "last-modified", "lastmod", "revised", "changed", "modified",
)  # fmt: skip
NAMED_BY = ("name", "property", "itemprop", "http-equiv")


def of(path: Path) -> DocumentProperties:
    """What a page says of itself."""
    tree = pages.tree_of(few_attributes(decode(path.read_bytes())))
    if tree is None:
        return NOTHING
    said = _said(tree)
    author = next((said[name] for name in AUTHOR if name in said), None)
    return DocumentProperties(
        line(tree.findtext(".//head/title") or tree.findtext(".//title")),
        author,
        _moment(said, PUBLISHED),
        _moment(said, CHANGED),
    )


def _said(tree: html.HtmlElement) -> dict[str, str]:
    """The first value of each name."""
    found: dict[str, str] = {}
    for node in tree.iter("meta", "time"):
        value = line(node.get("content") or node.get("datetime"))
        for attribute in NAMED_BY:
            name = (node.get(attribute) or "").strip().casefold()
            if name and value:
                found.setdefault(name, value)
    return found


def _moment(said: dict[str, str], names: Iterable[str]) -> float | None:
    moments = (dates.of_text(said[name]) for name in names if name in said)
    return next((moment for moment in moments if moment is not None), None)
