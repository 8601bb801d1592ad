"""What is drawn on a page beside its letters: lines and pictures."""

from dataclasses import dataclass, field

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers.pdf import many

MOST_PATHS = 4_000
"""Lines of a page that are looked at; a map or a drawing has more, and is no table."""


@dataclass(slots=True)
class Drawn:
    """pdfium's objects of a page: paths (none where there are too many), and pictures."""

    paths: list[raw.FPDF_PAGEOBJECT] = field(default_factory=list)
    pictures: list[raw.FPDF_PAGEOBJECT] = field(default_factory=list)


def of(page: pdfium.PdfPage) -> Drawn:
    """The lines and pictures of a page, in one pass: it may have thousands of letters beside."""
    found = Drawn()
    for kind, one in many.drawn(page):
        if kind == raw.FPDF_PAGEOBJ_PATH:
            found.paths.append(one)
        elif kind == raw.FPDF_PAGEOBJ_IMAGE:
            found.pictures.append(one)
    if len(found.paths) > MOST_PATHS:
        found.paths = []
    return found
