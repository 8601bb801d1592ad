"""Pages of thousands of letters, each drawn as an object of its own: what Python has to do."""

import random
import sys
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers import pdf
from ingest.parsers.options import Options
from ingest.parsers.pdf.lines import WIDE_GAP, has_wide_gap
from ingest.parsers.pdf.printed import Rectangles

ROWS = 10
FOLDER = str(Path(pdf.__file__).parent)
PROSE = "the pump of hall nine is oiled in spring "


def letter_by_letter(path, line):
    """A page of so many lines alike whose letters are drawn one by one, as filings' often are."""
    canvas = Canvas(str(path))
    for row in range(ROWS):
        for number, letter in enumerate(line):
            canvas.drawString(30 + 3.2 * number, 800 - 20 * row, letter)
    canvas.save()


def steps_of(path):
    """Steps that Python takes in our own code to read a PDF; those of C are not among them."""
    steps = 0

    def inside(frame, event, _):
        nonlocal steps
        steps += event == "opcode"
        return inside

    def entered(frame, *_):
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return inside if frame.f_code.co_filename.startswith(FOLDER) else None

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        pdf.parse(path, "pdf", Options())
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize(("gap", "most"), [("", 2), (" " * 20, 30)], ids=["prose", "wide gap"])
def test_a_letter_costs_python_next_to_nothing(tmp_path, gap, most):
    """Each was asked what it is and where it stands: 64 steps, and 162 beside a wide gap."""
    for times in (1, 2):
        letter_by_letter(tmp_path / f"{times}.pdf", PROSE * times + gap + PROSE * times)
    pdf.parse(tmp_path / "1.pdf", "pdf", Options())  # what is made once is made before
    short, long = steps_of(tmp_path / "1.pdf"), steps_of(tmp_path / "2.pdf")
    assert long - short < most * ROWS * 2 * len(PROSE)


@pytest.mark.parametrize("seed", range(40))
def test_a_wide_gap_is_where_nothing_stands(seed):
    """By the definition: behind the end of a rectangle nothing begins, or goes on, for so long."""
    chance = random.Random(seed)
    found = set()
    for _ in range(50):
        lefts = [chance.randrange(60) for _ in range(chance.randrange(1, 12))]
        rights = [left + chance.randrange(1, 12) for left in lefts]
        height = chance.randrange(1, 10)
        tops, bottoms = [height] * len(lefts), [0] * len(lefts)
        wide = WIDE_GAP * height
        both = list(zip(lefts, rights, strict=True))
        expected = any(
            any(left > end + wide for left in lefts)
            and not any(left <= end + wide and right > end for left, right in both)
            for end in rights
        )
        assert has_wide_gap(Rectangles(lefts, tops, rights, bottoms)) == expected
        found.add(expected)
    assert found == {True, False}
