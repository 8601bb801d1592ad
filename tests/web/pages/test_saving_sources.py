"""What a form says of a source is done as a whole or not at all."""

import pytest

from kb.catalog import people
from kb.errors import NotFoundError
from kb.rights import access, rules
from kb.types.library import Source


def known(portal) -> dict[str, Source]:
    return {source.name: source for source in portal.kb.sources.all()}


@pytest.fixture
async def anna(portal):
    return await portal.as_person("anna")


@pytest.mark.case("N09")
@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"rule": "paths", "paths": "hr/: nosuch"}, 404),
        ({"rule": "paths", "paths": "hr/"}, 400),
        ({"rule": "paths", "paths": ""}, 400),
        ({"rule": "other"}, 400),
        ({"readers": "nosuch"}, 404),
        ({"curators": "nosuch"}, 404),
        ({"schedule": "every day"}, 400),
    ],
)
async def test_a_source_with_a_mistake_in_it_is_not_added_and_not_changed(
    portal, anna, wrong, status
):
    """Readers, rule and all the rest are one transaction; a typo opens nothing."""
    path = str(portal.house.root / "staff")
    fields = {"name": "new", "path": path, "readers": "everyone", "watch": "on"} | wrong
    answer = await anna.post("/sources", data=fields)
    assert (answer.status_code, "new" in known(portal)) == (status, False)
    before = known(portal)["staff"]
    fields = {"action": "change", "readers": "everyone", "about": "x", "watch": "on"} | wrong
    answer = await anna.post("/sources/staff", data=fields)
    assert (answer.status_code, known(portal)["staff"]) == (status, before)


@pytest.mark.case("N09")
@pytest.mark.parametrize("readers", [{}, {"readers": ""}, {"readers": " , "}])
async def test_a_form_that_adds_a_source_says_who_may_read_it(portal, anna, readers):
    """No readers are never everyone."""
    path = str(portal.house.root / "staff")
    answer = await anna.post("/sources", data={"name": "new", "path": path} | readers)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "no_readers")
    assert "everyone" in error["message"]
    assert "new" not in known(portal)


@pytest.mark.case("N09")
async def test_a_mirror_that_cannot_be_changes_nothing(portal, anna, monkeypatch):
    """Where the file system makes its rights up, nothing else is done either."""

    def refuse(root: str) -> None:
        raise NotFoundError(f"{root} is made up.")

    monkeypatch.setattr("ingest.folders.mirroring.check", refuse)
    fields = {"readers": "everyone", "rule": "mirror", "watch": "on"}
    added = {"name": "new", "path": str(portal.house.root / "staff")}
    assert (await anna.post("/sources", data=fields | added)).status_code == 404
    before = known(portal)["staff"]
    assert (
        await anna.post("/sources/staff", data=fields | {"action": "change"})
    ).status_code == 404
    assert known(portal)["staff"] == before
    assert "new" not in known(portal)


@pytest.mark.case("N09")
async def test_what_is_right_is_done_as_a_whole(portal, anna):
    """An added source has its rule, its description and who answers for it at once."""
    fields = {
        "name": "new", "path": str(portal.house.root / "staff"), "readers": "sales", "watch": "on",
        "rule": "paths", "paths": "wages*: hr", "about": "Pay.", "curators": "carl",
    }  # fmt: skip
    assert (await anna.post("/sources", data=fields)).status_code == 303
    added = known(portal)["new"]
    assert (rules.kind(added.rule), added.about, added.is_requested) == ("paths", "Pay.", True)
    with portal.kb.catalog.reading() as connection:
        assert access.in_words(connection, added.readers) == ["sales"]
        assert people.curators_of(connection)[added.id] == ["carl"]
    fields = {"action": "change", "readers": "hr", "rule": "groups", "curators": "", "about": ""}
    assert (await anna.post("/sources/new", data=fields)).status_code == 303
    changed = known(portal)["new"]
    assert (rules.kind(changed.rule), changed.about) == ("groups", None)
