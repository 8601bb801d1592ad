"""Learning: what generalises to other documents is learned, and what does not is not."""

import numpy as np
import pytest

from kb.embedding.adapting import Adapter
from kb.tuning import learning
from kb.tuning.learning import CANDIDATES, Lesson

SIZE, DOCUMENTS, EACH = 48, 40, 4


def length_one(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def lesson(*, turned: float, noise: float = 0.9, seed: int = 0) -> Lesson:
    """Passages by chance, and a question near each; ``turned`` so far by one map for all."""
    drawn = np.random.default_rng(seed)
    passages = length_one(drawn.normal(size=(DOCUMENTS * EACH, SIZE)))
    away = drawn.normal(size=(SIZE, SIZE)) / SIZE**0.5
    asked = passages + turned * passages @ away
    asked = length_one(asked + noise * drawn.normal(size=asked.shape) / SIZE**0.5)
    documents = np.repeat(np.arange(DOCUMENTS), EACH)
    return Lesson(
        questions=asked.astype("f4"),
        passages=passages.astype("f4"),
        right=tuple((row,) for row in range(len(asked))),
        documents=documents,
        rounds=np.array(learning.rounds_of(documents.tolist())),
        width=0.07,
    )


def test_what_all_questions_have_in_common_is_learned_for_documents_held_out():
    given = lesson(turned=3.0)
    found = learning.learn(given)
    assert found.whole is not None
    gains = np.array(found.after) - np.array(found.before)
    assert gains.mean() > 0.05
    assert set(found.held_out) == set(range(learning.ROUNDS))
    moved = [
        Adapter(found.held_out[int(n)]).moved(asked.astype("<f4").tobytes())
        for n, asked in zip(given.rounds, given.questions, strict=True)
    ]
    cosines = np.stack([np.frombuffer(m, dtype="<f4") for m in moved]) @ given.passages.T
    own = np.diag(cosines)[:, None]
    assert (1 / (1 + (cosines > own).sum(axis=1))).mean() == pytest.approx(
        np.mean(found.after), abs=0.005
    )  # what is measured is what is kept


def test_where_there_is_nothing_in_common_nothing_is_learned():
    learned = [learning.learn(lesson(turned=0, noise=1.6, seed=s)).whole for s in range(5)]
    assert learned == [None] * 5


def test_a_round_is_learned_without_its_questions_and_documents():
    given = lesson(turned=3.0)
    held = np.flatnonzero(given.rounds == 2)
    near = learning._nearest(given)
    before = learning._targets(given, near, held)
    passages = given.passages.copy()
    passages[np.isin(given.documents, list(given.documents_of(held)))] *= -1
    questions = given.questions.copy()
    questions[held] *= -1
    other = Lesson(questions, passages, given.right, given.documents, given.rounds, given.width)
    after = learning._targets(other, near, held)
    assert len(before[0]) == len(given.questions) - len(held)
    assert np.array_equal(before[0], after[0])
    assert np.array_equal(before[1], after[1])


def test_a_passage_that_is_right_for_a_question_held_out_is_learned_by_no_other():
    given = lesson(turned=3.0)
    right = list(given.right)
    right[0] = (0, len(right) - 1)  # a passage of the last document, which is of another round
    other = Lesson(
        given.questions, given.passages, tuple(right), given.documents, given.rounds, given.width
    )
    held = np.array([0])
    asked, _ = learning._targets(other, learning._nearest(other), held)
    assert len(asked) == len(right) - 2 * EACH


def test_rounds_divide_documents_not_questions():
    documents = [1] * 30 + [2] * 20 + list(range(3, 43))
    rounds = learning.rounds_of(documents)
    by = {}
    for document, number in zip(documents, rounds, strict=True):
        by.setdefault(document, set()).add(number)
    assert all(len(numbers) == 1 for numbers in by.values())
    sizes = [rounds.count(number) for number in range(learning.ROUNDS)]
    assert max(sizes) == 30
    assert min(sizes) >= 10


def test_both_ways_to_solve_give_the_same_map():
    drawn = np.random.default_rng(0)
    x, y = drawn.normal(size=(2, SIZE - 1, SIZE))
    for candidate in CANDIDATES:
        few = learning._map((x, y), candidate)
        many = np.linalg.solve(x.T @ x + candidate.ridge * np.eye(SIZE), x.T @ y).T
        assert few == pytest.approx(candidate.step * many, abs=1e-9)


def test_right_and_unrelated_pairs_read_in_the_mean_as_before():
    given = lesson(turned=3.0)
    found = learning.learn(given)
    numbers = sorted(found.held_out)
    maps = [learning._learned_without(given, learning._nearest(given), n, numbers) for n in numbers]
    moved = learning._moved_in_turn(given, numbers, maps)
    before, after = learning._means(given, given.questions), learning._means(given, moved)
    slope, offset = found.whole.slope, found.whole.offset
    assert [slope * value + offset for value in after] == pytest.approx(before)
    assert after != pytest.approx(before, abs=0.005)
