"""Several ranked lists become one."""

import pytest

from kb.index import fusion
from kb.index.base import DENSE, GRAMS, WORDS, AskedBy


ALONE = {DENSE: AskedBy(b"")}


def test_scores_of_each_list_count_by_its_weight():
    lists = {DENSE: [(1, 0.8), (2, 0.4)], WORDS: [(2, 9.0)]}
    fused = fusion.fuse(lists, {DENSE: 0.5, WORDS: 0.5}, ALONE)
    assert fused == [(2, 0.75), (1, 0.5)]


def test_a_model_that_tells_nothing_apart_counts_nothing():
    """Its unrelated texts are the same to it as any; another one counts nothing by its share."""
    asked = {"a": AskedBy(b"", floor=1.0), "b": AskedBy(b"", share=0.0), "c": AskedBy(b"", 0.5)}
    lists = {"a": [(1, 1.0)], "b": [(1, 1.0)], "c": [(1, 0.75), (2, 0.9)]}
    assert fusion.near(lists, asked) == [(1, 0.5), (2, pytest.approx(0.8))]


def test_foreign_questions_leave_stemmed_words_out():
    worth = fusion.weights_foreign(0.4)
    assert worth[WORDS] == 0
    assert worth[GRAMS] == pytest.approx(0.6)
    assert fusion.weights_foreign(0.9)[DENSE] == fusion.MOST_DENSE_FOREIGN


def test_empty_lists_fuse_to_nothing():
    assert fusion.fuse({DENSE: [], WORDS: [(1, 0.0)]}, {DENSE: 1, WORDS: 1}, ALONE) == []
