"""The lines of an answer's Markdown as they are parsed: without sources, not too deep. Pure."""

import re
from collections.abc import Collection

END = re.compile(r"\r\n?|\n")
LISTED = re.compile(r"^\s*+(?:\[\^?\d{1,2}\]\s*[:.]|[⁰¹²³⁴-⁹]+\s+\S)")
LISTING = re.compile(
    r"^[ \t>*_]*(?:sources?|quellen?|references?)[*_]*:(?P<rest>.*)", re.IGNORECASE
)
"""Lines in which models list the passages once more."""
ENTRY = re.compile(r"^\s*+(?:[-*+•]|\d+[.)]|\[\^?\d+\])\s")
WORDS_OF_A_SENTENCE = 4
"""Fewest words behind «Sources:» that are taken for a sentence."""
DIGIT = re.compile(r"\d")
POINT = re.compile(r"^(\s*)[•‣◦–]\s+")
"""Points that are no Markdown."""
CONTAINER = re.compile(r"(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]|$))")
MOST_CONTAINERS = 12
"""Marks of lists and quotations at the front of a line; more are text."""
WIDEST = 24
"""Columns by which a line may be indented: more lists within each other are one."""
PIPE = re.compile(r"(?<!\\)\|")
SPACE = re.compile(r"[ \t]*")
RULE = re.compile(r"^[\s*_-]*\Z")


def kept(text: str, code: Collection[int]) -> list[tuple[int, str]]:
    """The lines that are parsed, each with the place at which it begins in the text.

    ``code`` are the numbers of lines that are code, from 0: they stay as they are.
    """
    given = END.split(text)
    begins = [0, *(end.end() for end in END.finditer(text))]
    sources = _sources(given)
    found, columns = [], 0
    for number, (position, line) in enumerate(zip(begins, given, strict=True)):
        if number in code:
            found.append((position, line))
        elif number not in sources and not LISTED.match(line):
            columns = _columns(columns, line, given[number - 1] if number else "")
            fitted = _fitted(line, columns) if columns else line
            found.append((position, _shallow(POINT.sub(r"\1- ", fitted))))
    return found


def _columns(known: int, line: str, before: str) -> int:
    """The columns of the table that a line stands in; 0 where it stands in none."""
    bare = line.lstrip(" \t>").rstrip()
    if not bare:
        return 0
    if "|" in before and "-" in bare and not set(bare) - set("|:- \t"):
        return len(bare.strip("|").split("|"))
    return known


def _fitted(line: str, columns: int) -> str:
    """A row with no more cells than its table has: what is more is text of the last."""
    end = line.rstrip()
    begun = len(line) - len(line.lstrip(" \t>"))
    pipes = [m.start() for m in PIPE.finditer(end, begun)]
    between = [at for at in pipes if begun < at < len(end) - 1][columns - 1 :]
    pieces, position = list[str](), 0
    for at in between:
        pieces += [line[position:at], "\\"]
        position = at
    return "".join([*pieces, line[position:]])


def _sources(given: list[str]) -> set[int]:
    """The lines at the end that announce a list of sources: nothing but their entries follows."""
    found = set()
    for number in range(len(given) - 1, -1, -1):
        line = given[number]
        listing = LISTING.match(line)
        if listing and _names_sources(listing["rest"]):
            found.add(number)
        elif line.strip() and not LISTED.match(line) and not ENTRY.match(line):
            break
    return found


def _names_sources(said: str) -> bool:
    """Whether what stands behind «Sources:» is none but them, not a sentence."""
    words = said.split()
    return (
        len(words) < WORDS_OF_A_SENTENCE or words[-1][-1] not in ".!?" or bool(DIGIT.search(said))
    )


def _shallow(line: str) -> str:
    """A line at most so deep in lists and quotations; what would be deeper is its text."""
    bare = line.lstrip(" \t")
    if not CONTAINER.match(bare) and len(line) - len(bare) <= WIDEST:
        return line
    if RULE.match(line):
        return line
    pieces, position, room = list[str](), 0, WIDEST
    for number in range(MOST_CONTAINERS + 1):
        space = SPACE.match(line, position)
        begins = space.end() if space else position
        width = min(room, len(line[position:begins].expandtabs(4)))
        room, position = room - width, begins
        pieces.append(" " * width)
        mark = CONTAINER.match(line, begins)
        if mark is None:
            break
        if number == MOST_CONTAINERS:
            pieces += [line[begins : mark.end() - 1], "\\"]
            position = mark.end() - 1
        else:
            pieces.append(mark.group())
            position = mark.end()
            room += 1
    return "".join([*pieces, line[position:]])
