"""Several ranked lists to one. Pure; the figures behind it are in docs/retrieval.md."""

from collections.abc import Mapping, Sequence

from kb.index.base import DENSE, GRAMS, WORDS

RankedList = Sequence[tuple[int, float]]
FOREIGN_SHARE = 0.05
"""Under this share of passages in the question's language, stemmed words are not to be trusted."""


def weights(dense: float, language_share: float) -> dict[str, float]:
    """What each list is worth for a question.

    ``dense`` is the share of the dense list; ``language_share`` is how much of the corpus is in
    the question's language: where almost nothing is, only character grams carry across.
    """
    lexical = 1.0 - dense
    if language_share < FOREIGN_SHARE:
        return {DENSE: dense, WORDS: 0.0, GRAMS: lexical}
    return {DENSE: dense, WORDS: lexical / 2, GRAMS: lexical / 2}


def fuse(lists: Mapping[str, RankedList], worth: Mapping[str, float]) -> list[tuple[int, float]]:
    """Weighted sum of scores, each list divided by its maximum; best first, ties by id.

    Scores carry what ranks throw away; a list's own maximum needs no statistics of the corpus.
    """
    fused: dict[int, float] = {}
    for name, ranked in lists.items():
        weight = worth.get(name, 0.0)
        highest = max((score for _, score in ranked), default=0.0)
        if weight <= 0 or highest <= 0:
            continue
        for point, score in ranked:
            fused[point] = fused.get(point, 0.0) + weight * max(0.0, score) / highest
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))
