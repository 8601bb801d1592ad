"""Several ranked lists fused to one, by values alone; docs/retrieval.md has the figures."""

from collections.abc import Mapping, Sequence

from kb.index.base import DENSE, GRAMS, WORDS, AskedBy

RankedList = Sequence[tuple[int, float]]
FOREIGN_SHARE = 0.05
"""Share of the passages (0 to 1) that a language has to have for a question in it not to count as
foreign. With fewer passages stemmed words are not to be trusted."""
MOST_DENSE_FOREIGN = 0.6
"""The dense list's weight (0 to 1) is at most this for a foreign question to a model that knows one
language."""


SHARE_OF_ALL, SHARE_OF_SOME = 0.5, 0.4
"""What a model counts among those that have a vector of a passage: one that knows every language,
and one that knows some."""


def share(multilingual: bool) -> float:
    """What a model counts, by whether it knows every language."""
    return SHARE_OF_ALL if multilingual else SHARE_OF_SOME


def weights(dense: float) -> dict[str, float]:
    """Weight of each list, by name, for a question in a language of the documents; their sum is 1.

    ``dense`` is the dense list's weight; words and grams share the rest in halves.
    """
    return {DENSE: dense, WORDS: (1 - dense) / 2, GRAMS: (1 - dense) / 2}


def weights_foreign(dense: float, *, multilingual: bool = False) -> dict[str, float]:
    """Weight of each list, by name, for a question in a language that the documents are not in.

    Stemmed words weigh nothing, since only character grams are shared between languages; the dense
    list weighs less, since a model that is not ``multilingual`` knows one of the two languages less
    well.
    """
    dense = dense if multilingual else min(dense, MOST_DENSE_FOREIGN)
    return {DENSE: dense, WORDS: 0.0, GRAMS: 1 - dense}


def fuse(
    lists: Mapping[str, RankedList], worth: Mapping[str, float], asked: Mapping[str, AskedBy]
) -> list[tuple[int, float]]:
    """One list of all points, best first (ties by id), by the weighted sum of their scores.

    The lists of the models that were ``asked`` make one first (:func:`near`). Each list's scores
    are divided by the list's highest before they are added. Scores are added, and not ranks,
    because ranks lose how far apart two points are; and the highest score of a list is known
    without statistics of the whole index.
    """
    fused: dict[int, float] = {}
    by_words = {name: ranked for name, ranked in lists.items() if name not in asked}
    for name, ranked in ({DENSE: near(lists, asked)} | by_words).items():
        weight, highest = worth.get(name, 0.0), max((score for _, score in ranked), default=0.0)
        if weight <= 0 or highest <= 0:
            continue
        for point, score in ranked:
            fused[point] = fused.get(point, 0.0) + weight * max(0.0, score) / highest
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))


def near(lists: Mapping[str, RankedList], asked: Mapping[str, AskedBy]) -> RankedList:
    """How near each point is to the question, in the mean of the models whose vector it has.

    Each model counts its ``share``. Cosines count from the model's own of unrelated texts, as a
    part of what is left to 1: else those of a model that has .75 for them would all be alike, and
    those of two models could not be added.
    """
    found: dict[int, float] = {}
    shares: dict[int, float] = {}
    for name, by in asked.items():
        if by.share <= 0 or by.floor >= 1:  # a model that tells nothing apart
            continue
        for point, score in lists.get(name, ()):
            value = (score - by.floor) / (1 - by.floor)
            found[point] = found.get(point, 0.0) + by.share * value
            shares[point] = shares.get(point, 0.0) + by.share
    return [(point, value / shares[point]) for point, value in found.items()]
