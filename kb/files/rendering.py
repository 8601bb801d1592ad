"""Pictures of pages, and where on them highlights are."""

import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from kb.errors import FileProblem
from kb.files import sandbox
from kb.files.scratch import Scratch
from kb.shares import Share
from kb.types.parsed import Box
from kb.types.passages import Layout, StoredChunk

if TYPE_CHECKING:
    from PIL import Image

MODULES = ("kb.files.rendering", "pypdfium2", "PIL.PngImagePlugin")
"""Modules that a child needs to draw a page."""
WIDTHS = (160, 550, 1100, 2000)
"""Pixels: a picture is drawn in the first of these that is wide enough, else in the last."""
KEPT_BYTES = 64 * 1024**2
"""Pictures that a process keeps in memory, in bytes of PNG."""
Key = tuple[str, int, int]
"""A picture: the file's hash, the page (0-based), the width in pixels."""
MOST_PIXELS = 80_000_000
"""Pixels of the largest scan that is opened."""
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
    """Draws pictures of pages, and keeps the last ones in memory.

    A picture that several people want is drawn once: the others wait, each in their own turn. When
    the one leaves for whom it was being drawn, it is drawn for the next.
    """

    def __init__(self, scratch: Scratch, share: Share) -> None:
        self._scratch = scratch
        self._share = share
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._drawing: WeakValueDictionary[Key, threading.Lock] = WeakValueDictionary()

    async def get(
        self, content_hash: str, number: int, width: int, read: Callable[[], bytes]
    ) -> bytes:
        """A picture of a page (0-based) of a PDF or a scan, of the next width of ``WIDTHS``.

        ``read`` gives the file's bytes, on a thread. Errors: FileProblem, those of ``read`` and of
        ``Share.run``.
        """
        key = content_hash, number, next((w for w in WIDTHS if w >= width), WIDTHS[-1])
        stop = threading.Event()
        try:
            known = self._known(key)
            if known is not None:
                return known
            return await self._share.run(self._drawn, key, read, stop)
        finally:
            stop.set()  # whoever waited may have left: the child ends

    def _known(self, key: Key) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _drawn(self, key: Key, read: Callable[[], bytes], stop: threading.Event) -> bytes:
        with self._lock:
            drawing = self._drawing.get(key)
            if drawing is None:
                drawing = self._drawing[key] = threading.Lock()
        with drawing:
            picture = self._known(key)
            if picture is None:
                picture = self._draw(key, read, stop)
                self._keep(key, picture)
        return picture

    def _keep(self, key: Key, picture: bytes) -> None:
        with self._lock:
            self._kept[key] = picture
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > KEPT_BYTES:
                self._kept.popitem(last=False)

    def _draw(self, key: Key, read: Callable[[], bytes], stop: threading.Event) -> bytes:
        _, number, width = key
        with self._scratch.folder("page-") as folder:
            file = folder / "document"
            file.write_bytes(read())
            return sandbox.run(
                page_picture, str(file), number, width, limits=LIMITS, within=folder, stop=stop
            )


def boxes(
    stored: Iterable[StoredChunk], layouts: dict[int, Layout], start: int, end: int
) -> list[tuple[int, Box]]:
    """Page (1-based) and box of every printed line of a passage that a stretch of it touches.

    The stretch is from character ``start`` to ``end`` of the passage's text: its chunks, with one
    character between them.
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
    """Where a stretch of a passage stands in the texts of the document's elements, by element.

    Each is from one character to another of the element's own text.
    """
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
