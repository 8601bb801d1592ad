"""Files that are handed in: who may read them is asked, and never silently everyone."""

import pytest

from kb.catalog import sources
from kb.rights import access


async def hand_in(client, **more: str):
    return await client.post(
        "/api/v1/uploads", params={"name": "x.md"} | more, content=b"The lamps are violet."
    )


def readers_of_uploads(house) -> list[list[str]]:
    with house.kb.catalog.reading() as connection:
        found = [s for s in sources.all_of(connection) if s.following.uploads]
        return [access.in_words(connection, s.readers) for s in found]


@pytest.mark.case("N13")
@pytest.mark.parametrize("named", [{}, {"readers": ""}, {"readers": " , "}])
async def test_nothing_is_stored_before_it_is_said_who_may_read_it(house, administrator, named):
    refused = await hand_in(administrator, **named)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "readers_needed")
    assert readers_of_uploads(house) == []
    assert not list((house.kb.settings.data / "uploads").glob("*"))
    assert (await hand_in(administrator, readers="hr, nosuch")).status_code == 404
    assert readers_of_uploads(house) == []


@pytest.mark.case("N13")
async def test_the_first_file_says_it_for_those_after_it(house, administrator):
    assert (await hand_in(administrator, readers="hr")).status_code == 201
    assert readers_of_uploads(house) == [["hr"]]
    assert (await hand_in(administrator)).status_code == 201
    assert (await hand_in(administrator, readers="hr")).status_code == 201
    other = await hand_in(administrator, readers="everyone")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "other_readers")
    assert readers_of_uploads(house) == [["hr"]]


@pytest.mark.case("N13")
async def test_the_page_asks_and_then_tells(house, administrator):
    page = (await administrator.get("/documents", headers={"Accept": "text/html"})).text
    asked = page.partition('id="upload-readers"')[2].partition("</select>")[0]
    assert 'value=""' in asked and 'value="everyone"' in asked
    assert 'value="hr"' in asked and 'value="person:anna"' in asked
    await hand_in(administrator, readers="person:anna")
    page = (await administrator.get("/documents", headers={"Accept": "text/html"})).text
    assert "upload-readers" not in page
    assert "Files handed in may be read by: person:anna" in page
