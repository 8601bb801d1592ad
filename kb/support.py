"""Whether a stretch of a passage supports a sentence of an answer. Pure.

Hard rules first: every number, month and name of the sentence must stand in the stretch, and
both must say no equally often. Then the words they share and the likeness of their embeddings
decide together; the threshold is calibrated by ``python -m bench support``.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kb import sentences, words

NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
NAME = re.compile(r"(?<=[\w,;:)»\"'’] )[A-ZÀ-ÖØ-Þ][\w'’-]{2,}")
STEM = 4
LIKENESS, SHARED = 0.5, 0.5
"""What the two kinds of evidence weigh."""
THRESHOLD = 0.55
PAIRED = 1.7
"""Two neighbouring sentences together are as like as their sum over this."""
NEGATIONS = re.compile(
    r"\b(?:not|no|never|none|nor|neither|nobody|nothing|cannot|without|\w+n['’]t"
    r"|nicht|kein\w*|nie|niemals|niemand|nichts|ohne|weder"
    r"|pas|jamais|aucune?|sans|ni|rien|non|senza|nessun\w*|né|sin|nunca|ning[uú]n\w*|nada)\b",
    re.IGNORECASE,
)
MONTHS = (
    "jan gen ene|feb fév fev|mar mär|apr avr abr|may mai mag|jun juin giu|jul juil lug|aug août ago"
    "|sep set|oct okt ott|nov|dec dez déc dic"
)
WORDED = {
    word: str(number)
    for number, spellings in enumerate(
        (
            "two zwei deux dos",
            "three drei trois tre tres",
            "four vier quatre quattro cuatro",
            "five fünf cinq cinque cinco",
            "six sechs seis",
            "seven sieben sept sette siete",
            "eight acht huit otto ocho",
            "nine neun neuf nove nueve",
            "ten zehn dix dieci diez",
            "eleven elf onze undici",
            "twelve zwölf douze dodici doce",
        ),
        2,
    )
    for word in spellings.split()
}
"""Spelled numbers; what means something else in another language (once, due, sei) is left out."""
MONTH_STEMS = {
    stem: str(number) for number, stems in enumerate(MONTHS.split("|"), 1) for stem in stems.split()
}
MONTH = re.compile(
    r"\b(january|february|march|april|may|june|july|august|september|october|november|december"
    r"|januar|februar|märz|mai|juni|juli|oktober|dezember"
    r"|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre"
    r"|gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|dicembre"
    r"|enero|febrero|abril|mayo|junio|julio|septiembre|octubre|noviembre|diciembre)\b",
    re.IGNORECASE,
)
Likeness = Callable[[str, str], float]
"""Cosine of a sentence and a stretch, both as they were embedded."""


@dataclass(frozen=True, slots=True)
class Support:
    """The best stretch of a passage for a sentence, how good it is, and whether it holds it."""

    start: int
    end: int
    score: float
    holds: bool


def stretches(text: str) -> list[tuple[int, int]]:
    """Sentences of a passage, and its lines where they are rows of a table or points of a list."""
    found: list[tuple[int, int]] = []
    for start, end in sentences.spans(text):
        position = start
        for line in text[start:end].split("\n"):
            if line.strip():
                found.append((position, position + len(line)))
            position += len(line) + 1
    return found


def judge(claim: str, text: str, context: str, likeness: Likeness) -> Support:
    """The stretch of a passage that supports a sentence best.

    ``context`` is what else is known of the passage (title, headings): names may stand there.
    """
    asked = words.content(claim)
    best = Support(0, len(text), 0.0, holds=False)
    for start, end, like, heart in _windows(claim, text, likeness):
        stretch = text[start:end]
        score = LIKENESS * like + SHARED * words.coverage(asked, f"{stretch} {context}")
        agrees = negations(claim) == negations(heart)
        holds = (
            score >= THRESHOLD and bool(asked) and agrees and not _lacks(claim, stretch, context)
        )
        if (holds, score) > (best.holds, best.score):
            best = Support(start, end, round(score, 4), holds)
    return best


def _windows(claim: str, text: str, likeness: Likeness) -> Iterator[tuple[int, int, float, str]]:
    """Each stretch alone, then each with the one after it: with its likeness, and its heart.

    The heart of two is the one more like the sentence: a negation would stand there.
    """
    single = [(s, e, likeness(claim, text[s:e])) for s, e in stretches(text)]
    for start, end, like in single:
        yield start, end, like, text[start:end]
    for left, right in itertools.pairwise(single):
        start, end, like = max(left, right, key=lambda item: item[2])
        joined = max(like, (left[2] + right[2]) / PAIRED)
        yield left[0], right[1], joined, text[start:end]


def _lacks(claim: str, stretch: str, context: str) -> bool:
    """Whether a number, month or name of the sentence is missing."""
    whole = f"{stretch} {context}"
    return bool(
        numbers(claim) - numbers(whole) or months(claim) - months(whole) or names(claim, whole)
    )


def negations(text: str) -> int:
    """How often a text says no. French «ne … pas» is one: only «pas» counts."""
    return len(NEGATIONS.findall(text))


def numbers(text: str) -> set[str]:
    """The numbers of a text by value, spelled ones too."""
    spelled = {WORDED[w] for w in re.findall(r"[^\W\d_]+", text.casefold()) if w in WORDED}
    return {value(n) for n in NUMBER.findall(text)} | spelled


def value(number: str) -> str:
    """``1,200`` and ``1.200`` and ``1200`` are one number; ``1.2`` and ``1,2`` another."""
    parts = re.split(r"[.,]", number)
    if len(parts) > 1 and all(len(p) == 3 for p in parts[1:]):
        return "".join(parts)
    return ".".join([parts[0].lstrip("0") or "0", *parts[1:]])


def months(text: str) -> set[str]:
    """The months that a text names, by number."""
    found = set()
    for name in MONTH.findall(text):
        folded = name.casefold()
        found.add(next(n for stem, n in MONTH_STEMS.items() if folded.startswith(stem)))
    return found


def names(claim: str, text: str) -> set[str]:
    """Capitalised words within the sentence that the text does not have, not even in a compound."""
    folded = words.fold(text)
    return {
        name
        for name in NAME.findall(claim)
        if words.fold(name)[: max(STEM, len(name) - 3)] not in folded and not MONTH.fullmatch(name)
    }
