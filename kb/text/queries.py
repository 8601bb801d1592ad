"""What people write in the box beside plain words. Pure.

``"exact words"``, ``-word``, ``name:``, ``type:``, ``source:``, ``language:``, ``author:``,
``year:``, ``after:`` and ``before:`` (a year, a month ``2025-03`` or a day ``2025-03-31``). A value
with spaces stands in quotation marks: ``source:"Staff handbook"``.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from kb.errors import UsageError
from kb.text.words import WORD, fold

OPERATORS = ("name", "type", "source", "language", "author", "year", "after", "before")
PIECE = re.compile(
    r"(?<!\S)(?P<operator>" + "|".join(OPERATORS) + r'):(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))'
    r"|(?<!\S)(?P<minus>-)(?P<word>[^\W\d_][\w\'’-]*)"
    r'|["“„«](?P<phrase>[^"“”„«»]{2,300})["”“»]',
    re.IGNORECASE,
)
RUN = re.compile(r"[^\W_]+")
NO_WORDS, LONGEST_WORD = "∅", 200
YEARS = range(1678, 2262)
"""Whose nanoseconds the catalog can hold."""
MOST = 20
"""Filters of a question."""
TYPES = {
    "pdf": ("application/pdf",),
    "document": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/msword", "application/vnd.oasis.opendocument.text", "application/rtf",
        "application/epub+zip",
    ),
    "slides": (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.ms-powerpoint", "application/vnd.oasis.opendocument.presentation",
    ),
    "sheet": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel", "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.ms-excel.sheet.binary.macroenabled.12", "text/csv",
    ),
    "mail": ("message/rfc822", "application/vnd.ms-outlook", "application/mbox"),
    "web": ("text/html", "multipart/related", "application/xml"),
    "text": ("text/plain", "text/markdown"),
    "calendar": ("text/calendar",),
    "archive": ("application/zip", "application/x-tar"),
    "picture": (),
}  # fmt: skip
"""What people call a file, and what it is on the web. A picture is ``image/`` and anything."""
ALIASES = {
    "word": "document", "docx": "document", "doc": "document", "odt": "document", "rtf": "document",
    "powerpoint": "slides", "pptx": "slides", "ppt": "slides", "presentation": "slides",
    "excel": "sheet", "xlsx": "sheet", "xls": "sheet", "csv": "sheet", "spreadsheet": "sheet",
    "email": "mail", "e-mail": "mail", "eml": "mail", "msg": "mail", "html": "web",
    "txt": "text", "md": "text", "image": "picture", "png": "picture", "jpg": "picture",
    "ics": "calendar", "zip": "archive",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which passages are wanted; of several values of one kind any will do.

    ``after`` and ``before`` are seconds since the epoch; ``phrases`` and ``without`` are folded.
    """

    sources: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    after: float | None = None
    before: float | None = None

    @property
    def limits_documents(self) -> bool:
        """Whether some documents are left out as a whole."""
        return self != Wanted(phrases=self.phrases, without=self.without)

    def softened(self) -> "Wanted":
        """For a question in a sentence, in which quotation marks are no order."""
        return replace(self, phrases=(), without=())


EVERYTHING = Wanted()


def parse(question: str) -> tuple[str, Wanted]:
    """The words to search for, and what limits the search.

    Raises:
        UsageError: a date or a type cannot be read, or there are too many filters.
    """
    values: dict[str, list[str]] = {name: [] for name in (*OPERATORS, "phrases", "without")}
    words: list[str] = []
    position = 0
    for found in PIECE.finditer(question):
        words.append(question[position : found.start()])
        position = found.end()
        if found["operator"]:
            value = found["plain"] if found["quoted"] is None else found["quoted"]
            values[found["operator"].lower()].append(value.strip())
        elif found["minus"]:
            values["without"].append(fold(found["word"]))
        else:
            words.append(f" {found['phrase']} ")
            values["phrases"].append(folded(found["phrase"]))
    words.append(question[position:])
    if sum(map(len, values.values())) > MOST:
        raise UsageError(
            "At most {limit} filters.", code="too_many_filters", detail={"limit": MOST}
        )
    return " ".join("".join(words).split()), _wanted(values)


def wanted(
    *, source: list[str], type: list[str], language: list[str], author: list[str],  # noqa: A002
    name: list[str], year: list[str], after: str | None, before: str | None,
) -> Wanted:  # fmt: skip
    """What limits the search, from fields of an address.

    Raises:
        UsageError: as :func:`parse`.
    """
    given = {"source": source, "type": type, "language": language, "author": author}
    given |= {"name": name, "year": year}
    every: dict[str, list[str]] = {name: [] for name in (*OPERATORS, "phrases", "without")}
    every |= {name: [v for v in values if v] for name, values in given.items()}
    every["after"], every["before"] = [after or ""], [before or ""]
    if sum(map(len, every.values())) > MOST + 2:
        raise UsageError(
            "At most {limit} filters.", code="too_many_filters", detail={"limit": MOST}
        )
    return _wanted(every)


def both(left: Wanted, right: Wanted) -> Wanted:
    """What two sets of filters leave; where both name values of a kind, those of the second."""
    names = (
        "sources", "types", "languages", "authors", "names", "phrases", "without", "years",
    )  # fmt: skip
    joined: dict[str, Any] = {n: getattr(right, n) or getattr(left, n) for n in names}
    joined["after"] = left.after if right.after is None else right.after
    joined["before"] = left.before if right.before is None else right.before
    return Wanted(**joined)


def _wanted(values: dict[str, list[str]]) -> Wanted:
    after = [_moment(v, last=False) for v in values["after"] if v]
    before = [_moment(v, last=True) for v in values["before"] if v]
    return Wanted(
        sources=tuple(values["source"]),
        types=tuple(dict.fromkeys(map(_type, values["type"]))),
        languages=tuple(v.casefold()[:8] for v in values["language"]),
        authors=tuple(values["author"]),
        names=tuple(values["name"]),
        phrases=tuple(p for p in values["phrases"] if p),
        without=tuple(values["without"]),
        years=tuple(dict.fromkeys(map(_year, values["year"]))),
        after=max(after, default=None),
        before=min(before, default=None),
    )


def _year(value: str) -> int:
    if not re.fullmatch(r"\d{4}", value) or int(value) not in YEARS:
        raise UsageError("{value} is no year.", code="no_such_year", detail={"value": value[:40]})
    return int(value)


def _type(value: str) -> str:
    plain = value.casefold().lstrip(".")
    known = ALIASES.get(plain, plain)
    if known not in TYPES:
        raise UsageError(
            "There is no type {value}; there are {types}.",
            code="no_such_type",
            detail={"types": list(TYPES), "value": value[:40]},
        )
    return known


def _moment(value: str, *, last: bool) -> float:
    """The beginning of a year, month or day; ``last``: the end of it."""
    parts = value.split("-")
    try:
        year, month, day = (int(parts[n]) if n < len(parts) else 1 for n in range(3))
        if year not in YEARS:
            raise ValueError(year)
        begun = datetime(year, month, day, tzinfo=UTC)
        if not last:
            return begun.timestamp()
        if len(parts) == 1:
            return datetime(year + 1, 1, 1, tzinfo=UTC).timestamp()
        if len(parts) == 2:
            following = (year + 1, 1) if month == 12 else (year, month + 1)
            return datetime(*following, 1, tzinfo=UTC).timestamp()
        return begun.timestamp() + 86_400
    except (ValueError, OverflowError) as error:
        raise UsageError(
            "“{value}” is no date like 2025, 2025-03 or 2025-03-31.",
            code="bad_date",
            detail={"value": value[:40]},
        ) from error


def folded(text: str) -> str:
    """As phrases are compared: without case, accents and extra spaces."""
    return " ".join(fold(text).split())


def words_in(text: str, *, is_folded: bool = False) -> str:
    """A text as exact phrases are found in it: its words, folded, one space between.

    A word is a run of letters and digits, so that marks between words do not count. ``NO_WORDS``
    where there is none. A word of more than ``LONGEST_WORD`` characters stands as its beginning
    and its hash, since databases do not index longer ones.
    """
    words = RUN.findall(text if is_folded else fold(text))
    if not words:
        return NO_WORDS
    if len(max(words, key=len)) > LONGEST_WORD:
        words = [_shortened(w) for w in words]
    return " ".join(words)


def _shortened(word: str) -> str:
    if len(word) <= LONGEST_WORD:
        return word
    return f"{word[:LONGEST_WORD]}·{hashlib.sha256(word.encode()).hexdigest()[:32]}"


def has_words(text: str, without: tuple[str, ...]) -> bool:
    """Whether a text has one of the words that are not wanted."""
    if not without:
        return False
    have = {fold(w) for w in WORD.findall(text.casefold())}
    return any(word in have for word in without)


def type_of(media_type: str | None) -> str | None:
    """What people call a file of this media type."""
    if media_type and media_type.startswith("image/"):
        return "picture"
    return next((name for name, kinds in TYPES.items() if media_type in kinds), None)
