"""Marked documents, and a look for the mark everywhere."""

import logging
import re

import pytest
from litestar.datastructures import Headers
from litestar.routes import HTTPRoute

MARK = "quorvex"
WORDS = f"The {MARK} agreement was signed by Brabant on a rainy Tuesday."


@pytest.fixture
async def planted(portal):
    """The mark in a text, a title, a file's name, an author; for hr's eyes only."""
    house = portal.house
    house.write(f"staff/{MARK}-agreement.txt", WORDS)
    page = (
        f"<html><head><title>{MARK} title</title><meta name=author content='{MARK} author'></head>"
    )
    house.write(
        "staff/page.html", f"{page}<body><h1>{MARK} heading</h1><p>{WORDS}</p></body></html>"
    )
    house.write("staff/table.csv", f"name,{MARK} column\nferry,{MARK}\n")
    await house.ingest("staff")
    rita = await portal.as_person("rita")
    answer = await rita.post("/api/v1/ask", json={"question": f"Who signed the {MARK} agreement?"})
    assert MARK in answer.text
    assert MARK in (await rita.get("/api/v1/search", params={"q": "Brabant signed agreement"})).text
    return portal


@pytest.mark.case("S22", "S32", "S42", "S59")
@pytest.mark.parametrize("person", ["", "otto", "nina", "carl"])
async def test_the_mark_is_nowhere_to_be_seen(planted, person, caplog):
    caplog.set_level(logging.DEBUG)
    client = await planted.as_person(person)
    pages = []
    for route in planted.litestar.routes:
        assert isinstance(route, HTTPRoute)
        if "GET" not in route.route_handler_map:
            continue
        for number in range(1, 8) if "{" in route.path else (0,):
            pages.append(re.sub(r"\{[^}]+\}", str(number), route.path))
    asked = ["Brabant", "agreement", "signed on a rainy Tuesday", "name:agreement", "type:web",
             "source:staff", "author:a", '"signed by Brabant"', "after:2020"]  # fmt: skip
    pages += [
        f"/api/v1/{kind}?q={q}" for q in asked for kind in ("search", "facets", "suggest", "pins")
    ]
    pages += ["/source/staff", "/documents?source=staff", "/documents.csv?source=staff",
              "/api/v1/files?source=staff", "/documents?text=agreement"]  # fmt: skip
    for path in pages:
        for accept in ("application/json", "text/html"):
            answer = await client.get(path, headers={"Accept": accept})
            assert MARK not in answer.text, path
            assert answer.status_code < 500, path
    for q in asked[:3]:
        answer = await client.post("/api/v1/ask", json={"question": q})
        assert MARK not in answer.text, q
    logged = [r.getMessage() for r in caplog.records if r.name.startswith(("kb", "web"))]
    assert not any(MARK in line for line in logged)


@pytest.mark.case("S43")
async def test_two_people_who_ask_the_same_get_what_is_theirs(planted):
    question = {"question": "Who signed the agreement?"}
    rita, otto = await planted.as_person("rita"), await planted.as_person("otto")
    first = (await rita.post("/api/v1/ask", json=question)).text
    second = (await otto.post("/api/v1/ask", json=question)).text
    assert MARK in first and MARK not in second


@pytest.mark.case("S59")
async def test_a_question_never_reaches_the_log(portal, caplog):
    caplog.set_level(logging.DEBUG)
    rita = await portal.as_person("rita")
    await rita.get("/api/v1/search", params={"q": "canary-7261 wages"})
    await rita.post("/api/v1/ask", json={"question": "canary-7261 wages?"})
    mine = [r.getMessage() for r in caplog.records if r.name.startswith(("kb", "web", "uvicorn"))]
    assert not any("canary-7261" in line for line in mine)


@pytest.mark.case("S44")
async def test_a_right_that_is_taken_back_is_gone_at_the_next_request(portal, document_of):
    from kb.catalog import documents, sources
    from kb.catalog.outbox import queue_rights
    from kb.rights import access

    rita = await portal.as_person("rita")
    wages = document_of("wages.txt")
    answer = (await rita.post("/api/v1/ask", json={"question": "When do wages rise?"})).json()
    assert (await rita.get(f"/documents/{wages}")).status_code == 200
    with portal.kb.catalog.writing() as connection:
        staff = sources.by_name(connection, "staff")
        sources.set_readers(connection, staff, access.readers(connection, ["sales"]))
        queue_rights(connection, documents.ids_of_source(connection, staff.id))
    for path in (f"/documents/{wages}", f"/documents/{wages}/original",
                 f"/api/v1/answers/{answer['id']}"):  # fmt: skip
        assert (await rita.get(path)).status_code == 404, path
    hits = (await rita.get("/api/v1/search", params={"q": "wages"})).json()["hits"]
    assert "wages.txt" not in [h["document"] for h in hits]
    receipt = (await rita.get(f"/api/v1/answers/{answer['id']}/receipt")).text
    assert "four per cent" not in receipt


@pytest.mark.case("S44")
async def test_a_right_that_is_taken_back_ends_a_running_stream(portal):
    """Between two tokens."""
    from kb.catalog import groups, people
    from kb.rights import access
    from kb.types.answers import PassagesFound, Token
    from web.api import ask

    rita = await portal.as_person("rita")
    secret = rita.cookies["kb_session"]
    found = await portal.kb.search.passages("wages", portal.kb.principal("rita"), 3)

    class Request:
        app = portal.litestar
        headers = Headers({"host": "localhost", "cookie": f"kb_session={secret}"})
        client = None

        class url:
            scheme = "http"

    watch = ask.Watch(Request(), portal.kb)
    await watch.still_allowed(PassagesFound(found.passages))
    with portal.kb.catalog.writing() as connection:
        groups.set_of(connection, people.by_name(connection, "rita").id, ())
    watch._looked_at = 0.0
    from kb.errors import NotFoundError

    with pytest.raises(NotFoundError):
        await watch.still_allowed(Token("four"))
    assert access.owner().owner
