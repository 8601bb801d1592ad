"""Page pictures and the places of highlights on them."""

import io
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from kb import sandbox
from kb.catalog.chunks import Layout
from kb.errors import FileProblem
from kb.scratch import Scratch
from kb.types import Box, StoredChunk

if TYPE_CHECKING:
    from PIL import Image

WIDEST = 2000
MOST_PIXELS = 80_000_000
LIMITS = sandbox.Limits(seconds=30, memory=2 * 1024**3, niceness=0)


def page_picture(path: str, number: int, width: int) -> bytes:
    """Draw a page (0-based) of a PDF or a scan as PNG, ``width`` pixels wide. Runs in a child.

    Raises:
        FileProblem: no such page, or neither a PDF nor a picture.
    """
    with open(path, "rb") as file:
        is_pdf = b"%PDF-" in file.read(1024)
    picture = _of_pdf(path, number, width) if is_pdf else _of_scan(path, number, width)
    output = io.BytesIO()
    picture.save(output, "PNG", compress_level=3)
    return output.getvalue()


def _of_scan(path: str, number: int, width: int) -> "Image.Image":
    import pillow_heif
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    pillow_heif.register_heif_opener()
    try:
        with Image.open(path) as scan:
            if not 0 <= number < getattr(scan, "n_frames", 1):
                raise FileProblem("no_such_page")
            scan.seek(number)
            picture = scan.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise FileProblem("damaged", what=str(error)) from error
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _of_pdf(path: str, number: int, width: int) -> "Image.Image":
    import pypdfium2 as pdfium

    try:
        with pdfium.PdfDocument(path) as document:
            if not 0 <= number < len(document):
                raise FileProblem("no_such_page")
            page = document[number]
            scale = min(width / max(1.0, page.get_width()), 6.0)
            picture: Image.Image = page.render(scale=scale).to_pil()
    except pdfium.PdfiumError as error:
        raise FileProblem("damaged", what=str(error)) from error
    return picture


class Pictures:
    """Page pictures; the last few dozen are kept in memory."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._cached = lru_cache(maxsize=48)(self._render)
        self._content: dict[str, bytes] = {}

    def get(self, content_hash: str, content: bytes, number: int, width: int) -> bytes:
        """A picture of a page (0-based) of a PDF."""
        self._content[content_hash] = content
        try:
            return self._cached(content_hash, number, min(max(width, 100), WIDEST))
        finally:
            self._content.pop(content_hash, None)

    def _render(self, content_hash: str, number: int, width: int) -> bytes:
        with self._scratch.folder("page-") as folder:
            file = folder / "document.pdf"
            file.write_bytes(self._content[content_hash])
            return sandbox.run(page_picture, str(file), number, width, limits=LIMITS, within=folder)


def boxes(
    stored: Iterable[StoredChunk], layouts: dict[int, Layout], start: int, end: int
) -> list[tuple[int, Box]]:
    """Page (1-based) and box of every printed line that characters ``start`` to ``end`` touch.

    Offsets count in the passage's text: its chunks joined by one character.
    """
    found: list[tuple[int, Box]] = []
    offset = 0
    for chunk in stored:
        found += [
            (chunk.page, line.box)
            for line in layouts[chunk.point].lines
            if chunk.page and line.start + offset < end and line.end + offset > start
        ]
        offset += len(chunk.text) + 1
    return found


def ranges(
    stored: Iterable[StoredChunk], layouts: dict[int, Layout], start: int, end: int
) -> dict[int, list[tuple[int, int]]]:
    """For each element, the stretches of its text that characters ``start`` to ``end`` are."""
    found: dict[int, list[tuple[int, int]]] = {}
    offset = 0
    for chunk in stored:
        for span in layouts[chunk.point].spans:
            first = max(start, span.start + offset)
            last = min(end, span.end + offset)
            if first < last:
                shift = span.element_start - span.start - offset
                found.setdefault(span.element, []).append((first + shift, last + shift))
        offset += len(chunk.text) + 1
    return found
