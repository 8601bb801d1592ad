"""Files that are handed in: who may read them is asked, and never silently everyone."""

import pytest

from kb.catalog import sources
from kb.rights import access


async def hand_in(client, **more: str):
    return await client.post(
        "/api/v1/uploads", params={"name": "x.md"} | more, content=b"The lamps are violet."
    )


def readers_of_uploads(house) -> dict[str, list[str]]:
    with house.kb.catalog.reading() as connection:
        return {
            s.name: access.in_words(connection, s.readers) for s in sources.of_uploads(connection)
        }


@pytest.mark.case("N13")
@pytest.mark.parametrize("named", [{}, {"readers": ""}, {"readers": " , "}])
async def test_nothing_is_stored_before_it_is_said_who_may_read_it(house, administrator, named):
    refused = await hand_in(administrator, **named)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "readers_needed")
    assert readers_of_uploads(house) == {}
    assert not list((house.kb.settings.data / "uploads").glob("*"))
    assert (await hand_in(administrator, readers="hr, nosuch")).status_code == 404
    assert readers_of_uploads(house) == {}


@pytest.mark.case("N13")
async def test_each_choice_of_readers_has_a_source_of_its_own(house, administrator):
    first = await hand_in(administrator, readers="hr")
    assert first.json()["source"] == "Uploads"
    assert (await hand_in(administrator)).json()["source"] == "Uploads"
    assert (await hand_in(administrator, readers="hr")).json()["source"] == "Uploads"
    other = await hand_in(administrator, readers="everyone")
    assert other.json()["source"] == "Uploads (everyone)"
    assert readers_of_uploads(house) == {"Uploads": ["hr"], "Uploads (everyone)": ["everyone"]}
    ambiguous = await hand_in(administrator)
    assert ambiguous.json()["error"]["code"] == "readers_needed", "which of the two is not guessed"


@pytest.mark.case("N13")
async def test_a_curator_hands_files_in_for_those_that_they_may_name(portal):
    carl, rita = await portal.as_person("carl"), await portal.as_person("rita")
    anna = await portal.as_person("anna")
    assert (await hand_in(anna, readers="sales")).json()["source"] == "Uploads"
    stored = await hand_in(carl, readers="sales")
    assert stored.status_code == 201
    assert stored.json()["source"] == "Uploads (sales)", "another's source is not theirs to fill"
    own = await hand_in(carl, readers="person:carl")
    assert own.json()["source"] == "Uploads (carl)"
    for named in ("hr", "person:rita", "sales, hr", "not:sales, everyone"):
        refused = await hand_in(carl, readers=named)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_your_readers")
    assert (await hand_in(rita, readers="everyone")).status_code == 403, "she looks after nothing"
    cards = (await carl.get("/api/v1/sources")).json()["sources"]
    assert {c["name"] for c in cards if "path" in c} == {
        "public", "Uploads (sales)", "Uploads (carl)",
    }  # fmt: skip
    assert all(c["curators"] == ["carl"] for c in cards if "path" in c)


@pytest.mark.case("N13")
async def test_the_page_asks_every_time(portal):
    anna, carl = await portal.as_person("anna"), await portal.as_person("carl")
    await hand_in(anna, readers="person:anna")
    offered = {"anna": ["everyone", "hr", "sales", "person:anna"], "carl": ["everyone", "sales"]}
    for client, name in ((anna, "anna"), (carl, "carl")):
        page = (await client.get("/documents", headers={"Accept": "text/html"})).text
        asked = page.partition('id="upload-readers"')[2].partition("</select>")[0]
        assert 'value=""' in asked
        assert [f'value="{one}"' in asked for one in offered[name]] == [True] * len(offered[name])
        assert ('value="hr"' in asked) == (name == "anna")
