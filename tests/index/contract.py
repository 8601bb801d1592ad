"""What every index must do. Subclass it and give ``index``; ship it to whoever writes another."""

import msgspec
import numpy as np
import pytest

from kb.errors import EngineError, KbError
from kb.index.base import DENSE, GRAMS, WORDS, AskedBy, IndexPoint, IndexQuery

SIZE = 384
ONE, OTHER = "dense-one", "dense-other"


def vector(seed: int) -> bytes:
    values = np.random.default_rng(seed).standard_normal(SIZE).astype("<f4")
    return (values / np.linalg.norm(values)).tobytes()


def point(number: int, text: str, readers=("everyone",), language="en") -> IndexPoint:
    return IndexPoint(number, {DENSE: vector(number)}, text, language, list(readers))


def query(text="anything", seed=1, readers=("everyone",), limit=10) -> IndexQuery:
    return IndexQuery({DENSE: AskedBy(vector(seed))}, text, list(readers), limit)


async def everything(index) -> dict[int, list[str]]:
    found, after = {}, None
    while part := await index.readers("g1", after, 2):
        found |= part
        after = max(part)
    return found


def leaning(cosine: float, towards: int, size: int) -> list[float]:
    """Of length 1; its cosine with the first axis, and the rest along one axis of its own."""
    values = [0.0] * size
    values[0], values[towards] = cosine, (1 - cosine**2) ** 0.5
    return values


IN_ONE = {n: leaning(c, n, 8) for n, c in {1: 0.8, 2: 0.6, 3: 0.7}.items()}
IN_OTHER = {n: leaning(c, n, 5) for n, c in {1: 0.6, 2: 0.9}.items()}


def alike(vectors, left: int, right: int) -> float:
    return sum(a * b for a, b in zip(vectors[left], vectors[right]))


def packed(values) -> bytes:
    return np.array(values, "<f4").tobytes()


def in_both(**changes) -> IndexQuery:
    """A question along the first axis in two models, of eight dimensions and of five."""
    vectors = {
        ONE: AskedBy(packed([1.0] + [0.0] * 7), share=1.0),
        OTHER: AskedBy(packed([1.0] + [0.0] * 4), floor=0.5, share=3.0),
    }
    return IndexQuery(vectors, "?!", ["everyone"], 10, **changes)


class IndexContract:
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

    @pytest.fixture
    async def filled(self, index):
        await index.create("g1", {DENSE: SIZE})
        await index.upsert(
            "g1",
            [
                point(1, "Employees have thirty days of annual leave"),
                point(2, "The canteen opens at noon", ["group:kitchen", "owner"]),
                point((5 << 20) | 7, "Die Genehmigungen gelten ein Jahr", language="de"),
            ],
        )
        await index.flush("g1")
        return index

    async def test_the_nearest_vector_comes_first(self, filled):
        hits = await filled.query("g1", query(seed=(5 << 20) | 7))
        assert hits.lists[DENSE][0][0] == (5 << 20) | 7
        assert hits.lists[DENSE][0][1] == pytest.approx(1.0, abs=1e-3)

    async def test_words_are_found_by_their_stem(self, filled):
        hits = await filled.query("g1", query("How many days of leave does an employee have?"))
        assert [p for p, _ in hits.lists[WORDS]] == [1]

    async def test_with_weights_every_list_scores_what_any_list_has_brought(self, filled):
        worth = {DENSE: 0.5, WORDS: 0.25, GRAMS: 0.25}
        asked = msgspec.structs.replace(
            query("annual leave", seed=(5 << 20) | 7, limit=1),
            worth=worth, worth_foreign={DENSE: 0.5, GRAMS: 0.5}, languages=["en"],
        )  # fmt: skip
        hits = await filled.query("g1", asked)
        assert [p for p, _ in hits.fused] == [1, (5 << 20) | 7]
        assert hits.fused[1][1] > 0
        assert set(hits.similarity) == {1, (5 << 20) | 7}
        assert hits.similarity[(5 << 20) | 7] == pytest.approx(1.0, abs=1e-3)
        assert not hits.exhausted

    async def test_lists_of_words_can_be_had_before_the_vector(self, filled):
        asked = msgspec.structs.replace(
            query("annual leave", seed=(5 << 20) | 7), worth={DENSE: 0.5, WORDS: 0.25, GRAMS: 0.25},
            worth_foreign={DENSE: 0.5, GRAMS: 0.5}, languages=["en"],
        )  # fmt: skip
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
        plain = IndexQuery({DENSE: AskedBy(question)}, "word1", ["everyone"], 10)
        asked = msgspec.structs.replace(plain, worth={DENSE: 1.0}, worth_foreign={DENSE: 1.0})
        before = dict((await index.query("g1", plain)).lists[DENSE])
        hits = await index.query("g1", asked)
        assert dict(hits.fused)[2] > before[2] / before[1]
        assert hits.similarity[2] == pytest.approx(before[2], abs=1e-5)
        assert hits.exhausted

    async def test_a_point_may_lack_a_vector_of_a_generation_that_has_several(self, several):
        hits = await several.query("g1", in_both())
        assert [p for p, _ in hits.lists[ONE]] == [1, 3, 2]
        assert [p for p, _ in hits.lists[OTHER]] == [2, 1]
        await several.verify("g1")

    async def test_a_point_is_as_near_as_the_models_have_it_whose_vectors_it_has(self, several):
        """Written out: shares 1 and 3, floors 0 and .5; point 3 has a vector of the first alone."""
        hits = await several.query("g1", in_both(worth={DENSE: 1.0}, worth_foreign={DENSE: 1.0}))
        # The mean of the three best moves each question by half: 1.5 times (cosine .8, .6, .7) …
        one = {1: 0.8, 2: 0.6, 3: 0.7}
        other = {1: 0.6, 2: 0.9}
        best_one = {n: sum(alike(IN_ONE, n, m) for m in one) / 3 for n in one}
        best_other = {n: sum(alike(IN_OTHER, n, m) for m in other) / 2 for n in other}
        moved_one = {n: (one[n] + 0.5 * best_one[n]) / 1.5 for n in one}
        moved_other = {n: (other[n] + 0.5 * best_other[n]) / 1.5 for n in other}
        near = {
            n: (moved_one[n] + 3 * (moved_other[n] - 0.5) / 0.5) / 4 if n in other else moved_one[n]
            for n in one
        }
        expected = {n: value / max(near.values()) for n, value in near.items()}
        assert dict(hits.fused) == pytest.approx(expected, abs=1e-4)

    async def test_similarities_are_the_first_models(self, several):
        worth = {"worth": {DENSE: 1.0}, "worth_foreign": {DENSE: 1.0}}
        hits = await several.query("g1", in_both(**worth))
        assert hits.similarity == pytest.approx({1: 0.8, 2: 0.6, 3: 0.7}, abs=1e-5)
        turned = in_both(**worth)
        turned = msgspec.structs.replace(turned, vectors=dict(reversed(turned.vectors.items())))
        hits = await several.query("g1", turned)
        # Point 3, which lacks it: .7 above a floor of 0 is .5 + .7 × .5 above one of .5.
        assert hits.similarity == pytest.approx({1: 0.6, 2: 0.9, 3: 0.85}, abs=1e-5)

    async def test_one_model_alone_may_be_asked(self, several):
        asked = in_both(worth={DENSE: 1.0}, worth_foreign={DENSE: 1.0})
        alone = {OTHER: asked.vectors[OTHER]}
        hits = await several.query("g1", msgspec.structs.replace(asked, vectors=alone))
        assert [p for p, _ in hits.fused][:2] == [2, 1]
        assert 3 not in hits.similarity

    async def test_feedback_stays_within_what_may_be_read(self, filled):
        asked = msgspec.structs.replace(
            query("canteen noon"), worth={DENSE: 1.0}, worth_foreign={DENSE: 1.0}
        )
        hits = await filled.query("g1", asked)
        assert {p for p, _ in hits.fused} == {1, (5 << 20) | 7}
        assert 2 not in hits.similarity

    async def test_grams_find_what_sounds_alike(self, filled):
        hits = await filled.query("g1", query("kanteen", readers=("owner",)))
        assert hits.lists[GRAMS][0][0] == 2

    async def test_grams_reach_across_languages(self, filled):
        hits = await filled.query("g1", query("Genehmigung"))
        assert hits.lists[GRAMS][0][0] == (5 << 20) | 7

    async def test_nobody_finds_what_they_may_not_read(self, filled):
        for readers in (["everyone"], ["group:other"], ["everyone", "group:kit"]):
            hits = await filled.query("g1", query("canteen", seed=2, readers=readers))
            assert 2 not in {p for ranked in hits.lists.values() for p, _ in ranked}
        hits = await filled.query("g1", query("canteen", readers=["group:kitchen"]))
        assert {p for ranked in hits.lists.values() for p, _ in ranked} == {2}

    @pytest.mark.case("S40")
    async def test_an_empty_filter_is_refused(self, filled):
        with pytest.raises(KbError):
            await filled.query("g1", query(readers=[]))
        with pytest.raises(KbError):
            await filled.upsert("g1", [point(9, "x", readers=[])])
        with pytest.raises(KbError):
            await filled.set_readers("g1", [1], [])

    @pytest.mark.case("S41")
    async def test_a_point_without_tokens_is_hidden(self, filled):
        """Nothing matches what no reader carries."""
        hits = await filled.query("g1", query("leave", readers=["nobody-has-this"]))
        assert all(not ranked for ranked in hits.lists.values())

    async def test_writing_twice_is_writing_once(self, filled):
        await filled.upsert("g1", [point(1, "Employees have forty days")])
        assert len(await everything(filled)) == 3

    async def test_deleting_what_is_not_there_is_no_error(self, filled):
        await filled.delete("g1", [1, 999])
        await filled.delete("g1", [])
        assert set(await everything(filled)) == {2, (5 << 20) | 7}

    async def test_readers_of_points_that_are_not_there_are_no_error(self, filled):
        """Those that are there get theirs all the same."""
        await filled.set_readers("g1", [1, 999_999], ["group:board"])
        await filled.set_readers("g1", [999_999], ["group:board"])
        found = await filled.readers("g1", None, 100)
        assert found[1] == ["group:board"] and 999_999 not in found

    async def test_rights_can_change(self, filled):
        await filled.set_readers("g1", [1], ["group:board"])
        hits = await filled.query("g1", query("annual leave"))
        assert 1 not in {p for p, _ in hits.lists[WORDS]}
        assert (await everything(filled))[1] == ["group:board"]

    async def test_the_limit_holds(self, filled):
        await filled.upsert("g1", [point(n, "annual leave days") for n in range(20, 60)])
        hits = await filled.query("g1", query("annual leave", limit=5))
        assert all(len(ranked) <= 5 for ranked in hits.lists.values())

    async def test_a_question_without_words_is_answered_by_vectors(self, filled):
        hits = await filled.query("g1", query("?!"))
        assert hits.lists[WORDS] == []
        assert hits.lists[DENSE]

    async def test_generations_are_apart(self, filled):
        await filled.create("g2", {DENSE: SIZE})
        assert await filled.readers("g2", None, 10) == {}
        await filled.drop("g2")
        assert len(await everything(filled)) == 3

    async def test_points_are_counted(self, filled):
        assert await filled.count("g1") == 3
        await filled.delete("g1", [1])
        assert await filled.count("g1") == 2

    async def test_creating_twice_keeps_what_is_there(self, filled):
        await filled.create("g1", {DENSE: SIZE})
        assert len(await everything(filled)) == 3

    async def test_a_dropped_generation_is_gone(self, filled):
        await filled.drop("g1")
        with pytest.raises(EngineError):
            await filled.query("g1", query())
