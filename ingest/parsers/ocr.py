"""Pages without text: tesseract, page by page, with a box for every line."""

import csv
import io
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pypdfium2 as pdfium

from kb.types import Element, Line

DPI = 200
MIN_CONFIDENCE = 30.0
"""Words below this confidence (0 to 100) are noise."""


@cache
def _installed_languages() -> frozenset[str]:
    program = shutil.which("tesseract")
    if program is None:
        return frozenset()
    listed = subprocess.run(
        [program, "--list-langs"], capture_output=True, text=True, check=False, timeout=20
    )
    return frozenset(listed.stdout.split()[1:])


def usable(languages: str) -> list[str]:
    """Those of the wanted languages (``eng+deu``) that tesseract has here."""
    return [lang for lang in languages.split("+") if lang in _installed_languages()]


def pages(
    document: pdfium.PdfDocument, numbers: list[int], languages: str
) -> tuple[dict[int, list[Element]], list[int], bool]:
    """Read scanned pages (0-based): elements by page, pages left unread, whether OCR is there."""
    if not numbers:
        return {}, [], True
    found = usable(languages)
    if not found:
        return {}, numbers, False
    read: dict[int, list[Element]] = {}
    for number in numbers:
        elements = _page(document[number], number + 1, "+".join(found))
        if elements:
            read[number] = elements
    return read, [n for n in numbers if n not in read], True


def _page(page: pdfium.PdfPage, number: int, languages: str) -> list[Element]:
    picture = page.render(scale=DPI / 72, grayscale=True).to_pil()
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "page.png"
        picture.save(image)
        result = subprocess.run(
            ["tesseract", str(image), "-", "-l", languages, "--dpi", str(DPI), "tsv"],  # noqa: S607
            capture_output=True,
            check=False,
        )
    rows = csv.DictReader(
        io.StringIO(result.stdout.decode("utf-8", "replace")),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
    return _paragraphs(list(rows), picture.size, number)


def _paragraphs(rows: list[dict[str, str]], size: tuple[int, int], number: int) -> list[Element]:
    paragraphs: dict[tuple[str, str], dict[str, list[dict[str, str]]]] = {}
    for row in rows:
        text = (row.get("text") or "").strip()
        if row.get("level") == "5" and text and float(row["conf"]) >= MIN_CONFIDENCE:
            paragraph = paragraphs.setdefault((row["block_num"], row["par_num"]), {})
            paragraph.setdefault(row["line_num"], []).append(row)
    return [_element(list(lines.values()), size, number) for lines in paragraphs.values()]


def _element(lines: list[list[dict[str, str]]], size: tuple[int, int], number: int) -> Element:
    width, height = size
    text = ""
    places: list[Line] = []
    for words in lines:
        if text:
            text += " "
        start = len(text)
        text += " ".join(w["text"].strip() for w in words)
        left = min(int(w["left"]) for w in words)
        top = min(int(w["top"]) for w in words)
        right = max(int(w["left"]) + int(w["width"]) for w in words)
        bottom = max(int(w["top"]) + int(w["height"]) for w in words)
        box = (left / width, top / height, right / width, bottom / height)
        places.append(Line(start, len(text), box))
    return Element(kind="NarrativeText", text=text, page=number, lines=tuple(places))
