"""OpenDocument presentations: a slide's title, its text, its notes, in order."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from lxml import etree

from ingest.parsers import hidden as hidden_texts
from ingest.parsers import opendocument_unseen
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.noticing import counted, of_parts
from ingest.parsers.ooxml import Package
from ingest.parsers.opendocument import (
    ANNOTATION,
    DRAW,
    PRESENTATION,
    STYLE,
    TEXT,
    alternative,
    comment,
    content_of,
    inserted,
    paragraphs,
)
from ingest.parsers.options import Options
from kb.types.parsed import Element, Notice, Parsed


def parse(path: Path, kind: str, _options: Options) -> Parsed:
    """Read a presentation; slides are pages.

    Raises:
        FileProblem: damaged, or larger than any real one.
    """
    root = content_of(path)
    unseen = opendocument_unseen.taken_out(root, [], by_look=False)
    slides = list(root.iter(f"{DRAW}page"))
    with Package(path) as package:
        elements = [e for n, slide in enumerate(slides, 1) for e in _slide(slide, n, package)]
    notices = counted(Notice("hidden_slides", {"slides": _hidden(root, slides)}))
    return Parsed(
        parser="lxml",
        media_type=MEDIA_TYPES[kind],
        elements=(*elements, *hidden_texts.elements(unseen)),
        pages=len(slides) or None,
        notices=(*notices, *of_parts(len(package.unread))),
    )


def _hidden(root: etree._Element, slides: list[etree._Element]) -> int:
    """How many slides a show leaves out."""
    styles = {
        style.get(f"{STYLE}name")
        for style in root.iter(f"{STYLE}style")
        for properties in style.iter(f"{STYLE}drawing-page-properties")
        if properties.get(f"{PRESENTATION}visibility") == "hidden"
    }
    return sum(slide.get(f"{DRAW}style-name") in styles for slide in slides)


def _slide(slide: etree._Element, number: int, package: Package) -> Iterator[Element]:
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
        beside = inserted(node, package) if node.tag == f"{DRAW}object" else alternative(node)
        yield from (msgspec.structs.replace(e, page=number) for e in beside)
    for annotation in slide.iter(ANNOTATION):
        yield from (msgspec.structs.replace(e, page=number) for e in comment(annotation))
    if notes:
        yield Element(kind="NarrativeText", text="\n".join(notes), page=number)
