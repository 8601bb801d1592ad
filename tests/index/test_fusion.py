"""Several ranked lists become one."""

import pytest

from kb.index import fusion
from kb.index.base import DENSE, GRAMS, WORDS


def test_scores_of_each_list_count_by_its_weight():
    fused = fusion.fuse({DENSE: [(1, 0.8), (2, 0.4)], WORDS: [(2, 9.0)]}, {DENSE: 0.5, WORDS: 0.5})
    assert fused == [(2, 0.75), (1, 0.5)]


def test_foreign_questions_leave_stemmed_words_out():
    worth = fusion.weights_foreign(0.4)
    assert worth[WORDS] == 0
    assert worth[GRAMS] == pytest.approx(0.6)
    assert fusion.weights_foreign(0.9)[DENSE] == fusion.MOST_DENSE_FOREIGN


def test_empty_lists_fuse_to_nothing():
    assert fusion.fuse({DENSE: [], WORDS: [(1, 0.0)]}, {DENSE: 1, WORDS: 1}) == []
