"""Every route by everybody: generated from the application itself, so a new one is in it."""

import inspect
import re

import pytest
from litestar.routes import HTTPRoute

from web.auth.who import Who

PEOPLE = ("", "nina", "otto", "carl", "anna")
"""Nobody, somebody of no group, of another group, a curator, an administrator."""
MAY = {
    Who.ANYONE: {"", "nina", "otto", "carl", "anna"},
    Who.READER: {"nina", "otto", "carl", "anna"},
    Who.CURATOR: {"carl", "anna"},
    Who.ADMINISTRATOR: {"anna"},
    Who.METRICS: {"anna"},
}
VALUES = {
    "document_id:int": "{staff}",
    "number:int": "1",
    "number:str": "0" * 32,
    "answer_id:str": "0" * 32,
    "kind:str": "json",
    "name:str": "staff",
    "secret:str": "no-such-link",
    "file_path:path": "style.css",
    "path:str": "openapi.json",
}


def routes(portal):
    """(method, path, path with types, handler) of every route, the framework's own included."""
    found = []
    for route in portal.litestar.routes:
        assert isinstance(route, HTTPRoute), route
        for method, (handler, _) in route.route_handler_map.items():
            if method != "OPTIONS":
                found.append((method, route.path_format, route.path, handler))
    return found


def address(path: str, staff: int) -> str:
    def value(found: re.Match[str]) -> str:
        return VALUES[found[1]].replace("{staff}", str(staff))

    return re.sub(r"\{([^}]+)\}", value, path)


async def test_every_route_says_who_may_use_it(portal):
    silent = [
        (m, p) for m, p, _, handler in routes(portal) if handler.opt.get("who") not in set(Who)
    ]
    assert not silent


@pytest.mark.case("S29", "S30", "S31", "S38")
@pytest.mark.parametrize("person", PEOPLE)
async def test_everybody_gets_what_is_theirs_and_no_more(portal, document_of, person):
    """By role for every route; what belongs to others is not there."""
    staff = document_of("wages.txt")
    client = await portal.as_person(person)
    wrong = []
    for method, _, path, handler in sorted(routes(portal), key=lambda r: "logout" in r[1]):
        who = handler.opt["who"]
        where = address(path, staff)
        answer = await client.request(method, where, json={} if method != "GET" else None)
        allowed = person in MAY[who]
        refused = answer.status_code in (401, 403)
        if answer.status_code >= 500 and answer.status_code != 503:
            wrong.append((method, where, answer.status_code, "broke"))
        elif not allowed and answer.status_code != (401 if person == "" else 403):
            wrong.append((method, where, answer.status_code, "let in"))
        elif allowed and refused and answer.json()["error"]["code"] == "not_signed_in":
            wrong.append((method, where, answer.status_code, "kept out"))
        if person != "" and "{document_id:int}" in path and allowed and answer.status_code != 404:
            wrong.append((method, where, answer.status_code, "another's document"))
    assert not wrong


async def test_a_route_that_says_nothing_is_nobodys_but_the_owners(portal):
    from litestar import get

    @get("/forgotten")
    async def forgotten() -> str:
        return "open"

    portal.litestar.register(forgotten)
    for person in PEOPLE:
        client = await portal.as_person(person)
        assert (await client.get("/forgotten")).status_code in (401, 403), person


@pytest.mark.case("S30")
async def test_a_path_that_contains_an_open_ones_name_is_not_open(portal):
    for path in ("/documents/healthy-food", "/api/v1/healthz", "/login-records", "/static-files",
                 "/api/v1/files?x=/health", "/link"):  # fmt: skip
        assert (await portal.client().get(path)).status_code in (401, 404), path


@pytest.mark.case("S07", "S08")
async def test_a_slash_in_disguise_leads_nowhere(portal):
    client = await portal.as_person("rita")
    for path in ("/documents/..%2f..%2fetc", "/documents/1%2foriginal", "/static/..%5cstyle.css"):
        assert (await client.get(path)).status_code == 404


NUMBERS = ("-1", "9" * 18, str(2**63), "9" * 30, "9" * 5000, "1.5", "²", "x")
FORMS = {  # fields of forms that hold a number, with what makes the route read them
    "/documents/again": ({}, "document"),
    "/account": ({"action": "token", "name": "x", "scope": "search"}, "days"),
    "/account ": ({"action": "revoke"}, "token"),
    "/glossary": ({"action": "remove"}, "number"),
    "/models": ({"action": "pause"}, "swap"),
    "/glossary ": ({"action": "unpin"}, "number"),
}


@pytest.mark.case("S62", "S64")
@pytest.mark.parametrize("number", NUMBERS)
async def test_no_number_from_outside_breaks_a_route(portal, document_of, number):
    """Neither in a path, nor behind a question mark, nor in a form."""
    anna, broken = await portal.as_person("anna"), []
    ours = document_of("ferry.txt")
    for method, _, path, handler in routes(portal):
        typed = re.sub(r"\{[a-z_]+:int\}", number, path)
        asked = [(address(typed, ours), {})] if typed != path else []
        for field in inspect.signature(handler.fn).parameters.values():
            if re.search(r"\bint\b", str(field.annotation)):
                asked.append((address(path, ours), {field.name: number}))
        for where, query in asked:
            answer = await anna.request(method, where, params=query)
            if answer.status_code >= 500:
                broken.append((method, where[:60], list(query), answer.status_code))
    for path, (form, field) in FORMS.items():
        answer = await anna.post(path.strip(), data=form | {field: number})
        if answer.status_code >= 500:
            broken.append(("POST", path, field, answer.status_code))
    assert not broken


@pytest.mark.case("S33", "S34", "S35", "S36", "S37")
async def test_another_persons_conversation_answer_and_search_are_not_there(portal):
    rita, otto = await portal.as_person("rita"), await portal.as_person("otto")
    answer = (await rita.post("/api/v1/ask", json={"question": "When do wages rise?"})).json()
    number, talk = answer["id"], answer["conversation"]
    saved = await rita.post("/api/v1/searches", json={"name": "w", "address": "/?q=w"})
    attempts = [
        ("GET", f"/api/v1/conversations/{talk}", None),
        ("PATCH", f"/api/v1/conversations/{talk}", {"title": "mine"}),
        ("DELETE", f"/api/v1/conversations/{talk}", None),
        ("POST", "/api/v1/ask", {"question": "And in June?", "conversation": talk}),
        ("GET", f"/api/v1/answers/{number}", None),
        ("GET", f"/api/v1/answers/{number}/receipt", None),
        ("POST", f"/api/v1/answers/{number}/feedback", {"verdict": "bad"}),
        ("GET", f"/answers/{number}", None),
        ("POST", f"/answers/{number}/again", None),
        ("DELETE", f"/api/v1/searches/{saved.json()['id']}", None),
    ]
    for method, path, body in attempts:
        assert (await otto.request(method, path, json=body)).status_code == 404, path
    assert (await rita.get(f"/api/v1/conversations/{talk}")).status_code == 200


@pytest.mark.case("S38", "S45")
async def test_a_curator_looks_after_their_source_and_no_other(portal, document_of):
    carl = await portal.as_person("carl")
    assert (await carl.post("/sources/public", data={"action": "run"})).status_code == 303
    assert (await carl.post("/sources/staff", data={"action": "run"})).status_code == 403
    assert (await carl.post("/api/v1/sources/staff/run")).status_code == 403
    removing = {"action": "remove", "confirm": "public"}
    assert (await carl.post("/sources/public", data=removing)).status_code == 403
    staff = document_of("wages.txt")
    assert (await carl.post(f"/documents/{staff}/erase")).status_code == 404
    assert (await carl.post("/documents/again", data={"document": str(staff)})).status_code == 404
    pin = {"question": "Wages?", "answer": "Four per cent.", "passage_id": "1"}
    assert (await carl.post("/api/v1/pins", json=pin)).status_code in (400, 404)


@pytest.mark.case("S39")
async def test_the_index_is_never_named_by_a_client(portal):
    """No route takes the name of a collection, a generation or a folder of the index."""
    schema = (await (await portal.as_person("anna")).get("/schema")).text
    assert not re.search(r'"name":\s*"(collection|generation|index)"', schema)


@pytest.mark.case("S62", "S64")
async def test_big_and_broken_requests_are_refused_at_once(portal):
    rita = await portal.as_person("rita")
    long = "word " * 250_000
    attempts = [
        rita.get("/api/v1/search", params={"q": "x", "limit": 10**9}),
        rita.get("/api/v1/search", params={"q": "y" * 3000}),
        rita.post("/api/v1/ask", json={"question": long}),
        rita.post(
            "/api/v1/ask", content=b"\xff\xfe{", headers={"Content-Type": "application/json"}
        ),
        rita.post("/api/v1/ask", json=[1, 2]),
        rita.post("/api/v1/searches", json={"name": 7}),
        rita.get("/api/v1/search", params={"q": "a", "type": "(a+)+$"}),
        rita.get("/api/v1/search", params={"q": " ".join(f"name:{n}" for n in range(99))}),
    ]
    for attempt in attempts:
        answer = await attempt
        assert 400 <= answer.status_code < 500, answer.text[:200]
        assert set(answer.json()) == {"error"}
    assert (await rita.get("/health")).status_code == 200
