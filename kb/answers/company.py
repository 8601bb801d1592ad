"""Whether a sentence gives a value another place than a text does: its end of a range, its company.

«starts in 2026 and ends in 2024» is not «starts in 2024 and ends in 2026». Pure.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.text import dates, quantities, words
from kb.text.dates import Day

START, END, BEFORE, AFTER = "start", "end", "before", "after"
OPPOSITE = {START: END, END: START, BEFORE: AFTER, AFTER: BEFORE}
LEADS = {
    START: r"from|since|starting|as of|ab(?: dem| der)?|seit(?: dem)?|von|vom|à partir (?:de|du)"
    r"|dès|depuis|dal|dalle|a partire da[l]?|desde(?: el| las)?|a partir del?",
    END: r"until|till|through|bis(?: zum)?|jusqu['’](?:au|à|en)|fino a(?:l|lle)?"
    r"|hasta(?: el| las)?",
    BEFORE: r"before|prior to|earlier than|vor(?: dem)?|avant(?: le)?|prima del(?:le)?"
    r"|antes del?(?: las)?",
    AFTER: r"after|later than|nach(?: dem)?|après(?: le)?|dopo(?: il| le)?|después del?(?: las)?",
}
"""What stands right before a value and says which end it is."""
LEAD = {end: re.compile(rf"\b(?:{lead})\s+(?:the\s+|le\s+|el\s+|il\s+)?\Z", re.IGNORECASE)
        for end, lead in LEADS.items()}  # fmt: skip
DENIED = re.compile(r"\b(?:not|no|nicht|kein\w*|pas|non|sans?)\b[^,;.]{0,20}\Z", re.IGNORECASE)
VERBS = {
    START: re.compile(
        r"\b(?:start\w*|beg[aiu]n\w*|commenc\w*|open\w*|beginn\w*|anf[aä]ng\w*|öffne\w*|début\w*"
        r"|ouvr\w*|inizi\w*|cominci\w*|apr[eo]\w*|empiez\w*|comienz\w*|inici\w*|abr[ei]\w*)",
        re.IGNORECASE,
    ),
    END: re.compile(
        r"\b(?:end(?:s|ed|ing)?|finish\w*|clos\w*|expir\w*|endet?\w*|schließ\w*|termin\w*|finit"
        r"|ferm\w*|finisc\w*|chiud\w*|acab\w*|finaliz\w*|cierr\w*|cerr\w*)\b", re.IGNORECASE),
}  # fmt: skip
RANGE = re.compile(
    r"\.?\s{0,3}(?:[-–—]|\b(?:to|until|till|bis(?: zum)?|à|au|al|alle|a(?: las)?"
    r"|hasta(?: el| las)?)\b"
    r"|jusqu['’](?:au|à))\s*(?:the\s|el\s)?",
    re.IGNORECASE,
)
CLAUSE = re.compile(
    r"[,;:] |[.|\n]\s*(?=\D|\Z)|\s(?:and|but|while|whereas|und|aber|während|et|mais"
    r"|tandis que|e|ed|ma|mentre|y|pero|mientras)\s"
)
PHONE_WORDS = (
    "phone telephone telefon téléphone telefono teléfono number nummer telefonnummer numéro"
)
"""What a telephone number is called, all of which «Tel.» before it says."""
Clause = tuple[int, int]
"""Where a clause begins and ends in its text."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A value in a text: which kind, where, its ends, and the words of its clause."""

    kind: str
    keys: frozenset[Hashable]
    start: int
    end: int
    ends: frozenset[str]
    company: frozenset[str]


def elsewhere(claim: str, text: str) -> bool:
    """Whether a value of a sentence has another end, or another value's company, in a text."""
    claimed, there = placed(claim), placed(text)
    return _exchanged(claim, text, claimed, there) or any(
        _other_end(one, there) or _other_company(one, claimed, there) for one in claimed
    )


def _exchanged(claim: str, text: str, claimed: Sequence[Placed], there: Sequence[Placed]) -> bool:
    """Two values alone of their kind have each the other's word before it: «of», «on»."""
    for kind in {p.kind for p in claimed}:
        mine = [p for p in claimed if p.kind == kind]
        theirs = [p for p in there if p.kind == kind]
        if len(mine) != 2 or len(theirs) != 2:
            continue
        said, stands = [_before(claim, p) for p in mine], [_before(text, p) for p in theirs]
        crossed = mine[0].keys & theirs[1].keys and mine[1].keys & theirs[0].keys
        if crossed and said == stands and said[0] != said[1]:
            return True
    return False


def _before(text: str, one: Placed) -> str:
    return " ".join(text[: one.start].split()[-1:]).casefold()


def _other_end(one: Placed, there: Sequence[Placed]) -> bool:
    same = [p for p in there if p.kind == one.kind and p.keys & one.keys]
    if not same or not one.ends or not all(p.ends for p in same):
        return False
    opposite = {OPPOSITE[end] for end in one.ends}
    return not any(p.ends & one.ends for p in same) and all(p.ends & opposite for p in same)


def _other_company(one: Placed, claimed: Sequence[Placed], there: Sequence[Placed]) -> bool:
    """Another value of the text stands with this one's words, and it with none of them."""
    kin = [p for p in there if p.kind == one.kind]
    same = [p for p in kin if p.keys & one.keys]
    others = [p for p in kin if not p.keys & one.keys]
    if not same or not others:
        return False
    shared_by_all = frozenset.intersection(*(p.company for p in kin))
    mine = one.company - shared_by_all
    if any(_met(mine, p.company - shared_by_all) for p in same):
        return False
    beside = {key for p in claimed if p.company == one.company for key in p.keys}
    return any(
        p.company - shared_by_all
        and not p.keys & beside
        and len(_met(p.company - shared_by_all, mine)) == len(p.company - shared_by_all)
        for p in others
    )


def _met(some: frozenset[str], others: frozenset[str]) -> set[str]:
    """Those of some words that others have too, as far as one can say without a grammar."""
    return {w for w in some if any(_is_alike(w, other) for other in others)}


def _is_alike(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= 3 and longer.startswith(shorter))


@lru_cache(maxsize=2_000)
def placed(text: str) -> tuple[Placed, ...]:
    """The values of a text with their places, in order."""
    found = sorted(_values(text), key=lambda v: (v[2], v[3]))
    spans = [(start, end) for _, _, start, end in found]
    clauses = _clauses(text)
    own = [clauses[bisect_right(clauses, (start, len(text))) - 1] for start, _ in spans]
    said, beside = _company(text, set(own)), Counter(own)
    return tuple(
        Placed(kind, keys, start, end, _ends(text, spans, n, own[n], beside), said[own[n]])
        for n, (kind, keys, start, end) in enumerate(found)
    )


def values_of(text: str) -> str:
    """The values of a text as they are written; of telephone numbers also what they are called."""
    phones = quantities.phones(text)
    spans = [*_values(text), *(("phone", frozenset(), start, end) for start, end, _ in phones)]
    written = " ".join(text[start:end] for _, _, start, end in spans)
    return f"{written} {PHONE_WORDS}" if phones else written


def without_values(text: str, blank: str = " ") -> str:
    """A text with blanks in place of its values."""
    characters = list(text)
    for _, _, start, end in _values(text):
        characters[start:end] = blank * (end - start)
    return "".join(characters)


def _values(text: str) -> list[tuple[str, frozenset[Hashable], int, int]]:
    found: list[tuple[str, frozenset[Hashable], int, int]] = [
        (q.dimension or "number", frozenset({q.value}), q.start, q.end)
        for q in quantities.quantities(text)
        if not q.label
    ]
    found += [("date", _keys(d.readings), d.start, d.end) for d in dates.dates(text)]
    found += [("clock", frozenset({t.clock}), t.start, t.end) for t in dates.times(text)]
    return found


def _keys(readings: Sequence[Day]) -> frozenset[Hashable]:
    return frozenset((month, day) if day else (year, month) for year, month, day in readings)


def _clauses(text: str) -> list[Clause]:
    """Start and end of each clause; what stands within a value divides nothing."""
    masked = without_values(text, "\0")
    inside = [
        m
        for m in CLAUSE.finditer(text)
        if "\0" not in masked[m.start() : max(m.start() + 1, m.end() - 1)]
    ]
    starts = [0, *(m.end() for m in inside)]
    return list(zip(starts, [*(m.start() for m in inside), len(text)], strict=True))


def _ends(
    text: str, spans: Sequence[Clause], number: int, clause: Clause, beside: Mapping[Clause, int]
) -> frozenset[str]:
    start, end = spans[number]
    if number + 1 < len(spans) and RANGE.fullmatch(text[end : spans[number + 1][0]]):
        return frozenset({START})
    if number and RANGE.fullmatch(text[spans[number - 1][1] : start]):
        return frozenset({END})
    for lead, pattern in LEAD.items():
        found = pattern.search(text, max(0, start - dates.LEADING), start)
        if found:
            denied = DENIED.search(text, max(0, found.start() - dates.LEADING), found.start())
            return frozenset({OPPOSITE[lead]} if denied and lead in (BEFORE, AFTER) else {lead})
    if beside[clause] > 1:
        return frozenset()
    said = text[slice(*clause)]
    return frozenset(e for e, verb in VERBS.items() if verb.search(said))


def _company(text: str, clauses: Iterable[Clause]) -> dict[Clause, frozenset[str]]:
    """The words of clauses, without their values."""
    plain = without_values(text)
    return {
        clause: frozenset(w for w in words.content(plain[slice(*clause)]) if not w[:1].isdigit())
        for clause in clauses
    }
