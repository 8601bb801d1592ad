"""What every index must do. Subclass it and give ``index``; ship it to whoever writes another."""

import pytest

from kb.errors import EngineError, KbError
from kb.index.base import DENSE, GRAMS, WORDS
from tests.index.contract_of_fusion import FusionContract
from tests.index.points import SIZE, point, query


async def everything(index) -> dict[int, list[str]]:
    found, after = {}, None
    while part := await index.readers("g1", after, 2):
        found |= part
        after = max(part)
    return found


class IndexContract(FusionContract):
    async def test_the_nearest_vector_comes_first(self, filled):
        hits = await filled.query("g1", query(seed=(5 << 20) | 7))
        assert hits.lists[DENSE][0][0] == (5 << 20) | 7
        assert hits.lists[DENSE][0][1] == pytest.approx(1.0, abs=1e-3)

    async def test_words_are_found_by_their_stem(self, filled):
        hits = await filled.query("g1", query("How many days of leave does an employee have?"))
        assert [p for p, _ in hits.lists[WORDS]] == [1]

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

    async def test_points_have_their_languages(self, filled):
        assert await filled.languages("g1", [1, 2, 99, (5 << 20) | 7]) == {
            1: "en", 2: "en", (5 << 20) | 7: "de",
        }  # fmt: skip

    async def test_languages_can_be_told_later(self, filled):
        await filled.upsert("g1", [point(3, "Der Kanal wird im Juni gereinigt", language=None)])
        before = await filled.sample("g1")
        await filled.set_languages("g1", {"de": [3, 99], "fr": [2]})
        assert await filled.languages("g1", [1, 2, 3]) == {1: "en", 2: "fr", 3: "de"}
        assert (await everything(filled))[2] == ["group:kitchen", "owner"], "readers stay"
        assert "fr" not in before.centres[DENSE].languages
        assert "fr" in (await filled.sample("g1")).centres[DENSE].languages
        await filled.set_readers("g1", [3], ["group:board"])
        assert await filled.languages("g1", [3]) == {3: "de"}, "languages stay"
