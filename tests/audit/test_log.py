"""The audit log: what is in it, and that nobody changes it unseen."""

import json

import pytest
from sqlalchemy import text

from kb.catalog import audit
from kb.rights import access
from kb.types.audit import AuditEntry, ChainVerdict
from tests.parts.processes import run_kb

pytestmark = pytest.mark.both_catalogs


def verdict(house) -> ChainVerdict:
    with house.kb.catalog.reading() as connection:
        return audit.verify(connection)


@pytest.fixture
def logged(house):
    with house.kb.catalog.writing() as connection:
        audit.append(connection, [AuditEntry("ada", "ask", str(n), {"n": n}) for n in range(30)])
    return house


def test_an_untouched_log_holds(logged):
    assert verdict(logged).intact
    assert verdict(logged).entries == 30


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("UPDATE audit SET entry = replace(entry, 'ada', 'eve') WHERE seq = 12", "changed"),
        ("UPDATE audit SET actor = 'eve' WHERE seq = 12", "changed"),
        ("UPDATE audit SET at = at + 60 WHERE seq = 12", "changed"),
        ("DELETE FROM audit WHERE seq = 12", "missing"),
        ("DELETE FROM audit WHERE seq = 1", "missing"),
        ("DELETE FROM audit WHERE seq >= 28", "missing"),
        ("DELETE FROM audit", "missing"),
        ("UPDATE audit SET entry = '' WHERE seq = 1", "missing"),
    ],
)
def test_what_was_changed_or_removed_is_found(logged, how, reason):
    with logged.kb.catalog.writing() as connection:
        connection.exec_driver_sql(how)
    found = verdict(logged)
    assert not found.intact
    assert found.reason == reason


@pytest.mark.parametrize("entry", ['{"actor": "eve"}', "nothing", "[1]", "null", '{"seq": "x"}'])
async def test_an_altered_log_can_still_be_looked_at(portal, entry):
    """Whatever stands in an entry by now: the page shows the others, and that the chain is broken."""
    with portal.kb.catalog.writing() as connection:
        audit.append(connection, [AuditEntry("ada", "ask", str(n), {"n": n}) for n in range(3)])
        last = connection.exec_driver_sql("SELECT max(seq) FROM audit").scalar()
        change = text("UPDATE audit SET entry = :entry WHERE seq = :seq")
        connection.execute(change, {"entry": entry, "seq": last - 1})
    shown = await (await portal.as_person("anna")).get(
        "/audit?verify=true", headers={"Accept": "text/html"}
    )
    assert shown.status_code == 200
    assert "audit.unreadable" in shown.text
    assert not verdict(portal.house).intact


def test_what_changed_places_is_found(logged):
    with logged.kb.catalog.writing() as connection:
        for old, new in ((5, 900), (6, 5), (900, 6)):
            connection.exec_driver_sql(f"UPDATE audit SET seq = {new} WHERE seq = {old}")
    assert not verdict(logged).intact


def test_what_expired_leaves_a_log_that_holds(logged):
    with logged.kb.catalog.writing() as connection:
        connection.exec_driver_sql("UPDATE audit SET at = at")
        rows = list(map(json.loads, audit.lines(connection)))
    with logged.kb.catalog.writing() as connection:
        assert audit.expire(connection, rows[9]["at"] + 10_000) == 30
    assert verdict(logged).intact
    with logged.kb.catalog.writing() as connection:
        audit.append(connection, [AuditEntry("ada", "ask")])
    assert verdict(logged).intact


async def test_who_asked_saw_opened_and_changed_is_there(portal, document_of):
    rita = await portal.as_person("rita")
    wages = document_of("wages.txt")
    await rita.get("/api/v1/search", params={"q": "wages in May"})
    answer = (await rita.post("/api/v1/ask", json={"question": "When do wages rise?"})).json()
    await rita.get(f"/documents/{wages}")
    await rita.get(f"/documents/{wages}/original")
    anna = await portal.as_person("anna")
    await anna.post("/people", data={"action": "add_group", "name": "night"})
    await anna.post("/account/view-as", data={"name": "rita"})
    await anna.get(f"/documents/{wages}")
    portal.kb.audit.close()
    with portal.kb.catalog.reading() as connection:
        entries = list(map(json.loads, audit.lines(connection)))
        assert audit.verify(connection).intact
    by_action = {}
    for entry in entries:
        by_action.setdefault(entry["action"], []).append(entry)
    [search] = [e for e in by_action["search"] if e["actor"] == "rita"]
    assert search["detail"]["question"] == "wages in May"
    assert [wages] == [document for document, _, _ in search["detail"]["shown"]][:1]
    assert by_action["ask"][0]["target"] == answer["id"]
    assert {e["actor"] for e in by_action["document.open"]} == {"rita", "anna"}
    assert [e["detail"]["as"] for e in by_action["document.open"] if e["actor"] == "anna"] == [
        "rita"
    ]
    assert by_action["document.download"][0]["target"] == "wages.txt"
    assert by_action["group.add"][0]["actor"] == "anna"
    assert by_action["view_as.begin"][0]["target"] == "rita"
    assert {"sign_in"} <= set(by_action)
    assert "Wages rise" not in json.dumps(entries), "what a document says is not in the log"


async def test_questions_can_be_kept_out_by_policy(house):
    from kb.audit.log import Audit
    from kb.settings import AuditSection

    quiet = Audit(house.kb.catalog, AuditSection(questions=False), house.kb.settings.data / "quiet")
    quiet.asked(access.owner(), "ask", "a private matter", (), 0.1)
    quiet.close()
    with house.kb.catalog.reading() as connection:
        [entry] = map(json.loads, audit.lines(connection))
        assert entry["detail"]["question"] == ""
        assert connection.exec_driver_sql("SELECT question FROM asked").scalar() is None


def test_the_command_verifies_and_exports(command, environment, tmp_path):
    command("group", "add", "night")
    command("user", "add", "ada", "--groups", "night")
    assert command("audit", "verify")["intact"] is True
    assert [e["action"] for e in command("audit", "list")["entries"]] == ["user.add", "group.add"]
    done = run_kb(environment, tmp_path, "audit", "export")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["seq"] for line in lines] == [1, 2]
    assert all(len(line["hash"]) == 64 for line in lines)
