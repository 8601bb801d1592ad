"""The viewer in a real browser: find, go from mark to mark, zoom, ask the document, see what is in it."""

from email.message import EmailMessage

import pytest

from tests.parts.processes import wait_for

pytestmark = pytest.mark.real
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def document(page, name) -> str:
    """The address of a sample."""
    page.goto(f"/documents?text={name}")
    return page.locator(".ledger tbody a").first.get_attribute("href")


def top_of(page, selector) -> float:
    return page.locator(selector).first.bounding_box()["y"]


@pytest.mark.sends("#find")
def test_words_are_found_on_the_pages_of_a_pdf_by_keyboard(opened):
    page = opened()
    page.goto(document(page, "annual-report"))
    page.keyboard.press("/")
    page.keyboard.type("ELECTRIC")
    page.locator("#mark-at", has_text="1 / ").wait_for()
    count = page.locator("rect.found").count()
    assert count >= 2
    page.keyboard.press("Enter")
    page.locator("#mark-at", has_text=f"2 / {count}").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    page.keyboard.press("n")
    page.locator("#mark-at", has_text=f"2 / {count}").wait_for()
    assert page.locator("rect.found.now").count() == 1
    page.keyboard.press("p")
    page.keyboard.press("p")
    page.locator("#mark-at", has_text=f"{count} / {count}").wait_for()
    page.fill("#find-text", "no such words here")
    page.locator("#mark-at", has_text="not found").wait_for()
    assert page.locator("rect.found").count() == 0


def test_where_the_service_is_away_it_is_not_said_that_a_word_is_not_there(opened):
    page = opened()
    page.goto(document(page, "annual-report"))
    page.route("**/find?*", lambda route: route.fulfill(status=503, body="{}"))
    page.fill("#find-text", "electric")
    page.locator("#mark-at", has_text="This did not work.").wait_for()
    page.route("**/find?*", lambda route: route.abort())
    page.locator("#find-text").press("Enter")
    page.locator("#mark-at", has_text="This did not work.").wait_for()
    page.unroute("**/find?*")
    page.locator("#find-text").press("Enter")
    page.locator("#mark-at", has_text="1 / ").wait_for()
    assert "did not work" not in page.inner_text("#mark-at")


def test_words_are_found_in_a_text_too_across_what_is_marked_in_it(opened):
    page = opened("/?q=How+many+days+of+leave+does+a+full-time+employee+have%3F")
    href = page.locator("#prose .cite").first.get_attribute("href")
    page.goto(href)
    page.wait_for_selector("mark")
    assert page.inner_text("#mark-at").startswith("1 / ")
    words = page.locator("mark").first.inner_text().split()
    page.fill("#find-text", " ".join(words[:3]).upper())
    wait_for(lambda: page.evaluate("CSS.highlights.get('found')?.size") or 0)
    assert page.inner_text("#mark-at").startswith("1 / ")


def test_one_sees_which_page_one_is_on_and_goes_to_another(opened):
    page = opened()
    page.goto(document(page, "annual-report"))
    assert page.input_value("#page-at") == "1"
    assert f"of {page.locator('.leaf').count()}" in page.inner_text("#paging")
    page.fill("#page-at", "2")
    page.keyboard.press("Enter")
    wait_for(lambda: abs(top_of(page, "#page-2")) < 200)
    page.click("#thumbnails-open")
    page.click("#thumbnails a[data-page='1']")
    wait_for(lambda: page.input_value("#page-at") == "1")
    wait_for(lambda: page.locator("#thumbnails image[href]").count() >= 1)


def test_marks_are_on_the_thumbnails_and_pages_zoom_on_a_phone(opened):
    page = opened("/?q=How+many+buses+are+electric%3F", **PHONE)
    page.goto(page.locator("#prose .cite").first.get_attribute("href"))
    page.wait_for_selector("rect.cited")
    page.tap("#thumbnails-open")
    assert page.locator("#thumbnails li.marked a").first.get_attribute("data-page") == "2"
    before = page.locator("#page-2 svg").bounding_box()["width"]
    page.tap("#zoom-in")
    page.tap("#zoom-in")
    assert page.inner_text("#zoom-reset") == "150%"
    assert page.locator("#page-2 svg").bounding_box()["width"] > before * 1.4
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "the pages scroll, not all"
    assert page.locator("#page-2 image").get_attribute("href").endswith("width=2000")
    page.tap("#zoom-reset")
    assert page.locator("#page-2 svg").bounding_box()["width"] == before


def test_slides_are_called_slides(opened):
    page = opened("/?q=strategy+2030+goals")
    page.locator("#hits .where", has_text="slide ").first.wait_for()
    page.goto(document(page, "strategy"))
    assert "slides" in page.inner_text(".head .where")
    assert page.inner_text(".leaf-number >> nth=0").startswith("Slide 1")
    assert page.inner_text("#paging label") == "Slide"


def test_the_row_that_answers_is_marked_and_not_its_table(opened):
    page = opened("/?q=Which+bus+had+its+gearbox+replaced%3F")
    hit = page.locator("#hits a.title", has_text="fleet").first
    hit.wait_for()
    page.goto(hit.get_attribute("href"))
    page.wait_for_selector("tr.marked")
    assert page.locator("tr.marked").count() == 1
    assert "Gearbox replaced" in page.inner_text("tr.marked")


def test_tables_scroll_sideways_on_a_phone_and_no_figure_breaks(opened):
    page = opened(**PHONE)
    page.goto(document(page, "fleet"))
    page.wait_for_selector(".scroll td.figure")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    heights = page.locator(".scroll td.figure").evaluate_all(
        """cells => cells.map((cell) => {
          const range = document.createRange();
          range.selectNodeContents(cell);
          return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
        })"""
    )
    assert heights and max(heights) == 1, "each stands in one line"


@pytest.mark.sends("GET / name q source")
def test_a_document_is_asked_and_says_what_is_in_it(opened):
    page = opened()
    page.goto(document(page, "staff-handbook"))
    page.click(".inside summary")
    page.wait_for_selector("#key-sentences a")
    assert 1 < page.locator("#key-sentences a").count() <= 5
    assert page.locator(".outline a").count() > 1
    assert page.locator("text=Summarise it").count() == 0, "no model is connected"
    href = page.locator("#key-sentences a").first.get_attribute("href")
    sentence = page.inner_text("#key-sentences a >> nth=0")
    page.fill("#ask-it", "How many days of leave?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits .title")
    places = page.locator("#hits > li > .where").all_inner_texts()
    assert places and all("staff-handbook.docx" in place for place in places)
    assert "staff-handbook" in page.inner_text(".chip >> nth=-1")
    page.goto(href)
    page.wait_for_selector("mark")
    marked = " ".join(" ".join(page.locator("mark").all_inner_texts()).split())
    assert marked and (marked in sentence or sentence in marked)


def test_a_mail_and_its_attachment_lead_to_each_other(opened, tmp_path):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ada@example.org", "bo@example.org", "Pier lamps"
    mail.set_content("Dear Bo,\n\nThe list of lamps on the pier is attached.\n\nAda")
    lamps = b"The lamps on the pier are painted ochre in every second year."
    mail.add_attachment(lamps, maintype="text", subtype="plain", filename="ochre-lamps.txt")
    (tmp_path / "pier.eml").write_bytes(mail.as_bytes())
    page = opened("/documents")
    page.select_option("#upload-readers", "everyone")
    page.set_input_files("#choose", str(tmp_path / "pier.eml"))
    page.locator("#tray li .note", has_text="searchable").wait_for()
    wait_for(
        lambda: (
            page.goto("/documents?text=pier.eml") and page.locator(".ledger tbody tr").count() == 2
        )
    )
    page.goto(page.locator(".ledger tbody a").first.get_attribute("href"))
    page.click("#members a")
    page.wait_for_selector("#container a")
    assert "ochre-lamps" in page.inner_text("h1")
    page.click("#container a")
    page.wait_for_selector("#members a")
    assert page.inner_text("h1") == "Pier lamps"
    page.click(".erase summary")
    page.click("text=Erase for good")
    page.wait_for_url("**/documents")
    page.goto("/documents?text=pier.eml")
    assert page.locator(".ledger tbody tr").count() == 0, "the attachment went with its mail"
