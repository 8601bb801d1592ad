"""PDF by pypdfium2: text with the place of every line, mapped to unstructured's element types."""

import ctypes
import statistics
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from ingest.parsers import ocr, running, scans
from ingest.parsers.kinds import MEDIA_TYPES
from ingest.parsers.names import safe_name
from ingest.parsers.options import Options
from ingest.parsers.running import PrintedLine
from kb.errors import FileProblem
from kb.types.parsed import HIDDEN, Box, Element, Line, Member, Parsed

BROKEN_WORD = "\ufffe\x02\xad"
"""What pdfium puts where a word is hyphenated at the end of a line."""
PALE, CONTRAST, TINY_POINTS = 240, 24, 1.5
"""Three limits of what is seen: the level of grey (0 to 255) from which letters count as white, the
levels by which a drawn line has to differ from its ground, and the least height of letters in
points."""
MIN_TEXT = 12
"""Visible characters: a page with a picture and fewer than these is taken for a scan."""


def parse(path: Path, kind: str, options: Options) -> Parsed:
    """Read a PDF.

    Raises:
        FileProblem: encrypted or damaged.
    """
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        code = "encrypted" if "password" in str(error).lower() else "damaged"
        raise FileProblem(code, what=str(error)) from error
    with document:
        pages = [_page_lines(document, number) for number in range(len(document))]
        unseen = [_take_unseen(document, number, lines) for number, lines in enumerate(pages)]
        sizes = tuple(tuple(document.get_page_size(n)) for n in range(len(document)))
        numbers = [n for n, lines in enumerate(pages) if _is_scan(document, n, lines)]
        scanned = scans.recognise(numbers, lambda n: _picture(document[n]), options)
        pages = running.without_repeated(pages)
        body = _body_size([line for lines in pages for line in lines])
        elements: list[Element] = []
        for number, lines in enumerate(pages):
            found = scanned.pages.get(number)
            elements += found if found is not None else _elements(lines, number + 1, body)
            elements += _unseen_elements(unseen[number], number + 1)
        title, author = _said(document, "Title"), _said(document, "Author")
        members, left_out = _attachments(document, options)
    left = {"members": left_out} if left_out else {}
    return Parsed(
        parser="pdfium+tesseract" if scanned.pages else "pdfium",
        media_type=MEDIA_TYPES[kind],
        elements=tuple(elements),
        title=title,
        author=author,
        pages=len(pages),
        page_sizes=sizes,
        members=tuple(members),
        confidences=tuple(scanned.confidences),
        problem=scanned.problem or ("members_left_out" if left else None),
        problem_parameters=scanned.parameters or left,
    )


def _said(document: pdfium.PdfDocument, what: str) -> str | None:
    """What a PDF says of itself; None where that cannot be decoded (its text still is read)."""
    try:
        return document.get_metadata_value(what) or None
    except (pdfium.PdfiumError, ValueError):
        return None


def _picture(page: pdfium.PdfPage) -> tuple[Image.Image, int]:
    """A scanned page at the resolution it was scanned with, as far as that is reasonable."""
    width, height = page.get_size()
    dpi = ocr.USUAL_DPI
    for image in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
        left, _, right, _ = image.get_bounds()
        if right - left > width / 2:
            dpi = round(image.get_px_size()[0] / ((right - left) / 72))
    dpi = max(ocr.LOWEST_DPI, min(ocr.HIGHEST_DPI, dpi))
    most = (ocr.MOST_PIXELS / max(1.0, width * height)) ** 0.5
    scale = min(dpi / 72, most)
    return page.render(scale=scale, grayscale=True).to_pil(), round(scale * 72)


def _attachments(document: pdfium.PdfDocument, options: Options) -> tuple[list[Member], int]:
    """Files attached to the PDF, and how many were left out."""
    members: list[Member] = []
    left_out, room = 0, options.max_expanded
    for number in range(min(document.count_attachments(), options.max_members)):
        attachment = document.get_attachment(number)
        try:
            name, content = attachment.get_name(), bytes(attachment.get_data())
        except (pdfium.PdfiumError, ValueError):
            left_out += 1
            continue
        room -= len(content)
        if room < 0:
            left_out += 1
        elif content:
            members.append(Member(name=safe_name(name), content=content))
    return members, left_out


def _is_scan(document: pdfium.PdfDocument, number: int, lines: list[PrintedLine]) -> bool:
    if sum(len(line.text) for line in lines) >= MIN_TEXT:
        return False
    page = document[number]
    images = page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3)
    return next(iter(images), None) is not None


def _page_lines(document: pdfium.PdfDocument, number: int) -> list[PrintedLine]:
    try:
        page = document[number]
        textpage = page.get_textpage()
    except pdfium.PdfiumError:
        return []
    count = textpage.count_chars()
    if count <= 0:
        return []
    buffer = ctypes.create_string_buffer((count + 1) * 2)
    written = raw.FPDFText_GetText(
        textpage, 0, count, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort))
    )
    units = buffer.raw[: max(0, written - 1) * 2]
    lines: list[PrintedLine] = []
    start = 0
    for part in units.decode("utf-16-le", "replace").split("\n"):
        line = _line(page, textpage, part, start)
        start += len(part) + 1
        if line is not None:
            lines.append(line)
    return lines


def _take_unseen(
    document: pdfium.PdfDocument, number: int, lines: list[PrintedLine]
) -> list[PrintedLine]:
    """Take out the lines that leave no trace on the page as it is drawn, and give them."""
    if not any(line.doubtful for line in lines):
        return []
    drawn = document[number].render(scale=1, grayscale=True).to_pil()
    unseen = [line for line in lines if line.doubtful and not _leaves_trace(drawn, line.box)]
    lines[:] = [line for line in lines if not any(line is other for other in unseen)]
    return unseen


def _leaves_trace(drawn: Image.Image, box: Box) -> bool:
    width, height = drawn.size
    left, top, right, bottom = box
    area = (int(left * width), int(top * height), -int(-right * width), -int(-bottom * height))
    if area[2] <= area[0] or area[3] <= area[1] or (bottom - top) * height < TINY_POINTS:
        return False
    levels = [level for level, count in enumerate(drawn.crop(area).histogram()) if count]
    return levels[-1] - levels[0] >= CONTRAST


def _unseen_elements(lines: list[PrintedLine], page: int) -> list[Element]:
    return [
        Element(kind="NarrativeText", text=line.text, page=page, section=HIDDEN,
                lines=(Line(0, len(line.text), line.box),))
        for line in lines
    ]  # fmt: skip


def _is_doubtful(textpage: pdfium.PdfTextPage, index: int, box: Box, height: float) -> bool:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    known = raw.FPDFText_GetFillColor(textpage, index, red, green, blue, alpha)
    is_pale = known and (min(red.value, green.value, blue.value) >= PALE or alpha.value < 26)
    mode = raw.FPDFTextObj_GetTextRenderMode(raw.FPDFText_GetTextObject(textpage, index))
    is_small = (box[3] - box[1]) * height < TINY_POINTS or box[2] <= box[0]
    return bool(is_pale or mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE or is_small)


def _line(
    page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, part: str, start: int
) -> PrintedLine | None:
    stripped = part.strip()
    if not stripped:
        return None
    first = start + part.find(stripped[0])
    index = raw.FPDFText_GetCharIndexFromTextIndex(textpage, first)
    last = raw.FPDFText_GetCharIndexFromTextIndex(textpage, first + len(stripped) - 1)
    if index < 0 or last < index:
        return None
    box = _box(page, textpage, index, last - index + 1)
    if box is None:
        return None
    return PrintedLine(
        stripped,
        box,
        raw.FPDFText_GetFontSize(textpage, index),
        raw.FPDFText_GetFontWeight(textpage, index) >= 600,
        _is_doubtful(textpage, index, box, page.get_height()),
    )


def _box(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, index: int, count: int) -> Box | None:
    """The line's place: its rectangles (often one a letter) united, then brought to shares."""
    rects = raw.FPDFText_CountRects(textpage, index, count)
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    found = [
        (left.value, top.value, right.value, bottom.value)
        for n in range(rects)
        if raw.FPDFText_GetRect(textpage, n, left, top, right, bottom)
    ]
    if not found:
        return None
    lefts, tops, rights, bottoms = zip(*found, strict=True)
    one = _to_share(page, min(lefts), max(tops))
    other = _to_share(page, max(rights), min(bottoms))
    (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(one, other, strict=True))
    return (
        round(max(0.0, x0), 4),
        round(max(0.0, y0), 4),
        round(min(1.0, x1), 4),
        round(min(1.0, y1), 4),
    )


def _to_share(page: pdfium.PdfPage, px: float, py: float) -> tuple[float, float]:
    """A point of the page as shares of its width and height as it is shown (turned, cropped)."""
    x, y = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, 10000, 10000, 0, px, py, x, y)
    return x.value / 10000, y.value / 10000


def _body_size(lines: list[PrintedLine]) -> float:
    sizes = [line.size for line in lines for _ in range(1 + len(line.text) // 20)]
    return statistics.median(sizes) if sizes else 10.0


def _elements(lines: list[PrintedLine], page: int, body: float) -> list[Element]:
    """Group the lines of a page into headings and paragraphs."""
    elements: list[Element] = []
    group: list[PrintedLine] = []
    for line in lines:
        if group and not _continues(group, line, body):
            elements.append(_element(group, page, body))
            group = []
        group.append(line)
    if group:
        elements.append(_element(group, page, body))
    return elements


def _continues(group: list[PrintedLine], line: PrintedLine, body: float) -> bool:
    last = group[-1]
    height = max(last.box[3] - last.box[1], 0.004)
    gap = line.box[1] - last.box[3]
    same_size = abs(last.size - line.size) < 0.6
    same_kind = _is_heading(last, body) == _is_heading(line, body)
    return same_size and same_kind and -3 * height < gap < 0.9 * height


def _is_heading(line: PrintedLine, body: float) -> bool:
    is_large = line.size >= body * 1.18
    if not is_large and (not line.bold or line.text[-1] in ".,;" or line.size < body * 0.98):
        return False
    words = line.text.split()
    if not words or len(words) > (16 if is_large else 12):
        return False
    return sum(c.isalpha() for c in line.text) >= max(3, len(line.text) * 0.5)


def _level(size: float, body: float) -> int:
    return 0 if size >= body * 1.6 else 1 if size >= body * 1.25 else 2


def _element(group: list[PrintedLine], page: int, body: float) -> Element:
    heading = _is_heading(group[0], body)
    right = max(line.box[2] for line in group)
    text = ""
    places: list[Line] = []
    for number, line in enumerate(group):
        broken = line.text[-1] in BROKEN_WORD
        content = line.text.translate(dict.fromkeys(map(ord, BROKEN_WORD)))
        start = len(text)
        text += content
        places.append(Line(start, len(text), line.box))
        if number + 1 < len(group) and not broken:
            is_full = line.box[2] > right - 0.12
            text += " " if is_full or heading else "\n"
    kind = "Title" if heading else "NarrativeText"
    return Element(
        kind=kind,
        text=text,
        page=page,
        level=_level(group[0].size, body) if heading else 0,
        lines=tuple(places),
    )
