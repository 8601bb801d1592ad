"""Office files, web pages and text by unstructured: a reader for each kind, and what it adds."""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import msgspec

from ingest.parsers import detection, hidden, libreoffice, packages, pages, rtf, spans
from ingest.parsers import opendocument_text as texts
from ingest.parsers import presentations as decks
from ingest.parsers.encoding import decode
from ingest.parsers.in_pictures import InPictures
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.names import safe_name
from ingest.parsers.noticing import counted, of_parts
from ingest.parsers.ooxml import UNREADABLE
from ingest.parsers.options import Options
from ingest.parsers.partitioning import LEFT_OUT, PRINTED, elements_of, partition
from ingest.parsers.shallow import DEEPEST as DEEPEST_PAGE
from ingest.parsers.shallow import few_marks
from ingest.parsers.word import document, notes
from kb.errors import FileProblem
from kb.types.parsed import COMMENT, Element, Member, Notice, Parsed

PACKAGES = {"docx", "pptx"}
TAG = re.compile(r"<[^<>]*+>")
LEAST_SHARE = 0.5
"""Of a text's letters; what pandoc gives less of it has lost (fields or tables that it nests in
one another), so the text is read without its structure. Markdown with deep elements is likewise."""
DEEPEST = 3
"""Documents that are inserted in one another are read down to here."""
MOST_INSERTED = 64 * 1024**2
"""Bytes of all files together that are inserted in a document, and in those within it."""


@dataclass(slots=True)
class Read:
    """What was found in a file, and the texts in it that a reader does not see."""

    elements: list[Element]
    unseen: list[str] = field(default_factory=list)
    notices: tuple[Notice, ...] = ()
    members: list[Member] = field(default_factory=list)


@dataclass(slots=True)
class InsertionRoom:
    """What is left of the bytes that may be inserted, how deep one is, and who reads pictures."""

    within: InPictures
    left: int = MOST_INSERTED
    depth: int = 0


def _docx(path: Path, room: InsertionRoom) -> Read:
    seen = document.seen(path, room.within)
    read = Read([], seen.unseen)
    printed = _Printed()
    left = dict(seen.pieces)
    for element in elements_of(partition("docx", file=seen.file), LEFT_OUT - PRINTED):
        if element.kind in PRINTED:
            read.elements += printed.once(element)
        elif element.text not in seen.pieces:
            read.elements.append(element)
        for piece in left.pop(element.text, ()):
            _place(piece, read, room, seen)
    for piece in (piece for pieces in left.values() for piece in pieces):
        _place(piece, read, room, seen)
    read.notices += seen.notices
    return read


class _Printed:
    """The headers and footers of a document, section by section."""

    def __init__(self) -> None:
        self._before: set[str] = set()

    def once(self, element: Element) -> Iterator[Element]:
        """A header or footer without what only counts pages, where no section before had it."""
        text = notes.without_counting(element.text)
        if text and text not in self._before:
            self._before.add(text)
            yield msgspec.structs.replace(element, text=text)


def _place(piece: document.Piece, read: Read, room: InsertionRoom, seen: document.Word) -> None:
    """Add what unstructured would miss; what cannot be read, or has no room, is counted."""
    if isinstance(piece, Element):
        read.elements.append(piece)
        return
    room.left -= len(piece.content)
    if room.left < 0:
        seen.cut += 1
        return
    room.depth += 1
    try:
        inner = _inserted(piece, room)
    except (FileProblem, *UNREADABLE):
        seen.unread += 1
        return
    finally:
        room.depth -= 1
    read.elements += inner.elements
    read.unseen += inner.unseen
    read.notices += inner.notices
    read.members += inner.members


def _inserted(piece: document.Inserted, room: InsertionRoom) -> Read:
    """An inserted file; one of another kind, or too deep, is a document of its own."""
    with tempfile.NamedTemporaryFile(suffix=PurePosixPath(piece.name).suffix) as file:
        file.write(piece.content)
        file.flush()
        path = Path(file.name)
        kind = detection.kind_of(path, piece.name)
        if kind not in PARTITION or room.depth > DEEPEST:
            return Read([], members=[Member(name=safe_name(piece.name), content=piece.content)])
        return PARTITION[kind](path, room)


def _pptx(path: Path, room: InsertionRoom) -> Read:
    deck = decks.seen(path, room.within)
    slides: dict[int, list[Element]] = {n + 1: [] for n in range(deck.slides)}
    for element in elements_of(partition("pptx", file=deck.file), with_pages=True):
        slides[element.page or 1].append(element)
    found = [e for n, slide in slides.items() for e in (*_slide(slide), *deck.beside.get(n, ()))]
    return Read(found, notices=deck.notices)


def _odt(path: Path, _room: InsertionRoom) -> Read:
    text = texts.seen(path)
    read = Read([], text.unseen, notices=text.notices)
    printed = _Printed()
    try:
        found = list(elements_of(partition("odt", file=text.file)))
    except RuntimeError:  # pandoc has no memory for it: its text is there all the same
        found = list(texts.paragraphs_of(text.file))
    for element in found:
        read.elements += text.pieces.get(element.text, [element])
    heads = [e for one in text.printed if one.kind == "Header" for e in printed.once(one)]
    feet = [e for one in text.printed if one.kind == "Footer" for e in printed.once(one)]
    read.elements = [*heads, *read.elements, *feet]
    return read


def _rtf(path: Path, _room: InsertionRoom | None = None) -> Read:
    rich = rtf.seen(path.read_bytes())
    found = _by_pandoc(rich)
    text = "".join(rich.text)
    if _letters(e.text for e in found) < LEAST_SHARE * _letters([text]):
        found = [*elements_of(partition("text", text=text))]
    apart = {kind: list(_apart(rich, kind)) for kind in ("Header", "Footer", "box", "comment")}
    elements = [*apart["Header"], *found]
    for kind in ("box", "comment", "Footer"):
        elements += apart[kind]
    changes = {"insertions": rich.insertions, "deletions": rich.deletions}
    notices = counted(Notice("tracked_changes", changes))
    return Read(elements, ["".join(rich.unseen)], notices)


def _by_pandoc(rich: rtf.Rich) -> list[Element]:
    """What pandoc reads; nothing where it refuses what Word opens."""
    with tempfile.NamedTemporaryFile(suffix=".rtf") as file:
        file.write(rich.source)
        file.flush()
        try:
            raw = partition("rtf", filename=file.name)
        except RuntimeError:
            return []
    return [_meant(e, rich.meant) for e in elements_of(raw)]


def _letters(texts: Iterable[str]) -> int:
    return sum(len("".join(text.split())) for text in texts)


def _meant(element: Element, meant: dict[int, str]) -> Element:
    """An element with the characters for which others stood."""
    if not meant:
        return element
    text, rows = element.text.translate(meant), element.rows
    if rows is not None:
        rows = tuple(tuple(cell.translate(meant) for cell in row) for row in rows)
    return msgspec.structs.replace(element, text=text, rows=rows)


def _apart(rich: rtf.Rich, wanted: str) -> Iterator[Element]:
    """What stands beside an RTF document's text: of one kind, each once."""
    author, found = "", set()
    for kind, pieces in rich.apart:
        lines = "".join(pieces).split("\n")
        text = "\n".join(" ".join(line.split()) for line in lines if line.strip())
        if kind == "author":
            author = text
        if kind == wanted and text and text not in found:
            found.add(text)
            if kind == "comment":
                text = f"{author}: {text}" if author else text
                yield Element(kind="NarrativeText", text=text, section=COMMENT)
            elif kind == "box":
                yield Element(kind="NarrativeText", text=text)
            elif text := notes.without_counting(text):
                yield Element(kind=kind, text=text)


def _html(path: Path, _room: InsertionRoom) -> Read:
    seen, unseen, is_cut = hidden.in_html(decode(path.read_bytes()))
    return Read(_of_page(seen), unseen, of_parts(0, int(is_cut)))


def _of_page(seen: str) -> list[Element]:
    """Elements of what is seen of a page."""
    if not seen.strip():
        return []
    return list(elements_of(partition("html", text=spans.filled(pages.plain(seen)))))


def _markdown(path: Path, room: InsertionRoom) -> Read:
    source = few_marks(decode(path.read_bytes()))
    found = list(elements_of(partition("md", text=source)))
    is_deep = source.count("<") >= DEEPEST_PAGE
    if is_deep and _letters(e.text for e in found) < LEAST_SHARE * _letters([TAG.sub("", source)]):
        return _html(path, room)
    return Read(found)


def _text(path: Path, _room: InsertionRoom) -> Read:
    return Read(list(elements_of(partition("text", text=decode(path.read_bytes())))))


PARTITION: dict[str, Callable[[Path, InsertionRoom], Read]] = {
    "docx": _docx,
    "pptx": _pptx,
    "odt": _odt,
    "rtf": _rtf,
    "html": _html,
    "md": _markdown,
    "txt": _text,
}


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Read a file of one of the kinds above.

    Raises:
        FileProblem: damaged, a bomb, or in need of LibreOffice, which is not installed.
        Exception: whatever else unstructured raises; the caller takes it for the file's problem.
    """
    members: list[Member] = []
    left_out = 0
    room = InsertionRoom(InPictures(options))
    try:
        if kind in PACKAGES:
            packages.check(path)
            if packages.is_strict(path):
                path = libreoffice.convert(path, kind, kind)
            members, left_out = packages.embedded(path, options)
        read = PARTITION[kind](path, room)
    except UNREADABLE as error:
        raise packages.refused(kind, error) from error
    elements = (*read.elements, *hidden.elements(read.unseen))
    pages = max((e.page or 0 for e in elements), default=0) or None
    return Parsed(
        parser="unstructured",
        media_type=MEDIA_TYPES[kind],
        elements=elements,
        pages=pages,
        members=(*members, *read.members),
        problem="members_left_out" if left_out else None,
        problem_parameters={"members": left_out} if left_out else {},
        notices=(*read.notices, *room.within.notices),
    )


def elements_of_text(text: str, kind: str) -> list[Element]:
    """Elements of a text that another file carried: HTML (``html``) or plain (``txt``)."""
    if not text.strip():
        return []
    if kind != "html":
        return list(elements_of(partition("text", text=text)))
    seen, unseen, _ = hidden.in_html(text)
    return [*_of_page(seen), *hidden.elements(unseen)]


def elements_of_rtf(content: bytes) -> list[Element]:
    """Elements of a rich text that another file carried."""
    with tempfile.NamedTemporaryFile(suffix=".rtf") as file:
        file.write(content)
        file.flush()
        read = _rtf(Path(file.name))
    return [*read.elements, *hidden.elements(read.unseen)]


def _slide(slide: list[Element]) -> Iterator[Element]:
    """A slide has one heading, and it comes first; other short lines are text."""
    heading = next((e for e in slide if e.kind == "Title"), None)
    if heading is not None:
        yield msgspec.structs.replace(heading, level=0)
    for element in slide:
        if element is not heading:
            is_title = element.kind == "Title"
            yield msgspec.structs.replace(element, kind="ListItem") if is_title else element
