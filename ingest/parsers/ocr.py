"""Pages without text: made straight, read by tesseract, with a box for every line.

Why tesseract and not rapidocr: docs/benchmarks.md, measured by ``python -m bench ocr``.
"""

import csv
import io
import re
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from ingest.parsers.upright import Turned, skew, turn
from kb.files import programs
from kb.types.parsed import Element, Line

MIN_CONFIDENCE = 30.0
"""Words below this confidence (0 to 100) are noise."""
SURE = 75.0
"""Mean confidence (0 to 100) from which a page is taken to lie the right way up."""
LOWEST_DPI, HIGHEST_DPI, USUAL_DPI = 150, 300, 200
"""Dots per inch at which pages are drawn for recognition: the least, the most, and what is taken
where nothing says it."""
MOST_PIXELS = 40_000_000
"""Most pixels of a picture that is recognised."""
ROTATE = re.compile(r"^Rotate: (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RecognisedPage:
    """What was recognised on a page, and how surely: the mean over its words, 0 to 100."""

    elements: list[Element]
    confidence: float

    @property
    def worth(self) -> float:
        """Confidence times characters: of two readings of one page the one with more is kept."""
        return self.confidence * sum(len(e.text) for e in self.elements)


@cache
def _installed_languages() -> frozenset[str]:
    program = programs.tesseract()
    return frozenset() if program is None else programs.tesseract_languages(program)


def usable(languages: str) -> list[str]:
    """Which of the wanted languages (``eng+deu``) tesseract has here."""
    return [lang for lang in languages.split("+") if lang in _installed_languages()]


def read(picture: Image.Image, number: int, languages: list[str], dpi: int) -> RecognisedPage:
    """Read one page (1-based ``number``), turned upright where it lies on its side or head."""
    grey = picture.convert("L")
    reading = _read_straight(grey, 0, number, languages, dpi)
    if reading.confidence >= SURE and reading.elements:
        return reading
    quarter = _orientation(grey, dpi)
    if quarter:
        other = _read_straight(grey, quarter, number, languages, dpi)
        reading = max(reading, other, key=lambda r: r.worth)
    return reading


def _read_straight(
    grey: Image.Image, quarter: int, number: int, languages: list[str], dpi: int
) -> RecognisedPage:
    upright = turn(grey, quarter).image
    turned = Turned(upright, quarter, grey.size)
    crooked = skew(upright)
    if crooked:
        turned = turn(grey, quarter + crooked)
    rows = _tesseract(turned.image, "-l", "+".join(languages), "--dpi", str(dpi), "tsv")
    return _reading(rows, turned, number)


def _orientation(grey: Image.Image, dpi: int) -> int:
    """By how many degrees counter-clockwise the page has to be turned, as tesseract sees it."""
    with tempfile.TemporaryDirectory() as folder:
        said = _run(grey, Path(folder), "--psm", "0", "--dpi", str(dpi)).decode("utf-8", "replace")
    found = ROTATE.search(said)
    return (360 - int(found.group(1))) % 360 if found else 0


def _tesseract(image: Image.Image, *arguments: str) -> list[dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        table = _run(image, Path(folder), *arguments).decode("utf-8", "replace")
    return list(csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE))


def _run(image: Image.Image, folder: Path, *arguments: str) -> bytes:
    file = folder / "page.pgm"
    image.save(file)
    done = subprocess.run(
        ["tesseract", str(file), "-", *arguments],  # noqa: S607 - found on the path, see usable()
        capture_output=True,
        check=False,
    )
    return done.stdout


def _reading(rows: list[dict[str, str]], turned: Turned, number: int) -> RecognisedPage:
    paragraphs: dict[tuple[str, str], dict[str, list[dict[str, str]]]] = {}
    letters, weight = 0, 0.0
    for row in rows:
        text = (row.get("text") or "").strip()
        if row.get("level") != "5" or not text:
            continue
        confidence = float(row["conf"])
        letters += len(text)
        weight += len(text) * max(0.0, confidence)
        if confidence >= MIN_CONFIDENCE:
            paragraph = paragraphs.setdefault((row["block_num"], row["par_num"]), {})
            paragraph.setdefault(row["line_num"], []).append(row)
    elements = [_element(list(lines.values()), turned, number) for lines in paragraphs.values()]
    return RecognisedPage(elements, round(weight / letters, 1) if letters else 0.0)


def _element(lines: list[list[dict[str, str]]], turned: Turned, number: int) -> Element:
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
        places.append(Line(start, len(text), turned.box_before(left, top, right, bottom)))
    return Element(kind="NarrativeText", text=text, page=number, lines=tuple(places))
