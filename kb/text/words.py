"""Words as they are compared: folded, without endings, function words set apart. Pure."""

import re
import unicodedata
from functools import lru_cache

FUNCTION_WORDS = frozenset(
    """
    the a an of to in on at for from by with and or not no is are was were be been do does did has
    have had what which who whom whose when where why how many much long often that this these those
    it its their there they we you your our my me can could may should would will if as than then
    about into over under per any all each
    der die das den dem des ein eine einen einem einer eines und oder nicht kein keine ist sind war
    waren wird werden wurde wurden hat haben was welche welcher welches welchem welchen wer wen wem
    wann wo warum wie
    viel viele lange oft im in am an auf aus bei mit nach von vor zu zum zur für über unter um es er
    sie wir ihr ich mein man kann dass wenn als auch sich pro
    le la les un une des du de et ou ne pas est sont était que qui quoi quel quelle quels quelles
    quand où comment combien pourquoi dans sur sous par pour avec sans chez ce cet cette ces il elle
    ils elles on nous vous se sa son ses leur au aux y en
    il lo gli i una uno dei degli delle del della dello e o non è sono era che chi cosa quale quali
    quando dove come quanto quanti quante perché nel nella nei per con senza su al alla alle ai si
    el los las y es son qué quién cuál cuándo dónde cómo cuánto cuántos por para con sin
    """.split()
)
WORD = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:[-'’][^\W\d_]+)*")
STEM_LETTERS = 5
"""Letters at a word's beginning by which words count as the same."""


def fold(text: str) -> str:
    """Lower case, without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def content(text: str) -> list[str]:
    """The words that carry meaning, shortened to a stem that inflection leaves alone."""
    return [stem(w) for w in WORD.findall(text.casefold()) if _counts(w)]


def _counts(word: str) -> bool:
    return word not in FUNCTION_WORDS and (len(word) > 1 or word.isdigit())


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Numbers as they are; words folded and cut."""
    folded = fold(word)
    return folded if folded[:1].isdigit() else folded[:STEM_LETTERS]


def coverage(question: list[str], text: str) -> float:
    """Share of the question's words that the text has; long words weigh more."""
    if not question:
        return 0.0
    have = {stem(w) for w in set(WORD.findall(text.casefold())) if _counts(w)}
    weight = {w: min(len(w), STEM_LETTERS) for w in question}
    return sum(n for w, n in weight.items() if w in have) / sum(weight.values())
