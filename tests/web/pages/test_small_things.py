"""What people are shown, and in which words: counts, times, paths."""

import re
from datetime import UTC, datetime

import pytest
from lxml import html

from kb.catalog import sources, tables
from kb.errors import RetryableError
from kb.rights import access
from kb.surface import reasons
from web.i18n import translations
from web.pages import document

HTML = {"Accept": "text/html"}


async def read(client, path: str) -> str:
    """A page's text, without its spaces."""
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.mark.parametrize("code", reasons.COUNTED)
@pytest.mark.parametrize("language", ["en", "de", "fr", "it", "es"])
def test_one_of_a_thing_has_other_words_than_many(code, language):
    """«1 pieces» is no word of any language."""
    name, _ = reasons.COUNTED[code]
    words = translations(language)
    one, many = (reasons.render(code, {name: n, "which": "3"}, words) for n in (1, 2))
    assert one and many
    assert "{" not in one + many
    assert one.replace("1", "2", 1) != many


def test_a_count_that_is_not_known_does_not_break_a_reason():
    assert reasons.render("hidden_sheets", {}) == (
        "? hidden sheets in it were left out. Unhide them to have them found."
    )


@pytest.mark.both_catalogs
async def test_servers_paths_and_parsers_are_for_those_who_answer_for_a_source(portal, document_of):
    ferry = document_of("ferry.txt")
    root = str(portal.house.root)
    for name, sees in (("nina", False), ("carl", True), ("anna", True)):
        page = await read(await portal.as_person(name), f"/documents/{ferry}")
        assert (root in page) == sees, name
        assert ("Read by" in page) == sees, name
        assert ("Copy address" in page) == sees, name
    with portal.kb.catalog.writing() as connection:
        connection.execute(tables.sources.update().values(shown_as=r"\\server\public"))
    page = await read(await portal.as_person("nina"), f"/documents/{ferry}")
    assert r"\\server\public\ferry.txt" in page, "the address that readers know it by is theirs"


@pytest.mark.parametrize(
    ("source", "precision", "language", "told"),
    [
        ("text", "month", "de", "März 2024 wie sein Text sagt"),
        ("name", "quarter", "en", "Q1 2024 as its name says"),
        ("folder", "year", "fr", "2024 d'après son dossier"),
        ("changed", "day", "es", "1 mar 2024 fecha de modificación, según sus propiedades"),
        ("header", "day", "it", "1 mar 2024 secondo la mail"),
    ],
)
async def test_a_date_is_as_exact_as_it_is_known_and_says_from_where(
    portal, document_of, source, precision, language, told
):
    number = document_of("ferry.txt")
    moment = datetime(2024, 3, 1, tzinfo=UTC).timestamp()
    given = {"dated_ns": int(moment) * 10**9, "date_source": source, "date_precision": precision}
    with portal.kb.catalog.writing() as connection:
        connection.execute(
            tables.documents.update().where(tables.documents.c.id == number).values(**given)
        )
    nina = await portal.as_person("nina")
    headers = HTML | {"Accept-Language": language}
    page = html.fromstring((await nina.get(f"/documents/{number}", headers=headers)).text)
    assert " ".join(page.get_element_by_id("dated").text_content().split()) == told


@pytest.mark.both_catalogs
async def test_a_receipt_says_when_a_passage_was_read_and_no_number_of_ours(portal):
    rita = await portal.as_person("rita")
    answer = (await rita.post("/api/v1/ask", json={"question": "When do wages rise?"})).json()
    page = await read(rita, f"/answers/{answer['id']}")
    assert re.search(r"wages\.txt.* read .{1,20} ago", page)
    assert "version" not in page


@pytest.mark.both_catalogs
async def test_a_source_counts_files_and_documents_and_says_when_its_schedule_is_next(portal):
    """A mail with an attachment is a file and two documents; a watched folder is swept meanwhile."""
    counts = {"seen": 1, "indexed": 2, "unchanged": 0, "removed": 0, "skipped": 0, "failed": 0,
              "held": 0}  # fmt: skip
    with portal.kb.catalog.writing() as connection:
        public = sources.by_name(connection, "public")
        change = tables.sources.update().where(tables.sources.c.id == public.id)
        connection.execute(change.values(counts=counts, watch=True))
        gone = tables.documents.update().where(tables.documents.c.source_id == public.id)
        connection.execute(gone.values(held=True))
    carl = await portal.as_person("carl")
    page = await read(carl, "/sources")
    assert "1 file in the folder ; 2 documents read" in page.replace("folder;", "folder ;")
    assert "1 file is gone" in page
    assert "next in" not in page, "it has no schedule: only its sweep is next"
    with portal.kb.catalog.writing() as connection:
        connection.execute(change.values(schedule="0 2 1 1 *"))
    page = await read(carl, "/sources")
    assert re.search(r"next in \d+ (day|week|month|year)s?", page), "not at the next sweep"


async def test_what_is_counted_is_written_as_people_write_it(portal):
    rita = await portal.as_person("rita")
    answer = (await rita.post("/api/v1/ask", json={"question": "When do wages rise?"})).json()
    rita.cookies.set("kb_language", "de")
    page = await read(rita, f"/answers/{answer['id']}")
    assert re.search(r", \d+,\d s", page), "seconds with a comma"


async def test_no_document_yet_is_no_failure(administrator):
    page = (await administrator.get("/", headers=HTML)).text
    assert re.search(r'<span class="state waiting">\s*none yet', page)


async def test_headings_lead_to_what_is_on_the_page(portal, monkeypatch):
    """Of a long document a part is shown; the other headings are said, and lead nowhere."""
    parts = "\n\n".join(f"# Part {n}\n\nThe lamp {n} is violet." for n in range(6))
    portal.house.write("public/lamps.md", parts)
    await portal.house.ingest("public")
    number = portal.house.ledger()["lamps.md"].id
    anna = await portal.as_person("anna")
    monkeypatch.setattr(document, "MOST_BLOCKS", 5)
    page = html.document_fromstring((await anna.get(f"/documents/{number}", headers=HTML)).text)
    headings = page.xpath("//ul[@class='outline']/li")
    assert [h.text_content().strip() for h in headings] == [f"Part {n}" for n in range(6)]
    led = page.xpath("//ul[@class='outline']//a/@href")
    assert led, "those that are shown have links"
    assert [address for address in led if not page.xpath(f"//*[@id='{address[1:]}']")] == []


async def test_administration_says_how_it_stands_with_backups(portal, tmp_path):
    """None yet, a whole one, one that failed; only to an administrator."""
    owner, backups = access.owner(), portal.kb.backups
    anna = await portal.as_person("anna")
    page = await read(anna, "/administration")
    assert "There is no whole backup yet." in page
    assert "No backup is made by itself" in page
    made = backups.make(owner, str(tmp_path / "backups"), lambda _done, _total: None)
    page = await read(anna, "/administration")
    assert made.name in page
    assert "Last read again never" in page
    (tmp_path / "file").write_text("")
    with pytest.raises(RetryableError):
        backups.make(owner, str(tmp_path / "file" / "b"), lambda _done, _total: None)
    page = await read(anna, "/administration")
    assert "The last backup failed:" in page
    assert "Is it mounted" in page
    assert made.name in page
    assert (await (await portal.as_person("rita")).get("/administration")).status_code == 403
