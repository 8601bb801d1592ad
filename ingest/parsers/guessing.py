"""The code page of bytes that nothing declares: the one in which they are words of a language.

Without evidence it is Windows' western page. Evidence is letters that a language has, in places
where letters stand: no capital after a small letter, no sign of the printer's inside a word.
"""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from ingest.parsers.alphabets import DOUBLE, PAGES

PLAIN = re.compile(r"[a-z]+")
HIGH = re.compile(rb"[\x80-\xff]+")
MOST_LINES = 160
"""Lines with bytes beyond ASCII that are looked at, spread over all of the text: all of fewer than
twice as many, else so many and some more."""
LONGEST_LINE = 240
"""Bytes up to which such a line is looked at whole. Of a longer one so many are looked at from its
first byte beyond ASCII on, and 40 before it."""
SIGNS = frozenset("„“”‚‘’«»‹›–—…€£§°•·©®™²³½¼¾×±µ\xa0¿¡ªº‰†№´¨")
INSIDE = frozenset("’·\xad\u200c\u200d")
"""Signs that stand between letters, too."""
RARE = frozenset("¼¾×±´¨‰†")


ALONE = frozenset("àèéòóÀÈÉÓøØåÅöÖüÜæÆ")
"""Letters that are words, or names of measures."""
WIDE_SHARE, OFTEN_SHARE, FEWEST_WIDE = 0.4, 0.1, 3
"""Of a text of eastern Asia: wide letters among all letters, and those that every text has."""


def codec(content: bytes, leads: Mapping[str, float] = MappingProxyType({})) -> str:
    """Python's name of the page; ``leads`` are those of pages that are usual where it stands."""
    sample = _sample(content)
    scores = [
        (_score(sample, number) + leads.get(name, lead if not leads else 0), -number)
        for number, (name, _, lead) in enumerate(PAGES)
    ]
    best, number = max(scores)
    return _double(sample, best) or PAGES[-number][0]


def is_double_byte(codec: str) -> bool:
    """Whether it is a page of eastern Asia."""
    return codec.replace("-", "_") in DOUBLE or codec in {"euc_jp", "johab"}


def _sample(content: bytes) -> bytes:
    """Lines with bytes beyond ASCII, from all over the text."""
    lines = [line for line in content.splitlines() if HIGH.search(line)]
    step = max(1, len(lines) // MOST_LINES)
    return b"\n".join(_around(line) for line in lines[::step])


def _around(line: bytes) -> bytes:
    found = HIGH.search(line)
    if len(line) <= LONGEST_LINE or found is None:
        return line
    return line[max(0, found.start() - 40) : found.start() + LONGEST_LINE]


def _double(sample: bytes, score: float) -> str | None:
    """The page of two bytes a letter that it is in, if most of it is such letters.

    Where no other page has words for it (``score``), letters that are less usual do.
    """
    best: str | None = None
    most = OFTEN_SHARE if score > 0 else -1.0
    for name, often in DOUBLE.items():
        text = sample.decode(name, "replace")
        wide = [c for c in text if ord(c) > 0x2FFF]
        letters = sum(c.isalpha() for c in text)
        if text.count("\ufffd") > len(text) / 40 or len(wide) < FEWEST_WIDE or _is_odd(text):
            continue
        share = sum(c in often for c in wide) / len(wide)
        if len(wide) > letters * WIDE_SHARE and share > most:
            best, most = name, share
    return best


def _is_odd(text: str) -> bool:
    """Private letters, or Japan's narrow ones: the wrong page's work."""
    return any("\ue000" <= c <= "\uf8ff" or "\uff61" <= c <= "\uff9f" for c in text)


@cache
def _languages(number: int) -> tuple[tuple[dict[str, float], frozenset[str]], ...]:
    """Of each language of a page: what a letter speaks for it, and its small words."""
    made = []
    for letters, words in PAGES[number][1].values():
        weights = {c: 2.0 - 1.2 * n / len(letters) for n, c in enumerate(letters)}
        capitals = {c.upper(): w - 0.5 for c, w in weights.items() if len(c.upper()) == 1}
        made.append((capitals | weights, frozenset(words.split())))
    return tuple(made)


def _score(sample: bytes, number: int) -> float:
    """How well the text of a page fits, in letters that stand where such letters do."""
    text = sample.decode(PAGES[number][0], "replace")
    words = set(PLAIN.findall(text.lower()))
    places = [(c, text[i - 1 : i], text[i + 1 : i + 2]) for i, c in enumerate(text) if c > "\x7f"]
    letters = [place for place in places if _is_letter(place[0])]
    signs = sum(_of_sign(*place) for place in places if not _is_letter(place[0]))
    fits = [
        sum(weights.get(letter, -1.5) for letter, _, _ in letters)
        + min(1.5, 0.5 * len(words & small))
        for weights, small in _languages(number)
    ]
    standing = sum(_of_letter(*place) for place in letters)
    return max(fits) + standing + signs


def _is_letter(char: str) -> bool:
    return char.isalpha() and char not in SIGNS


def _is_ascii_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _of_letter(letter: str, before: str, after: str) -> float:
    """What speaks against a letter where it stands."""
    wrong = 0.0
    if before.islower() and letter.isupper():
        wrong -= 4
    if letter.islower() and letter != "ß" and after.isupper():
        wrong -= 3
    if letter >= "\u0370" and (_is_ascii_letter(before) or _is_ascii_letter(after)):
        wrong -= 3
    if not before.isalpha() and not after.isalpha() and letter not in ALONE:
        wrong -= 2
    return wrong


def _of_sign(sign: str, before: str, after: str) -> float:
    """What a sign speaks for a page where it stands."""
    if sign == "\ufffd" or "\x80" <= sign <= "\x9f":
        return -5.0
    if sign not in SIGNS and sign not in INSIDE:
        return -3.0
    if sign in "¡¿" and (before.isalnum() or not after.isalpha()):
        return -2.0
    if before.isalpha() and after.isalpha():
        return 1.0 if sign in INSIDE else -3.0
    return 0.2 if sign in RARE else 1.2
