"""Recognising scans: tesseract as we run it beside rapidocr, error rate and seconds a page.

The scans are made here: pages whose text is known, drawn as pictures, then turned, blurred,
speckled and pressed to JPEG. rapidocr is not a dependency: ``pip install rapidocr onnxruntime``.
"""

import io
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein

from bench.measuring import data
from ingest.parsers import ocr, parse_as
from ingest.parsers.detection import kind_of
from ingest.parsers.options import Options
from kb import samples

LANGUAGES = ["eng", "deu", "fra", "ita"]
SERIF = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
SCANS = (
    ("clean, 300 dpi", 300, 0.0, 0.0, 95, 0),
    ("crooked by 2°, speckled, 200 dpi", 200, 2.0, 14.0, 50, 0),
    ("poor: crooked by 1°, 150 dpi, JPEG 25", 150, -1.0, 20.0, 25, 0),
    ("upside down, 200 dpi", 200, 0.0, 8.0, 60, 180),
)
"""Name, dots per inch, skew in degrees, noise, JPEG quality, turned by."""


@dataclass(frozen=True)
class Page:
    language: str
    text: str
    draw: Callable[[int], Image.Image]


async def main() -> None:
    every = ocr.usable("+".join(LANGUAGES))
    engines = {
        "tesseract, four languages": lambda picture, dpi, _: _tesseract(picture, dpi, every),
        "tesseract, the page's": lambda picture, dpi, page: _tesseract(
            picture, dpi, [page.language]
        ),
        **_rapidocr(),
    }
    pages = [*_filings(), *_drawn()]
    print(f"{len(pages)} pages; CER is the share of characters that are wrong\n")
    print("| scan | engine | " + " | ".join(f"CER {x}" for x in LANGUAGES) + " | s/page |")
    print("|---|---|---|---|---|---|---|")
    for name, *how in SCANS:
        scans = [(page, _scan(page, number, *how)) for number, page in enumerate(pages)]
        for engine, read in engines.items():
            figures = " | ".join(_measure(scans, read, how[0]))
            print(f"| {name} | {engine} | {figures} |", flush=True)


def _measure(scans, read, dpi) -> list[str]:
    rates: dict[str, list[float]] = {}
    seconds = []
    for page, picture in scans:
        begun = time.perf_counter()
        text = read(picture, dpi, page)
        seconds.append(time.perf_counter() - begun)
        rates.setdefault(page.language, []).append(_cer(page.text, text))
    return [
        *(f"{statistics.mean(rates.get(x, [float('nan')])):.3f}" for x in LANGUAGES),
        f"{statistics.mean(seconds):.2f}",
    ]


def _cer(truth: str, read: str) -> float:
    truth, read = " ".join(truth.split()), " ".join(read.split())
    return Levenshtein.distance(truth, read) / max(1, len(truth))


def _tesseract(picture: Image.Image, dpi: int, languages: list[str]) -> str:
    reading = ocr.read(picture, 1, languages, dpi)
    return "\n".join(e.text for e in reading.elements)


def _rapidocr() -> dict:
    try:
        from rapidocr import RapidOCR
    except ImportError:
        print("rapidocr is not installed: tesseract alone is measured")
        return {}
    engine = RapidOCR(params={"Global.log_level": "error"})

    def read(picture: Image.Image, _dpi: int, _page: Page) -> str:
        found = engine(np.asarray(picture.convert("RGB")))
        return "\n".join(found.txts or ())

    return {"rapidocr": read}


def _filings() -> Iterator[Page]:
    """Pages of running text out of real filings; their text layer is the truth."""
    folder = data("financebench-20mb")
    if folder is None:
        return
    for path in sorted((folder / "docs").iterdir())[:6]:
        document = pdfium.PdfDocument(path)
        for number in range(8, len(document)):
            text = document[number].get_textpage().get_text_range()
            if len(text) > 2500 and sum(c.isdigit() for c in text) < len(text) * 0.03:
                draw = lambda dpi, page=document[number]: page.render(  # noqa: E731
                    scale=dpi / 72, grayscale=True
                ).to_pil()
                yield Page("eng", text, draw)
                break


def _drawn() -> Iterator[Page]:
    """The samples' texts in four languages, set in a serif type."""
    languages = {"de": "deu", "fr": "fra", "it": "ita", "en": "eng"}
    import py3langid

    for path in sorted(samples.documents().iterdir()):
        kind = kind_of(path, path.name)
        if kind not in {"docx", "odt", "html", "md", "pdf"}:
            continue
        elements = parse_as(kind, path, Options()).elements
        text = "\n".join(e.text for e in elements if e.kind != "Table")[:2200]
        language = languages.get(py3langid.classify(text)[0])
        if language and len(text) > 300:
            yield Page(language, text, lambda dpi, text=text: _typeset(text, dpi))


def _typeset(text: str, dpi: int) -> Image.Image:
    page = Image.new("L", (int(8.27 * dpi), int(11.69 * dpi)), 255)
    pen = ImageDraw.Draw(page)
    font = ImageFont.truetype(SERIF, int(10 * dpi / 72))
    y, margin = dpi * 0.8, dpi * 0.9
    for paragraph in text.splitlines():
        line = ""
        for word in [*paragraph.split(), None]:
            longer = f"{line} {word}".strip()
            if word is None or pen.textlength(longer, font) > page.width - 2 * margin:
                pen.text((margin, y), line, 0, font)
                y += dpi * 0.19
                line = word or ""
            else:
                line = longer
        y += dpi * 0.05
    return page


def _scan(page: Page, seed: int, dpi, skew, noise, quality, turned) -> Image.Image:
    picture = page.draw(dpi).convert("L")
    picture = picture.rotate(skew + turned, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    random.seed(seed)
    grain = np.random.default_rng(seed).normal(0, noise, (picture.height, picture.width))
    speckled = np.clip(np.asarray(picture, dtype=np.float32) * 0.9 + 15 + grain, 0, 255)
    output = io.BytesIO()
    Image.fromarray(speckled.astype(np.uint8)).save(output, "JPEG", quality=quality)
    return Image.open(io.BytesIO(output.getvalue()))
