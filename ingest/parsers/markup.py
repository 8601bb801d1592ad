"""XML of any vocabulary: its text, in order, named by the elements that hold it."""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.ooxml import parsed
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Element, Parsed

MAX_DEPTH = 200
HEADING = {"title", "heading", "head", "name", "subject", "label"}
"""Elements whose short text names what follows."""


def parse(path: Path, kind: str, _options: Options) -> Parsed:
    """Read an XML file. Entities are left alone and nothing is loaded.

    Raises:
        FileProblem: it is not well-formed.
    """
    try:
        root = parsed(path.read_bytes())
    except etree.XMLSyntaxError as error:
        raise FileProblem("damaged", what=f"XML: {error}") from error
    return Parsed(parser="lxml", media_type=MEDIA_TYPES[kind], elements=tuple(_elements(root, 0)))


def _elements(node: etree._Element, depth: int) -> Iterator[Element]:
    """Elements of a node: where its children hold text too, theirs; else its whole text as one."""
    if depth > MAX_DEPTH:
        raise FileProblem("damaged", what="XML: nested too deeply")
    if not isinstance(node.tag, str):
        return
    name = etree.QName(node).localname
    children = [c for c in node if isinstance(c.tag, str)]
    if _is_leaf(children):
        yield from _leaf(name, node)
        return
    if node.text and node.text.strip():
        yield Element(kind="NarrativeText", text=" ".join(node.text.split()))
    for child in children:
        yield from _elements(child, depth + 1)
        if child.tail and child.tail.strip():
            yield Element(kind="NarrativeText", text=" ".join(child.tail.split()))


def _is_leaf(children: list[etree._Element]) -> bool:
    """No children, or running text with inline marks in it."""
    mixed = any(c.tail and c.tail.strip() for c in children)
    return not children or (mixed and not any(len(c) for c in children))


def _leaf(name: str, node: etree._Element) -> Iterator[Element]:
    text = " ".join("".join(str(part) for part in node.itertext()).split())
    values = [f"{etree.QName(k).localname}: {v}" for k, v in node.attrib.items() if _is_words(v)]
    if text and name.lower() in HEADING and len(text) < 120:
        yield Element(kind="Title", text=text, level=2)
    elif text:
        is_value = len(text) < 60
        yield Element(kind="NarrativeText", text=f"{name}: {text}" if is_value else text)
    if values:
        yield Element(kind="NarrativeText", text=f"{name} ({', '.join(values)})")


def _is_words(value: str) -> bool:
    """An attribute that says something to people: not a number, an address or an identifier."""
    return " " in value.strip() and not value.startswith(("http:", "https:", "urn:"))
