"""Every look and every change is in the audit log, whoever's eyes it goes through."""

import json
import sqlite3

import pytest

from tests.parts.portal import Portal
from web.app import API, PAGES
from web.looks import LOOKS

pytestmark = pytest.mark.both_catalogs

SHOWS_NOTHING = {
    "/administration/erasings/key.pub": "a public key",
    "/api/v1/sources": "names and progress, asked for every few seconds by a page that is noted",
    "/favicon.ico": "a picture of ours",
    "/health": "a word",
    "/link/{secret}": "a form",
    "/login": "a form",
    "/metrics": "figures",
    "/nearest": "where in passages a sentence stands, in numbers; asked for by a page after its search",
    "/oidc/callback": "a redirect",
    "/oidc/login": "a redirect",
    "/reading": "figures of a run, asked for every few seconds by a page that is noted",
    "/ready": "a word",
}
NOTED_WITHIN = {
    "/api/v1/search": "search",
    "/documents/{document_id}": "document.open",
    "/documents/{document_id}/original": "document.download",
}
"""What is noted where it is known what was shown."""


@pytest.mark.case("N15")
def test_every_route_that_shows_something_is_noted():
    """A new route stands in web/looks.py, or here with a reason."""
    from litestar import Litestar

    app = Litestar(route_handlers=[*PAGES, *API], openapi_config=None)
    reading = {
        route.path_format
        for route in app.routes
        if "GET" in getattr(route, "route_handler_map", {})
    }
    assert reading == set(LOOKS) | set(SHOWS_NOTHING) | set(NOTED_WITHIN)


@pytest.fixture
async def staffed(house):
    """A portal with people and no document."""
    made = Portal(house)
    owner = house.owner
    for name, administrator in (("anna", True), ("rita", False)):
        made.kb.accounts.add(
            owner, name, (), administrator=administrator, password="a quiet harbour at dawn"
        )
    yield made
    await made.close()


def entries(made):
    made.kb.audit.close()
    with made.kb.catalog.reading() as connection:
        rows = connection.exec_driver_sql("SELECT entry FROM audit ORDER BY seq").scalars().all()
    return [json.loads(row) for row in rows]


@pytest.mark.case("N15")
async def test_lists_and_exports_are_noted(staffed):
    """The ledger as page, JSON and CSV, people, the log itself, through another's eyes too."""
    anna = await staffed.as_person("anna")
    shown = ["/documents", "/documents.csv", "/api/v1/files?text=wages", "/conversations", "/people",
             "/audit", "/audit.jsonl", "/glossary", "/review", "/models", "/account"]  # fmt: skip
    for path in shown:
        assert (await anna.get(path, headers={"Accept": "text/html"})).status_code == 200, path
    assert (await anna.get("/api/v1/answers/none")).status_code == 404
    assert (await anna.post("/account/view-as", data={"name": "rita"})).status_code == 303
    assert (await anna.get("/api/v1/conversations")).status_code == 200
    found = entries(staffed)
    seen = [e for e in found if e["target"] in {path.partition("?")[0] for path in shown}]
    assert [e["target"] for e in seen] == [path.partition("?")[0] for path in shown]
    assert {e["actor"] for e in seen} == {"anna"}
    [files] = [e for e in seen if e["target"] == "/api/v1/files"]
    assert (files["action"], files["detail"]) == ("documents.list", {"query": {"text": "wages"}})
    assert not [e for e in found if e["target"] == "/api/v1/answers/none"], "nothing was shown"
    [theirs] = [e for e in found if e["target"] == "/api/v1/conversations"]
    assert (theirs["actor"], theirs["detail"]["as"]) == ("anna", "rita")


@pytest.fixture
def settings(settings):
    import msgspec

    return msgspec.structs.replace(
        settings, audit=msgspec.structs.replace(settings.audit, spool_mb=1)
    )


@pytest.fixture
def lock(settings):
    """Another program that writes the catalog and does not stop."""
    if settings.catalog_url.startswith("postgresql"):
        pytest.skip("a lock of SQLite's; PostgreSQL's is in tests/catalog/test_audit_writer.py")
    other = sqlite3.connect(settings.data / "catalog.sqlite3", isolation_level=None)
    other.execute("PRAGMA busy_timeout=60000")
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


@pytest.mark.case("N15")
async def test_a_locked_catalog_stops_no_look_until_the_spool_is_full(staffed, settings, request):
    """Looks go on, then are refused with audit_unavailable and shown nothing; none is lost."""
    anna = await staffed.as_person("anna")
    assert (await anna.get("/documents.csv")).status_code == 200
    other = request.getfixturevalue("lock")
    for _ in range(5):
        assert (await anna.get("/documents.csv")).status_code == 200
    audit, kept = staffed.kb.audit, 0
    with pytest.raises(Exception, match="audit log"):
        while True:
            audit.looked(staffed.house.owner, "filler", str(kept), padding="p" * 900)
            kept += 1
    for _ in range(3):  # what is left of its room
        answer = await anna.get("/api/v1/files", params={"text": "q" * 290, "state": "indexed"})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "audit_unavailable"
    ready = await staffed.client().get("/ready")
    assert ready.status_code == 503
    assert ready.json()["audit"]["state"] == "full"
    other.execute("ROLLBACK")
    found = [e["action"] for e in entries(staffed)]
    assert found.count("documents.export") == 6
    assert found.count("filler") == kept


@pytest.mark.case("N15")
def test_what_commands_change_is_noted(command, environment, tmp_path):
    """A source that is added, changed, paused, removed; a token, by whoever made it."""
    (tmp_path / "folder").mkdir()
    command("source", "add", "s1", str(tmp_path / "folder"))
    command("source", "change", "s1", "--exclude", "x/", "--max-file-mb", "5", "--paused")
    command("source", "change", "s1", "--no-paused")
    command("user", "add", "anna")
    command("user", "token", "anna", "--scope", "write")
    found = [
        (e["actor"], e["action"], e["target"], e["detail"])
        for e in reversed(command("audit", "list")["entries"])
    ]
    assert [(actor, action, target) for actor, action, target, _ in found] == [
        ("owner", "source.add", "s1"),
        ("owner", "source.change", "s1"),
        ("owner", "source.pause", "s1"),
        ("owner", "source.resume", "s1"),
        ("owner", "user.add", "anna"),
        ("owner", "token.new", found[-1][2]),
    ]
    assert found[1][3] == {"exclude": ["x/"], "max_file_mb": 5}
    assert found[-1][3]["person"] == "anna"


@pytest.mark.case("N15")
async def test_pictures_purges_and_answers_are_noted(portal, document_of):
    """Passages before the answer ends, a kept answer and its receipt, what is erased."""
    rita, wages = await portal.as_person("rita"), document_of("wages.txt")
    answer = (await rita.post("/api/v1/ask", json={"question": "When do wages rise?"})).json()
    for path in (f"/answers/{answer['id']}", f"/api/v1/answers/{answer['id']}",
                 f"/api/v1/answers/{answer['id']}/receipt"):  # fmt: skip
        assert (await rita.get(path)).status_code == 200
    assert (await rita.get(f"/documents/{wages}/pages/1")).status_code == 404
    await portal.kb.search.passages("wages", portal.kb.principal("rita"))
    await portal.kb.documents.erase(portal.house.owner, [wages])
    found = entries(portal)
    mine = [e for e in found if e["actor"] == "rita"]
    [early] = [e for e in mine if e["action"] == "ask.passages"]
    assert early["detail"]["shown"][0][0] == wages
    assert [e["action"] for e in mine if answer["id"] in e["target"]] == [
        "ask", "receipt.view", "answer.view", "receipt.view",
    ]  # fmt: skip
    [search] = [e for e in found if e["action"] == "search"]
    assert (search["actor"], search["detail"]["as"]) == ("owner", "rita"), "a command, --as rita"
    [erased] = [e for e in found if e["action"] == "document.erase"]
    assert (erased["actor"], erased["target"]) == ("owner", "wages.txt")
    assert not [e for e in mine if e["action"] == "document.picture"], "there was none to see"
