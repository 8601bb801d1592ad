"""Pages and texts of more levels than a parser goes down: what lies deeper is read beside.

Browsers do the same from 512 levels on; libxml2 ends its reading, without a word, at 2,048.
"""

import re

DEEPEST = 500
"""Levels of elements that stay as they are."""
PIECE = re.compile(
    r"<!--(?:.*?(?P<closed>-->)|.*\Z)|<(?P<raw>script|style)\b(?:.*?</(?P=raw)\b|.*\Z)"
    r"|<(?P<end>/?)(?P<name>[a-z][a-z0-9-]*+)[^<>]*+>",
    re.IGNORECASE | re.DOTALL,
)
"""A comment (one that nobody closed goes to the end), what is no text, or a tag."""
CLOSING_THEMSELVES = frozenset(
    "area base br col colgroup dd dt embed hr img input li link meta option p param rp rt source"
    " tbody td tfoot th thead tr track wbr".split()
)
"""Elements that hold none of their own kind, or nothing."""
INLINE = frozenset("a abbr b big cite code em font i q s small span strong sub sup tt u".split())
LONG_TAG = re.compile(r"<[a-z][^<>]{20000,}+>", re.IGNORECASE)
ATTRIBUTE = re.compile(
    r"""\s++[^\s"'>/=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'>]++))?+""", re.IGNORECASE
)
MOST_ATTRIBUTES = 1000
"""Attributes of one element: parsers compare each with all before it."""

MARK = r"(?:[ \t>*+-]|\d{1,9}[.)][ \t])"
DEEP_MARKS = re.compile(rf"^({MARK}{{100}}){MARK}++", re.MULTILINE)
"""What begins a line of Markdown (quotes, lists, blanks): readers lose what lies deeper, and what
follows it, and take time by the square of the depth."""


def few_marks(source: str) -> str:
    """Markdown of which no line lies deeper than a hundred marks."""
    return DEEP_MARKS.sub(r"\1", source)


def few_attributes(source: str) -> str:
    """A page of which no element has more attributes than that."""
    return LONG_TAG.sub(_shortened, source)


def _shortened(found: re.Match[str]) -> str:
    attributes = list(ATTRIBUTE.finditer(found[0]))
    if len(attributes) <= MOST_ATTRIBUTES:
        return found[0]
    return found[0][: attributes[MOST_ATTRIBUTES].start()] + ">"


def shallow(source: str) -> str:
    """A page without tags that lie deeper, and without a comment that nobody has closed."""
    if source.count("<") < DEEPEST and source.rfind("<!--") <= source.rfind("-->"):
        return source
    return PIECE.sub(_Levels().piece, source)


class _Levels:
    """How deep one is, and how many levels beneath were left out."""

    def __init__(self) -> None:
        self._depth = self._left_out = 0

    def piece(self, found: re.Match[str]) -> str:
        if found["name"] is None:
            return found[0] if found["closed"] or found["raw"] else ""
        name = found["name"].casefold()
        if name in CLOSING_THEMSELVES:
            return found[0]
        if found["end"]:
            return self._closed(found[0], name)
        if self._depth < DEEPEST:
            self._depth += 1
            return found[0]
        self._left_out += 1
        return _instead(name)

    def _closed(self, tag: str, name: str) -> str:
        if self._left_out:
            self._left_out -= 1
            return _instead(name)
        self._depth = max(0, self._depth - 1)
        return tag


def _instead(name: str) -> str:
    return "" if name in INLINE else "<br>"
