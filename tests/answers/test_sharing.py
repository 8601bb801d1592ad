"""A conversation that is shared: each reader sees of it what they may read, and is told the rest."""

import io

import docx
import msgspec
import pytest

from kb.answers import forms
from kb.catalog import answers, conversations
from kb.surface import exports, word
from kb.types.answers import Sentence
from kb.types.kept import KeptNotice, KeptSentence

WAGES, FERRY = "When do wages rise?", "When does the ferry to the island leave?"
UNTOLD = "A question about documents that you may not read."
LEFT_OUT = "Passages that you may not read"
PAGE = {"headers": {"Accept": "text/html"}}


@pytest.fixture
async def talk(portal):
    """Rita's conversation over what everybody reads, and what her group alone does."""
    rita = await portal.as_person("rita")
    first = (await rita.post("/api/v1/ask", json={"question": WAGES})).json()
    number = first["conversation"]
    again = await rita.post("/api/v1/ask", json={"question": FERRY, "conversation": number})
    assert again.json()["conversation"] == number
    return number


async def share(portal, number, action="share"):
    rita = await portal.as_person("rita")
    done = await rita.post(f"/conversations/{number}", data={"action": action})
    assert done.status_code == 303


@pytest.mark.case("S33")
async def test_a_shared_conversation_is_read_under_the_readers_own_rights(portal, talk):
    otto, rita = await portal.as_person("otto"), await portal.as_person("rita")
    assert (await otto.get(f"/conversations/{talk}")).status_code == 404
    await share(portal, talk)
    page = (await otto.get(f"/conversations/{talk}", **PAGE)).text
    assert "seven in the morning" in page and FERRY in page
    assert UNTOLD in page and LEFT_OUT in page
    for secret in (WAGES, "four per cent", "wages.txt", "Wages"):
        assert secret not in page, secret
    hers = (await rita.get(f"/conversations/{talk}", **PAGE)).text
    assert WAGES in hers and "four per cent" in hers and LEFT_OUT not in hers
    for attempt in (
        otto.get(f"/api/v1/conversations/{talk}"),
        otto.post(f"/conversations/{talk}", data={"action": "remove"}),
        otto.post(f"/conversations/{talk}", data={"action": "unshare"}),
        otto.post("/api/v1/ask", json={"question": "And?", "conversation": talk}),
    ):
        assert (await attempt).status_code == 404
    await share(portal, talk, "unshare")
    assert (await otto.get(f"/conversations/{talk}")).status_code == 404
    wages = (await rita.post("/api/v1/ask", json={"question": WAGES})).json()["conversation"]
    await share(portal, wages)
    for path in (f"/conversations/{wages}", f"/conversations/{wages}/export"):
        assert (await otto.get(path)).status_code == 404, "there is nothing for him in it"


async def read_by(portal, name, number) -> str:
    person = await portal.as_person(name)
    return (await person.get(f"/conversations/{number}", **PAGE)).text


async def test_a_title_is_not_told_where_its_question_cannot_be_judged_any_more(portal, talk):
    await share(portal, talk)
    with portal.kb.catalog.writing() as connection:
        first, _ = conversations.turns(connection, talk)
        answers.remove(connection, first.id)  # its time has passed
    assert WAGES in await read_by(portal, "rita", talk)
    his = await read_by(portal, "otto", talk)
    assert WAGES not in his and FERRY in his


async def test_a_title_that_somebody_gave_is_told(portal, talk):
    await share(portal, talk)
    rita = await portal.as_person("rita")
    await rita.post(f"/conversations/{talk}", data={"action": "rename", "title": "Crossing over"})
    assert "<h1>Crossing over</h1>" in await read_by(portal, "otto", talk)


@pytest.mark.parametrize(
    ("changed", "question_is_told"),
    [
        ({"asked_as": "When does the ferry leave (wages rise)?", "mode": "generated"}, True),
        ({"notice": KeptNotice("pinned", {"author": "rita"}), "citations": (), "mode": "generated"},
         False),
    ],
    ids=["it leans on a question that is not told", "it is pinned and cites nothing"],
)  # fmt: skip
async def test_words_that_may_speak_of_what_is_not_told_are_not_shown(
    portal, talk, changed, question_is_told
):
    await share(portal, talk)
    with portal.kb.catalog.writing() as connection:
        _, row = conversations.turns(connection, talk)
        cited = {point for citation in row.citations for point in citation.points}
        of_the_ferry = tuple(p for p in row.passages if set(p.points) & cited)
        places = () if "citations" in changed else (0,)
        said = (KeptSentence("Wages and the ferry are as they were.", (1,), True, places),)
        changed = {"sentences": said, "passages": of_the_ferry, **changed}
        answers.remove(connection, row.id)
        answers.keep(connection, msgspec.structs.replace(row, **changed))
    assert "as they were" in await read_by(portal, "rita", talk)
    his = await read_by(portal, "otto", talk)
    assert "as they were" not in his
    assert (FERRY in his) == question_is_told


async def test_which_edition_is_the_newest_is_told_to_who_asked_alone(portal):
    rita = await portal.as_person("rita")
    asked = (await rita.post("/api/v1/ask", json={"question": FERRY})).json()
    with portal.kb.catalog.writing() as connection:
        row = answers.by_id(connection, asked["id"])
        told = {"because": "no_model", "edition": "2019", "newest": "2031"}
        notice = KeptNotice("may_answer", told)
        answers.remove(connection, row.id)
        answers.keep(connection, msgspec.structs.replace(row, notice=notice))
    await share(portal, asked["conversation"])
    assert "2031" in await read_by(portal, "rita", asked["conversation"])
    his = await read_by(portal, "otto", asked["conversation"])
    assert "2031" not in his and "seven in the morning" in his


async def exported(person, talk, form):
    answer = await person.get(f"/conversations/{talk}/export", params={"form": form})
    assert answer.headers["content-disposition"].startswith("attachment")
    if form == "md":
        return answer.text
    read = docx.Document(io.BytesIO(answer.content))
    return "\n".join(p.text for p in read.paragraphs)


async def test_an_export_has_what_its_reader_may_read(portal, talk):
    await share(portal, talk)
    rita, otto = await portal.as_person("rita"), await portal.as_person("otto")
    for form in ("md", "docx"):
        hers, his = await exported(rita, talk, form), await exported(otto, talk, form)
        assert "seven in the morning" in his and "[1] public › ferry.txt" in his
        assert "four per cent" in hers and "four per cent" not in his
        assert WAGES in hers and WAGES not in his
        assert UNTOLD in his
    strange = await otto.get(f"/conversations/{talk}/export", params={"form": "exe"})
    assert strange.status_code == 400


def test_a_word_file_keeps_every_form_of_an_answer():
    said = [Sentence("Yes.", (1,), supported=True), Sentence("No.", (), supported=False)]
    text = "# Title\n\nYes. **No.**\n\n- One\n  - Two\n\n3. Three\n\n| A | B |\n|---|---|\n| x | y |\n\n"
    form, _ = forms.read(text + "> Quoted\n\n```\nkb serve\x0b\n```\n", 1)
    made = docx.Document(io.BytesIO(word.document([exports.ExportedPart(form, said * 9)], "T\x00")))
    lines = [p.text for p in made.paragraphs]
    assert made.paragraphs[0].style.name == "Heading 1"
    for line in ("•\tOne", "•\tTwo", "3.\tThree", "Quoted"):
        assert any(found.startswith(line) for found in lines), line
    assert any(run.bold and "No." in run.text for p in made.paragraphs for run in p.runs)
    assert [[c.text.partition(" [")[0] for c in r.cells] for r in made.tables[0].rows] == [
        ["A", "B"], ["x", "y"],
    ]  # fmt: skip
    assert any("kb serve" in line for line in lines)


async def test_conversations_are_found_by_words_of_title_and_questions(portal, talk):
    rita = await portal.as_person("rita")
    for words, found in (
        ("ferry", True),
        ("FERRY wages", True),
        ("ferry harbour", False),
        ("%", False),
    ):
        page = (await rita.get("/conversations", params={"text": words}, **PAGE)).text
        assert (f"/?c={talk}" in page) == found, words
    otto = await portal.as_person("otto")
    assert talk not in (await otto.get("/conversations", params={"text": "ferry"}, **PAGE)).text


async def test_a_question_is_asked_anew_or_changed_after_what_was_before_it(portal, talk):
    rita, otto = await portal.as_person("rita"), await portal.as_person("otto")
    first = (await rita.get(f"/api/v1/conversations/{talk}")).json()["turns"][0]["id"]
    body = {"question": "", "anew": first}
    again = (await rita.post("/api/v1/ask", json=body)).json()
    assert again["conversation"] == talk
    changed = {"question": "How much do wages rise in May?", "anew": first}
    assert (await rita.post("/api/v1/ask", json=changed)).json()["conversation"] == talk
    turns = (await rita.get(f"/api/v1/conversations/{talk}")).json()["turns"]
    assert [t["question"] for t in turns] == [WAGES, FERRY, WAGES, changed["question"]]
    assert (await otto.post("/api/v1/ask", json=body)).status_code == 404
