"""OpenDocument presentations: a slide's title, its text, its notes, in order."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from lxml import etree

from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.opendocument import (
    ANNOTATION,
    DRAW,
    PRESENTATION,
    TEXT,
    alternative,
    comment,
    content_of,
    paragraphs,
)
from ingest.parsers.options import Options
from kb.types.parsed import Element, Parsed


def parse(path: Path, kind: str, _options: Options) -> Parsed:
    """Read a presentation; slides are pages.

    Raises:
        FileProblem: damaged, or larger than any real one.
    """
    slides = list(content_of(path).iter(f"{DRAW}page"))
    return Parsed(
        parser="lxml",
        media_type=MEDIA_TYPES[kind],
        elements=tuple(e for n, slide in enumerate(slides, 1) for e in _slide(slide, n)),
        pages=len(slides) or None,
    )


def _slide(slide: etree._Element, number: int) -> Iterator[Element]:
    titles: list[str] = []
    texts: list[str] = []
    notes: list[str] = []
    for frame in slide:
        if frame.tag == f"{PRESENTATION}notes":
            notes += [t for t in paragraphs(frame) if t != "<number>"]
        elif frame.get(f"{PRESENTATION}class") == "title":
            titles += paragraphs(frame)
        elif next(frame.iter(f"{TEXT}p"), None) is not None:
            texts += paragraphs(frame)
    if titles:
        yield Element(kind="Title", text=" ".join(titles), page=number)
    for text in texts:
        yield Element(kind="ListItem", text=text, page=number)
    for node in slide.iter(f"{DRAW}*"):
        yield from (msgspec.structs.replace(e, page=number) for e in alternative(node))
    for annotation in slide.iter(ANNOTATION):
        yield from (msgspec.structs.replace(e, page=number) for e in comment(annotation))
    if notes:
        yield Element(kind="NarrativeText", text="\n".join(notes), page=number)
