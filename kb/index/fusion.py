"""Several ranked lists to one. Pure; the figures behind it are in docs/retrieval.md."""

from collections.abc import Mapping, Sequence

from kb.index.base import DENSE, GRAMS, WORDS

RankedList = Sequence[tuple[int, float]]
FOREIGN_SHARE = 0.05
"""Under this share of passages in the question's language, stemmed words are not to be trusted."""


MOST_DENSE_FOREIGN = 0.6


def weights(dense: float) -> dict[str, float]:
    """What each list is worth for a question in a language of the documents.

    ``dense`` is the share of the dense list; words and grams halve the rest.
    """
    return {DENSE: dense, WORDS: (1 - dense) / 2, GRAMS: (1 - dense) / 2}


def weights_foreign(dense: float) -> dict[str, float]:
    """The same for a question in a language that the documents are not in.

    Of the words only character grams carry over, and what the model makes of the documents'
    language is worth less.
    """
    dense = min(dense, MOST_DENSE_FOREIGN)
    return {DENSE: dense, WORDS: 0.0, GRAMS: 1 - dense}


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
