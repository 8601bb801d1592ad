"""The same folder seen by three people, through the page, the interface for programs and commands."""

import asyncio
import re

import pytest

from kb.catalog import groups, people
from kb.llm.base import Identity
from kb.rights import access
from kb.types.library import PathRule
from tests.parts.house import set_rule
from tests.parts.processes import kb

SEEN = {
    "nina": {"open.txt"},
    "rita": {"open.txt", "hr/plan.txt"},
    "otto": {"open.txt", "board/plan.txt"},
}


@pytest.fixture
async def town(portal):
    house = portal.house
    for path in ("open.txt", "hr/plan.txt", "board/plan.txt"):
        house.write(f"town/{path}", f"The harbour plan of {path.split('/')[0]} for the new pier.")
    house.follow("town", root=house.root / "town")
    lines = [PathRule("hr/", ("hr",)), PathRule("board/", ("sales",))]
    await set_rule(portal.kb, access.owner(), "town", "paths", lines)
    await house.ingest("town")
    return portal


@pytest.mark.parametrize("name", SEEN)
async def test_page_interface_and_command_show_each_of_them_theirs(
    town, environment, tmp_path, name
):
    client = await town.as_person(name)
    page = await client.get("/documents?source=town", headers={"Accept": "text/html"})
    path_of = {str(row.id): path for path, row in town.house.ledger().items()}
    assert {path_of[n] for n in re.findall(r'href="/documents/(\d+)"', page.text)} == SEEN[name]
    found = (
        await client.get("/api/v1/search", params={"q": "harbour plan pier source:town"})
    ).json()
    assert {h["document"] for h in found["hits"]} == SEEN[name]
    asked = await client.post(
        "/api/v1/ask", json={"question": "What is the harbour plan for the pier?"}
    )
    cited = {c["document"] for c in asked.json()["citations"]}
    assert not cited & set().union(*SEEN.values()) - SEEN[name]
    asking = ("search", "harbour plan pier source:town", "--as", name)
    told = await asyncio.to_thread(kb, environment, tmp_path, *asking)
    assert {h["document"] for h in told["hits"]} == SEEN[name]


async def test_the_models_in_use_are_named_with_licence_and_digest(portal):
    anna = await portal.as_person("anna")
    portal.kb.__dict__["model"] = SlowSpeaker(lambda: None)
    page = (await anna.get("/administration", headers={"Accept": "text/html"})).text
    assert "all-MiniLM-L6-v2" in page
    assert "apache-2.0" in page
    assert portal.kb.embeddings.first.files.digest[:12] in page
    assert "speaker" in page
    assert "not stated" in page


class SlowSpeaker:
    """A language model of a few words; between two of them something happens."""

    def __init__(self, meanwhile):
        self._meanwhile = meanwhile

    async def identify(self):
        return Identity("speaker", "0" * 64)

    async def licence(self, _model):
        return None

    async def stream(self, _messages, _model):
        yield "Wages "
        self._meanwhile()
        for word in ("rise ", "by ", "four ", "per ", "cent ", "in ", "May. ", "[1]"):
            yield word

    async def close(self):
        """Nothing is open."""


@pytest.mark.case("S44")
async def test_a_right_that_is_taken_back_ends_the_answer_that_is_being_told(portal, monkeypatch):
    """Through the stream itself, between two words."""
    from web.api import ask

    monkeypatch.setattr(ask, "WATCH_SECONDS", 0.0)
    rita = await portal.as_person("rita")

    def leave_hr() -> None:
        with portal.kb.catalog.writing() as connection:
            groups.set_of(connection, people.by_name(connection, "rita").id, ())

    portal.kb.__dict__["model"] = SlowSpeaker(leave_hr)
    question = {"question": "By how much do wages rise in May?"}
    answer = await rita.post("/api/v1/ask", json=question, headers={"Accept": "text/event-stream"})
    assert "event: passages" in answer.text
    assert "event: error" in answer.text
    assert "answer_withheld" in answer.text
    assert "event: done" not in answer.text
    assert "four" not in answer.text.partition("event: token")[2]


@pytest.mark.case("S27", "S44")
async def test_a_disabled_person_hears_no_more_of_an_answer(portal, monkeypatch):
    from web.api import ask

    monkeypatch.setattr(ask, "WATCH_SECONDS", 0.0)
    rita = await portal.as_person("rita")
    portal.kb.__dict__["model"] = SlowSpeaker(
        lambda: portal.kb.accounts.change(access.owner(), "rita", disabled=True)
    )
    question = {"question": "By how much do wages rise in May?"}
    answer = await rita.post("/api/v1/ask", json=question, headers={"Accept": "text/event-stream"})
    assert "event: done" not in answer.text
