"""A request is told what it did wrong; somebody who is not signed in learns nothing of our house."""

import itertools

import httpx
import pytest

from kb.engines.sockets import listener_of
from kb.errors import UsageError
from kb.files import rendering, sandbox
from kb.text import queries
from tests.parts.files import page
from tests.parts.processes import wait_for
from kb.surface.faults import VAGUE


@pytest.fixture
async def pdf(portal):
    page(portal.house.root / "public" / "plan.pdf")
    await portal.house.ingest("public")
    return portal.house.ledger()["plan.pdf"].id


@pytest.mark.case("N18")
async def test_a_page_that_is_not_there(portal, pdf):
    """It was 500, with "no_such_page" for a sentence."""
    rita = await portal.as_person("rita")
    assert (await rita.get(f"/documents/{pdf}/pages/1")).status_code == 200
    for number in (0, 2, 10**9):
        answer = await rita.get(f"/documents/{pdf}/pages/{number}")
        assert answer.status_code == 404, number
        assert answer.json()["error"]["message"] == "It has no such page."


@pytest.mark.case("N18")
async def test_a_page_that_takes_too_long_to_draw(portal, pdf, monkeypatch):
    """A sentence, and when to come again."""
    monkeypatch.setattr(rendering, "LIMITS", sandbox.Limits(seconds=0.001, memory=2 * 1024**3))
    rita = await portal.as_person("rita")
    answer = await rita.get(f"/documents/{pdf}/pages/1", params={"width": 700})
    assert answer.status_code == 503
    assert "took longer" in answer.json()["error"]["message"]


@pytest.mark.case("N18")
async def test_years_beyond_what_is_counted(portal):
    """In the question, and behind the question mark."""
    rita = await portal.as_person("rita")
    values = ("2300", "0001", "9999-12-31", "1677", "2262")
    for operator, value in itertools.product(("after", "before"), values):
        for params in ({"q": f"ferry {operator}:{value}"}, {"q": "ferry", operator: value}):
            for path in ("/api/v1/search", "/api/v1/facets"):
                answer = await rita.get(path, params=params)
                told = (answer.status_code, answer.json()["error"]["code"])
                assert told == (400, "bad_date"), (path, params)
        with pytest.raises(UsageError):
            queries.parse(f"{operator}:{value}")


@pytest.mark.case("N18")
async def test_the_first_and_the_last_year_that_are_counted(portal):
    rita = await portal.as_person("rita")
    for operator, year in itertools.product(("after", "before"), ("1678", "2261")):
        answer = await rita.get("/api/v1/search", params={"q": "ferry", operator: year})
        assert answer.status_code == 200, answer.text


@pytest.mark.case("N18")
async def test_a_folder_that_cannot_be(portal):
    anna = await portal.as_person("anna")
    for path in ("x" * 300, "/" + "y/" * 3000, "~nobody-of-that-name/x", "a\0b"):
        answer = await anna.get("/api/v1/folders", params={"path": path})
        assert answer.status_code == 400, path
        added = await anna.post("/sources", data={"name": "n", "path": path, "readers": "hr"})
        assert added.status_code == 400, path


@pytest.mark.case("N18")
async def test_an_engine_that_does_not_start_is_told_to_strangers_without_its_path(portal):
    """/ready has the code; the path of the log is in the log of the service."""
    kb = portal.kb
    await kb.index.engine.leave()
    wait_for(lambda: not listener_of(kb.index.engine._socket))
    kb.index.engine._checked = False
    kb.index.engine._module = "no.such.module"
    stranger = await portal.client().get("/ready")
    assert stranger.status_code == 503
    assert stranger.json()["error"]["code"] == "engine_unavailable"
    assert str(kb.settings.data) not in stranger.text
    assert stranger.json()["error"]["message"] == VAGUE


@pytest.mark.case("N06", "N18")
async def test_a_damaged_catalog_is_told_to_strangers_without_its_place(portal):
    """A 503 with a code, as JSON and on the sign-in page."""
    if not portal.kb.settings.catalog_url.startswith("sqlite"):
        pytest.skip("SQLite's file")
    rita = await portal.as_person("rita")
    portal.kb.catalog._engine.dispose()
    [file] = portal.kb.settings.data.glob("catalog*.sqlite3")
    for beside in portal.kb.settings.data.glob("catalog*.sqlite3-*"):
        beside.unlink()
    file.write_bytes(b"this is a letter and no database " * 500)
    form = {"name": "rita", "password": "x"}
    answers: list[httpx.Response] = [
        await portal.client().get("/ready"),
        await portal.client().post("/login", data=form),
        await portal.client(Accept="text/html").post("/login", data=form),
        await rita.get("/api/v1/search", params={"q": "ferry"}),
        await rita.get("/documents"),
    ]
    for answer in answers[:1] + answers[3:]:
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "catalog_damaged")
    for answer in answers:
        assert answer.status_code in (401, 503)
        assert str(portal.kb.settings.data) not in answer.text
        assert "sqlite" not in answer.text.lower()
