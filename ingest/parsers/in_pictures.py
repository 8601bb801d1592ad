"""Text in pictures that stand within a document: read by OCR where they are large enough."""

import hashlib
import io
import re
import time
from collections.abc import Iterator, Mapping

from lxml import etree
from PIL import Image

from ingest.parsers import ocr, scans
from ingest.parsers.noticing import counted
from ingest.parsers.ocr import RecognisedPage
from ingest.parsers.ooxml import UNREADABLE, A, Package, R, Relation
from ingest.parsers.options import Options
from kb.types.parsed import Box, Element, Line, Notice

READABLE, NARROWEST = 60_000, 40
"""Pixels, and pixels of the shorter side, below which a picture is taken for a logo or an icon."""
BLIP = f"{A}blip"
"""What names a picture in an Office file."""
MOST, LONGEST = 40, 30.0
"""Pictures of one document that are read, and seconds for all of them: a quarter of what a parser
has (``ingest.parse_seconds``), so that a slow machine loses pictures and not the document."""
SURE = 65.0
"""Mean confidence (0 to 100) below which what was read is taken for the noise of a photograph."""
WORD = re.compile(r"[^\W\d_]{3,}")
FEWEST_WORDS = 3
"""Fewest words for which a picture's text is kept."""


def is_large(size: tuple[int, int]) -> bool:
    """Whether a picture of so many pixels may hold text that is worth reading."""
    return size[0] * size[1] >= READABLE and min(size) >= NARROWEST


def on_paper(picture: Image.Image) -> Image.Image:
    """A picture in grey, on white where it is transparent."""
    plain = picture.convert("RGBA") if picture.mode in {"P", "LA", "RGBA", "PA"} else picture
    if plain.mode == "RGBA":
        paper = Image.new("RGBA", plain.size, "white")
        plain = Image.alpha_composite(paper, plain)
    return plain.convert("L")


class InPictures:
    """Reads the pictures of one document, each once."""

    def __init__(self, options: Options) -> None:
        self._languages = ocr.usable(options.languages)
        self._seen: set[bytes] = set()
        self._unread = self._beyond = 0
        self._spent = 0.0

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the ledger says of pictures that nobody has read."""
        return counted(
            Notice("pictures_unread", {"pictures": self._unread}),
            Notice("pictures_beyond", {"pictures": self._beyond}),
        )

    def element(
        self,
        picture: Image.Image,
        page: int | None,
        about: str,
        dpi: int = ocr.USUAL_DPI,
        within: Box = (0, 0, 1, 1),
    ) -> Element | None:
        """What is written in a picture; None: nothing, or nobody has read it.

        ``about`` is text of the same document, by which its language is told; ``dpi`` its
        resolution in dots per inch; ``within`` its place on its page.
        """
        grey = on_paper(picture)
        digest = hashlib.blake2b(grey.tobytes(), digest_size=16).digest()
        if digest in self._seen:
            return None
        self._seen.add(digest)
        if not self._languages:
            self._unread += 1
            return None
        if len(self._seen) > MOST or self._spent > LONGEST:
            self._beyond += 1
            return None
        begun = time.monotonic()
        likely = scans.likely(about, self._languages)
        reading = ocr.read(grey, page or 1, likely, dpi)
        self._spent += time.monotonic() - begun
        return _element(reading, page, within) if _says_something(reading) else None

    def inserted(
        self, package: Package, related: Mapping[str, Relation], blip: etree._Element, about: str
    ) -> Iterator[Element]:
        """What is written in a picture of an Office file (``blip`` names it); perhaps nothing.

        Nothing also where it is damaged, or a drawing of lines.
        """
        relation = related.get(blip.get(f"{R}embed", ""))
        if relation is None:
            return
        try:
            with Image.open(io.BytesIO(package.content(relation.target))) as picture:
                width, height = picture.size
                is_fit = is_large(picture.size) and width * height <= ocr.MOST_PIXELS
                written = self.element(picture, None, about) if is_fit else None
        except (*UNREADABLE, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
            return
        if written is not None:
            yield written


def _says_something(reading: RecognisedPage) -> bool:
    words = sum(len(WORD.findall(e.text)) for e in reading.elements)
    return reading.confidence >= SURE and words >= FEWEST_WORDS


def _element(reading: RecognisedPage, page: int | None, within: Box) -> Element:
    text, lines = "", []
    for element in reading.elements:
        start = len(text) + 1 if text else 0
        text = f"{text}\n{element.text}" if text else element.text
        lines += [
            Line(start + line.start, start + line.end, _onto(line.box, within))
            for line in element.lines
        ]
    return Element(kind="Image", text=text, page=page, lines=tuple(lines) if page else ())


def _onto(box: Box, within: Box) -> Box:
    """A place in a picture as a place on the page that the picture stands on."""
    width, height = within[2] - within[0], within[3] - within[1]
    return (
        round(within[0] + box[0] * width, 4),
        round(within[1] + box[1] * height, 4),
        round(within[0] + box[2] * width, 4),
        round(within[1] + box[3] * height, 4),
    )
