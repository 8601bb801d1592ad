"""What curators may do to a source of which they may not read everything."""

import pytest

from kb.catalog import people, sources
from kb.rights import access
from kb.types.library import PathRule
from tests.parts.house import set_rule


@pytest.fixture
async def projects(portal):
    """carl answers for «public», in which one folder is not for him."""
    house = portal.house
    house.write("public/hr/salaries.txt", "Salaries are secret, those of the board most of all.")
    house.write("public/drafts/old.txt", "An old draft of the timetable.")
    await set_rule(house.kb, access.owner(), "public", "paths", [PathRule("hr/", ("hr",))])
    await house.ingest("public")
    return portal


def there(portal) -> set[str]:
    return {path for path, row in portal.house.ledger().items() if row.source == "public"}


FIELDS = {"action": "change", "watch": "on"}


@pytest.mark.case("N12")
@pytest.mark.parametrize(
    "change",
    [
        {"exclude": "*"},
        {"exclude": "hr/"},
        {"exclude": "salaries.*"},
        {"include": "drafts/"},
        {"exclude": "drafts/", "include": "*.md"},
    ],
)
async def test_a_curator_removes_nothing_that_is_not_theirs_to_read(projects, change):
    """By way of what is left out of a source."""
    carl, before = await projects.as_person("carl"), there(projects)
    answer = await carl.post("/sources/public", data=FIELDS | change)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "not_yours_to_leave_out"
    await projects.house.ingest("public")
    assert there(projects) == before


@pytest.mark.case("N12")
async def test_nor_by_the_largest_size(projects):
    big = "Salaries of a whole year." + " " * 1_500_000
    projects.house.write("public/hr/all.txt", big)
    await projects.house.ingest("public")
    carl = await projects.as_person("carl")
    answer = await carl.post("/sources/public", data=FIELDS | {"max_file_mb": "1"})
    assert answer.status_code == 403


@pytest.mark.case("N12")
async def test_a_curator_leaves_out_what_they_may_read(projects):
    """Their own work goes on."""
    carl = await projects.as_person("carl")
    answer = await carl.post("/sources/public", data=FIELDS | {"exclude": "drafts/"})
    assert answer.status_code == 303
    await projects.house.ingest("public")
    assert there(projects) == {"ferry.txt", "hr/salaries.txt"}
    anna = await projects.as_person("anna")
    assert (await anna.post("/sources/public", data=FIELDS | {"exclude": "*"})).status_code == 303


@pytest.mark.case("N12")
async def test_the_glossary_is_the_administrators(projects):
    """It steers the search of people who read other sources."""
    carl, anna = await projects.as_person("carl"), await projects.as_person("anna")
    term = {"action": "set", "short": "FT", "meaning": "ferry timetable"}
    assert (await carl.post("/glossary", data=term)).status_code == 403
    assert (await anna.post("/glossary", data=term)).status_code == 303
    page = (await carl.get("/glossary", headers={"Accept": "text/html"})).text
    assert "ferry timetable" in page
    assert 'value="set"' not in page
    assert (
        await carl.post("/glossary", data={"action": "remove", "number": "1"})
    ).status_code == 403


@pytest.mark.case("N12")
async def test_a_curator_changes_no_reader(projects):
    """Neither readers, nor rule, nor who else answers for the source."""
    carl = await projects.as_person("carl")
    more = {"readers": "everyone", "rule": "groups", "curators": "carl, otto"}
    await carl.post("/sources/public", data=FIELDS | more)
    with projects.kb.catalog.reading() as connection:
        source = sources.by_name(connection, "public")
        assert source.rule["kind"] == "paths"
        assert people.curators_of(connection)[source.id] == ["carl"]
