"""One browser and one service: the forms of every page are sent as people send them."""

import re
import subprocess
import sys
import time

import pytest

from kb import samples
from kb import settings as settings_module
from kb.catalog.database import open_catalog
from kb.catalog.evaluations import keep
from kb.types.evaluations import Evaluation
from tests.parts.portal import PASSWORD
from tests.parts.processes import Serving, environment_in, kb, stop_engines

pytestmark = pytest.mark.real
OTHER = "seven grey geese over water"


def add_people(environment, base) -> None:
    for name, more in (("anna", ["--administrator"]), ("rita", ["--groups", "hr"])):
        subprocess.run(
            [sys.executable, "-m", "kb", "user", "add", name, *more, "--password-stdin", "--json"],
            env=environment, cwd=base, input=PASSWORD + "\n", text=True, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip


def add_runs(environment) -> None:
    known = {name: value for name, value in environment.items() if name.startswith("KB_")}
    catalog = open_catalog(settings_module.load({}, known))
    with catalog.writing() as connection:
        for share in (0.5, 0.75):
            figures = {"questions": 4, "page_hit@1": share, "seconds": {"p50": 1, "p95": 2}}
            done = {"limit": None, "embedding_model": "english"}
            keep(connection, Evaluation("docs", "handbook", done, figures, 0.0, 1.0), [])
    catalog.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory, embedder_dir):
    """The samples and a folder of notes, two people, two runs of an evaluation."""
    base = tmp_path_factory.mktemp("o")
    environment = environment_in(base, embedder_dir)
    notes = base / "shelf" / "notes"
    notes.mkdir(parents=True)
    for number in range(3):
        (notes / f"note {number}.txt").write_text(f"The lamp {number} in the hall is violet.")
    gone = base / "shelf" / "gone"
    gone.mkdir()
    (gone / "ferry.txt").write_text("The ferry leaves at seven.")
    (notes / "broken.docx").write_bytes(b"PK\x03\x04garbage")
    kb(environment, base, "source", "add", "samples", str(samples.documents()))
    kb(environment, base, "source", "add", "notes", str(notes), "--no-watch")
    kb(environment, base, "source", "add", "gone", str(gone), "--no-watch")
    kb(environment, base, "ingest")
    kb(environment, base, "group", "add", "hr")
    add_people(environment, base)
    kb(environment, base, "source", "curators", "notes", "rita")
    add_runs(environment)
    server = Serving(environment | {"KB_INGEST__ROOTS": str(base / "shelf")}, base)
    server.shelf = base / "shelf"
    yield server
    server.stop()
    stop_engines(base / "data")


@pytest.fixture
def come_in(chromium, office):
    """Opens a browser of somebody who is signed in; nothing throws on any page."""
    problems, contexts = [], []

    def opened(name: str = "anna", password: str = PASSWORD, **options):
        options = {"locale": "en", "viewport": {"width": 1280, "height": 900}} | options
        context = chromium.new_context(base_url=office.address, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto("/login")
        page.fill("main input[name=name]", name)
        page.fill("main input[name=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url(office.address + "/")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


def press(page, name: str, within: str = "main") -> None:
    """A button by its words, with the keyboard; then the page that comes."""
    button = page.locator(within).get_by_role("button", name=name)
    button.first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def shows(page, card: str, words: str) -> None:
    """The page of sources goes on by itself while something is read."""
    page.wait_for_selector(f"{card}:has-text('{words}')")


def ask(page, question: str) -> None:
    page.fill("#q", question)
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer[aria-busy=false]", state="attached")
    page.wait_for_selector("#hits .title")


@pytest.mark.sends(
    "POST /people action=add_group", "POST /people action=remove_group name",
    "POST /people action=add", "POST /people action=change name", "POST /people action=link name",
    "POST /people action=end name session", "POST /people action=remove name",
    "POST /account/view-as name", "POST /account/view-as",
)  # fmt: skip
def test_people_and_groups(come_in):
    page, rita = come_in(), come_in("rita")
    page.goto("/people")
    page.fill("form:has([value=add_group]) [name=name]", "board")
    press(page, "Add", "form:has([value=add_group])")
    page.fill(".add input[name=name]", "olaf")
    offered = "[...document.querySelector('.add [name=groups]').list.options].map(o => o.value)"
    assert page.evaluate(offered) == ["board", "hr"]
    page.fill(".add input[name=groups]", "hr,")
    assert page.evaluate(offered) == ["hr, board"], "the second name is completed too"
    page.fill(".add input[name=groups]", "board, nosuch")
    press(page, "Add, and make a link")
    assert "no group called nosuch" in page.inner_text("#wrong")
    assert page.input_value(".add input[name=name]") == "olaf"
    assert page.evaluate("location.pathname") == "/people", "the page's address, not the form's"
    page.fill(".add input[name=groups]", "board")
    press(page, "Add, and make a link")
    assert "/link/" in page.inner_text("pre code")
    page.goto("/people?edit=olaf")
    page.fill("td form.fields [name=groups]", "")
    press(page, "Save")
    page.goto("/people?edit=olaf")
    press(page, "Link to come in")
    assert "/link/" in page.inner_text("pre code")
    press(page, "Remove board")
    page.goto("/people?edit=rita")
    press(page, "Look through their eyes")
    press(page, "Back to your own eyes", ".viewing")
    page.goto("/people?edit=rita")
    press(page, "End", "td")
    rita.goto("/documents")
    rita.wait_for_url("**/login?next=**")
    page.goto("/people?remove=olaf")
    page.fill("[name=confirm]", "ole")
    press(page, "Remove", ".ask-first")
    assert "Nothing was removed" in page.inner_text("#wrong")
    page.fill("[name=confirm]", "olaf")
    press(page, "Remove", ".ask-first")
    assert "olaf" not in page.inner_text("main")


@pytest.mark.sends(
    "POST /language back language", "POST /account action=token",
    "POST /account action=revoke token", "POST /account action=end session",
    "POST /account action=password", "POST /account action=factor secret",
    "POST /account action=factor", "POST /logout", "POST /login next", "#keys",
)  # fmt: skip
def test_ones_own_account(come_in, office):
    from tests.web.auth.test_browser_signing_in import App

    page, elsewhere = come_in("rita"), come_in("rita")
    page.goto("/account")
    page.fill("form:has([value=token]) [name=name]", "Kalender")
    page.fill("form:has([value=token]) [name=days]", "many")
    press(page, "Make a token")
    assert "1 to" in page.inner_text("#wrong")
    assert page.input_value("form:has([value=token]) [name=name]") == "Kalender"
    page.fill("form:has([value=token]) [name=days]", "7")
    press(page, "Make a token")
    assert page.inner_text("section[role=status] code").startswith("kb_")
    press(page, "Revoke Kalender")
    press(page, "End", "section:has(h2:text('Where you are signed in'))")
    elsewhere.goto("/account")
    elsewhere.wait_for_url("**/login?next=**")
    for field, value in (("old", PASSWORD), ("new", OTHER), ("again", "another one entirely")):
        page.fill(f"[name={field}]", value)
    press(page, "Change password")
    assert page.inner_text("#wrong") == "The two passwords are not the same."
    assert page.evaluate("document.activeElement.name") == "again"
    for field, value in (("old", PASSWORD), ("new", OTHER), ("again", OTHER)):
        page.fill(f"[name={field}]", value)
    press(page, "Change password")
    page.goto("/account?factor=true")
    app = App(page.inner_text(".note code"))
    page.fill("[name=code]", "000000")
    page.fill("form:has([name=code]) [name=password]", OTHER)
    press(page, "Ask for a code from now on")
    assert "not the code" in page.inner_text("#wrong")
    assert page.inner_text(".note code") == app.secret, "the app that was set up still fits"
    page.fill("[name=code]", app.next_code())
    page.fill("form:has([name=code]) [name=password]", OTHER)
    press(page, "Ask for a code from now on")
    page.fill("form:has([value=factor]) [name=password]", OTHER)
    press(page, "Ask for no code any more")
    for old, new in ((OTHER, PASSWORD),):
        page.fill("[name=old]", old)
        page.fill("[name=new]", new)
        page.fill("[name=again]", new)
        press(page, "Change password")
    page.locator("h1").click()
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.locator("#keys button").press("Enter")
    page.wait_for_selector("#keys", state="hidden")
    page.click(".menu summary")
    press(page, "Deutsch", ".languages")
    assert page.get_attribute("html", "lang") == "de"
    press(page, "Abmelden")
    assert page.evaluate("location.pathname") == "/login"


@pytest.mark.sends(
    "POST /sources", "#folders", "POST /sources/{} action=change", "POST /sources/{} action=run",
    "POST /sources/{} action=pause", "POST /sources/{} action=resume",
    "POST /sources/{} action=remove", "GET / q source",
)  # fmt: skip
def test_a_source_from_its_folder_to_its_end(come_in, office):
    new = office.shelf / "contracts"
    new.mkdir()
    (new / "lease.txt").write_text("The lease of the warehouse ends in June.")
    page = come_in()
    page.goto("/sources")
    page.locator("#browse").press("Enter")
    page.locator("#folders li button", has_text="shelf").press("Enter")
    page.locator("#folders li button", has_text="contracts").press("Enter")
    page.wait_for_selector("#folders li.note")
    page.locator("#folders button[value=take]").press("Enter")
    page.wait_for_selector("#folders", state="hidden")
    assert page.input_value("#add [name=path]") == str(new)
    page.wait_for_selector(".look:has-text('1 file')")
    page.fill("#add [name=name]", "notes")
    assert page.is_hidden("#add [name=time]")
    page.select_option("#add [name=often]", "weekly")
    page.select_option("#add [name=day]", "5")
    page.fill("#add [name=time]", "23:30")
    assert page.is_hidden("#add [name=schedule]")
    page.fill("#add [name=readers]", "everyone, hr")
    page.fill("#add [name=curators]", "rita")
    page.fill("#add [name=about]", "What we have <signed>.")
    press(page, "Follow and read")
    assert page.inner_text("#wrong") == "There is a source called notes already."
    page.fill("#add [name=name]", "contracts")
    press(page, "Follow and read")
    card = "[data-source=contracts]"
    shows(page, card, "1 document read")
    assert "every week on Friday at 23:30" in page.inner_text(card)
    assert "rita" in page.inner_text(card)
    page.goto("/source/contracts")
    assert "What we have <signed>." in page.inner_text("main")
    page.fill("main form input[name=q]", "lease")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits .title")
    page.goto("/sources?edit=contracts")
    assert page.input_value(f"{card} [name=time]") == "23:30"
    page.select_option(f"{card} [name=often]", "cron")
    page.fill(f"{card} [name=schedule]", "every night")
    press(page, "Save", card)
    assert "“every night” is not a cron schedule" in page.inner_text("#wrong")
    assert page.input_value(f"{card} [name=schedule]") == "every night"
    page.fill(f"{card} [name=schedule]", "0 3 1 * *")
    press(page, "Save", card)
    assert "0 3 1 * *" in page.inner_text(card)
    press(page, "Pause", card)
    press(page, "Go on", card)
    press(page, "Read now", card)
    page.wait_for_selector(f"{card} .run", state="hidden")
    page.goto("/sources?remove=contracts")
    page.fill(f"{card} [name=confirm]", "contract")
    press(page, "Remove", card)
    assert "Nothing was removed" in page.inner_text("#wrong")
    page.fill(f"{card} [name=confirm]", "contracts")
    press(page, "Remove", card)
    assert page.query_selector(card) is None


@pytest.mark.sends("POST /sources/{} action=stop", "POST /sources/{} action=confirm count")
def test_a_run_is_stopped_and_what_is_gone_is_confirmed(come_in, office):
    many = office.shelf / "many"
    many.mkdir()
    for number in range(250):
        (many / f"{number}.txt").write_text(f"Box {number} stands in row {number % 17}.")
    page = come_in()
    page.goto("/sources")
    page.fill("#add [name=path]", str(many))
    page.fill("#add [name=name]", "many")
    page.uncheck("#add [name=watch]")
    press(page, "Follow and read")
    card = "[data-source=many]"
    page.wait_for_selector(f"{card} progress[value]")
    press(page, "Stop reading", card)
    shows(page, card, "stopped on request")
    assert page.locator(card).get_by_role("button", name="Stop").is_hidden()
    waiting = "/documents?source=many&state=waiting"
    page.goto(waiting)
    left = page.inner_text("[aria-current=true] b")
    assert int(left) > 0, "it ended before its end"
    time.sleep(2)
    page.goto(waiting)
    assert page.inner_text("[aria-current=true] b") == left, "it is not taken up again"
    page.goto("/sources")

    for file in (office.shelf / "gone").iterdir():
        file.unlink()
    card = "[data-source=gone]"
    press(page, "Read now", card)
    shows(page, card, "until somebody confirms")
    page.locator(card).get_by_role("link", name="Look at them").press("Enter")
    page.wait_for_url("**/sources?confirm=gone")
    assert "ferry.txt" in page.inner_text(card)
    press(page, "They are gone: remove", card)
    assert "until somebody confirms" not in page.inner_text(card)
    assert "0 documents" in page.inner_text(card)


@pytest.mark.sends(
    "GET /documents order source text", "POST /documents/again back code state",
    "POST /documents/again back document", "POST /documents/{}/erase",
    "GET /audit action actor text", "GET /evaluation/compare run", "POST /evaluation/{}/forget",
)  # fmt: skip
def test_documents_the_audit_log_and_evaluations(come_in):
    page = come_in()
    page.goto("/documents")
    page.fill(".filters [name=text]", "broken")
    press(page, "Show")
    assert page.locator(".ledger tbody tr").count() == 1
    page.goto("/documents?state=failed")
    press(page, "Try all of these again")
    assert page.evaluate("location.search") == "?state=failed"
    page.goto("/documents?text=note+1")
    page.click(".ledger tbody a")
    press(page, "Read it anew")
    page.click(".erase summary")
    press(page, "Erase", ".erase form")
    page.goto("/documents?text=note+1")
    assert page.locator(".ledger tbody tr").count() == 0
    page.goto("/audit")
    page.fill(".filters [name=actor]", "anna")
    press(page, "Show", ".filters")
    assert "anna" in page.inner_text(".ledger")
    page.goto("/evaluation")
    for box in page.locator("[name=run]").all():
        box.check()
    press(page, "Lay two side by side")
    page.goto("/evaluation")
    page.locator(".ledger a").first.press("Enter")
    page.wait_for_url(re.compile(r"/evaluation/\d+$"))
    page.get_by_text("Forget this run").press("Enter")
    press(page, "Forget it")


@pytest.mark.sends(
    "#ask", "#follow", "#comment", "POST /answers/{}/again", "POST /conversations/{} action=rename",
    "POST /conversations/{} action=remove", "POST /review/{} done",
    "POST /review/{} action=pin passage question", "POST /glossary action=set",
    "POST /glossary action=remove number", "POST /glossary action=unpin number",
    "POST /evaluation/questions/{}/forget",
)  # fmt: skip
def test_questions_and_what_is_done_with_them(come_in):
    page = come_in()
    page.goto("/")
    ask(page, "How many buses are electric?")
    page.locator("#hits .right").first.click()
    page.wait_for_selector("#hits .right[aria-pressed=true]")
    page.locator("#verdict .thumb").last.click()
    page.fill("#comment-text", "Not what I asked")
    page.locator("#comment button").press("Enter")
    page.wait_for_selector("#comment", state="hidden")
    page.fill("#further", "and how many in total?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#thread h2")
    page.wait_for_selector("#answer[aria-busy=false]", state="attached")
    page.goto("/review")
    row = page.locator(".review", has_text="How many buses are electric?")
    assert "17 of which are electric" in row.inner_text(), "the answer, and the nearest passage"
    assert "Not what I asked" in row.inner_text()
    row.locator("details summary").press("Enter")
    row.locator("[name=answer]").fill("Seventeen.")
    press(page, "Pin, and done", ".review:has-text('How many buses are electric?')")
    assert page.locator(".review", has_text="How many buses are electric?").count() == 0
    page.goto("/review?done=true")
    press(page, "Put back")
    page.goto("/glossary")
    assert "Seventeen." in page.inner_text("main")
    press(page, "Take away How many buses")
    page.fill("[name=short]", "DPO")
    page.fill("[name=meaning]", "data protection officer")
    press(page, "Add", "form.filters")
    press(page, "Remove DPO")
    page.goto("/evaluation/questions")
    press(page, "Forget it")
    page.goto("/conversations")
    page.get_by_role("link", name="Rename").first.press("Enter")
    page.wait_for_selector("[name=title]")
    page.fill("[name=title]", " ")
    press(page, "Save")
    assert page.inner_text("#wrong") == "A conversation needs a title."
    page.fill("[name=title]", "Buses")
    press(page, "Save")
    page.goto("/review")
    page.locator(".review h2 a").first.press("Enter")
    page.wait_for_url("**/answers/*")
    press(page, "Run again")
    page.goto("/conversations")
    page.get_by_role("link", name="Delete").first.press("Enter")
    press(page, "Delete it")


def test_a_curator_says_who_may_read_a_file_and_then_it_is_sent(come_in):
    page, sent = come_in("rita"), []
    page.on("request", lambda r: sent.append(r.url) if "/api/v1/uploads" in r.url else None)
    page.goto("/documents")
    offered = page.locator("#upload-readers option").all_inner_texts()
    assert offered == ["choose …", "everyone who signs in", "hr", "only you"]
    file = {"name": "key.txt", "mimeType": "text/plain", "buffer": b"The key lies under the mat."}
    page.set_input_files("#choose", file)
    assert sent == [], "it waits for the word"
    assert page.evaluate("document.getElementById('upload-readers').validationMessage")
    page.locator("#upload-readers").select_option("person:rita")
    page.locator("#tray li", has_text="searchable").wait_for()
    assert "readers=person%3Arita" in sent[0]
    page.goto("/sources")
    assert "rita" in page.inner_text("[data-source='Uploads (rita)'], [data-source=Uploads]")


def test_in_german_what_is_wrong_is_said_in_german(come_in, office):
    page = come_in(locale="de")
    page.goto("/sources")
    page.fill("#add [name=path]", str(office.shelf.parent))
    page.fill("#add [name=name]", "alles")
    press(page, "Verfolgen und lesen")
    assert "liegt nicht unter den Ordnern" in page.inner_text("#wrong")
    assert page.input_value("#add [name=name]") == "alles"
    assert page.evaluate("document.activeElement.name") == "path"
