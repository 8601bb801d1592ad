"""The language of number formats: a code's variants, each a row of tokens.

ECMA-376, part 1, 18.8.31.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)'
    r"|\[(?P<elapsed>h+|m+|s+)\]|\[(?P<bracket>[^\]]*)\]|(?P<general>General|Standard)"
    r"|(?P<half>AM/PM|A/P|上午/下午)|(?P<exponent>E[+-])|(?P<date>y+|m+|d+|h+|s+)|(?P<era>g+|e+|a{3,4})"
    r"|(?P<text>@)|(?P<digit>[0#?])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[\d.]+)$")
LONGEST = 200
"""Longer codes are not looked at."""


@dataclass(frozen=True, slots=True)
class FormatToken:
    """A piece of a format code."""

    kind: str
    text: str

    def is_mark(self, text: str) -> bool:
        """Whether it is a character that stands for itself, or for what sheets mean by it."""
        return self.kind == "other" and self.text == text


@dataclass(frozen=True, slots=True)
class FormatSection:
    """One of a code's variants, and for which numbers it is."""

    tokens: tuple[FormatToken, ...]
    condition: tuple[str, float] | None

    def has(self, *kinds: str) -> bool:
        """Whether there is a token of one of these kinds."""
        return any(t.kind in kinds for t in self.tokens)


@lru_cache(maxsize=2000)
def sections(code: str) -> tuple[FormatSection, ...]:
    """A code's variants: for numbers, negative ones, nought, texts."""
    parts: list[list[FormatToken]] = [[]]
    for token in _tokens(code):
        if token.is_mark(";"):
            parts.append([])
        else:
            parts[-1].append(token)
    return tuple(_section(part) for part in parts)


def _tokens(code: str) -> Iterator[FormatToken]:
    for match in TOKEN.finditer(code):
        kind = match.lastgroup or "other"
        text = match.group(kind)
        yield FormatToken(kind, text.lower() if kind in {"date", "elapsed"} else text)


def _section(tokens: list[FormatToken]) -> FormatSection:
    condition = None
    for token in tokens:
        found = CONDITION.match(token.text) if token.kind == "bracket" else None
        if found:
            condition = (found.group(1), _float(found.group(2)))
    return FormatSection(tuple(tokens), condition)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def literal(token: FormatToken) -> str:
    """What a token shows that stands for no digit."""
    if token.kind == "bracket":
        is_currency = token.text.startswith("$")
        return token.text[1:].split("-")[0] if is_currency else ""
    if token.kind in {"space", "fill"}:
        return " "
    return token.text if token.kind in {"quoted", "escaped", "era", "other"} else ""
