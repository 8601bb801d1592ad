"""Patterns in the form of a source: what nobody touched stays as it was."""

from html import unescape

import pytest
from sqlalchemy import update

from kb.catalog import sources
from kb.catalog.tables import sources as table
from kb.text import pathnames


def patterns_of(house) -> tuple[str, ...]:
    return house.kb.sources.named("public").following.exclude


@pytest.fixture
def many(portal):
    """A source with more patterns than a form takes, some of which no line can show."""
    odd = ("/Icon\r", "/caf\udce9.txt", "\x0b", "/two\nlines")
    exclude = (*(f"/p{n}" for n in range(205)), "/trailing\\ ", " /leading", *odd)
    with portal.kb.catalog.writing() as connection:
        values = {"exclude": list(exclude)}
        connection.execute(update(table).where(table.c.name == "public").values(values))
    return exclude


def in_the_field(page: str) -> str:
    return unescape(
        page.partition('name="exclude"')[2].partition(">")[2].partition("</textarea>")[0]
    )


@pytest.mark.case("N24")
async def test_a_form_changes_no_patterns_but_those_that_somebody_changed(portal, many):
    """Nothing is cut, stripped or split; what a line cannot show stays."""
    carl = await portal.as_person("carl")
    page = await carl.get("/sources", params={"edit": "public"}, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "stay as they are: 4." in page.text
    field = in_the_field(page.text).replace("\n", "\r\n")
    saved = {"action": "change", "watch": "on", "about": "Ferries.", "exclude": field}
    assert (await carl.post("/sources/public", data=saved)).status_code == 303
    assert patterns_of(portal.house) == many
    assert (await carl.post("/sources/public", data=saved | {"about": ""})).status_code == 303
    assert patterns_of(portal.house) == many
    fewer = field.replace("/p7\r\n", "")
    assert (await carl.post("/sources/public", data=saved | {"exclude": fewer})).status_code == 303
    assert patterns_of(portal.house) == tuple(p for p in many if p != "/p7")


@pytest.mark.case("N24")
async def test_a_form_refuses_more_patterns_than_there_may_be(portal):
    """Instead of cutting them."""
    anna = await portal.as_person("anna")
    fields = {"action": "change", "exclude": "\n".join(f"/p{n}" for n in range(201))}
    refused = await anna.post("/sources/public", data=fields)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "too_many_patterns")
    assert patterns_of(portal.house) == ()


@pytest.mark.case("N18")
async def test_bytes_that_are_no_letters_are_shown(portal, many):
    """In patterns and in rules, by the API and by the page."""
    rule = {"kind": "paths", "paths": [["caf\udce9", ["everyone"]]], "unmatched": ["caf\udce9"]}
    with portal.kb.catalog.writing() as connection:
        sources.set_rule(connection, sources.by_name(connection, "public"), rule)
    anna = await portal.as_person("anna")
    answer = await anna.get("/api/v1/sources")
    assert answer.status_code == 200
    [shown] = [s for s in answer.json()["sources"] if s["name"] == "public"]
    assert "/caf%E9.txt" in shown["exclude"]
    assert shown["rule"]["paths"] == [["caf%E9", ["everyone"]]]
    page = await anna.get("/sources", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "/caf%E9.txt" in page.text
    assert pathnames.printable("caf\udce9\ud800") == "caf%E9%00"
