"""Which stretches of a passage may be quoted: sentences, rows of tables, lines. Pure."""

import re
from collections.abc import Callable

from kb.answers import rows
from kb.text import sentences

Span = tuple[int, int]
"""Where a stretch begins and ends, in characters of its passage."""
POINTING = re.compile(
    r"(?:it|its|they|them|their|this|that|these|those|he|she|his|her|er|sie|es|dies|diese[rsmn]?"
    r"|dadurch|dabei|damit|dazu|davon|il|elles?|ils|cela|ceci|celui-ci|celle-ci|esso|essa|questo"
    r"|questa|ello|ella|esto|eso)\b",
    re.IGNORECASE,
)
"""How a sentence begins that speaks of what the one before it names."""
LONGEST = 400
"""A longer stretch without a full stop (a table, say) is cut at line ends."""


def spans(text: str) -> list[Span]:
    """Sentences, rows of tables, and lines where there are no sentences."""
    found: list[Span] = []
    position = 0
    for start, end in rows.spans(text):
        between = _between(text[position:start])
        found += [(position + s, position + e) for s, e in between]
        found.append((start, _cut(text, start, end)))
        position = end
    return found + [(position + s, position + e) for s, e in _between(text[position:])]


def _between(text: str) -> list[Span]:
    """The stretches of what is no table."""
    found: list[Span] = []
    for start, end in sentences.spans(text):
        if end - start <= LONGEST and text.count("\n", start, end) < 2:
            found.append((start, end))
            continue
        position = start
        for line in text[start:end].split("\n"):
            if line.strip():
                found.append((position, position + len(line)))
            position += len(line) + 1
    return [(s, _cut(text, s, e)) for s, e in found if e - s > 3]


def _cut(text: str, start: int, end: int) -> int:
    """Where a stretch that is too long ends: within no word and no number, where it has several."""
    if end - start <= LONGEST:
        return end
    blank = text.rfind(" ", start + 1, start + LONGEST + 1)
    return blank if text[start:blank].strip() else start + LONGEST


def with_named(text: str, span: Span) -> Span:
    """With the sentence before it, where it begins with a pronoun: that says what it speaks of."""
    start, end = span
    if not POINTING.match(text[start:end]) or rows.BAR in text[start:end]:
        return span
    before = [first for first, last in sentences.spans(text) if last <= start]
    if not before or end - before[-1] > LONGEST or "\n\n" in text[before[-1] : start]:
        return span
    return before[-1], end


def around(text: str, span: Span, most: int, is_border: Callable[[Span], bool]) -> Span:
    """A stretch with those after and before it, by turns, as far as there is room for them.

    ``most`` is in characters. It ends before a border (a heading, a question), and before a
    table, of which a row stands by itself.
    """
    found = spans(text)
    inside = [n for n, (s, e) in enumerate(found) if s < span[1] and e > span[0]]
    if not inside or _has_row(text, found[inside[0]]):
        return span
    first, last = inside[0], inside[-1]
    start, end = span
    sides = [1, -1]
    while sides:
        side = sides.pop(0)
        at = last + 1 if side > 0 else first - 1
        if not 0 <= at < len(found) or _has_row(text, found[at]) or is_border(found[at]):
            continue
        wider = min(start, found[at][0]), max(end, found[at][1])
        if wider[1] - wider[0] > most:
            continue
        start, end = wider
        first, last = min(first, at), max(last, at)
        sides.append(side)
    return start, end


def _has_row(text: str, span: Span) -> bool:
    return rows.BAR in text[slice(*span)]
