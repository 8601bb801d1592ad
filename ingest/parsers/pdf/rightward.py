"""Lines of Arabic and Hebrew in the order in which they are read. Pure.

A PDF draws glyphs wherever it likes, in the order in which they are written or the other way
round, and differently from word to word. Where each stands on the page is what a reader goes by.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

from ingest.parsers.pdf.printed import Letter

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
PRESENTATION = re.compile("[\ufb1d-\ufdff\ufe70-\ufefc]")
"""Forms of letters for the beginning, middle and end of a word."""
MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")
WORD_GAP = 0.2
"""Of a line's height: what parts words. Letters of a word touch, or lie over one another."""


def is_needed(text: str) -> bool:
    """Whether a line has letters that are written from right to left."""
    return not text.isascii() and bool(RIGHT_TO_LEFT.search(text))


def read(letters: Sequence[Letter]) -> str:
    """The line as it is read, by where its letters stand."""
    items = list(_spaced(_in_place(letters)))
    backward = [_direction(item) for item in items]
    is_backward_line = backward.count("R") > backward.count("L")
    runs = _runs(items, backward, "R" if is_backward_line else "L")
    if is_backward_line:
        runs = [
            (way, part if way == "L" else _mirrored(part[::-1])) for way, part in reversed(runs)
        ]
    else:
        runs = [(way, part[::-1] if way == "R" else part) for way, part in runs]
    return " ".join("".join(item for _, part in runs for item in part).split())


def _in_place(letters: Sequence[Letter]) -> list[Letter]:
    """Letters from left to right; marks above and below letters stay with theirs."""
    kept: list[Letter] = []
    for letter in letters:
        text = letter.text
        if text.isspace() or not text.isprintable():
            continue
        if PRESENTATION.search(text):
            text = unicodedata.normalize("NFKC", text)
        is_mark = unicodedata.category(text[0]) == "Mn"
        is_same_glyph = bool(kept) and kept[-1].box == letter.box
        if kept and (is_mark or is_same_glyph):
            kept[-1] = Letter(kept[-1].text + text, kept[-1].box)
        else:
            kept.append(Letter(text, letter.box))
    return sorted(kept, key=lambda letter: letter.box[0] + letter.box[2])


def _spaced(letters: Sequence[Letter]) -> Iterator[str]:
    """The letters with a blank wherever words part."""
    height = max((x.box[1] - x.box[3] for x in letters), default=0.0)
    reached: float | None = None
    for letter in letters:
        if reached is not None and letter.box[0] - reached > WORD_GAP * height:
            yield " "
        yield letter.text
        reached = letter.box[2] if reached is None else max(reached, letter.box[2])


def _direction(item: str) -> str:
    """Which way a letter is written: left to right, right to left, or as what is beside it."""
    kind = unicodedata.bidirectional(item[0])
    if kind in {"R", "AL"}:
        return "R"
    return "L" if kind in {"L", "EN", "AN"} else ""


def _runs(items: list[str], ways: list[str], base: str) -> list[tuple[str, list[str]]]:
    """Stretches of one direction; what lies between two of one direction goes that way, too."""
    settled = list(ways)
    for number, way in enumerate(ways):
        if not way:
            before = next((w for w in reversed(settled[:number]) if w), base)
            after = next((w for w in ways[number + 1 :] if w), base)
            settled[number] = before if before == after else base
    return [
        (way, [item for item, _ in group])
        for way, group in groupby(zip(items, settled, strict=True), lambda pair: pair[1])
    ]


def _mirrored(items: list[str]) -> list[str]:
    return [item.translate(MIRRORED) for item in items]
