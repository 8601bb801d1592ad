"""Whether a sentence stands in a passage word for word, or is cut out of another. Pure.

It stands there as whole sentences or lines, or as a clause that ends at punctuation while nothing
in the rest of its sentence says no or sets a condition. What is cut out of a sentence that denies
or limits it («is paid» of «is paid only if …», «3» of «3 %») is never supported by that sentence.
"""

import bisect
import re
from dataclasses import dataclass
from functools import lru_cache

from kb.answers import facts
from kb.answers.runs import Range
from kb.text import sentences
from kb.text.words import FUNCTION_WORDS

FEWEST_WORDS = 4
"""Fewer are weighed as all others: a word or two stand everywhere."""
LONGEST = 2_000
"""Characters of the longest sentence that is looked for; code may have more."""
FRONT = re.compile(r"\s*+(?:[-•–*+]\s++|\d{1,2}[.)]\s++)?[\"'«»„“”(\[]*+")
POINT = re.compile(r"[-•–*+]\s|\d{1,2}[.)]\s")
END = re.compile(r"[\s.!?…\"'»“”)\]]*+")
PAUSE = re.compile(r"[,;:–—]")
CLAUSE = re.compile(r"[,;:–—()]")
LIMITS = re.compile(
    r"\b(?:only|solely|merely|if|unless|except\w*|provided|providing|as long as|so long as"
    r"|when(?:ever)?|until|till|subject to|in case|on condition|depending|but|however|though"
    r"|although|other than|apart from|nowhere|hardly|rarely|seldom|allegedly|supposedly|false"
    r"|untrue|wrong|nur|lediglich|wenn|falls|sofern|soweit|solange|außer|ausgenommen|vorausgesetzt|bis"
    r"|erst|aber|jedoch|allerdings|sondern|es sei denn|nirgends|kaum|selten|angeblich|falsch|unwahr"
    r"|seulement|uniquement|si|s'ils?|que si|sauf|à moins|à condition|pourvu|tant que|jusqu"
    r"|lorsqu\w*|quand|mais|toutefois|cependant|sous réserve|hormis|excepté|nulle part|rarement"
    r"|faux|solo|soltanto|salvo|tranne|purché|finché|quando|però|sólo|solamente|excepto|cuando|pero"
    r"|hasta)\b",
    re.IGNORECASE,
)
"""Words that make of a statement one with a condition, an exception or a doubt."""
THAT = re.compile(r"(?:that|dass|daß|que|qu'|che)\b", re.IGNORECASE)
THIS = re.compile(
    r"(?:and |und |et )?(?:this|that|it|they|which|dies\w*|das|es|sie|cela|ceci|ce"
    r"|elles?|ils?)\b",
    re.IGNORECASE,
)
"""How a clause begins that speaks of what was just said."""
NEUTRAL = frozenset({"without", "ohne", "sans", "senza", "sin"})
"""Words that say no, of something else: «is open without charge» says that it is open."""
BEFORE_A_NUMBER = re.compile(
    r"(?:[-−+±<>≤≥~≈]|\b(?:minus|plus|moins|meno|menos|than|als|que|di|over|under|above|below|nearly"
    r"|almost|about|least|most|to|über|unter|fast|knapp|rund|mindestens|höchstens|bis|no|nr)\.?)\s*\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SentencePlace:
    """Where a sentence stands in a passage, and which stretches of it deny or limit it."""

    whole: Range | None
    limited: tuple[Range, ...]


def standing(claim: str, text: str) -> SentencePlace:
    """Where a sentence is a passage's own, and where it is only cut out of one."""
    said = claim.strip().rstrip(" .!?…").split()
    if not said or len(claim) > LONGEST:
        return SentencePlace(None, ())
    limited = []
    units = _units(text)
    starts = [start for start, _ in units]
    for match in _pattern(tuple(said)).finditer(text):
        first = max(0, bisect.bisect_right(starts, match.start()) - 1)
        last = max(0, bisect.bisect_left(starts, match.end()) - 1)
        begun, ended = units[first][0], units[last][1]
        before, after = text[begun : match.start()], text[match.end() : ended]
        if len(said) >= FEWEST_WORDS and _is_whole(before, after):
            end = match.end() + len(after) - len(after.lstrip(".!?…"))
            return SentencePlace((match.start(), end), ())
        if _is_limited(said, before, after):
            limited.append((begun, ended))
    return SentencePlace(None, tuple(limited))


@lru_cache(maxsize=512)
def _pattern(said: tuple[str, ...]) -> re.Pattern[str]:
    """Its words between the borders of words; a number is whole."""
    words = r"\s+".join(re.escape(word) for word in said)
    return re.compile(rf"(?<!\w)(?<!\d[.,:/’'])(?:{words})(?!\w)(?![.,:/’']\d)", re.IGNORECASE)


@lru_cache(maxsize=64)
def _units(text: str) -> list[Range]:
    """Sentences, and lines that are none: a line that goes on in the next one is not a unit."""
    found: list[Range] = []
    for start, end in sentences.spans(text):
        position, open_from = start, None
        for line in text[start:end].split("\n"):
            begun = position if open_from is None else open_from
            position += len(line) + 1
            goes_on = _goes_on(text[begun : position - 1], text[position:end])
            open_from = begun if goes_on else None
            if not goes_on and text[begun : position - 1].strip():
                found.append((begun, min(position - 1, end)))
        if open_from is not None:
            found.append((open_from, end))
    return found or [(0, len(text))]


def _goes_on(line: str, following: str) -> bool:
    """Whether a sentence goes on in the line after this one."""
    after = following.lstrip()
    if not after or not line.strip():
        return False
    is_open = line.rstrip()[-1:] in ",;:–-" and not POINT.match(after)
    last = line.rsplit(maxsplit=1)[-1].casefold()
    is_open |= last in FUNCTION_WORDS and not facts.NEGATIONS.fullmatch(last)
    return after[0].islower() or is_open or LIMITS.match(after) is not None


def _is_whole(before: str, after: str) -> bool:
    ends = END.fullmatch(after) or (
        PAUSE.match(after.lstrip()) and not _limits(f"{before} … {after}")
    )
    begins = FRONT.fullmatch(before) or (before.rstrip()[-1:] == ";" and not _limits(before))
    return bool(ends and begins)


def _limits(text: str) -> bool:
    return LIMITS.search(text) is not None or _says_no(text)


def _says_no(text: str) -> bool:
    return any(no.casefold() not in NEUTRAL for no in facts.NEGATIONS.findall(text))


def _is_limited(said: list[str], before: str, after: str) -> bool:
    """Whether the rest of its sentence denies it or sets a condition, or its number goes on."""
    goes_on = not PAUSE.match(after.lstrip()) and not END.fullmatch(after)
    if goes_on and said[-1][-1:].isdigit():
        return True
    if said[0][:1].isdigit() and BEFORE_A_NUMBER.search(before):
        return True
    behind, ahead = CLAUSE.split(after), CLAUSE.split(before)
    begins = [*behind[1:], *ahead[:-1]]
    if len(ahead) > 1 and THAT.match(ahead[-1].lstrip()) and _limits(ahead[-2]):
        return True
    return (
        _limits(behind[0])
        or _limits(ahead[-1])
        or any(LIMITS.match(clause.lstrip(" \t\n-•*")) for clause in begins)
        or any(facts.NEGATIONS.match(clause.lstrip()) for clause in behind[1:])
        or any(THIS.match(clause.lstrip()) and _says_no(clause) for clause in behind[1:])
    )
