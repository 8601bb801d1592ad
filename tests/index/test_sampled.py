"""What a sample tells of a generation. Expected values are worked out by hand."""

import math

import numpy as np
import pytest
import qdrant_edge as edge

from kb.index import sampled
from kb.index.base import GRAMS, WORDS
from kb.index.lexical import Sparse
from kb.index.sampled import SampledPassage
from kb.index.weighing import EVERY


def passage(language, vector, *words):
    return SampledPassage(1, language, {"m": np.array(vector, "f4")}, {WORDS: words})


def test_a_rare_term_weighs_more_than_a_common_one():
    told = sampled.sample([passage("en", [1, 0], 1, 2), passage("en", [1, 0], 1, 1)], 2)
    assert told.frequencies[WORDS].of([2, 1, 9, 1]).tolist() == [1, 2, 0, 2]
    question = Sparse([1, 2, 9], [1.0, 1.0, 1.0])
    common, rare, unseen = (math.log(1 + (2 - n + 0.5) / (n + 0.5)) for n in (2, 1, 0))
    assert told.mass(WORDS, question) == pytest.approx(common + rare + unseen)


def test_frequencies_stand_for_the_whole_generation():
    told = sampled.sample([passage("en", [1, 0], 1)] + [passage("en", [1, 0])] * 3, 400)
    expected = math.log(1 + (400 - 100 + 0.5) / (100 + 0.5))
    assert told.mass(WORDS, Sparse([1], [1.0])) == pytest.approx(expected)


def test_without_a_sample_every_term_is_unseen():
    nothing = sampled.sample([], 9)
    mass = nothing.mass(GRAMS, Sparse([1, 2], [1.0, 1.0]))
    assert mass == pytest.approx(2 * math.log(1 + 9.5 / 0.5))
    assert nothing.floors("m", [1.0, 0.0]) == {}


def test_passages_without_terms_have_none():
    told = sampled.sample([passage("en", [1, 0])], 1)
    assert told.frequencies[WORDS].of([7]).tolist() == [0]


def test_a_language_has_a_centre_that_few_passages_move_little():
    told = sampled.sample([passage("en", [1, 0])] * 30 + [passage("de", [0, 1])] * 10, 40)
    floors = told.floors("m", [0.0, 1.0])
    assert floors[EVERY] == pytest.approx(10 / 40)
    assert floors["de"] == pytest.approx((10 + 10 * 0.25) / 20)
    assert floors["en"] == pytest.approx((0 + 10 * 0.25) / 40)


def test_only_passages_with_a_model_s_vector_make_its_centres():
    bare = SampledPassage(2, "de", {}, {WORDS: [1]})
    told = sampled.sample([passage("en", [1, 0], 1), bare], 2)
    assert told.seen == 2
    assert told.centres["m"].languages == ("en", EVERY)


def test_idf_is_the_engine_s(tmp_path):
    """Of one term in 3 of 5 points the engine's score is the product of weight and IDF."""
    config = edge.EdgeConfig(
        vectors={},
        sparse_vectors={WORDS: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
    )
    shard = edge.EdgeShard.create(str(tmp_path), config)
    points = [
        edge.Point(n, {WORDS: edge.SparseVector([7 if n < 3 else 8], [1.5])}, {}) for n in range(5)
    ]
    shard.update(edge.UpdateOperation.upsert_points(points))
    query = edge.Query.Nearest(edge.SparseVector([7], [1.0]), using=WORDS)
    [found, *_] = shard.query(edge.QueryRequest(query=query, limit=3))
    shard.close()
    assert found.score == pytest.approx(1.5 * sampled.idf(5, 3), rel=1e-5)
