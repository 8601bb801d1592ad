"""What people write beside plain words, filters and facets, pins, glossary, saved searches."""

import pytest


@pytest.fixture
async def library(portal):
    house = portal.house
    house.write("public/winter.txt", "The winter timetable: the ferry rests on Sundays.")
    house.write(
        "public/summer.html", "<title>Summer</title><p>The summer ferry runs every hour.</p>"
    )
    house.write("public/Café.txt", "Opening of the Café Zürich at the pier, near the ferry.")
    await house.ingest("public")
    return portal


async def documents(client, question: str, **more) -> set[str]:
    answer = await client.get("/api/v1/search", params={"q": question, "limit": 20, **more})
    assert answer.status_code == 200, answer.text
    return {h["document"] for h in answer.json()["hits"]}


async def test_filters_leave_what_they_say(library):
    nina = await library.as_person("nina")
    every = {"ferry.txt", "winter.txt", "summer.html", "Café.txt"}
    assert await documents(nina, "ferry") == every
    assert await documents(nina, "ferry type:web") == {"summer.html"}
    assert await documents(nina, "ferry", type="web") == {"summer.html"}
    assert await documents(nina, "ferry name:winter") == {"winter.txt"}
    assert await documents(nina, "ferry -winter") == every - {"winter.txt"}
    assert await documents(nina, '"rests on sundays"') == {"winter.txt"}
    assert await documents(nina, '"cafe zurich"') == {"Café.txt"}
    assert await documents(nina, '"ferry rests hourly"') == set()
    assert await documents(nina, "type:web") == {"summer.html"}
    assert await documents(nina, "ferry before:2001") == set()
    assert await documents(nina, "ferry after:2001") == every
    assert await documents(nina, "ferry source:staff") == set()
    rita = await library.as_person("rita")
    assert await documents(rita, "source:staff") == {"wages.txt"}


@pytest.mark.case("S42")
async def test_facets_count_what_the_asker_may_read(library):
    async def facets(name: str, **more):
        client = await library.as_person(name)
        found = (await client.get("/api/v1/facets", params={"q": "ferry", **more})).json()["facets"]
        return {k: {v["value"]: v["count"] for v in values} for k, values in found.items()}

    assert (await facets("nina"))["source"] == {"public": 4}
    assert (await facets("rita"))["source"] == {"public": 4, "staff": 1}
    assert (await facets("rita"))["type"] == {"text": 4, "web": 1}
    chosen = await facets("rita", type="web")
    assert chosen["source"] == {"public": 1}
    assert chosen["type"] == {"text": 4, "web": 1}, "the other values of the same kind stay"


async def test_the_answer_keeps_to_the_filters_too(library):
    rita = await library.as_person("rita")
    question = {"question": "When does the ferry leave? source:staff"}
    answer = (await rita.post("/api/v1/ask", json=question)).json()
    assert {c["source"] for c in answer["citations"]} <= {"staff"}


async def test_an_abbreviation_of_the_house_widens_the_question(library):
    library.house.write("public/rules.txt", "Occupational health rules: helmets on the quay.")
    library.house.write("public/other.txt", "Ohm's law is about resistance in wires.")
    await library.house.ingest("public")
    anna, nina = await library.as_person("anna"), await library.as_person("nina")
    term = {"action": "set", "short": "OHR", "meaning": "occupational health rules"}
    assert (await anna.post("/glossary", data=term)).status_code == 303
    hits = (await nina.get("/api/v1/search", params={"q": "What does OHR demand?"})).json()["hits"]
    assert hits[0]["document"] == "rules.txt"
    assert (await nina.post("/glossary", data=term)).status_code == 403


async def test_a_pinned_answer_is_shown_to_who_may_read_its_document(library):
    anna, rita = await library.as_person("anna"), await library.as_person("rita")
    hit = (await rita.get("/api/v1/search", params={"q": "wages"})).json()["hits"][0]
    pin = {"question": "When do wages rise?", "answer": "In May.", "passage_id": hit["passage_id"]}
    assert (await anna.post("/api/v1/pins", json=pin)).status_code == 404, "she may not read it"
    carl = await library.as_person("carl")
    assert (await carl.post("/api/v1/pins", json=pin)).status_code == 404
    from kb.catalog import people, sources

    with library.kb.catalog.writing() as connection:
        staff = sources.by_name(connection, "staff")
        people.set_curators(connection, staff.id, ["rita"])
    assert (await rita.post("/api/v1/pins", json=pin)).status_code == 201
    asked = {"q": "when do WAGES rise"}
    assert (await rita.get("/api/v1/pins", params=asked)).json()["pins"][0]["answer"] == "In May."
    otto = await library.as_person("otto")
    assert (await otto.get("/api/v1/pins", params=asked)).json()["pins"] == []


async def test_searches_are_saved_and_what_was_opened_is_remembered(library, document_of):
    rita = await library.as_person("rita")
    wages = document_of("wages.txt")
    await rita.get(f"/documents/{wages}")
    body = {"name": "Pay", "address": "/?q=wages&source=staff"}
    number = (await rita.post("/api/v1/searches", json=body)).json()["id"]
    library.kb.behind.flush()  # nobody waits for what was opened to be noted
    kept = (await rita.get("/api/v1/searches")).json()
    assert kept["searches"] == [{"id": number, **body}]
    assert [d["id"] for d in kept["opened"]] == [wages]
    for foreign in ("https://evil.example", "//evil.example", "/people", "javascript:alert(1)"):
        refused = await rita.post("/api/v1/searches", json={"name": "x", "address": foreign})
        assert refused.status_code == 400
    assert (await rita.delete(f"/api/v1/searches/{number}")).status_code == 204


async def test_a_page_about_a_source_is_there_for_its_readers(library):
    rita, otto = await library.as_person("rita"), await library.as_person("otto")
    assert (await rita.get("/source/staff")).status_code == 200
    assert (await otto.get("/source/staff")).status_code == 404
    names = {s["name"] for s in (await otto.get("/api/v1/sources")).json()["sources"]}
    assert names == {"public"}
