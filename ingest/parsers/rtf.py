"""RTF in its final view: characters by their code pages, deletions out, and what pandoc leaves out.

Headers, footers, comments and text boxes are groups that pandoc does not read; they are taken out
here. All other text is written again as Unicode, so that no code page is needed to read it.
Specification: "Rich Text Format (RTF) Specification, version 1.9.1", Microsoft, 2008.
"""

import codecs
import re
from dataclasses import dataclass, field, replace

from ingest.parsers import characters

TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]+)(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})"
    rb"|\\(?P<sign>[^a-zA-Z'])|(?P<brace>[{}])|(?P<text>[^\\{}]+)|(?P<stray>\\)",
    re.DOTALL,
)
PAGES = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250", 255: "cp437", 0: "cp1252",
}  # fmt: skip
"""Code pages of a font's character set."""
MACHINES = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
APART = {
    **dict.fromkeys(("header", "headerl", "headerr", "headerf"), "Header"),
    **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), "Footer"),
    "annotation": "comment",
    "atnauthor": "author",
    "shptxt": "box",
}
"""Groups whose text is kept apart."""
UNREAD = {
    "fldinst", "shprslt", "pict", "objdata", "themedata", "colorschememapping", "datastore",
    "atnid", "atndate", "atnref", "sp",
}  # fmt: skip
STANDING_IN = range(0xE000, 0xF900)
"""Letters of nobody's. Pandoc has none beyond the first 65,536: these stand in their places."""
HIGH_HALVES, LOW_HALVES = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
AS_IT_IS = {"fonttbl", "colortbl", "stylesheet", "info", "listtable", "listoverridetable"}
BREAKS = {
    "par": "\n", "line": "\n", "row": "\n", "tab": " ", "cell": " ", "emdash": "—", "endash": "–",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
}  # fmt: skip


@dataclass(slots=True)
class Rich:
    """A document as it is seen: RTF in plain ASCII, its text, and what was kept apart.

    ``meant`` has the characters that others stand for in the RTF, by their numbers.
    """

    source: bytearray = field(default_factory=bytearray)
    text: list[str] = field(default_factory=list)
    apart: list[tuple[str, list[str]]] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    meant: dict[int, str] = field(default_factory=dict)
    insertions: int = 0
    deletions: int = 0


@dataclass(frozen=True, slots=True)
class _State:
    """What is true in a group: where its text goes, how its bytes are read."""

    page: str
    goes: str = "text"
    sink: list[str] | None = None
    fallback: int = 1
    is_deleted: bool = False
    is_hidden: bool = False


def seen(content: bytes) -> Rich:
    """The final view of a document."""
    return _RtfReading(content).rich


class _RtfReading:
    def __init__(self, content: bytes) -> None:
        self.rich = Rich()
        self._default = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = -1
        self._states = [_State(self._default)]
        self._pending = bytearray()
        self._skip = 0
        self._is_starred = False
        self._half = 0
        self._stand_in: dict[str, str] = {}
        self._run(content)

    def _run(self, content: bytes) -> None:
        at = 0
        while match := TOKEN.match(content, at):
            at = match.end()
            if match["hex"]:
                self._byte(bytes([int(match["hex"], 16)]))
            elif match["text"]:
                self._bytes(match["text"])
            else:
                self._end_bytes()
                if match["word"] == b"bin":
                    at += max(0, int(match["number"] or 0))
                else:
                    self._control(match)
        self._end_bytes()

    def _control(self, match: re.Match[bytes]) -> None:
        if match["brace"] == b"{":
            self._states.append(self._states[-1])
            self._raw(b"{")
        elif match["brace"] == b"}":
            self._raw(b"}")
            if len(self._states) > 1:
                self._states.pop()
        elif match["word"]:
            number = None if match["number"] is None else int(match["number"])
            # It may have ended with its line, which is not written again.
            self._word(match["word"].decode(), number, match[0].rstrip() + b" ")
        elif match["sign"] == b"*":
            self._is_starred = True
        elif match["sign"]:
            self._sign(match)

    def _sign(self, match: re.Match[bytes]) -> None:
        if match["sign"] in {b"~", b"_", b"{", b"}", b"\\"}:
            self._shown({b"~": " ", b"_": "-"}.get(match["sign"], match["sign"].decode()))
        elif match["sign"] in {b"\n", b"\r"}:
            self._word("par", None, b"\\par ")
        elif match["sign"] != b"-":
            self._raw(match[0])

    def _word(self, word: str, number: int | None, raw: bytes) -> None:
        starred, self._is_starred = self._is_starred, False
        state = self._states[-1]
        if self._destination(word, starred=starred):
            return
        if word == "u" and number is not None:
            self._unit(number % 65536)
            self._skip = state.fallback
            return
        if word == "fcharset" and state.goes == "raw":
            self._fonts[self._font] = PAGES.get(number or 0, self._default)
        elif word == "ansicpg" and number:
            self._page_of(f"cp{number}")
        elif word in MACHINES:
            self._page_of(MACHINES[word])
        elif word in {"f", "uc", "deleted", "v", "plain"}:
            self._format(word, number)
        elif word == "revised" and number != 0:
            self.rich.insertions += 1
        elif word in BREAKS and state.goes not in {"raw", "skip"}:
            self._sink(BREAKS[word])
        if word != "uc" and word not in {"deleted", "revised"}:
            self._raw(raw)

    def _unit(self, unit: int) -> None:
        """A character of UTF-16, or half of one; halves that are alone are no text."""
        if unit in HIGH_HALVES:
            self._half = unit
            return
        if unit in LOW_HALVES and self._half:
            unit = 0x10000 + (self._half - HIGH_HALVES.start << 10) + unit - LOW_HALVES.start
        self._half = 0
        self._shown(characters.plain(chr(unit)))

    def _destination(self, word: str, *, starred: bool) -> bool:
        """Whether a word begins a group that is kept apart or left out."""
        state = self._states[-1]
        if state.goes in {"raw", "skip"} and word not in APART:
            return state.goes == "skip"
        if word in APART:
            sink: list[str] = []
            self.rich.apart.append((APART[word], sink))
            self._states[-1] = replace(state, goes="apart", sink=sink)
            return True
        if word in UNREAD:
            self._states[-1] = replace(state, goes="skip")
            return True
        if word in AS_IT_IS:
            self._states[-1] = replace(state, goes="raw")
        if starred:
            self._raw(b"\\*")
        return False

    def _format(self, word: str, number: int | None) -> None:
        state = self._states[-1]
        if word == "f":
            self._font = number or 0
            page = self._fonts.get(self._font, self._default)
            self._states[-1] = replace(state, page=page)
        elif word == "uc":
            self._states[-1] = replace(state, fallback=max(0, min(number or 0, 100)))
        elif word == "plain":
            self._states[-1] = replace(state, is_deleted=False, is_hidden=False)
        elif word == "deleted":
            self.rich.deletions += number != 0
            self._states[-1] = replace(state, is_deleted=number != 0)
        else:
            self._states[-1] = replace(state, is_hidden=number != 0)

    def _page_of(self, name: str) -> None:
        try:
            codecs.lookup(name)
        except LookupError:
            return
        self._default = name
        self._states[-1] = replace(self._states[-1], page=name)

    def _byte(self, byte: bytes) -> None:
        if self._skip:
            self._skip -= 1
        else:
            self._pending += byte

    def _bytes(self, text: bytes) -> None:
        if self._states[-1].goes == "raw":
            self._end_bytes()
            self._raw(text)
            return
        text = text.replace(b"\r", b"").replace(b"\n", b"")
        skipped, self._skip = min(self._skip, len(text)), max(0, self._skip - len(text))
        self._pending += text[skipped:]

    def _end_bytes(self) -> None:
        """What stands side by side is read together: letters of two bytes among it."""
        if self._pending:
            text = characters.plain(self._pending.decode(self._states[-1].page, "replace"))
            self._pending.clear()
            self._shown(text)
        else:
            self._skip = self._skip if self._states[-1].goes == "raw" else 0

    def _shown(self, text: str) -> None:
        state = self._states[-1]
        if state.goes == "skip" or state.is_deleted:
            return
        if state.is_hidden:
            self.rich.unseen.append(text)
            return
        self._sink(text)
        self._raw("".join(_escaped(self._within_reach(c)) for c in text).encode())

    def _within_reach(self, character: str) -> str:
        """A character that pandoc can read."""
        number = ord(character)
        if number <= 0xFFFF and number not in STANDING_IN:
            return character
        if character not in self._stand_in:
            if len(self._stand_in) == len(STANDING_IN):
                return "\ufffd"
            other = chr(STANDING_IN[len(self._stand_in)])
            self._stand_in[character] = other
            self.rich.meant[ord(other)] = character
        return self._stand_in[character]

    def _sink(self, text: str) -> None:
        state = self._states[-1]
        if state.is_deleted or state.is_hidden or state.goes in {"raw", "skip"}:
            return
        (self.rich.text if state.sink is None else state.sink).append(text)

    def _raw(self, source: bytes) -> None:
        if self._states[-1].goes in {"text", "raw"} or source in {b"{", b"}"}:
            self.rich.source += source


def _escaped(character: str) -> str:
    if character in "\\{}":
        return f"\\{character}"
    if " " <= character <= "~":
        return character
    unit = ord(character)
    return f"{{\\uc0\\u{unit if unit < 32768 else unit - 65536} }}"
