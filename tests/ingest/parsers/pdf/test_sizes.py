"""Pages of any size are drawn within the room that there is."""

import pypdfium2
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers import ocr
from ingest.parsers.pdf import recognising


def test_a_poster_is_drawn_at_a_lower_resolution(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(8000, 6000))
    canvas.drawString(100, 100, "A poster")
    canvas.save()
    with pypdfium2.PdfDocument(tmp_path / "a.pdf") as document:
        drawn, dpi = recognising.drawn(document[0], ocr.USUAL_DPI)
    assert 0.9 * ocr.MOST_PIXELS < drawn.width * drawn.height <= 1.01 * ocr.MOST_PIXELS
    assert dpi < ocr.USUAL_DPI
