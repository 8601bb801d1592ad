"""Whether a sentence turns round who does what to whom: «Bernd reports to Anna». Pure.

Two that stand in both, a sentence and a stretch of a passage, have changed places: the word before
each (to, by, of) is the other's. Where there is no such word, who is named first acts, unless a
passive says otherwise; in German where both have the same article or none. A word between the two
(a verb) has to be the same in both.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from kb.text import dates, units, words

TOKEN = re.compile(r"[^\W\d_][\w'’-]*|[,;:()]")
ROLES = {
    "to": "to an ans à au aux a al alla allo ai agli alle beim bei",
    "by": "by von vom durch par da dal dalla por",
    "of": "of de du des di del della dello",
    "for": "for für pour per para",
    "from": "from aus",
    "before": "before vor avant prima antes",
    "after": "after nach après dopo después",
    "over": "over above über sopra sobre",
    "under": "under below unter sous sotto bajo",
    "than": "than als que che",
    "object": "dem den einem einen",
}
ROLE = {word: role for role, every in ROLES.items() for word in every.split()}
ARTICLES = frozenset(
    "the a an der die das dem den des ein eine einem einen einer le la les l un une il lo gli el"
    " los las una al au aux du des del dello della dei degli delle allo alla ai agli alle dal dalla"
    " zum zur beim vom".split()
)
TOGETHER = frozenset("and or und oder sowie et ou e ed o y u with mit avec con , &".split())
SYMMETRIC = re.compile(
    r"\b(?:meets?|met|marri\w*|married|equals?|together|cooperat\w*|share[sd]?|treffen|trifft|traf\w*"
    r"|verheirat\w*|gemeinsam|zusammen|rencontr\w*|mari[ée]\w*|ensemble|incontr\w*|spos\w*|insieme"
    r"|juntos|cas[oó]\w*)\b",
    re.IGNORECASE,
)
PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|be|wird|werden|wurde\w*|est|sont|été|fut|è|sono|viene|vengono|stat[oaie]"
    r"|es|son|fue\w*|sido)\b",
    re.IGNORECASE,
)
GERMAN = re.compile(r"\b(?:der|die|das|dem|den|ist|wird|und|zahlt|ein|eine)\b")
MOST = 6
"""Of so many at most, the first, each two are compared."""


@dataclass(frozen=True, slots=True)
class NamedThing:
    """Someone or something that a sentence names: its stem, its place, the word that leads it.

    ``article`` is what stands right before it; empty: none.
    """

    stem: str
    at: int
    role: str
    article: str


def reversed_roles(claim: str, text: str) -> bool:
    """Whether two change places between a sentence and a stretch that say the same of them."""
    if SYMMETRIC.search(claim) or SYMMETRIC.search(text):
        return False
    claimed, there = _parts(claim, text), _parts(text, claim)
    common = [s for s in claimed if s in there][:MOST]
    if len(common) < 2:
        return False
    others = frozenset(common)
    return any(
        _say_the_same(
            _between(claim, (claimed[a], claimed[b])), _between(text, (there[a], there[b])), others
        )
        and _turned(claim, text, (claimed[a], claimed[b]), (there[a], there[b]))
        for a, b in combinations(common, 2)
    )


def _parts(text: str, other: str) -> dict[str, NamedThing]:
    """What is named once: words with a capital in both texts, and words after an article."""
    tokens = TOKEN.findall(text)
    capitals = {t for t in TOKEN.findall(other) if t[:1].isupper()}
    found: dict[str, NamedThing] = {}
    twice: set[str] = set()
    for at, word in enumerate(tokens):
        folded = word.casefold()
        if folded in words.FUNCTION_WORDS or folded in ROLE or not word[:1].isalpha():
            continue
        before = _bare(tokens[at - 1]) if at else ""
        article = before if before in ARTICLES else ""
        is_name = word[:1].isupper() and word in capitals and not _is_value(word)
        if not is_name and not article:
            continue
        stem = words.fold(word).rstrip("s")
        if stem in found:
            twice.add(stem)
        found[stem] = NamedThing(stem, at, _role(tokens, at), article)
    return {stem: part for stem, part in found.items() if stem not in twice}


def _is_value(token: str) -> bool:
    folded = token.casefold()
    return folded in dates.MONTHS or folded in dates.WEEKDAYS or units.is_name(token)


def _bare(token: str) -> str:
    return token.casefold().rstrip("'’")


def _role(tokens: Sequence[str], at: int) -> str:
    """The word that leads a part, before its article and one word (a title, an adjective)."""
    for back in range(1, 4):
        if at - back < 0:
            return ""
        before = _bare(tokens[at - back])
        is_article = before == "a" and back == 1 and tokens[at][:1].islower()
        if before in ROLE and not is_article:
            return ROLE[before]
        if before not in ARTICLES and (back > 1 or tokens[at - back][:1].islower()):
            return ""
    return ""


def _turned(
    claim: str,
    text: str,
    claimed: tuple[NamedThing, NamedThing],
    there: tuple[NamedThing, NamedThing],
) -> bool:
    roles, others = tuple(p.role for p in claimed), tuple(p.role for p in there)
    if roles[0] != roles[1] and roles == others[::-1]:
        return True
    if not {*roles, *others} <= {"", "by"} or (roles == others and roles[0] != roles[1]):
        return False
    if GERMAN.search(text) and len({p.article for p in (*claimed, *there)}) > 1:
        return False
    return _acting(claim, claimed) != _acting(text, there)


def _between(text: str, two: tuple[NamedThing, NamedThing]) -> list[str]:
    tokens = TOKEN.findall(text)
    first, last = sorted(p.at for p in two)
    return [_bare(t) for t in tokens[first + 1 : last]]


def _say_the_same(one: Sequence[str], other: Sequence[str], named: frozenset[str]) -> bool:
    """Whether a word between two, of none that is ``named``, is the same.

    «Anna and Bernd» says nothing of either.
    """
    if any(all(t in TOGETHER or t in ARTICLES for t in between) for between in (one, other)):
        return False
    if one == other:
        return True
    shared = {*words.content(" ".join(one))} & {*words.content(" ".join(other))}
    return any(not any(name.startswith(word) for name in named) for word in shared)


def _acting(text: str, two: tuple[NamedThing, NamedThing]) -> str:
    """Who acts: the one whom a passive names, else the first."""
    by = [p for p in two if p.role == "by"]
    if by and PASSIVE.search(text):
        return by[0].stem
    return min(two, key=lambda p: p.at).stem
