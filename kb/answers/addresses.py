"""Where addresses stand in a text: of pages, mail boxes, machines, however they are written. Pure.

A text is looked at as a browser or a mail program would read it: without characters that nobody
sees, with wide letters and dots as plain ones, with ``[.]`` as a dot. Time grows with its length.
"""

import bisect
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from kb.answers.endings import ENCODED, ENDINGS
from kb.answers.runs import Range
from kb.text.naming import is_blank
from kb.types.passages import Passage

LABEL = r"[\w\u0300-\u036f-]"
REST = r"[^\s<>\"'`\])}]*+"
FOUND = re.compile(
    rf"(?<![a-z0-9+.-])(?P<scheme>[a-z0-9+.-]*+://(?:\[[0-9a-f:.%]*+\])?{REST})"
    r"|\b(?P<bare>(?:(?:javascript|vbscript|mailto|blob|magnet|view-source):|data:[a-z]*[/;,])\S++)"
    rf"|(?<![\w.+-])(?P<mail>[\w.+-]++@{LABEL}++(?:\.{LABEL}++)++(?:[/?#]{REST})?+)"
    rf"|(?<!{LABEL})(?P<name>{LABEL}++(?:\.{LABEL}++)++)"
    r"|(?<![\w:.])(?P<machine>\[?(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:\]|(?![\w:])))",
    re.IGNORECASE,
)
"""With a scheme; with one that needs no slashes; a mail box; names or numbers with dots; IPv6."""
BEHIND = re.compile(rf"(?::\d{{2,5}}(?!\d))?(?:[/?#](?=\w|[%~@=&/?#]){REST})?", re.IGNORECASE)
"""What follows a name: a port, a path, a query."""
NUMBERS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
WRITTEN_DOT = re.compile(
    r"(?<=\w)[ \t]?[\[({<]\s?(?P<as>\.|dot|punkt|point|punto|@|at|://|:)\s?[\])}>][ \t]?(?=[\w/])",
    re.IGNORECASE,
)
"""How addresses are written so that nothing makes a link of them."""
SIGNS = {"at": "@", "@": "@", "://": "://", ":": ":"}
WIDE_DOTS = "。｡"
"""Full stops of Chinese and Japanese, which browsers take for dots: before a Latin letter here."""
FILES = frozenset({"md", "py", "rs", "ps"})
"""Endings of files that are countries too: a name with one dot and such an ending is a file."""
PROSE = frozenset(
    """
    it is in at as am be by do my no so to us la es de il si ne se im er je an here now one you
    how new next open read today
    """.split()
)
"""Words that begin a sentence after a full stop without a space, and are countries too."""
ABBREVIATED = frozenset({"b.sc", "m.sc", "co.kg", "dr.med"})
LONGEST_LABEL = 64
"""Characters from which a host's label is none: DNS takes at most 63 (RFC 1035)."""
TRAILING = ".,;:!?»”’…*_~"
BORDERS = "/?#:"
LEFT_OUT = "…"
"""Stands for an address that is not shown."""
SAME = re.compile(r"^(?:https?://+)?(?:www\.)?")


class Plain:
    """A text as programs read it, and where each of its characters stands in the text itself."""

    def __init__(self, text: str) -> None:
        self.text, self._places = text, list[int]()
        if not text.isascii():
            pieces = [_plain(*pair) for pair in zip(text, f"{text[1:]} ", strict=True)]
            self.text = "".join(pieces)
            self._places = [at for at, piece in enumerate(pieces) for _ in piece]
        if WRITTEN_DOT.search(self.text):
            self._undo_writing()

    def _undo_writing(self) -> None:
        pieces, places, position = list[str](), list[int](), 0
        known = self._places or range(len(self.text))
        for match in WRITTEN_DOT.finditer(self.text):
            sign = SIGNS.get(match["as"].casefold(), ".")
            pieces += [self.text[position : match.start()], sign]
            places += [*known[position : match.start()], *[known[match.start()]] * len(sign)]
            position = match.end()
        self._places = [*places, *known[position:]]
        self.text = "".join([*pieces, self.text[position:]])

    def place(self, start: int, end: int) -> Range:
        """Where a stretch of it stands in the text itself, with what is not seen within."""
        if not self._places:
            return start, end
        return self._places[start], self._places[end - 1] + 1


@lru_cache(maxsize=20_000)
def _plain(character: str, following: str) -> str:
    """A character as it is compared: none where it is not seen, several if it stands for them."""
    if character in WIDE_DOTS and following.isascii() and following.isalnum():
        return "."
    if is_blank(character) or unicodedata.category(character) == "Cf":
        return ""
    return unicodedata.normalize("NFKC", character)


def found(text: str) -> list[Range]:
    """Where addresses stand, in order; without the punctuation behind them."""
    plain = Plain(text)
    return [plain.place(start, end) for start, end in _spans(plain.text)]


def _spans(text: str) -> Iterator[Range]:
    position = 0
    while match := FOUND.search(text, position):
        start, position = match.span()
        if match["name"]:
            end = _end_of_name(text, start, match["name"])
            if end is None:
                continue
            position = max(position, end)
        elif match["machine"] and not _is_machine(match["machine"]):
            continue
        else:
            end = position
        end = start + len(text[start:end].rstrip(TRAILING))
        if end > start:
            yield start, end


def _end_of_name(text: str, start: int, name: str) -> int | None:
    """Where an address that begins with this name ends; None where it is none."""
    whole = start + len(name)
    behind = BEHIND.match(text, whole)
    end = behind.end() if behind else whole
    labels = name.split(".")
    if NUMBERS.fullmatch(name):
        return end if all(int(label) < 256 for label in labels) else None
    last = labels[-1].casefold()
    if (end > whole and len(last) > 1 and last.isalpha()) or labels[0].casefold() == "www":
        return end
    if ends := [n for n in range(1, len(labels)) if _is_ending(labels, n)]:
        is_whole = ends[-1] == len(labels) - 1
        return end if is_whole else start + len(".".join(labels[: ends[-1] + 1]))
    return None


def _is_ending(labels: list[str], at: int) -> bool:
    """Whether a name ends with this label, as far as it is one: only a new sentence may follow."""
    ending, folded = labels[at], labels[at].casefold()
    if at + 1 < len(labels) and not labels[at + 1][:1].isupper():
        return False
    if ending.istitle() and folded in PROSE and labels[at - 1][-1:].islower():
        return False
    before = labels[at - 1]
    if len(labels) == 2 and (folded in FILES or (before + "." + folded).casefold() in ABBREVIATED):
        return False
    return folded in ENDINGS or _encoded(folded) in ENCODED


@lru_cache(maxsize=2_000)
def _encoded(label: str) -> str:
    """A label of another script as machines write it, without ``xn--``; empty where it is none."""
    if label.isascii():
        return label.removeprefix("xn--") if label.startswith("xn--") else ""
    try:
        return label.encode("punycode").decode() if len(label) < LONGEST_LABEL else ""
    except UnicodeError:
        return ""


def _is_machine(written: str) -> bool:
    groups = written.strip("[]")
    has_digit = any(c.isdigit() for c in groups)
    return has_digit and ("::" in groups or groups.count(":") == 7)


class KnownAddresses:
    """The addresses of passages: what of an answer may stay."""

    def __init__(self, texts: Iterable[str]) -> None:
        plain = Plain("\n".join(texts)).text
        self._addresses = sorted({_same(plain[start:end]) for start, end in _spans(plain)})

    @classmethod
    def of(cls, passages: Iterable[Passage]) -> "KnownAddresses":
        """The addresses of passages and of their titles."""
        return cls(f"{passage.chunk.title}\n{passage.text}" for passage in passages)

    def has(self, address: str) -> bool:
        """Whether a passage has it, as it is or with more behind it: a path, a query, a port."""
        wanted = _same(Plain(address).text)
        return any(self._begins(wanted + border) for border in ("", *BORDERS))

    def _begins(self, wanted: str) -> bool:
        at = bisect.bisect_left(self._addresses, wanted)
        if at == len(self._addresses):
            return False
        found = self._addresses[at]
        return found == wanted or (wanted[-1:] in BORDERS and found.startswith(wanted))

    def foreign(self, text: str) -> list[Range]:
        """Where addresses of a text stand that no passage has."""
        return [(start, end) for start, end in found(text) if not self.has(text[start:end])]


def _same(address: str) -> str:
    """An address as it is compared: without what browsers add, and what prose puts behind it."""
    return SAME.sub("", address.casefold()).rstrip(TRAILING + BORDERS)


def without(text: str, ranges: Iterable[Range]) -> str:
    """A text with ``LEFT_OUT`` for each of these stretches, which are in order."""
    pieces, position = list[str](), 0
    for start, end in ranges:
        pieces += [text[position:start], LEFT_OUT]
        position = end
    return "".join([*pieces, text[position:]])
