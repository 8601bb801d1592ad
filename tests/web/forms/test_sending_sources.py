"""One browser and one service: the forms of sources and uploads are sent as people send them."""

import time

import pytest

from tests.parts.office import press, shows

pytestmark = pytest.mark.real


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


@pytest.mark.slow
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
    page.wait_for_function("document.activeElement.name == 'path'")  # autofocus: once it is drawn


def test_where_no_folder_can_be_looked_into_the_page_says_so(come_in):
    page = come_in()
    page.goto("/sources")
    page.route("**/api/v1/folders?*", lambda route: route.abort())
    page.fill("#add [name=path]", "/srv")
    page.locator(".look.bad", has_text="This did not work.").wait_for()
    page.unroute("**/api/v1/folders?*")
    page.fill("#add [name=path]", "")
    page.route("**/sources/folders?*", lambda route: route.abort())
    page.locator("#browse").press("Enter")
    page.locator("#folders .wrong", has_text="This did not work.").wait_for()
    page.unroute("**/sources/folders?*")
    page.locator("#folders button[value='']").press("Enter")
    page.locator("#browse").press("Enter")
    page.locator("#folders li button", has_text="shelf").wait_for()
    assert page.is_hidden("#folders .wrong")
