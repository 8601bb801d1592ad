"""A text as the two sparse vectors, of words and of grams, the same for both engines.

Words: ``qdrant_edge.Bm25`` with the language's stemmer and stop words. Grams: BM25 weights over
the 4- and 5-grams of each romanised word, word boundaries included, spelled by sound; the engine
applies IDF. What each list is worth is in docs/retrieval.md.
"""

import math
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import py3langid
from anyascii import anyascii
from qdrant_edge import Bm25, Bm25Config, DisabledStemmer, StopwordsSet

STEMMED = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian",
    "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sv": "swedish", "tr": "turkish",
}  # fmt: skip
K1, B = 1.2, 0.75
"""BM25's usual constants (Robertson and Zaragoza, 2009)."""
AVERAGE_GRAMS = 900.0
"""Grams in a passage of usual length."""
AVERAGE_WORDS = 120.0
"""Words in a passage of usual length."""
SIZES = (4, 5)
"""Lengths of the grams, in letters."""
SOUNDS = (
    ("ph", "f"), ("ck", "k"), ("qu", "k"), ("sch", "sh"), ("ch", "k"), ("th", "t"), ("y", "i"),
    ("j", "i"), ("c", "k"), ("q", "k"), ("w", "v"), ("z", "s"), ("x", "ks"),
)  # fmt: skip
"""Spellings of one sound in Europe's languages: *photo* and *foto*, *klima* and *clima*."""
FEW, SURE, SURER = 4, 0.9, 0.99
"""Words of a text, and how likely its language has to be with that many and with fewer."""
DOUBLED = re.compile(r"([a-z])\1")


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse vector: ``values`` at ``indices``, and 0 everywhere else."""

    indices: list[int]
    values: list[float]


def language_of(text: str) -> str:
    """ISO 639-1 code of a text's language by py3langid; empty where the text has no letters."""
    sample = text[:4000]
    return str(py3langid.classify(sample)[0]) if any(c.isalpha() for c in sample) else ""


def surely(text: str) -> str:
    """The language of a document's text; empty where nobody can be sure: three words name none.

    Of the texts that models are measured with, cut to a few words, this many are then told wrongly:
    of three words 1 %, of four or more 1 % (told at once 16 % and 6 %).
    """
    sample = text[:4000]
    words = sum(any(c.isalpha() for c in word) for word in sample.split())
    if not words:
        return ""
    ranked = py3langid.rank(sample)
    best, top = ranked[0]
    share = 1 / math.fsum(math.exp(score - top) for _, score in ranked)
    return str(best) if share >= (SURE if words >= FEW else SURER) else ""


@lru_cache(maxsize=32)
def _bm25(language: str) -> Bm25:
    name = STEMMED.get(language)
    if name is None:
        plain = Bm25Config(
            avg_len=AVERAGE_WORDS, stemmer=DisabledStemmer(), stopwords=StopwordsSet()
        )
        return Bm25(plain)
    return Bm25(Bm25Config(avg_len=AVERAGE_WORDS, language=name))


def words_of_passage(text: str, language: str | None) -> Sparse:
    """BM25 weights of a passage's words, stemmed in its language, without IDF."""
    vector = _bm25(language or "").embed_document(text)
    return Sparse(list(vector.indices), list(vector.values))


def words_of_question(text: str, language: str | None) -> Sparse:
    """The words of a question, stemmed in its language, each with the weight 1."""
    vector = _bm25(language or "").embed_query(text)
    return Sparse(list(vector.indices), list(vector.values))


def _by_sound(text: str) -> str:
    """Lower-case ASCII with what sounds alike written alike."""
    for spelling, sound in SOUNDS:
        text = text.replace(spelling, sound)
    return DOUBLED.sub(r"\1", text)


@lru_cache(maxsize=20_000)
def _grams(word: str) -> tuple[int, ...]:
    bounded = f"^{word}$"
    if len(bounded) <= SIZES[0]:
        return (zlib.crc32(bounded.encode()),)
    pieces = (bounded[i : i + n] for n in SIZES for i in range(len(bounded) - n + 1))
    return tuple(zlib.crc32(p.encode()) for p in pieces)


def _counted(text: str) -> Counter[int]:
    plain = _by_sound(anyascii(text).lower())
    words = "".join(c if c.isalnum() else " " for c in plain).split()
    return Counter(chain.from_iterable(_grams(word[:40]) for word in words))


def grams_of_passage(text: str) -> Sparse:
    """BM25 weights of a passage's grams, without IDF."""
    counts = _counted(text)
    length = K1 * (1 - B + B * counts.total() / AVERAGE_GRAMS)
    return Sparse(list(counts), [n * (K1 + 1) / (n + length) for n in counts.values()])


def grams_of_question(text: str) -> Sparse:
    """The grams of a question, each with the weight 1."""
    counts = _counted(text)
    return Sparse(list(counts), [1.0] * len(counts))


@lru_cache(maxsize=64)
def of_question(text: str) -> tuple[str, Sparse, Sparse]:
    """A question's language (ISO 639-1), words and grams; kept, as a search asks for them twice."""
    language = language_of(text)
    return language, words_of_question(text, language), grams_of_question(text)
