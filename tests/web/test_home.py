"""Home teaches: what might be asked, what may be typed, what is new, how far a reading is."""

import sqlite3
import time

import pytest

from kb import samples
from kb.catalog import people, runs, sources, tables
from kb.library import beginnings
from kb.surface import progress
from kb.types.library import FirstReading, RunProgress
from tests.parts.processes import Serving, kb, serving_samples
from web import reading


def run_of(done, total, *, elapsed=100.0):
    return RunProgress(1, 1000.0, 1000.0 + elapsed, done, total, 0, None)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Reading: 412 of 9,000, about 40 minutes; answers come from what has been read."),
        ("de", "Gelesen wird: 412 von 9.000, noch etwa 40 Minuten; Antworten kommen aus dem, was "
               "gelesen ist."),
    ],
)  # fmt: skip
def test_a_first_reading_says_how_far_it_is(language, words):
    found = FirstReading((run_of(412, 9000, elapsed=115.0),), others=False)
    assert reading.words(found, language) == words


def test_the_last_minute_of_a_reading_is_one():
    found = FirstReading((run_of(90, 100),), others=False)
    assert "about 1 minute;" in reading.words(found, "en")


def test_several_readings_count_together_and_the_longest_says_when():
    found = FirstReading((run_of(10, 20), run_of(30, 60)), others=False)
    assert progress.figures(found) == progress.Figures(40, 80, seconds_left=100)


@pytest.mark.parametrize(
    "found",
    [
        FirstReading((run_of(0, 0),), others=False),
        FirstReading((run_of(5, 10),), others=True),
    ],
)
def test_figures_that_are_not_known_or_not_theirs_are_not_told(found):
    assert progress.figures(found) is None
    assert "being read" in reading.words(found, "en")


def test_examples_are_in_ones_language_and_of_each_document_in_turn():
    german = beginnings.examples(samples.answerable(), "de")
    assert len(german) == 6
    assert german[0].startswith("Wie viel wird pro Kilometer")
    assert german[1].startswith("Wann tritt der neue Dienstplan"), "another document's"
    italian = beginnings.examples(samples.answerable(), "it")
    assert italian[0].startswith("Quanto costa")
    assert italian[2].startswith("How many"), "there are two in Italian: English ones join them"


@pytest.mark.both_catalogs
async def test_examples_and_news_come_from_what_one_may_read(portal):
    for name, sees in (("rita", {"ferry", "wages"}), ("otto", {"ferry"})):
        page = (await (await portal.as_person(name)).get("/", headers={"Accept": "text/html"})).text
        for word in ("ferry", "wages"):
            assert (f"What is in {word}?" in page) == (word in sees), (name, word)
            assert (f">{word}</a>" in page) == (word in sees), (name, word)
        assert "sample documents" not in page


@pytest.mark.both_catalogs
async def test_a_question_is_made_of_a_title_and_a_heading(house):
    text = "# Rules for the jetty\n\nA list.\n\n## Mooring after dark\n\nUse two lines, always.\n"
    house.follow("port")
    house.write("jetty.md", text)
    await house.ingest("port")
    [topic] = house.kb.beginnings.of(house.owner, "en").topics
    assert (topic.title, topic.section) == ("Rules for the jetty", "Mooring after dark")


async def test_no_question_is_made_of_a_title_that_would_narrow_the_search(house):
    house.follow("port")
    for n, title in enumerate(("Mooring type:pdf", "The jetty -rules", "Lamps - of the jetty")):
        house.write(f"{n}.md", f"# {title}\n\nUse two lines, always; and number {n} in the dark.\n")
    await house.ingest("port")
    [topic] = house.kb.beginnings.of(house.owner, "en").topics
    assert topic.title == "Lamps - of the jetty"


@pytest.mark.both_catalogs
async def test_a_reading_is_told_to_whom_it_concerns(portal):
    """Of a source that nobody else may read not even that it is being read."""
    house = portal.house
    with house.kb.catalog.writing() as connection:
        staff = sources.by_name(connection, "staff")
        connection.execute(tables.sources.update().values(finished_at=None))
        number = runs.begin(connection, staff)
        runs.progress(connection, number, done=3, total=9, pages=0, path="wages.txt")
    told = {}
    for name in ("rita", "otto", "anna"):
        answer = await (await portal.as_person(name)).get("/reading")
        told[name] = answer.json()["words"]
    assert "3 of 9" in told["rita"]
    assert told["otto"] is None
    assert "3 of 9" in told["anna"], "whoever answers for it knows its figures"


@pytest.mark.both_catalogs
async def test_of_a_source_read_by_a_rule_no_figures_are_told(portal):
    """How many files there are beside one's own is nobody's to know."""
    house = portal.house
    with house.kb.catalog.writing() as connection:
        public = sources.by_name(connection, "public")
        rule = {"kind": "paths", "paths": []}
        connection.execute(tables.sources.update().values(rule=rule))
        number = runs.begin(connection, public)
        runs.progress(connection, number, done=3, total=9, pages=0, path=None)
        connection.execute(tables.sources.update().values(finished_at=None))
        people.set_curators(connection, public.id, ["carl"])
    otto, carl = await portal.as_person("otto"), await portal.as_person("carl")
    assert (await otto.get("/reading")).json()["words"].startswith("Documents are being read")
    assert "3 of 9" in (await carl.get("/reading")).json()["words"]


# --- in a browser -------------------------------------------------------------------------------


@pytest.fixture
def opened(chromium):
    """Opens an address in a new context; nothing throws."""
    problems, contexts = [], []

    def open_page(address, **options):
        made = chromium.new_context(**({"locale": "en"} | options))
        contexts.append(made)
        page = made.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for made in contexts:
        made.close()
    assert not problems


@pytest.mark.real
def test_an_example_is_asked_by_keyboard(opened, sample_server):
    page = opened(sample_server.address)
    examples = page.locator("#examples li a")
    assert 4 <= examples.count() <= 6
    assert page.locator("#newest li").count() == 5
    examples.nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#prose .cite")
    assert "6.8 million" in page.inner_text("#prose")
    assert page.is_hidden("#examples")
    page.go_back()
    page.locator("#examples li a").first.wait_for()


@pytest.mark.real
def test_examples_come_back_with_the_way_back(opened, sample_server):
    page = opened(sample_server.address)
    page.fill("#q", "annual leave")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits .title")
    assert page.is_hidden("#examples")
    page.go_back()
    page.wait_for_selector("#examples", state="visible")
    assert page.is_hidden(".results")


@pytest.mark.real
def test_examples_are_in_the_readers_language(opened, sample_server):
    page = opened(sample_server.address, locale="de")
    assert page.locator("#examples li a").first.inner_text().startswith("Wie viel wird pro")


@pytest.mark.real
def test_what_may_be_typed_is_shown_and_put_into_the_box_by_keyboard(opened, sample_server):
    page = opened(sample_server.address)
    page.fill("#q", "leave")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "syntax-open"
    page.keyboard.press("Enter")
    page.wait_for_selector("#syntax", state="visible")
    assert page.get_attribute("#syntax-open", "aria-expanded") == "true"
    page.keyboard.press("Escape")
    page.wait_for_selector("#syntax", state="hidden")
    page.keyboard.press("Enter")
    page.locator(".typed", has_text="type:pdf").focus()
    page.keyboard.press("Escape")
    page.wait_for_selector("#syntax", state="hidden")
    assert page.evaluate("document.activeElement.id") == "syntax-open"
    page.keyboard.press("Enter")
    page.locator(".typed", has_text="type:pdf").focus()
    page.keyboard.press("Enter")
    assert page.input_value("#q") == "leave type:pdf"
    page.keyboard.type("pptx")
    assert page.input_value("#q") == "leave type:pptx", "what is to be replaced was chosen"
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits .title")
    kinds = {k.lower() for k in page.locator("#hits .kind").all_inner_texts()}
    assert kinds == {"pptx"}


@pytest.fixture(scope="module")
def being_read(tmp_path_factory, embedder_dir):
    """A server over the samples, whose catalog says that they are being read for the first time."""
    base = tmp_path_factory.mktemp("r")
    with serving_samples(base, embedder_dir) as server:
        server.catalog = base / "data" / "catalog.sqlite3"
        yield server


def say(server, *statements):
    other = sqlite3.connect(server.catalog, timeout=300)
    for statement, values in statements:
        other.execute(statement, values)
    other.commit()
    other.close()


@pytest.mark.slow
@pytest.mark.real
def test_while_the_first_reading_runs_home_and_empty_results_say_so(opened, being_read):
    now = time.time()
    say(
        being_read,
        ("UPDATE sources SET finished_at = NULL", ()),
        (
            "INSERT INTO runs (source_id, started_at, seen_at, done, total, pages)"
            " VALUES (1, ?, ?, 4, 12, 0)",
            (now - 240, now + 60),
        ),
    )
    page = opened(being_read.address)
    assert page.inner_text("#reading").startswith("Reading: 4 of 12, about 10 minutes")
    page.fill("#q", "leave name:nowhere")
    page.keyboard.press("Enter")
    page.locator("#hits .empty", has_text="what has been read so far").wait_for()
    assert "Reading: 4 of 12" in page.inner_text("#hits .empty")
    say(being_read, ("UPDATE runs SET done = 9", ()))
    page.locator("#reading", has_text="Reading: 9 of 12").wait_for()
    say(being_read, ("UPDATE runs SET finished_at = ?", (now,)))
    page.wait_for_selector("#reading", state="hidden")


@pytest.mark.real
def test_where_there_is_nothing_to_search_no_document_is_said_to_be_silent(
    opened, environment, tmp_path
):
    """Neither «The documents do not say» nor «try other words»."""
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "nothing.txt").write_text("")
    kb(environment, tmp_path, "source", "add", "empty", str(folder))
    kb(environment, tmp_path, "ingest")
    server = Serving(environment, tmp_path)
    try:
        page = opened(server.address)
        assert "no document yet" in page.inner_text("#nothing-yet")
        page.fill("#q", "How many buses are electric?")
        page.keyboard.press("Enter")
        page.locator("#hits .empty", has_text="There is no document yet").wait_for()
        assert page.is_hidden("#answer")
        assert "do not say" not in page.inner_text("main")
        (folder / "bus.txt").write_text("There are 17 electric buses in the fleet.")
        kb(environment, tmp_path, "ingest")
        page.keyboard.press("/")
        page.keyboard.press("Enter")
        page.locator("#prose", has_text="17 electric buses").wait_for()
    finally:
        server.stop()
