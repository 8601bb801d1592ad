"""Each list counts as surely as it points. Expected values are worked out by hand."""

import pytest

from kb.index import weighing
from kb.index.weighing import EVERY, CosineReader, Told


def english(cosines, floors=None):
    return CosineReader(0.1, 0.5, frozenset({"en"}), cosines, floors or {EVERY: 0.1})


def multilingual(cosines, floors=None):
    return CosineReader(0.75, 0.85, None, cosines, floors or {EVERY: 0.75})


def score(point, asked, language, readers, **lists):
    return dict(weighing.fuse(asked, {point: language}, readers, **lists))[point]


def order(fused):
    return [point for point, _ in fused]


def test_a_model_is_read_on_its_own_scale():
    read = english({1: 0.1, 2: 0.5}), multilingual({1: 0.75, 2: 0.85})
    for reader in read:
        assert score(1, "it", "en", [reader]) == pytest.approx(0.0)
        assert score(2, "en", "en", [reader]) == pytest.approx(1.0 + weighing.OWN_LANGUAGE)


def test_a_squeezed_model_ranks_alike():
    cosines, floors = {1: 0.62, 2: 0.31, 3: 0.55}, {"en": 0.2, "de": 0.05, EVERY: 0.15}
    languages = {1: "en", 2: "en", 3: "de"}
    plain = CosineReader(0.1, 0.5, None, cosines, floors)
    squeezed = CosineReader(
        0.73, 0.85, None,
        {p: 0.7 + 0.3 * c for p, c in cosines.items()},
        {f: 0.7 + 0.3 * c for f, c in floors.items()},
    )  # fmt: skip
    for (point, score), (other, expected) in zip(
        weighing.fuse("en", languages, [squeezed]),
        weighing.fuse("en", languages, [plain]),
        strict=True,
    ):
        assert point == other
        assert score == pytest.approx(expected)


def test_words_that_hardly_meet_do_not_outweigh_what_is_near():
    """Point 1 is near; point 2 has a common word, a tenth of what the question tells."""
    reader = multilingual({1: 0.84, 2: 0.82})
    words = Told({2: 2.2}, mass=10.0)
    assert order(weighing.fuse("en", {1: "en", 2: "en"}, [reader], words, words)) == [1, 2]


def test_a_code_that_is_met_outweighs_what_is_near():
    """The same cosines, but the question is little more than a code that point 2 has."""
    reader = multilingual({1: 0.84, 2: 0.82})
    words = Told({2: 11.0}, mass=6.0)
    assert order(weighing.fuse("en", {1: "en", 2: "en"}, [reader], words, words)) == [2, 1]


def test_the_best_of_a_list_counts_no_more_because_the_list_is_poor():
    one, three = (score(1, "en", "", [], words=Told({1: met}, 10.0)) for met in (1.0, 3.0))
    assert three == pytest.approx(3 * one)
    assert three == pytest.approx(weighing.WORDS_SHARE * 3.0 / 22.0)
    assert score(1, "en", "", [], words=Told({1: 1.0}, 0.0)) == 0.0


def test_each_passage_is_read_by_the_models_that_know_both_languages():
    readers = [multilingual({1: 0.80, 2: 0.80}), english({1: 0.1, 2: 0.5})]
    both = score(1, "en", "en", readers)
    assert both == pytest.approx((0.5 + 0.0) / 2 + weighing.OWN_LANGUAGE)
    one = score(2, "en", "de", readers)
    assert one == pytest.approx(0.5)
    asked_in_another = score(1, "de", "en", readers)
    assert asked_in_another == pytest.approx(0.5)


def test_a_point_without_a_vector_of_one_model_is_read_by_the_other():
    readers = [multilingual({1: 0.80}), english({})]
    assert score(1, "en", "en", readers) == pytest.approx(0.5 + weighing.OWN_LANGUAGE)


def test_a_model_that_does_not_know_a_language_only_breaks_ties():
    alone = [english({1: 0.5, 2: 0.1})]
    grams = Told({2: 2.2}, mass=10.0)
    assert order(weighing.fuse("de", {1: "de", 2: "de"}, alone)) == [1, 2]
    assert order(weighing.fuse("de", {1: "de", 2: "de"}, alone, grams=grams)) == [2, 1]


def test_a_passage_whose_language_its_only_model_does_not_know_is_no_stranger():
    """An English question to a model of English: the German passage is the nearest by far."""
    alone = english({1: 0.3, 2: 0.6})
    assert order(weighing.fuse("en", {1: "en", 2: "de"}, [alone])) == [2, 1]


def test_another_language_stands_level():
    """Texts of the question's language are .05 nearer to it, whatever they say."""
    cosines = {1: 0.83, 2: 0.81}
    languages = {1: "en", 2: "de"}
    blind = multilingual(cosines)
    level = multilingual(cosines, {"en": 0.79, "de": 0.74, EVERY: 0.77})
    assert order(weighing.fuse("en", languages, [blind])) == [1, 2]
    assert order(weighing.fuse("en", languages, [level])) == [2, 1]


def test_of_two_translations_the_question_s_language_comes_first():
    cosines, floors = {1: 0.80, 2: 0.846}, {"en": 0.74, "de": 0.795, EVERY: 0.77}
    found = weighing.fuse("en", {1: "en", 2: "de"}, [multilingual(cosines, floors)])
    assert order(found) == [1, 2]


def test_a_language_that_the_sample_lacks_has_the_floor_of_all():
    reader = multilingual({1: 0.85}, {EVERY: 0.80})
    assert score(1, "en", "fi", [reader]) == pytest.approx(1.0 - weighing.FLOOR_SHARE * 0.5)


def test_a_model_that_tells_nothing_apart_is_left_out():
    blind = CosineReader(0.9, 0.9, None, {1: 0.9, 2: 0.95})
    assert weighing.fuse("en", {}, [blind]) == []
    assert order(weighing.fuse("en", {}, [blind, multilingual({2: 0.8, 1: 0.82})])) == [1, 2]


def test_ties_are_broken_by_id_and_nothing_gives_nothing():
    assert order(weighing.fuse("en", {}, [multilingual({5: 0.8, 3: 0.8})])) == [3, 5]
    assert weighing.fuse("en", {}, []) == []
