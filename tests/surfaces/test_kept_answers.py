"""Kept answers: all that went into one has to be the reader's, whatever it cites."""

import pytest

from kb import access, rules
from kb.catalog import answers, groups, people
from kb.publishing import queue_rights
from kb.types import Passage
from tests.portal.conftest import Portal, opened

SAID = "Moonstone gets around 312 thousand a year"


@pytest.fixture
async def kept(house):
    """An answer of rita's to a question in «public», written from a passage of «staff» too."""
    house.root.mkdir(exist_ok=True)
    async with opened(house) as portal:
        rita = house.kb.principal("rita")
        first = await house.kb.answer("When does the ferry to the island leave?", rita)
        found = (await house.kb.search("wages pay agreement May", rita)).passages
        uncited = next(p for p in found if p.chunk.source == "staff")
        await portal.sign_in("rita")
        yield portal, _written(house, first, uncited)


def _written(house, first, uncited: Passage) -> str:
    """As a model writes: one sentence cites the open passage, one paraphrases the closed one."""
    with house.kb.catalog.writing() as connection:
        row = dict(answers.by_id(connection, first.id)._mapping)
        cited = row["sentences"][0]["citations"]
        quote = "The ferry leaves at seven."
        row |= {
            "id": "f" * 32,
            "mode": "generated",
            "text": f"{quote} {SAID}.",
            "sentences": [
                {"text": quote, "citations": cited, "supported": True},
                {"text": f"{SAID}.", "citations": [], "supported": False},
            ],
            "citations": [c for c in row["citations"] if c[0] in cited],
            "passages": [*row["passages"], [uncited.chunk.version, list(uncited.points)]],
        }
        answers.keep(connection, row)
    return str(row["id"])


def lose_hr(house) -> None:
    with house.kb.catalog.writing() as connection:
        groups.set_of(connection, people.by_name(connection, "rita").id, [])


async def everywhere(portal: Portal, name: str, number: str) -> dict[str, str]:
    """What each surface gives out of an answer."""
    client = await portal.as_person(name)
    talk = portal.house.kb.receipts
    with portal.kb.catalog.reading() as connection:
        conversation = answers.by_id(connection, number).conversation_id
    found = {
        where: (await client.get(where, headers={"Accept": "text/html, application/json"})).text
        for where in (
            f"/api/v1/answers/{number}", f"/api/v1/answers/{number}/receipt", f"/answers/{number}",
            f"/answers/{number}?beside={number}", f"/api/v1/conversations/{conversation}", "/review",
            "/conversations", "/",
        )
    }  # fmt: skip
    assert talk is not None
    return found


async def test_who_may_read_all_of_it_has_it(kept):
    """N10"""
    portal, number = kept
    found = await everywhere(portal, "rita", number)
    assert sum(SAID in text for text in found.values()) >= 4


async def test_a_passage_that_is_not_cited_counts_too(kept):
    """N10: on every surface: answer, receipt, comparison, conversation."""
    portal, number = kept
    lose_hr(portal.house)
    found = await everywhere(portal, "rita", number)
    assert not [where for where, text in found.items() if SAID in text or "312" in text]
    assert "wages" not in "".join(found.values()), "nor is the document named"


@pytest.mark.parametrize("who", ["carl", "anna"])
async def test_review_gives_nobody_what_they_may_not_read(kept, who):
    """N10: neither a curator of a source it used, nor an administrator."""
    portal, number = kept
    portal.kb.opinions.give(portal.kb.principal("rita"), number, "bad", 0, "")
    await portal.sign_in(who)
    found = await everywhere(portal, who, number)
    assert "/answers/" + number in found["/review"]
    assert not [where for where, text in found.items() if SAID in text]


async def test_a_document_that_is_gone_takes_the_answers_words_along(kept):
    """N10: what cannot be looked at is not anybody's to read."""
    portal, number = kept
    (portal.house.root / "staff/wages.txt").unlink()
    await portal.house.ingest("staff", confirm_removals=True)
    found = await everywhere(portal, "rita", number)
    assert not [where for where, text in found.items() if SAID in text]


async def test_a_passage_that_only_changed_withholds_nothing(kept):
    """N10: rights are asked, not versions; words that are not quoted need not be there still."""
    portal, number = kept
    portal.house.write("staff/wages.txt", "Wages rise by five per cent in May, after all.")
    await portal.house.ingest("staff")
    receipt = portal.kb.receipts.receipt(portal.kb.principal("rita"), number)
    assert receipt.answer is not None
    with portal.kb.catalog.writing() as connection:
        staff = portal.kb.source("staff")
        tokens = access.readers(connection, ["sales"])
        queue_rights(connection, rules.set_readers(connection, staff, tokens))
    assert portal.kb.receipts.receipt(portal.kb.principal("rita"), number).answer is None


async def test_who_reviews_an_answer_runs_it_again_in_a_conversation_of_their_own(kept):
    """N10: it was refused, since the conversation is somebody else's."""
    portal, _ = kept
    rita, carl = await portal.as_person("rita"), await portal.sign_in("carl")
    question = {"question": "When does the ferry to the island leave?"}
    asked = (await rita.post("/api/v1/ask", json=question)).json()
    portal.kb.opinions.give(portal.kb.principal("rita"), asked["id"], "bad", 0, "")
    answer = await carl.post(f"/answers/{asked['id']}/again")
    assert answer.status_code == 303, answer.text
    beside = await carl.get(answer.headers["location"], headers={"Accept": "text/html"})
    assert beside.status_code == 200
    hers = (await rita.get(f"/api/v1/conversations/{asked['conversation']}")).json()
    assert [turn["id"] for turn in hers["turns"]] == [asked["id"]]
