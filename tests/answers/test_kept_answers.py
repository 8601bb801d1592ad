"""Kept answers: all that went into one has to be the reader's, whatever it cites."""

import msgspec
import pytest
from sqlalchemy import select

from kb.catalog import answers, groups, keeping, people
from kb.catalog.outbox import queue_rights
from kb.catalog.tables import chunks
from kb.rights import access, stamping
from kb.types.kept import KeptPassage, KeptSentence
from kb.types.library import PathRule
from kb.types.passages import Passage
from tests.parts.house import set_rule
from tests.parts.portal import Portal

ASKED = "What do wages do?"
SAID = "Moonstone gets around 312 thousand a year"


@pytest.fixture
async def kept(portal):
    """An answer of rita's to a question in «public», written from a passage of «staff» too."""
    house = portal.house
    rita = house.kb.principal("rita")
    first = await house.kb.answers.answer("When does the ferry to the island leave?", rita)
    found = (await house.kb.search.passages("wages pay agreement May", rita)).passages
    uncited = next(p for p in found if p.chunk.source == "staff")
    await portal.sign_in("rita")
    yield portal, _written(house, first, uncited)


def _written(house, first, uncited: Passage) -> str:
    """As a model writes: one sentence cites the open passage, one paraphrases the closed one."""
    with house.kb.catalog.writing() as connection:
        row = answers.by_id(connection, first.id)
        cited = row.sentences[0].citations
        quote = "The ferry leaves at seven."
        written = msgspec.structs.replace(
            row,
            id="f" * 32,
            mode="generated",
            text=f"{quote} {SAID}.",
            sentences=(
                KeptSentence(quote, cited, supported=True),
                KeptSentence(f"{SAID}.", (), supported=False),
            ),
            citations=tuple(c for c in row.citations if c.n in cited),
            passages=(*row.passages, KeptPassage(uncited.chunk.version, uncited.points)),
        )
        answers.keep(connection, written)
    return written.id


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


@pytest.mark.case("N10")
async def test_who_may_read_all_of_it_has_it(kept):
    portal, number = kept
    found = await everywhere(portal, "rita", number)
    assert sum(SAID in text for text in found.values()) >= 4


@pytest.mark.case("N10")
async def test_a_passage_that_is_not_cited_counts_too(kept):
    """On every surface: answer, receipt, comparison, conversation."""
    portal, number = kept
    lose_hr(portal.house)
    found = await everywhere(portal, "rita", number)
    assert not [where for where, text in found.items() if SAID in text or "312" in text]
    assert "wages" not in "".join(found.values()), "nor is the document named"


@pytest.mark.case("N10")
@pytest.mark.parametrize("who", ["carl", "anna"])
async def test_review_gives_nobody_what_they_may_not_read(kept, who):
    """Neither a curator of a source it used, nor an administrator."""
    portal, number = kept
    portal.kb.opinions.give(portal.kb.principal("rita"), number, "bad", 0, "")
    await portal.sign_in(who)
    found = await everywhere(portal, who, number)
    assert "/answers/" + number in found["/review"]
    assert not [where for where, text in found.items() if SAID in text]


@pytest.mark.case("N10")
async def test_a_document_that_is_gone_takes_the_answers_words_along(kept):
    """What cannot be looked at is not anybody's to read."""
    portal, number = kept
    (portal.house.root / "staff/wages.txt").unlink()
    await portal.house.ingest("staff", confirm_removals=True)
    found = await everywhere(portal, "rita", number)
    assert not [where for where, text in found.items() if SAID in text]


@pytest.mark.case("N10")
async def test_a_passage_that_only_changed_withholds_nothing(kept):
    """Rights are asked, not versions; words that are not quoted need not be there still."""
    portal, number = kept
    portal.house.write("staff/wages.txt", "Wages rise by five per cent in May, after all.")
    await portal.house.ingest("staff")
    receipt = portal.kb.receipts.receipt(portal.kb.principal("rita"), number)
    assert receipt.answer is not None
    with portal.kb.catalog.writing() as connection:
        staff = portal.kb.sources.named("staff")
        tokens = access.readers(connection, ["sales"])
        queue_rights(connection, stamping.set_readers(connection, staff, tokens))
    assert portal.kb.receipts.receipt(portal.kb.principal("rita"), number).answer is None


@pytest.mark.case("N10")
@pytest.mark.parametrize("who", ["carl", "anna"])
async def test_a_document_that_was_somebody_elses_then_tells_reviewers_nothing(kept, who):
    """Its readers of today are not those of the text that the answer was written from."""
    portal, number = kept
    portal.kb.opinions.give(portal.kb.principal("rita"), number, "bad", 0, "")
    portal.house.write("staff/wages.txt", "The canteen has soup on Fridays, for everybody.")
    await portal.house.ingest("staff")
    with portal.kb.catalog.writing() as connection:
        tokens = access.readers(connection, [access.EVERYONE])
        queue_rights(
            connection, stamping.set_readers(connection, portal.kb.sources.named("staff"), tokens)
        )
    await portal.sign_in(who)
    found = await everywhere(portal, who, number)
    assert not [where for where, text in found.items() if SAID in text]
    mine = await everywhere(portal, "rita", number)
    assert SAID in mine[f"/api/v1/answers/{number}"], "who asked has had the words"


@pytest.fixture
async def linked(portal):
    """A link to a closed passage, which is pinned, and judged to be the right one."""
    house = portal.house
    line = [PathRule("staff/", ("hr",))]
    house.follow("all")
    (house.root / "notice.txt").symlink_to("staff/wages.txt")
    await set_rule(house.kb, access.owner(), "all", "paths", line)
    await house.ingest("all")
    [row] = [r for p, r in house.ledger().items() if p == "notice.txt"]
    owner = access.owner()
    with house.kb.catalog.writing() as connection:
        point = connection.scalar(select(chunks.c.point).where(chunks.c.version == row.version))
        pin = {"question": ASKED, "answer": SAID, "document_id": row.id, "address": "/"}
        keeping.pin(connection, owner, **pin)
    house.kb.opinions.judge(owner, ASKED, [point], right=True)
    yield portal


def kept_for(portal: Portal, name: str) -> tuple[int, int]:
    """How many pins and judged passages somebody is shown."""
    who = portal.kb.principal(name)
    with portal.kb.catalog.reading() as connection:
        pins = keeping.pinned(connection, who, ASKED)
    return len(pins), len(portal.kb.opinions.judged(who))


@pytest.mark.case("N10")
async def test_a_kept_text_follows_no_document_that_is_another(linked):
    """A pin and a judged passage stay for whom the text was, though all may read the new."""
    assert [kept_for(linked, name) for name in ("rita", "otto")] == [(1, 1), (0, 0)]
    link = linked.house.root / "notice.txt"
    link.unlink()
    link.write_text("The canteen has soup on Fridays, for everybody.")
    await linked.house.ingest("all")
    assert "notice.txt" in await linked.house.paths("soup on Fridays", linked.kb.principal("otto"))
    assert [kept_for(linked, name) for name in ("rita", "otto")] == [(1, 1), (0, 0)]


@pytest.mark.case("N10")
async def test_a_kept_text_follows_its_documents_readers(linked):
    """While the document is the same, whoever may read it sees them."""
    open_ = [PathRule("staff/", (access.EVERYONE,))]
    await set_rule(linked.kb, access.owner(), "all", "paths", open_)
    assert kept_for(linked, "otto") == (1, 1)


@pytest.mark.case("N10")
async def test_who_reviews_an_answer_runs_it_again_in_a_conversation_of_their_own(kept):
    """It was refused, since the conversation is somebody else's."""
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
