"""What a PDF says of itself in the packet that newer ones have beside the information dictionary.

The packet (XMP, ISO 16684-1) stands as it is between marks that are made to be looked for.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ingest.parsers import dates
from ingest.parsers.ooxml import UNREADABLE, parsed
from ingest.parsers.opendocument import DC
from ingest.parsers.said import DocumentProperties, line

PACKETS = ((b"<x:xmpmeta", b"</x:xmpmeta>"), (b"<rdf:RDF", b"</rdf:RDF>"))
"""What a packet begins and ends with; programs of old leave the outer element out."""
LONGEST, MOST = 256 * 1024, 40
"""Most bytes of a packet, and most packets of a file that are looked at."""
XMP = "{http://ns.adobe.com/xap/1.0/}"
OF_PDF = b"http://ns.adobe.com/pdf/"


def completed(said: DocumentProperties, path: Path) -> DocumentProperties:
    """What the information dictionary says, and of what it does not have what the packet does."""
    if None not in said:
        return said
    packet = _of_packet(path)
    return DocumentProperties(
        said.title or packet.title,
        said.author or packet.author,
        packet.created if said.created is None else said.created,
        packet.changed if said.changed is None else said.changed,
    )


def _of_packet(path: Path) -> DocumentProperties:
    """The last packet is the newest; pictures may have some of their own."""
    packets = _packets(path)
    for packet in [p for p in packets if OF_PDF in p] or packets:
        try:
            root = parsed(packet)
        except UNREADABLE:
            continue
        return DocumentProperties(
            line(_list(root, f"{DC}title")),
            line(_list(root, f"{DC}creator")),
            dates.of_text(_value(root, f"{XMP}CreateDate")),
            dates.of_text(_value(root, f"{XMP}ModifyDate")),
        )
    return DocumentProperties()


def _packets(path: Path) -> list[bytes]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = (list(_between(content, *marks)) for marks in PACKETS)
        return next((packets for packets in found if packets), [])


def _between(content: mmap.mmap, begins: bytes, ends: bytes) -> Iterator[bytes]:
    """The last packets; each beginning is looked behind once, however many there are."""
    end = len(content)
    for _ in range(MOST):
        start = content.rfind(begins, 0, end)
        if start < 0:
            return
        closed = content.find(ends, start, min(end, start + LONGEST))
        if closed > 0:
            yield content[start : closed + len(ends)]
        end = start


def _list(root: etree._Element, tag: str) -> str | None:
    """The entries of a list; of a text in several languages the first, which is the usual one."""
    texts = [line("".join(node.itertext())) for node in root.iterfind(f".//{tag}//{{*}}li")]
    found = [text for text in texts if text]
    return ("; ".join(found) if tag.endswith("creator") else found[0]) if found else None


def _value(root: etree._Element, tag: str) -> str | None:
    """A value: programs write it as an element or as an attribute."""
    held = (node.get(tag) for node in root.iter("{*}Description"))
    return root.findtext(f".//{tag}") or next((value for value in held if value), None)
