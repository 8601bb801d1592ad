"""Learns a model's adapter from questions and their right passages. Pure: numbers to numbers.

In closed form: each question is to be moved from the passages that are nearest to it and wrong (in
the mean, the nearest counting most) towards its right ones. The linear map that does so with the
least squares, held small by a ridge (Hoerl and Kennard, 1970), is what is learned. How large ridge
and step are is chosen by rounds in which the questions of some documents are held out; by rounds
around these it is measured whether there is a gain beyond chance, without which nothing is learned.
docs/retrieval.md has the figures, and what else was tried.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.embedding.adapting import Learned

Matrix = NDArray[Any]
Parts = tuple[Matrix, Matrix]
"""A map as the product of two: into fewer numbers (*down*), and from these (*up*)."""
ROUNDS = 5
"""Parts into which documents are divided; each is held out once."""
NEAREST, WRONG = 64, 10
"""Of the nearest passages of a question, so many wrong ones are what it is moved from."""
RANK = 32
"""Steps of an adapter's rank: all of the map that is worth keeping, and a millisecond's work."""
SURE = 1.645
"""A mean of so many standard errors is reached by chance in one case of twenty."""
LEAST_APART = 1e-4
"""Right and unrelated pairs whose cosines are no farther apart tell nothing."""


@dataclass(frozen=True, slots=True)
class LearningCandidate:
    """A way to learn: how large the ridge is, and how far questions are moved."""

    ridge: float
    step: float


CANDIDATES = tuple(
    LearningCandidate(ridge, step) for ridge in (5.0, 20.0, 80.0) for step in (1.0, 2.0)
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one model's adapter is learned from.

    ``questions`` and ``passages`` are vectors of length 1. ``right`` has the rows of each
    question's right passages, at least one. ``documents`` has each passage's document, ``rounds``
    the round in which each question is held out. ``width`` is how far cosines of wrong passages lie
    apart for the nearest of them to count most.
    """

    questions: Matrix
    passages: Matrix
    right: tuple[tuple[int, ...], ...]
    documents: Matrix
    rounds: Matrix
    width: float

    def documents_of(self, rows: Iterable[int]) -> set[int]:
        """The documents in which some questions' right passages are."""
        return {int(self.documents[p]) for row in rows for p in self.right[row]}


@dataclass(frozen=True, slots=True)
class Result:
    """What was learned of one model.

    ``before`` and ``after`` are the reciprocal places (0 to 1) of each question's first right
    passage, by this model alone; ``after`` by what was learned without the question's round, the
    choice of ``candidate`` included. ``whole`` is learned from everything, ``held_out`` by round.
    Where the gain may be chance, ``whole`` is None, and there are none held out.
    """

    candidate: LearningCandidate
    before: tuple[float, ...]
    after: tuple[float, ...]
    whole: Learned | None = None
    held_out: Mapping[int, Learned] = field(default_factory=dict)


def rounds_of(documents: Sequence[Any], rounds: int = ROUNDS) -> list[int]:
    """The round in which each question is held out, by its document; rounds have alike many."""
    counted: dict[Any, int] = {}
    for document in documents:
        counted[document] = counted.get(document, 0) + 1
    sizes, given = [0] * rounds, {}
    for document in sorted(counted, key=lambda one: (-counted[one], one)):
        least = sizes.index(min(sizes))
        given[document] = least
        sizes[least] += counted[document]
    return [given[document] for document in documents]


def learn(lesson: Lesson) -> Result:
    """Learn a model's adapter, and measure it on questions held out."""
    near = _nearest(lesson)
    numbers = sorted({int(n) for n in lesson.rounds})
    parts = [_learned_without(lesson, near, number, numbers) for number in numbers]
    moved = _moved_in_turn(lesson, numbers, parts)
    before, after = _places(lesson, lesson.questions), _places(lesson, moved)
    candidate = _choose(lesson, near, numbers)
    measured = Result(candidate, tuple(before.tolist()), tuple(after.tolist()))
    scale = _carried(lesson, moved)
    if scale is None or not _is_gain(after - before):
        return measured
    everything = _targets(lesson, near, np.array([], dtype=int))
    whole = _kept(_largest(_map(everything, candidate)), scale)
    held_out = {n: _kept(one, scale) for n, one in zip(numbers, parts, strict=True)}
    return replace(measured, whole=whole, held_out=held_out)


def _is_gain(gains: Matrix) -> bool:
    """Whether a mean gain is beyond chance."""
    error = gains.std() / max(1, len(gains)) ** 0.5
    return bool(gains.mean() > SURE * error)


def _learned_without(lesson: Lesson, near: Matrix, number: int, numbers: Sequence[int]) -> Parts:
    """What is learned where a round takes no part in anything, the choice included."""
    candidate = _choose(lesson, near, [n for n in numbers if n != number])
    held = np.flatnonzero(lesson.rounds == number)
    return _largest(_map(_targets(lesson, near, held), candidate))


def _nearest(lesson: Lesson) -> Matrix:
    """The nearest passages of each question, the nearest first."""
    most = min(NEAREST, len(lesson.passages))
    found = []
    for start in range(0, len(lesson.questions), 256):
        cosines = lesson.questions[start : start + 256] @ lesson.passages.T
        found.append(np.argsort(-cosines, axis=1, kind="stable")[:, :most])
    return np.concatenate(found)


def _choose(lesson: Lesson, near: Matrix, numbers: Sequence[int]) -> LearningCandidate:
    """The way to learn that gains most in the mean by these rounds, each held out once."""
    some = np.flatnonzero(np.isin(lesson.rounds, numbers))
    others = np.setdiff1d(np.arange(len(lesson.questions)), some)
    after = np.zeros((len(CANDIDATES), len(lesson.questions)))
    for number in numbers:
        held = np.flatnonzero(lesson.rounds == number)
        targets = _targets(lesson, near, np.concatenate([held, others]))
        for n, candidate in enumerate(CANDIDATES):
            moved = _moved(lesson.questions[held], _map(targets, candidate))
            after[n, held] = _places(lesson, moved, held)
    return CANDIDATES[int(after[:, some].mean(axis=1).argmax())]


def _targets(lesson: Lesson, near: Matrix, held: Matrix) -> tuple[Matrix, Matrix]:
    """Questions, and whereto each is to be moved; without those that are ``held`` out.

    Documents in which these have right passages take no part, on neither side: so they have none.
    """
    apart = lesson.documents_of(held)
    kept = ~np.isin(lesson.documents, list(apart))
    asked, wanted = [], []
    for row, right in enumerate(lesson.right):
        good = [p for p in right if kept[p]]
        if not good:
            continue
        wrong = [int(p) for p in near[row] if kept[p] and p not in right][:WRONG]
        if wrong:
            asked.append(lesson.questions[row])
            wanted.append(lesson.passages[good].mean(axis=0) - _wrong(lesson, row, wrong))
    size = lesson.passages.shape[1]
    x, y = np.array(asked, dtype=np.float64), np.array(wanted, dtype=np.float64)
    return x.reshape(-1, size), y.reshape(-1, size)


def _map(targets: tuple[Matrix, Matrix], candidate: LearningCandidate) -> Matrix:
    """What is added to a question, as a matrix: ridge regression of the targets.

    Solved for as many unknowns as there are questions, or numbers in a vector, whichever are fewer.
    """
    x, y = targets
    if len(x) < x.shape[1]:
        inside = x @ x.T + candidate.ridge * np.eye(len(x))
        found: Matrix = y.T @ np.linalg.solve(inside, x)
    else:
        inside = x.T @ x + candidate.ridge * np.eye(x.shape[1])
        found = np.linalg.solve(inside, x.T @ y).T
    return candidate.step * found


def _wrong(lesson: Lesson, row: int, wrong: Sequence[int]) -> Matrix:
    """The mean of wrong passages, of which those nearest to the question count most."""
    vectors = lesson.passages[wrong]
    cosines = vectors @ lesson.questions[row]
    weights = np.exp((cosines - cosines.max()) / lesson.width)
    mean: Matrix = weights @ vectors / weights.sum()
    return mean


def _moved(questions: Matrix, by: Matrix) -> Matrix:
    moved = questions + questions @ by.T
    found: Matrix = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return found


def _moved_in_turn(lesson: Lesson, numbers: Sequence[int], parts: Sequence[Parts]) -> Matrix:
    """Each question as it is moved by what was learned without it."""
    found: Matrix = lesson.questions.astype(np.float64)
    for number, (down, up) in zip(numbers, parts, strict=True):
        held = lesson.rounds == number
        found[held] = _moved(lesson.questions[held], up.T @ down)
    return found


def _places(lesson: Lesson, questions: Matrix, rows: Matrix | None = None) -> Matrix:
    """The reciprocal place of each question's first right passage, by this model alone.

    ``questions`` are vectors of the lesson's questions with these numbers, or of all.
    """
    chosen = np.arange(len(questions)) if rows is None else rows
    found = np.zeros(len(chosen))
    for start in range(0, len(chosen), 256):
        cosines = questions[start : start + 256] @ lesson.passages.T
        for at, row in enumerate(chosen[start : start + 256]):
            best = cosines[at, list(lesson.right[row])].max()
            found[start + at] = 1.0 / (1 + int((cosines[at] > best).sum()))
    return found


def _carried(lesson: Lesson, moved: Matrix) -> tuple[float, float] | None:
    """Slope and offset by which cosines of moved questions read in the mean as they did before.

    So do right pairs, and pairs of a question and another document's passages.
    """
    unrelated, right = _means(lesson, lesson.questions)
    unrelated_now, right_now = _means(lesson, moved)
    if right - unrelated < LEAST_APART or right_now - unrelated_now < LEAST_APART:
        return None
    slope = (right - unrelated) / (right_now - unrelated_now)
    return slope, unrelated - slope * unrelated_now


def _means(lesson: Lesson, questions: Matrix) -> tuple[float, float]:
    """The mean cosine of unrelated pairs, and that of right ones."""
    unrelated, right = [], []
    for row, rights in enumerate(lesson.right):
        cosines = lesson.passages @ questions[row]
        others = ~np.isin(lesson.documents, list(lesson.documents_of([row])))
        if others.any():
            unrelated.append(cosines[others].mean())
        right.append(cosines[list(rights)].max())
    return float(np.mean(unrelated)) if unrelated else 0.0, float(np.mean(right))


def _largest(by: Matrix) -> Parts:
    """The largest parts of a map (singular value decomposition): what is kept, and measured."""
    left, sizes, right = np.linalg.svd(by)
    rank = min(RANK, int((sizes > 0).sum()))
    return right[:rank], (left[:, :rank] * sizes[:rank]).T


def _kept(parts: Parts, scale: tuple[float, float]) -> Learned:
    down, up = parts
    return Learned(
        dimension=down.shape[1],
        down=np.ascontiguousarray(down, dtype="<f4").tobytes(),
        up=np.ascontiguousarray(up, dtype="<f4").tobytes(),
        slope=scale[0],
        offset=scale[1],
    )
