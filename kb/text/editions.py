"""Which edition of a document a file is, as far as its name, its folders and its text say. Pure.

«Travel policy 2024.docx» and «Travel policy 2025.docx» are editions of one; so are drafts and
versions. A date of a month or a day in a name («Minutes 2025-03-04») makes a record, no edition.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import PurePosixPath

from kb.text import dates, periods
from kb.text.dates import Day
from kb.text.pathnames import composed
from kb.text.periods import Period
from kb.text.words import fold

MEMBER = " › "
YEAR = re.compile(r"(?<!\d)(?:19[5-9]\d|20\d\d)(?!\d)")
VERSION = re.compile(
    r"(?<![^\W_])(?:version|versione|versión|vers|ver|revision|révision|revisione|revisión|rev"
    r"|release|ausgabe|auflage|fassung|edition|édition|edizione|edición|v)[\s._-]*(\d+(?:[._]\d+)*)(?![^\W_])",
    re.IGNORECASE,
)
DRAFT = re.compile(
    r"(?<![^\W_])(?:draft|entwurf|vorentwurf|brouillon|projet|bozza|borrador)(?:[\s._-]*\d+)?(?![^\W_])",
    re.IGNORECASE,
)
MARK = re.compile(
    r"(?<![^\W_])(?:final|endfassung|definitiv|définitif|definitivo|copy|kopie|copie|copia|neu|new"
    r"|old|alt|obsolete|veraltet)(?![^\W_])|\(\d{1,2}\)",
    re.IGNORECASE,
)
STATED = re.compile(
    r"\b(?:valid|effective|in force|in effect|applies|applicable|gültig|gilt|in kraft|valable"
    r"|en vigueur|valido|valida|in vigore|válid[oa]|vigente|en vigor)\b[^.\n]{0,40}?"
    r"\b(?:from|as of|since|with effect from|ab|seit|à (?:partir|compter) du|depuis|dal"
    r"|a partire dal|desde(?: el)?|a partir del?)\s+(?:the\s+|dem\s+)?",
    re.IGNORECASE,
)
"""How a document says from when on it is valid; the date follows."""
BY_PEOPLE = {"text", "name", "folder"}
"""Where a date is taken from that people wrote: it tells which edition a document is."""
FEWEST_LETTERS = 4
"""Letters and digits of a name that two editions share."""
MASKED = re.compile(r"\d+(?:[.,:/]\d+)*")


@dataclass(frozen=True, slots=True)
class Edition:
    """A file as an edition: of which ``family``, of which year, which version, a draft or not.

    ``family`` is empty where the name says nothing that two editions could share. ``stated`` is the
    day from which the document says it is valid, ``said`` how it says so. ``own`` is its own date,
    where it says one in its text, its name or its folders; ``modified`` whatever date it has.
    """

    family: str
    year: int | None
    version: tuple[int, ...]
    draft: bool
    stated: date | None
    said: str
    modified: float | None
    own: Period | None = None

    @property
    def is_marked(self) -> bool:
        """Whether it says itself which one it is."""
        return bool(self.year or self.version or self.draft or self.stated or self.own)

    @property
    def label(self) -> str:
        """What it is called: «2024», «v2.1», «draft 2024»; its date, where it says nothing else."""
        return " ".join(self._marks()) or (self.dated.label if self.dated else "")

    @property
    def dated(self) -> Period | None:
        """The edition's date, where that alone tells which one it is."""
        if any(self._marks()):
            return None
        is_known = self.own is None and self.modified is not None
        return Period(day_of(self.modified or 0.0), periods.DAY) if is_known else self.own

    def _marks(self) -> Iterator[str]:
        if self.draft:
            yield "draft"
        if self.year or (self.stated and not self.version):
            yield str(self.year or (self.stated and self.stated.year))
        if self.version:
            yield f"v{'.'.join(map(str, self.version))}"

    def order(self, today: date) -> tuple[bool, bool, int, tuple[int, ...], date, float]:
        """The greater, the more it is the one that is valid now: no draft, not of the future."""
        begins = self.stated or (date(self.year, 1, 1) if self.year else None)
        year = self.year or (self.stated.year if self.stated else 0)
        if not year and self.modified is not None:
            year = day_of(self.modified).year
        begun = begins is None or begins <= today
        return (
            begun, not self.draft, year, self.version, self.stated or date.min,
            self.modified or 0.0,
        )  # fmt: skip


def day_of(modified: float) -> date:
    """The day of a moment, in UTC."""
    return datetime.fromtimestamp(modified, UTC).date()


@lru_cache(maxsize=4_000)
def of_name(path: str, title: str) -> tuple[str, int | None, tuple[int, ...], bool]:
    """Family, year, version and draft, by a file's name; the year also by title and folders."""
    whole = PurePosixPath(composed(path.rpartition(MEMBER)[2]))
    name = whole.stem
    is_record = any(d[1] for dated in dates.dates(name.replace("_", " ")) for d in dated.readings)
    version, draft = VERSION.search(name), DRAFT.search(name) is not None
    years = YEAR.findall(name) or YEAR.findall(title)
    if not years:
        years = [y for folder in whole.parts[:-1] for y in YEAR.findall(folder)]
    year = int(years[-1]) if years and len(set(years)) == 1 else None
    numbers = tuple(int(n) for n in re.split(r"[._]", version[1])) if version else ()
    plain = name
    if not is_record or version or draft:
        for pattern in (VERSION, DRAFT, MARK, YEAR):
            plain = pattern.sub(" ", plain)
    words = re.findall(r"[^\W_]+", fold(plain))
    has_letters = any(w.isalpha() for w in words) and len("".join(words)) >= FEWEST_LETTERS
    family = " ".join(words) if has_letters else ""
    return family, year, numbers, draft


def of_text(text: str) -> tuple[date | None, str]:
    """From when on a text says that it is valid, and how it says so."""
    for lead in STATED.finditer(text):
        rest = text[lead.end() : lead.end() + 40]
        for dated in dates.dates(rest):
            first = _first_day(dated.readings[0]) if dated.start == 0 else None
            if first is not None:
                said = " ".join(text[lead.start() : lead.end() + dated.end].split())
                return first, said
        year_alone = re.match(r"(?:19|20)\d\d\b", rest)
        if year_alone:
            said = " ".join(text[lead.start() : lead.end() + 4].split())
            return date(int(year_alone.group()), 1, 1), said
    return None, ""


def _first_day(said: Day) -> date | None:
    """The day with which a date of a year begins; None: it is of no year, or «31 June»."""
    year, month, day = said
    try:
        return date(year, month or 1, day or 1) if year else None
    except ValueError:
        return None


@lru_cache(maxsize=4_000)
def of(
    path: str,
    title: str,
    text: str,
    modified: float | None,
    source: str | None = None,
    precision: str = periods.DAY,
) -> Edition:
    """What a passage's file is, by all that is known of it; who says its date, and how exactly."""
    family, year, version, draft = of_name(path, title)
    stated, said = of_text(text)
    is_said = modified is not None and source in BY_PEOPLE
    own = Period(day_of(modified or 0.0), precision) if is_said else None
    return Edition(family, year, version, draft, stated, said, modified, own)


@lru_cache(maxsize=4_000)
def masked(text: str) -> str:
    """A text without what changes from one edition to the next: numbers and months."""
    for dated in reversed(dates.dates(text)):
        text = f"{text[: dated.start]}#{text[dated.end :]}"
    return MASKED.sub("#", text)


@lru_cache(maxsize=4_000)
def numbers(path: str) -> frozenset[int]:
    """The numbers in a file's name."""
    name = PurePosixPath(path.rpartition(MEMBER)[2]).stem
    return frozenset(map(int, re.findall(r"\d+", name)))


@lru_cache(maxsize=4_000)
def numbered(path: str) -> str:
    """A file's name with its numbers masked: «Safety briefing #»; empty where it has none."""
    name = fold(composed(PurePosixPath(path.rpartition(MEMBER)[2]).name))
    return re.sub(r"\d+", "#", name) if re.search(r"\d", name) else ""


def unnumbered(text: str, own: frozenset[int]) -> str:
    """A text with its file's own numbers masked."""
    return re.sub(r"\d+", lambda found: "#" if int(found.group()) in own else found.group(), text)


@dataclass(frozen=True, slots=True)
class Named:
    """The editions that a question names: years and versions."""

    years: frozenset[int]
    versions: frozenset[tuple[int, ...]]

    def names(self, edition: Edition) -> bool:
        """Whether it is one of those."""
        said = edition.stated or (edition.own.first if edition.own else None)
        year = edition.year or (said.year if said else None)
        by_year = year in self.years if self.years else True
        by_version = edition.version in self.versions if self.versions else True
        return bool(self.years or self.versions) and by_year and by_version


def named(question: str) -> Named:
    """The editions that a question names."""
    versions = {tuple(map(int, re.split(r"[._]", v))) for v in VERSION.findall(question)}
    return Named(frozenset(map(int, YEAR.findall(question))), frozenset(versions))
