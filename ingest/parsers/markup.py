"""XML of any vocabulary: its text, in order, named by the elements that hold it."""

import binascii
import re
import secrets
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path

from lxml import etree

from ingest.parsers.damage import damaged
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.names import safe_name
from ingest.parsers.ooxml import parsed
from ingest.parsers.options import Options
from kb.errors import FileProblem
from kb.types.parsed import Element, Member, Parsed

MAX_DEPTH = 200
"""Most levels of elements within one another."""
PACKED = re.compile(rb">([\sA-Za-z0-9+/=]{1000,}+)<")
"""A text of nothing but letters of base64, so long that it is a file if its words are long."""
LONG_WORD = 40
"""Mean characters of a word from which such a text is a file."""
NAMING = {"filename", "name"}
SHOWN = tuple(f"{{*}}{name}" for name in ("title", "desc", "text", "foreignObject"))
HEADING = {"title", "heading", "head", "name", "subject", "label"}
"""Elements whose short text names what follows."""


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Read an XML file. Entities are left alone and nothing is loaded.

    Files that are written into it in base64 (an invoice's attachments) are members.

    Raises:
        FileProblem: it is not well-formed.
    """
    source, packed = _unpacked(path.read_bytes(), options)
    try:
        root = parsed(source)
    except etree.XMLSyntaxError as error:
        raise damaged("XML", error) from error
    members = list(_members(root, packed)) if packed else []
    kept = members[: options.max_members]
    lost = len(packed) - len(kept)
    is_drawing = etree.QName(root).localname == "svg"
    elements = tuple(_drawn(root) if is_drawing else _elements(root, 0))
    return Parsed(
        parser="lxml",
        media_type=MEDIA_TYPES[kind],
        elements=elements,
        members=tuple(kept),
        problem="members_left_out" if lost else None,
        problem_parameters={"members": lost} if lost else {},
    )


def _unpacked(source: bytes, options: Options) -> tuple[bytes, dict[str, bytes | None]]:
    """The XML with a mark in the place of each file in base64, and the files; None: no room."""
    token, room = f"kb{secrets.token_hex(8)}x", options.max_expanded
    found: dict[str, bytes | None] = {}

    def taken(match: re.Match[bytes]) -> bytes:
        nonlocal room
        words = match[1].split()
        if len(match[1]) < LONG_WORD * len(words):
            return match[0]
        letters = b"".join(words).rstrip(b"=")
        try:
            content = b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + b"==")
        except binascii.Error:  # marks of an end within it
            return match[0]
        room -= len(content)
        mark = f"{token}{len(found)}x"
        found[mark] = content if room >= 0 else None
        return f">{mark}<".encode()

    return PACKED.sub(taken, source), found


def _members(root: etree._Element, packed: Mapping[str, bytes | None]) -> Iterator[Member]:
    """The files, called as they are named beside them, else by their element."""
    for node in list(root.iter(etree.Element)):
        for place in ("text", "tail"):
            mark = getattr(node, place)
            if mark not in packed:
                continue
            setattr(node, place, None)
            if content := packed[mark]:
                yield Member(name=safe_name(_named(node)), content=content)


def _named(node: etree._Element) -> str:
    said = (v for k, v in node.attrib.items() if etree.QName(k).localname.lower() in NAMING)
    return str(next(said, etree.QName(node).localname))


def _drawn(root: etree._Element) -> Iterator[Element]:
    """What a drawing (SVG) shows and says in words; its lines and styles are none."""
    for node in root.iter(*SHOWN):
        if next(node.iterancestors(*SHOWN), None) is None:
            text = " ".join(" ".join(str(part) for part in node.itertext()).split())
            if text:
                yield Element(kind="NarrativeText", text=text)


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
