"""Where sentences begin and end. Pure; English, German, French, Italian and alike."""

import re

ABBREVIATIONS = frozenset(
    """
    z b z.b bzw ca dr prof hr fr nr st tel usw vgl inkl zzgl evtl ggf art abs etc mr mrs ms jr sr
    inc ltd co corp no vs e.g i.e cf fig vol pp ed eds approx dept est p.ex env mme mlle sig
    sig.ra dott ecc pag par es jan feb mar apr jun jul aug sep sept oct okt nov dec dez
    """.split()
)
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'»“”’)\]]*+(?=\s|$)|\n\s*\n|\n(?=[-•–*]\s)")
_SPACE = re.compile(r"\s*")


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, without the white space around it."""
    found: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if not _is_abbreviation(text, match):
            found.append(_stripped(text, start, match.end()))
            start = match.end()
    found.append(_stripped(text, start, len(text)))
    return [span for span in found if span[0] < span[1]]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """A stretch without the white space around it; it is empty where it has nothing else."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _is_abbreviation(text: str, match: re.Match[str]) -> bool:
    if match.group()[0] != ".":
        return False
    before = re.search(r"[\w.]+$", text[max(0, match.start() - 12) : match.start()])
    if before is None:
        return False
    word = before.group().casefold()
    space = _SPACE.match(text, match.end())
    after = text[space.end() : space.end() + 1] if space else ""
    is_degree = text[match.start() - len(word) - 1 : match.start() - len(word)] == "°"
    is_initial = len(word) == 1 and before.group().isupper() and not is_degree
    is_ordinal = (
        word.isdigit() and len(word) <= 2 and (after.islower() or _month_follows(text, match))
    )
    return word in ABBREVIATIONS or is_initial or is_ordinal or after.islower()


def _month_follows(text: str, match: re.Match[str]) -> bool:
    """German dates: «am 3. Mai»."""
    after = text[match.end() : match.end() + 14].strip().casefold()
    return after.startswith(
        ("jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez")
    )
