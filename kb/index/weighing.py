"""Several lists made one, each counting as surely as it points. Pure. See docs/retrieval.md.

No list is divided by its highest score: that would make the best of a list that points nowhere as
good as the best of one that is sure. Each score is read on a scale of its own instead, where 0 is a
passage that has nothing to do with the question.

- A model's cosine: 1 is what right pairs of question and passage have (:class:`CosineReader`).
- A list of words: 1 is a passage that has all that the question's words tell (:class:`Told`).
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from kb.index.lexical import K1
from kb.types.passages import PassageStanding

EVERY = "*"
"""In place of a language: passages in all languages together."""
WORDS_SHARE, GRAMS_SHARE = 0.36, 0.84
"""What a passage with all that the question tells gets by words, and by grams; by vectors a right
one gets about 1. Words count less: those of another language are never met."""
FLOOR_SHARE = 0.75
"""How much is taken off a cosine of what passages in that language have on average (0 to 1)."""
OWN_LANGUAGE = 0.1
"""What a passage in the question's language gets beside: of two translations that one is wanted."""
UNKNOWN = 0.05
"""What a cosine counts where no model knows the question's language. Right pairs stand a quarter as
far above unrelated ones there, in standard deviations, and how surely a reading tells two apart
grows with the square of that."""
FEEDBACK = {True: (0.5, 3), False: (0.2, 5)}
"""How a question is moved towards the best passages: the weight of their mean, and how many; by
whether the model embeds a question as it does a passage. Where it does not, passages lie elsewhere
than questions, and few of them pull a question to themselves."""
_Line = tuple[Mapping[int, float], float, float]
"""A model's cosines by point, by what they are multiplied, and what is taken off then."""
LEAST_ALIKE = 1e-3
"""A model whose right pairs lie no farther above its unrelated ones tells nothing."""


@dataclass(frozen=True, slots=True)
class CosineReader:
    """A model's cosines of one question, and how they are read.

    ``unrelated`` and ``related`` are the model's cosines of unrelated pairs of question and passage
    and of right ones. ``languages`` are those that it knows (ISO 639-1), None: all; ``understood``:
    it knows the question's words, whatever language they are taken for. ``cosines`` are by point; a
    point without a vector of this model is absent. ``floors`` are the mean cosines of the question
    with passages, by language and for :data:`EVERY` one.
    """

    unrelated: float
    related: float
    languages: AbstractSet[str] | None
    cosines: Mapping[int, float]
    floors: Mapping[str, float] = field(default_factory=dict)
    understood: bool = False

    @property
    def tells(self) -> bool:
        """Whether it tells right from unrelated at all."""
        return self.related - self.unrelated > LEAST_ALIKE

    def knows(self, language: str) -> bool:
        """Whether it knows a language."""
        return self.languages is None or language in self.languages

    def line(self, language: str) -> _Line:
        """By what passages in this language are read: 0 as unrelated ones, 1 as right ones.

        Less what any passage in the language has: models put texts of one language together, so
        that all of another one would stand behind them.
        """
        slope = 1 / (self.related - self.unrelated)
        floor = self.floors.get(language, self.floors.get(EVERY, self.unrelated))
        return self.cosines, slope, slope * self.unrelated + FLOOR_SHARE * self.read(floor)

    def read(self, cosine: float) -> float:
        """A cosine: 0 as of unrelated ones, 1 as of right ones."""
        return (cosine - self.unrelated) / (self.related - self.unrelated)


@dataclass(frozen=True, slots=True)
class Told:
    """A list of BM25 scores by point, and ``mass``: the IDF of all terms of the question together.

    A common word that is met tells little of it, a rare one or a code much; and a question whose
    words are met nowhere has a large mass, and small scores.
    """

    scores: Mapping[int, float]
    mass: float

    @property
    def whole(self) -> float:
        """The score of a passage with all that the terms tell."""
        return self.mass * (K1 + 1)

    def share(self, point: int) -> float:
        """The share of what the terms tell that a passage has."""
        return self.scores.get(point, 0.0) / self.whole if self.whole > 0 else 0.0


NOTHING_TOLD = Told({}, 0.0)


def fuse(
    language: str,
    languages: Mapping[int, str],
    readers: Sequence[CosineReader],
    words: Told = NOTHING_TOLD,
    grams: Told = NOTHING_TOLD,
) -> list[tuple[int, float]]:
    """One list of all points, best first (ties by id).

    ``language`` is the question's, ``languages`` are the points' (ISO 639-1; empty: unknown). The
    first reader is the one that is asked where none knows the question's language.
    """
    telling = [reader for reader in readers if reader.tells]
    told = ((words, WORDS_SHARE), (grams, GRAMS_SHARE))
    every = {point for reader in telling for point in reader.cosines}
    scales: dict[str, _Scales] = {}
    lists = [(t.scores, s / t.whole) for t, s in told if t.whole > 0]
    fused: dict[int, float] = {}
    for point in every.union(words.scores, grams.scores):
        spoken = languages.get(point, "")
        if spoken not in scales:
            scales[spoken] = _scales(language, spoken, telling)
        counts, read, own = _heard(point, scales[spoken])
        score = counts * (_mean(read) + own) if read else 0.0
        for scores, counts in lists:
            score += counts * scores.get(point, 0.0)
        fused[point] = score
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))


@dataclass(frozen=True, slots=True)
class _Scales:
    """How passages in one language are read.

    ``groups`` are models that are asked together, and what they count: the first group that has a
    vector of a passage is heard. ``own`` is what its language adds.
    """

    groups: Sequence[tuple[float, Sequence[_Line]]]
    own: float


def _scales(asked: str, language: str, readers: Sequence[CosineReader]) -> _Scales:
    """Passages in ``language``, for a question in ``asked``.

    The models that know both are heard; else those that know the question: a passage in a language
    that its only model does not know is not for that put behind all others. Where none knows the
    question, the first one's reading counts little.
    """
    asking = [reader for reader in readers if reader.understood or reader.knows(asked)]
    knowing = [reader for reader in asking if reader.knows(language)]
    groups = [(1.0, knowing), (1.0, asking), *((UNKNOWN, [reader]) for reader in readers)]
    lines = [(counts, [reader.line(language) for reader in group]) for counts, group in groups]
    return _Scales(lines, OWN_LANGUAGE if asked and language == asked else 0.0)


def standings(
    points: Sequence[int],
    language: str,
    languages: Mapping[int, str],
    readers: Sequence[CosineReader],
    words: Told = NOTHING_TOLD,
    grams: Told = NOTHING_TOLD,
) -> dict[int, PassageStanding]:
    """How points stand, by what :func:`fuse` reads; what a language adds is left out."""
    telling = [reader for reader in readers if reader.tells]
    found = {}
    for point in points:
        counts, read, _ = _heard(point, _scales(language, languages.get(point, ""), telling))
        near = counts * _mean(read) if read else 0.0
        apart = max(read) - min(read) if read else 0.0
        found[point] = PassageStanding(near, apart, words.share(point), grams.share(point))
    return found


def _heard(point: int, scales: _Scales) -> tuple[float, list[float], float]:
    """How near a passage is by each of the models heard, what that counts, its language's bonus."""
    for counts, group in scales.groups:
        read = [slope * cosines[point] - off for cosines, slope, off in group if point in cosines]
        if read:
            return counts, read, scales.own
    return 0.0, [], 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
