"""What every index must do of its lists when it makes them one (docs/retrieval.md)."""

import msgspec
import numpy as np
import pytest

from kb.index import lexical
from kb.index.base import DENSE, GRAMS, WORDS, AskedBy, IndexPoint, IndexQuery
from tests.index.points import SIZE, Filled, packed, point, query, vector

ONE, OTHER = "dense-one", "dense-other"


def leaning(cosine: float, towards: int, size: int) -> list[float]:
    """Of length 1; its cosine with the first axis, and the rest along one axis of its own."""
    values = [0.0] * size
    values[0], values[towards] = cosine, (1 - cosine**2) ** 0.5
    return values


IN_ONE = {n: leaning(c, n, 8) for n, c in {1: 0.8, 2: 0.6, 3: 0.7}.items()}
IN_OTHER = {n: leaning(c, n, 5) for n, c in {1: 0.6, 2: 0.9}.items()}


def moved(vectors, weight: float) -> dict[int, float]:
    """Cosines with a question along the first axis, moved towards the mean of all by a weight."""
    question, size = [1.0], len(vectors[1])
    question += [0.0] * (size - 1)
    mean = [sum(v[i] for v in vectors.values()) / len(vectors) for i in range(size)]
    asked = [(q + weight * m) / (1 + weight) for q, m in zip(question, mean)]
    return {n: sum(a * b for a, b in zip(asked, v)) for n, v in vectors.items()}


def in_both(**changes) -> IndexQuery:
    """A question along the first axis in two models, of eight dimensions and of five."""
    vectors = {
        ONE: AskedBy(packed([1.0] + [0.0] * 7)),
        OTHER: AskedBy(packed([1.0] + [0.0] * 4), unrelated=0.5, as_passage=False),
    }
    return IndexQuery(vectors, "?!", ["everyone"], 10, **changes)


class FusionContract(Filled):
    @pytest.fixture
    async def several(self, index):
        """A generation with vectors of two models."""
        await index.create("g1", {ONE: 8, OTHER: 5})
        points = [
            IndexPoint(
                n,
                {ONE: packed(IN_ONE[n])} | ({OTHER: packed(IN_OTHER[n])} if n in IN_OTHER else {}),
                f"text {n}",
                "en",
                ["everyone"],
            )
            for n in IN_ONE
        ]
        await index.upsert("g1", points)
        await index.flush("g1")
        return index

    async def test_fused_every_list_scores_what_any_list_has_brought(self, filled):
        asked = msgspec.structs.replace(
            query("annual leave", seed=(5 << 20) | 7, limit=1), fused=True
        )
        hits = await filled.query("g1", asked)
        assert [p for p, _ in hits.fused] == [1, (5 << 20) | 7]
        assert set(hits.similarity) == {1, (5 << 20) | 7}
        assert hits.similarity[(5 << 20) | 7] == pytest.approx(1.0, abs=1e-3)
        assert not hits.exhausted

    async def test_lists_of_words_can_be_had_before_the_vector(self, filled):
        asked = msgspec.structs.replace(query("annual leave", seed=(5 << 20) | 7), fused=True)
        early = await filled.query("g1", IndexQuery({}, "annual leave", ["everyone"], 10))
        assert set(early.lists) == {WORDS, GRAMS} and all(early.lists.values())
        lists = {n: early.lists[n] for n in (WORDS, GRAMS)}
        late = await filled.query("g1", msgspec.structs.replace(asked, lists=lists))
        assert late == await filled.query("g1", asked)

    async def test_the_first_hits_move_the_question_towards_their_like(self, index):
        await index.create("g1", {DENSE: SIZE})
        near, alike = np.zeros(SIZE, "<f4"), np.zeros(SIZE, "<f4")
        near[0], near[1] = 0.9, 0.436
        alike[0], alike[1] = 0.1, 0.995
        far = -np.ones(SIZE, "<f4") / SIZE**0.5
        vectors = {1: near, 2: alike, 3: far}
        await index.upsert(
            "g1",
            [
                IndexPoint(n, {DENSE: v.tobytes()}, f"word{n}", "en", ["everyone"])
                for n, v in vectors.items()
            ],
        )
        question = np.eye(1, SIZE, dtype="<f4")[0].tobytes()
        plain = IndexQuery({DENSE: AskedBy(question)}, "?!", ["everyone"], 10)
        asked = msgspec.structs.replace(plain, fused=True)
        before = dict((await index.query("g1", plain)).lists[DENSE])
        hits = await index.query("g1", asked)
        fused = dict(hits.fused)
        # Without feedback the two stand as far apart as their cosines do.
        assert fused[1] - fused[2] < 0.9 * (before[1] - before[2])
        assert hits.similarity[2] == pytest.approx(before[2], abs=1e-5)
        assert hits.exhausted

    async def test_a_point_may_lack_a_vector_of_a_generation_that_has_several(self, several):
        hits = await several.query("g1", in_both())
        assert [p for p, _ in hits.lists[ONE]] == [1, 3, 2]
        assert [p for p, _ in hits.lists[OTHER]] == [2, 1]
        await several.verify("g1")

    async def test_a_point_is_as_near_as_the_models_have_it_whose_vectors_it_has(self, several):
        """Written out: unrelated ones have 0 and .5; point 3 has a vector of the first alone."""
        hits = await several.query("g1", in_both(fused=True))
        one = moved(IN_ONE, 0.5)
        other = moved(IN_OTHER, 0.2)
        other = {n: (cosine - 0.5) / 0.5 for n, cosine in other.items()}
        # Less three quarters of what passages have on average; the sample has them all.
        near_one = {n: value - 0.75 * sum(one.values()) / 3 for n, value in one.items()}
        near_other = {n: value - 0.75 * sum(other.values()) / 2 for n, value in other.items()}
        expected = {
            n: (near_one[n] + near_other[n]) / 2 if n in other else near_one[n] for n in one
        }
        assert dict(hits.fused) == pytest.approx(expected, abs=1e-4)

    async def test_similarities_are_the_first_models(self, several):
        hits = await several.query("g1", in_both(fused=True))
        assert hits.similarity == pytest.approx({1: 0.8, 2: 0.6, 3: 0.7}, abs=1e-5)
        turned = in_both(fused=True)
        turned = msgspec.structs.replace(turned, vectors=dict(reversed(turned.vectors.items())))
        hits = await several.query("g1", turned)
        # Point 3, which lacks it: .7 of the way from 0 to 1 is .85 from .5 to 1.
        assert hits.similarity == pytest.approx({1: 0.6, 2: 0.9, 3: 0.85}, abs=1e-5)

    async def test_one_model_alone_may_be_asked(self, several):
        asked = in_both(fused=True)
        alone = {OTHER: asked.vectors[OTHER]}
        hits = await several.query("g1", msgspec.structs.replace(asked, vectors=alone))
        assert [p for p, _ in hits.fused][:2] == [2, 1]
        assert 3 not in hits.similarity

    async def test_feedback_stays_within_what_may_be_read(self, filled):
        asked = msgspec.structs.replace(query("canteen noon"), fused=True)
        hits = await filled.query("g1", asked)
        assert {p for p, _ in hits.fused} == {1, (5 << 20) | 7}
        assert 2 not in hits.similarity

    async def test_a_sample_tells_how_common_words_are_and_where_passages_lie(self, filled):
        told = await filled.sample("g1")
        assert (told.seen, told.passages) == (3, 3)
        common, rare = (lexical.words_of_question(w, "en") for w in ("leave", "canteen"))
        assert told.mass(WORDS, common) == pytest.approx(told.mass(WORDS, rare))
        await filled.upsert("g1", [point(4, "Annual leave is asked for in writing")])
        again = await filled.sample("g1")
        assert again.seen == 4
        assert again.mass(WORDS, common) < again.mass(WORDS, rare)
        mean = np.mean([np.frombuffer(vector(n), "<f4") for n in (1, 2, (5 << 20) | 7, 4)], axis=0)
        question = np.frombuffer(vector(4), "<f4")
        assert again.floors(DENSE, question)["*"] == pytest.approx(float(mean @ question), abs=1e-5)

    async def test_what_is_deleted_leaves_the_sample(self, filled):
        await filled.upsert("g1", [point(n, f"word{n}") for n in range(20, 60)])
        heliotrope = lexical.words_of_question("heliotrope", "en")
        await filled.upsert("g1", [point(19, "The code is heliotrope")])
        before = await filled.sample("g1")
        assert before.frequencies[WORDS].of(heliotrope.indices).tolist() == [1]
        await filled.delete("g1", [19])
        after = await filled.sample("g1")
        assert after.frequencies[WORDS].of(heliotrope.indices).tolist() == [0]
        assert after.seen == before.seen - 1

    async def test_a_word_met_in_one_passage_outweighs_one_that_all_have(self, index):
        await index.create("g1", {DENSE: SIZE})
        same = vector(1)
        texts = [f"The report of the year {n}" for n in range(30)] + ["The report on QX-4711"]
        points = [
            IndexPoint(n, {DENSE: same}, text, "en", ["everyone"]) for n, text in enumerate(texts)
        ]
        await index.upsert("g1", points)
        asked = msgspec.structs.replace(query("report of QX-4711", limit=5), fused=True)
        [(first, score), (_, second), *_] = (await index.query("g1", asked)).fused
        assert first == 30
        assert score > second + 0.3

    async def test_a_passage_in_another_language_stands_level(self, index):
        """Each lies where its language does; the German one is nearer than any German one is."""
        await index.create("g1", {DENSE: 8})
        english = [[0.9, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3]] * 10
        german = [[0.5, 0.0, 0.0, 0.8, 0.0, 0.0, 0.0, 0.3]] * 10
        lying = [*english, *german, [0.8, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.33]]
        points = [
            IndexPoint(n, {DENSE: packed(v)}, f"x{n}", "en" if n < 10 else "de", ["everyone"])
            for n, v in enumerate(lying)
        ]
        await index.upsert("g1", points)
        asked = {DENSE: AskedBy(packed([1.0] + [0.0] * 7))}
        hits = await index.query("g1", IndexQuery(asked, "?!", ["everyone"], 30, fused=True))
        assert hits.fused[0][0] == 20
        assert hits.similarity[20] < hits.similarity[0], "by plain cosines it is behind"

    @pytest.mark.parametrize("count", [0, 1, 3])
    async def test_few_passages_are_fused_as_well(self, index, count):
        await index.create("g1", {DENSE: SIZE})
        await index.upsert("g1", [point(n, "Annual leave", language=None) for n in range(count)])
        for text in ("annual leave", "the of and", "?!", "ετήσια άδεια"):
            hits = await index.query("g1", msgspec.structs.replace(query(text), fused=True))
            assert {p for p, _ in hits.fused} == set(range(count)) == hits.similarity.keys()

    async def test_a_question_in_a_language_that_no_model_knows_is_answered_by_words(self, filled):
        by = AskedBy(vector(1), languages=["en"], understood=False)
        asked = IndexQuery(
            {DENSE: by}, "Wie lange gelten die Genehmigungen?", ["everyone"], 10, fused=True
        )
        hits = await filled.query("g1", asked)
        assert hits.language == "de"
        assert hits.fused[0][0] == (5 << 20) | 7
