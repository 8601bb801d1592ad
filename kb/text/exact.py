"""Exact things in a question: serial and part numbers, telephone numbers, paragraphs, dates, sums.

Each knows how it may be written, as ``queries.words_in`` cuts words, and whether it stands in a
text, however it is written there. Pure.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from kb.text import dates, quantities
from kb.text.dates import FULL, MONTHS, Day
from kb.text.quantities import Quantity
from kb.text.queries import words_in
from kb.text.words import content, fold

TOKEN = re.compile(r"[^\W_]+(?:[-./_–][^\W_]+)*")
PIECE = re.compile(r"\d+|[^\W\d_]+")
GAP = r"[\W_]{0,3}"
"""What may stand between the pieces of a code: «SN-12» is «SN 12» and «SN12»."""
FEWEST_LETTERS, FEWEST_DIGITS, LONG = 4, 2, 5
"""Letters and digits of a code, digits of one with letters, digits of one without."""
FEWEST_OF_SUM = 4
"""Fewest digits of a sum of money or another quantity that is looked for as it is written."""
ORDINAL = re.compile(r"(?<!\d)\d{1,9}(?:st|nd|rd|th|er|re|ème|e|s|º|ª|o|a)", re.IGNORECASE)
YEARS = range(1800, 2200)
LABELS = (
    "§ §§ paragraph paragraf par section sec abschnitt abs sección sezione",
    "article articles artikel art articolo artículo",
    "chapter chapitre kapitel kap capitolo capítulo",
    "annex annexe appendix anhang anlage allegato anexo",
    "clause ziffer ziff punkt point punto number nummer nr no n° nº numéro numero número",
)
"""What numbered parts of documents are called; those in one line are the same."""
_KIND = {label: n for n, labels in enumerate(LABELS) for label in labels.split()}
_LABEL = "|".join(re.escape(label) for label in sorted(_KIND, key=len, reverse=True))
NUMBERED = re.compile(
    rf"(?<!\w)(?P<label>{_LABEL})\.?\s?(?P<number>\d{{1,4}}(?:\.\d{{1,3}})*[a-z]?)(?![\w/-]|[.,]\d)",
    re.IGNORECASE,
)
ENGLISH = (
    "january february march april may june july august september october november december"
).split()
FRENCH = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
).split()
SPANISH = (
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
).split()
HEADED = re.compile(r"(?m)^[^\S\n]{0,40}(\d{1,3}(?:\.\d{1,3})+)\.?\s")
"""A heading that begins with its number."""
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){3,7}(?: ?[A-Z\d]{1,3})?\b")
MOST = 8
"""Exact things of a question that are looked for."""
MOST_SPELLINGS = 40
"""Most spellings of one date that are looked for."""


@dataclass(frozen=True, slots=True)
class Exact:
    """An exact thing: as the question has it, how it may be written, and where it stands.

    ``spellings`` are words as ``words_in`` gives them; empty: it is recognised in a text alone.
    """

    written: str
    kind: str
    spellings: tuple[str, ...]
    stands: Callable[[str], bool]


@lru_cache(maxsize=64)
def of_question(question: str) -> tuple[Exact, ...]:
    """The exact things of a question, each once."""
    found: dict[str, Exact] = {}
    taken: list[tuple[int, int]] = []
    for start, end, thing in _found(question):
        if not any(s < end and start < e for s, e in taken):
            taken.append((start, end))
            found.setdefault(thing.written.casefold(), thing)
    return tuple(found.values())[:MOST]


def rest(question: str) -> list[str]:
    """The words of a question beside its exact things, shortened to a stem."""
    for thing in of_question(question):
        question = question.replace(thing.written, " ")
    return [word for word in content(question) if not word[:1].isdigit()]


def _found(question: str) -> Iterator[tuple[int, int, Exact]]:
    for match in IBAN.finditer(question):
        yield match.start(), match.end(), _account(match.group())
    for match in NUMBERED.finditer(question):
        yield match.start(), match.end(), _paragraph(match)
    for dated in dates.dates(question):
        if any(sum(part is not None for part in day) > 1 for day in dated.readings):
            written = question[dated.start : dated.end]
            yield dated.start, dated.end, _date(written, dated.readings)
    for start, end, digits in quantities.phones(question):
        yield start, end, _phone(question[start:end], digits)
    for start, end, written in _codes(question):
        yield start, end, _code(written)
    for quantity in quantities.quantities(question):
        if _is_sum(question, quantity):
            written = question[quantity.start : quantity.end]
            yield quantity.start, quantity.end, _sum(written, quantity)


def _codes(question: str) -> Iterator[tuple[int, int, str]]:
    for match in TOKEN.finditer(question):
        token = match.group()
        letters, digits = (
            len(PIECE.findall(re.sub(r"\d", "", token))),
            len(re.findall(r"\d", token)),
        )
        shown = len(re.sub(r"[\W_]", "", token))
        if ORDINAL.fullmatch(token) or shown < FEWEST_LETTERS:
            continue
        is_code = digits >= (FEWEST_DIGITS if letters else LONG)
        if is_code and not _is_said_otherwise(token, has_letters=bool(letters)):
            yield match.start(), match.end(), token


def _is_said_otherwise(token: str, *, has_letters: bool) -> bool:
    """«30-day», «1.200,50» and «14h30» are a number with its unit, a sum and a time."""
    found = quantities.quantities(token)
    whole = len(found) == 1 and found[0].start == 0 and found[0].end == len(token)
    is_number = whole and not found[0].label and (has_letters or "." in token)
    return is_number or any(t.end - t.start == len(token) for t in dates.times(token))


def _is_sum(question: str, quantity: Quantity) -> bool:
    written = question[quantity.start : quantity.end]
    digits = len(re.findall(r"\d", written))
    is_year = not quantity.dimension and written.isdigit() and quantity.raw in YEARS
    is_decade = written[-1:] == "s" and written[:-1].isdigit()
    return digits >= FEWEST_OF_SUM and not (is_year or is_decade or quantity.label)


def _account(written: str) -> Exact:
    joined = written.replace(" ", "")
    grouped = re.sub(r"(.{4})(?=.)", r"\1 ", joined)
    spellings = tuple(dict.fromkeys(map(words_in, (written, joined, grouped))))
    return Exact(written, "code", spellings, lambda text: joined in re.sub(r"\s", "", text))


def _code(written: str) -> Exact:
    plain = fold(written)
    pieces = PIECE.findall(plain)
    pattern = re.compile(rf"(?<![^\W_]){GAP.join(map(re.escape, pieces))}(?![^\W_])")
    apart = [words_in(written), " ".join(pieces), "".join(pieces)]
    spellings = tuple(dict.fromkeys(apart))
    return Exact(written, "code", spellings, lambda text: bool(pattern.search(fold(text))))


def _phone(written: str, digits: str) -> Exact:
    spaced = words_in(written)
    national = f"0{digits[2:]}" if written.lstrip().startswith(("+", "00")) else digits
    groups = spaced.split()
    tails = [" ".join(groups[n:]) for n in range(1, len(groups)) if len("".join(groups[n:])) >= 6]
    spellings = (spaced, digits, national, digits.lstrip("0"), *tails)

    def stands(text: str) -> bool:
        return any(quantities.same_phone(one, digits) for *_, one in quantities.phones(text)) or (
            digits.lstrip("0") in re.sub(r"[^\w]", "", text)
        )

    return Exact(written, "phone", tuple(dict.fromkeys(spellings)), stands)


def _paragraph(match: re.Match[str]) -> Exact:
    """A numbered part: «§ 12», «Section 4.2»; a heading that begins with 4.2 is one too."""
    kind, number = _KIND[match["label"].casefold()], match["number"].casefold()
    labels = [label for label in LABELS[kind].split() if label.isalpha()]
    spelled = words_in(number)
    spellings = tuple(f"{fold(label)} {spelled}" for label in labels)

    def stands(text: str) -> bool:
        named = any(
            _KIND[m["label"].casefold()] == kind and m["number"].casefold() == number
            for m in NUMBERED.finditer(text)
        )
        return named or number in HEADED.findall(text)

    return Exact(match.group(), "paragraph", spellings, stands)


def _sum(written: str, quantity: Quantity) -> Exact:
    whole, _, cents = f"{quantity.raw:f}".partition(".")
    cents = cents.rstrip("0")
    grouped = f"{int(whole):,}".replace(",", " ")
    ends = {cents, cents.ljust(2, "0")} if cents else {"", "00"}
    spellings = {f"{form} {end}".strip() for form in (whole, grouped) for end in ends}

    def stands(text: str) -> bool:
        return any(
            q.raw == quantity.raw
            and (q.dimension == quantity.dimension or not q.dimension or not quantity.dimension)
            for q in quantities.quantities(text)
            if not q.label
        )

    return Exact(written, "sum", tuple(sorted(spellings)), stands)


def _date(written: str, readings: tuple[Day, ...]) -> Exact:
    spelled = [s for day in readings for s in _spelled(day)]

    def stands(text: str) -> bool:
        return any(_agrees(day, d.readings) for d in dates.dates(text) for day in readings)

    return Exact(written, "date", tuple(dict.fromkeys(spelled))[:MOST_SPELLINGS], stands)


def _spelled(date: Day) -> Iterator[str]:
    """How a date is written: in digits, and by the months' names."""
    year, month, day = date
    assert month is not None
    names = [fold(name) for name, number in FULL.items() if number == month]
    short = {fold(name) for name, number in MONTHS.items() if number == month}
    if day is None:
        yield from (f"{name} {year}" for name in names)
        yield from (f"{month:02} {year}", f"{year} {month:02}", f"{month} {year}")
        return
    tail = f" {year}" if year else ""
    days, months = (
        dict.fromkeys((str(day), f"{day:02}")),
        dict.fromkeys((str(month), f"{month:02}")),
    )
    if year:
        yield f"{year} {month:02} {day:02}"
    for d, m in product(days, months):
        yield f"{d} {m}{tail}"
        if year:
            yield f"{m} {d}{tail}"
    for name in dict.fromkeys((*names, *sorted(short))):
        yield f"{day} {name}{tail}"
        yield f"{name} {day}{tail}"
    if year:
        yield f"{day} de {fold(SPANISH[month - 1])} de {year}"
    english = fold(ENGLISH[month - 1])
    yield from (f"{day}{_ordinal(day)} {english}{tail}", f"{english} {day}{_ordinal(day)}{tail}")
    if day == 1:
        yield f"1er {fold(FRENCH[month - 1])}{tail}"


def _ordinal(day: int) -> str:
    return {1: "st", 2: "nd", 3: "rd"}.get(0 if 10 < day < 20 else day % 10, "th")


def alike(question: str, text: str) -> list[str]:
    """The dates, times and sums of a question, as a text writes them."""
    wanted = [r for d in dates.dates(question) for r in d.readings if sum(map(bool, r)) > 1]
    clocks = {t.clock for t in dates.times(question)}
    sums = [q for q in quantities.quantities(question) if not q.label]
    found = [
        (d.start, d.end) for d in dates.dates(text) if any(_agrees(w, d.readings) for w in wanted)
    ]
    found += [(t.start, t.end) for t in dates.times(text) if t.clock in clocks]
    found += [
        (q.start, q.end)
        for q in quantities.quantities(text)
        if not q.label and any(_is_same(q, one) for one in sums)
    ]
    return list(dict.fromkeys(text[start:end].strip() for start, end in sorted(found)))


def _agrees(wanted: Day, readings: tuple[Day, ...]) -> bool:
    return any(
        all(a is None or a == b for a, b in zip(wanted, there, strict=True)) for there in readings
    )


def _is_same(one: Quantity, other: Quantity) -> bool:
    if one.dimension and other.dimension:
        return (one.dimension, one.value) == (other.dimension, other.value)
    return one.raw == other.raw
