"""Conversations, receipts, verdicts, and questions whose right passage is known."""

import sqlite3

import httpx
import pytest

from kb.answers import followups, rerun
from kb.errors import NotFoundError, UsageError
from kb.types.asking import Manner
from kb.types.conversations import Turn
from tests.parts.processes import serving_samples

LEAVE = "Full-time staff get 28 days of paid leave a year.\n\nPart-time staff get 14 days of leave."


@pytest.fixture
async def asked(house):
    house.follow()
    house.write("leave.txt", LEAVE)
    house.write("ferry.txt", "The ferry to the island leaves at seven in the morning.")
    await house.ingest()
    question = "How many days of leave do full-time staff get?"
    answer = await house.kb.answers.answer(question, house.owner)
    return house, answer


@pytest.mark.parametrize(
    ("question", "before", "asked_as"),
    [
        ("And for part-time staff?", "How many days of leave do full-time staff get?",
         "And for part-time staff? (many days leave full-time get?)"),
        ("Und in Zürich?", "Wann öffnet das Depot?", "Und in Zürich? (öffnet Depot?)"),
        ("When does the ferry to the island leave?", "How many days of leave do staff get?",
         "When does the ferry to the island leave?"),
        ("How long is it valid?", "Who may use the annual ticket?",
         "How long is it valid? (use annual ticket?)"),
    ],
)  # fmt: skip
def test_a_follow_up_carries_over_what_it_leans_on(question, before, asked_as):
    carried = followups.carried(question, [Turn(before, before)])
    assert carried.replace("many ", "") == asked_as.replace("many ", "")


@pytest.mark.parametrize(
    ("written", "accepted"),
    [
        ("How many days of leave do part-time staff get?", True),
        ("Question: How many days of leave do part-time staff get?", True),
        ("What is the capital of Brazil?", False),
        ("Part-time staff get 14 days.\nIs there more?", False),
        ("", False),
    ],
)
def test_a_model_may_only_use_words_that_were_said(written, accepted):
    turns = [Turn("How many days of leave do full-time staff get?", "")]
    given = followups.accepted(written, "And for part-time staff?", turns)
    assert given == ("How many days of leave do part-time staff get?" if accepted else None)


async def test_a_conversation_keeps_its_context(asked):
    house, first = asked
    second = await house.kb.answers.answer(
        "And for part-time staff?", house.owner, conversation=first.conversation
    )
    assert second.conversation == first.conversation
    assert "14 days" in second.text
    assert second.asked_as != second.question
    talk = house.kb.conversations.one(house.owner, first.conversation)
    assert talk.conversation.title == first.question
    assert [t.row.question for t in talk.turns] == [first.question, "And for part-time staff?"]


@pytest.mark.case("S33")
async def test_nobody_reads_or_continues_anothers_conversation(asked):
    house, first = asked
    from kb.types.people import Principal

    other = Principal("eve", frozenset({"everyone"}))
    for act in (
        lambda: house.kb.conversations.one(other, first.conversation),
        lambda: house.kb.conversations.rename(other, first.conversation, "mine"),
        lambda: house.kb.conversations.remove(other, first.conversation),
        lambda: house.kb.receipts.receipt(other, first.id),
        lambda: house.kb.opinions.give(other, first.id, "bad", 0, ""),
    ):
        with pytest.raises(NotFoundError):
            act()
    with pytest.raises(NotFoundError):
        await house.kb.answers.answer("And?", other, conversation=first.conversation)
    assert house.kb.conversations.listed(other) == []


async def test_conversations_are_renamed_and_deleted_with_their_answers(asked):
    house, first = asked
    house.kb.conversations.rename(house.owner, first.conversation, " Leave ")
    assert [c.title for c in house.kb.conversations.listed(house.owner)] == ["Leave"]
    with pytest.raises(UsageError):
        house.kb.conversations.rename(house.owner, first.conversation, " ")
    house.kb.opinions.give(house.owner, first.id, "bad", 0, "no")
    house.kb.conversations.remove(house.owner, first.conversation)
    assert house.kb.conversations.listed(house.owner) == []
    with pytest.raises(NotFoundError):
        house.kb.receipts.receipt(house.owner, first.id)


async def test_a_receipt_says_how_an_answer_came_to_be(asked):
    house, first = asked
    receipt = house.kb.receipts.receipt(house.owner, first.id)
    assert receipt.answer.text == first.text
    assert {u.state for u in receipt.used} == {"current"}
    assert receipt.row.settings["passages"] == 8
    again = await house.kb.answers.answer(first.question, house.owner, manner=Manner(alone=True))
    assert rerun.changes(receipt, house.kb.receipts.receipt(house.owner, again.id)).nothing


async def test_a_receipt_whose_document_has_changed_says_so_and_keeps_its_words(asked):
    house, first = asked
    house.write("leave.txt", LEAVE.replace("28", "30"))
    await house.ingest()
    receipt = house.kb.receipts.receipt(house.owner, first.id)
    assert receipt.answer is None
    assert "changed" in {u.state for u in receipt.used}
    again = await house.kb.answers.answer(first.question, house.owner, manner=Manner(alone=True))
    found = rerun.changes(receipt, house.kb.receipts.receipt(house.owner, again.id))
    assert any("30 days" in text for text in found.passages_new)


@pytest.mark.case("S44")
async def test_a_receipt_names_no_document_that_its_reader_may_not_read(asked):
    house, first = asked
    from kb.catalog import groups, sources
    from kb.types.people import Principal

    ann = Principal("ann", frozenset({"everyone"}))
    mine = await house.kb.answers.answer(first.question, ann)
    with house.kb.catalog.writing() as c:
        groups.add(c, "crew")
        sources.set_readers(c, house.kb.sources.named("files"), ("group:crew", "owner"))
    receipt = house.kb.receipts.receipt(ann, mine.id)
    assert receipt.answer is None
    assert {(u.state, u.passage, u.document) for u in receipt.used} == {("gone", None, None)}


async def test_bad_and_unanswered_answers_are_worked_through(asked):
    house, first = asked
    unanswered = await house.kb.answers.answer(
        "Who painted the Mona Lisa in Florence?", house.owner
    )
    assert unanswered.mode == "abstained"
    house.kb.opinions.give(house.owner, first.id, "bad", 1, "wrong page")
    listed = [r.asked for r in house.kb.opinions.reviewed(house.owner, settled=False)]
    assert [row.id for row in listed] == [unanswered.id, first.id]
    assert listed[1].verdicts[1].comment == "wrong page"
    house.kb.opinions.settle(house.owner, first.id, done=True)
    done = house.kb.opinions.reviewed(house.owner, settled=True)
    assert [r.asked.id for r in done] == [first.id]
    house.kb.opinions.give(house.owner, first.id, "none", 1, "")
    assert house.kb.opinions.reviewed(house.owner, settled=True) == []


@pytest.mark.parametrize(
    ("verdict", "citation", "comment", "error"),
    [
        ("fine", 0, "", UsageError),
        ("bad", 99, "", NotFoundError),
        ("bad", 0, "x" * 3000, UsageError),
    ],
)
async def test_a_verdict_that_cannot_be_is_refused(asked, verdict, citation, comment, error):
    house, first = asked
    with pytest.raises(error):
        house.kb.opinions.give(house.owner, first.id, verdict, citation, comment)


async def test_own_questions_go_with_their_document(asked):
    house, first = asked
    points = list(first.citations[0].passage.points)
    for _ in range(2):
        house.kb.opinions.judge(house.owner, first.question, points, right=True)
    [row] = house.kb.opinions.judged(house.owner)
    assert (row.question, row.path) == (first.question, "leave.txt")
    await house.kb.documents.erase(house.owner, [row.document_id])
    assert house.kb.opinions.judged(house.owner) == []
    with pytest.raises(NotFoundError):
        house.kb.opinions.judge(house.owner, first.question, points, right=True)


def test_own_questions_are_measured(command, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "leave.txt").write_text(LEAVE)
    command("source", "add", "files", str(tmp_path / "files"))
    command("ingest")
    assert command("eval", "own", code=1)["error"]["code"] == "no_questions"
    question = "How many days of leave do full-time staff get?"
    passage = command("search", question)["hits"][0]
    with sqlite3.connect(tmp_path / "data" / "catalog.sqlite3") as catalog:
        catalog.execute(
            "INSERT INTO judged_questions (question, asker, document_id, text, judged_at) VALUES (?, 'owner', ?, ?, 0)",
            (question, passage["document_id"], passage["text"]),
        )
    figures = command("eval", "own")
    assert (figures["questions"], figures["page_hit@1"], figures["document_hit@1"]) == (1, 1.0, 1.0)


@pytest.fixture(scope="module")
def server(tmp_path_factory, embedder_dir):
    with serving_samples(tmp_path_factory.mktemp("talk"), embedder_dir) as made:
        yield made


def test_conversations_over_http(server):
    with httpx.Client(base_url=server.address, timeout=300, trust_env=False) as web:
        asking = {"Accept": "application/json"}
        first = web.post(
            "/api/v1/ask", json={"question": "How many buses are electric?"}, headers=asking
        ).json()
        number = first["conversation"]
        further = {"question": "And in total?", "conversation": number}
        second = web.post("/api/v1/ask", json=further, headers=asking).json()
        assert second["conversation"] == number
        talk = web.get(f"/api/v1/conversations/{number}").json()
        assert [t["question"] for t in talk["turns"]] == [
            "How many buses are electric?", "And in total?",
        ]  # fmt: skip
        receipt = web.get(f"/api/v1/answers/{second['id']}/receipt").json()
        assert receipt["asked_as"].startswith("And in total?")
        assert receipt["passages"][0]["state"] == "current"
        renamed = web.patch(f"/api/v1/conversations/{number}", json={"title": "Buses"}).json()
        assert renamed["title"] == "Buses"
        verdict = {"verdict": "bad", "citation": 0, "comment": "too short"}
        assert web.post(f"/api/v1/answers/{first['id']}/feedback", json=verdict).status_code == 204
        page = web.get("/review", headers={"Accept": "text/html"}).text
        assert "too short" in page
        judged = {"question": "How many buses are electric?",
                  "passage_id": first["citations"][0]["passage_id"]}  # fmt: skip
        assert web.post("/api/v1/questions", json=judged).status_code == 204
        assert "How many buses" in web.get("/evaluation/questions").text
        assert "Buses" in web.get("/conversations").text
        again = web.post(f"/answers/{first['id']}/again", follow_redirects=True)
        assert "Nothing: the same passages" in again.text
        assert web.delete(f"/api/v1/conversations/{number}").status_code == 204
        gone = web.get(f"/api/v1/conversations/{number}")
        assert gone.status_code == 404
        assert gone.json()["error"]["code"] == "not_found"
        unknown = web.post("/api/v1/ask", json={"question": "x?", "conversation": "nope"})
        assert unknown.status_code == 404
