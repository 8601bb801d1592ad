"""What an RTF document says of itself in its group ``info``."""

import re
from pathlib import Path

from ingest.parsers import dates, rtf
from ingest.parsers.said import NOTHING, DocumentProperties, line

HEAD = 1024**2
"""Bytes before which the group stands; fonts, colours and styles come before it."""
INFO = re.compile(rb"\{\s*\\info\b")
PAGE = re.compile(rb"\\(?:ansicpg\d+|mac|pca?)\b")
NAMED = {
    name: re.compile(rb"\{\s*(?:\\\*\s*)?\\" + name + rb"(?![a-z])")
    for name in (b"title", b"author", b"creatim", b"revtim")
}
BRACE = re.compile(rb"\\.|[{}]", re.DOTALL)
PART = re.compile(rb"\\(yr|mo|dy|hr|min|sec)(\d{1,4})")


def of(path: Path) -> DocumentProperties:
    """What a document says of itself."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    found = INFO.search(head)
    if found is None:
        return NOTHING
    info = _group(head, found.start())
    page = PAGE.search(head)
    coding = page.group() if page else b""
    return DocumentProperties(
        _text(info, b"title", coding),
        _text(info, b"author", coding),
        _moment(info, b"creatim"),
        _moment(info, b"revtim"),
    )


def _group(content: bytes, start: int) -> bytes:
    """A group with those within it, to its closing brace."""
    depth = 0
    for brace in BRACE.finditer(content, start):
        depth += {b"{": 1, b"}": -1}.get(brace.group(), 0)
        if depth == 0:
            return content[start : brace.end()]
    return content[start:]


def _inner(info: bytes, name: bytes) -> bytes | None:
    found = NAMED[name].search(info)
    if found is None:
        return None
    return _group(info, found.start())[found.end() - found.start() : -1]


def _text(info: bytes, name: bytes, coding: bytes) -> str | None:
    inner = _inner(info, name)
    if inner is None:
        return None
    return line("".join(rtf.seen(rb"{\rtf1\ansi" + coding + b" {" + inner + b"}}").text))


def _moment(info: bytes, name: bytes) -> float | None:
    said = {part.decode(): int(number) for part, number in PART.findall(_inner(info, name) or b"")}
    if "yr" not in said:
        return None
    return dates.of_parts(*(said.get(part) for part in ("yr", "mo", "dy", "hr", "min", "sec")))
