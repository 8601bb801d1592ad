"""Where in the passages of a search the nearest sentence stands, as the page asks for it."""

import asyncio

import pytest

from kb.answers import excerpts

LIFTS = (
    "The garage has two lifts. Both were painted blue.\n\n"
    "Whoever has forgotten a bag asks the porter for it. Smoking is forbidden in the yard."
)
LOST = "Where do I get back my belongings that I left on the coach?"
ANSWERS = "Whoever has forgotten a bag asks the porter for it."
NOT_THERE = ("", "x", "1", "4-2-1", "999999-0", "-1-0", "9" * 5000 + "-0", f"{2**33}-0")


async def hit(client, question, name):
    found = (await client.get("/api/v1/search", params={"q": question})).json()["hits"]
    return next(one for one in found if one["document"] == name)


async def asked(client, passages, q=LOST):
    return await client.get("/nearest", params={"q": q, "passage": passages})


@pytest.fixture
async def garage(portal):
    portal.house.write("public/garage.txt", LIFTS)
    await portal.house.ingest("public")
    return portal


@pytest.mark.both_catalogs
async def test_the_sentence_nearest_in_meaning_is_named(garage):
    otto = await garage.as_person("otto")
    passage = await hit(otto, "lifts in the garage", "garage.txt")
    [place] = (await asked(otto, [passage["passage_id"]])).json()["places"]
    assert passage["text"][slice(*place)] == ANSWERS


@pytest.mark.both_catalogs
async def test_anothers_passage_is_as_one_that_is_not_there(garage):
    rita, otto = await garage.as_person("rita"), await garage.as_person("otto")
    wages = (await hit(rita, "wages", "wages.txt"))["passage_id"]
    lifts = (await hit(rita, "lifts", "garage.txt"))["passage_id"]
    pay = "How much more money do we earn?"
    hers = (await asked(rita, [wages, lifts], pay)).json()["places"]
    assert all(hers)
    assert (await asked(otto, [wages, lifts], pay)).json()["places"] == [None, hers[1]]
    alone = await asked(otto, [wages], pay)
    for nobody in NOT_THERE:
        answer = await asked(otto, [nobody], pay)
        assert (answer.status_code, answer.text) == (alone.status_code, alone.text), nobody[:20]
    assert (await asked(garage.client(), [lifts], pay)).status_code == 401


async def test_what_has_changed_or_is_gone_has_no_place(garage):
    otto = await garage.as_person("otto")
    before = (await hit(otto, "lifts", "garage.txt"))["passage_id"]
    garage.house.write("public/garage.txt", LIFTS + " It was sold.")
    await garage.house.ingest("public")
    now = (await hit(otto, "lifts", "garage.txt"))["passage_id"]
    old, new = (await asked(otto, [before, now])).json()["places"]
    assert old is None and new is not None


async def test_filters_alone_ask_nothing_and_filters_beside_words_are_none(garage):
    otto = await garage.as_person("otto")
    passage = await hit(otto, "lifts", "garage.txt")
    numbers = [passage["passage_id"]]
    assert (await asked(otto, numbers, "source:public")).json()["places"] == [None]
    [place] = (await asked(otto, numbers, f"source:public {LOST}")).json()["places"]
    assert passage["text"][slice(*place)] == ANSWERS


async def test_what_cannot_be_asked_is_an_error_of_the_one_shape(garage):
    otto = await garage.as_person("otto")
    for answer, code in (
        (await asked(otto, ["1-0"] * 11), "limit_out_of_range"),
        (await asked(otto, []), "limit_out_of_range"),
        (await asked(otto, ["1-0"], " "), "empty_question"),
        (await asked(otto, ["1-0"], "x" * 2001), "question_too_long"),
    ):
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == code


async def test_only_a_few_sentences_at_a_time_stand_before_somebodys_question(garage, monkeypatch):
    """Two lists are asked for at once: the embedder has one part of one of them at any moment."""
    text = "\n\n".join(f"Hall {n} was built by the guild of masons." for n in range(20))
    garage.house.write("public/halls.txt", text)
    await garage.house.ingest("public")
    otto = await garage.as_person("otto")
    passage = (await hit(otto, "halls built by masons", "halls.txt"))["passage_id"]
    embeddings, parts, under_way = garage.kb.embeddings, [], 0
    embed = embeddings.texts

    async def watched(texts, model=""):
        nonlocal under_way
        under_way += 1
        parts.append((under_way, len(texts)))
        vectors = await embed(texts, model)
        under_way -= 1
        return vectors

    monkeypatch.setattr(embeddings, "texts", watched)
    both = await asyncio.gather(*(asked(otto, [passage], q) for q in (LOST, "Who made these?")))
    assert [answer.status_code for answer in both] == [200, 200]
    assert len(parts) >= 4
    assert {count for count, _ in parts} == {1}
    assert max(size for _, size in parts) <= excerpts.AT_ONCE
