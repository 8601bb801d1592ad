"""A real browser: ask, follow a citation, see the highlight; by keyboard; streamed by a model."""

import httpx
import pytest

from tests.parts.processes import Serving, copy_samples, stop_engines

pytestmark = pytest.mark.real
NOT_ENGLISH = (
    "Protokoll-",
    "Reisekostenrichtlinie",
    "biglietti",
    "guide-accueil",
    "reglement-velos",
)
"""The samples in other languages."""
FOUND_BUT_NOT_THESE = """names => {
  const found = [...document.querySelectorAll("#hits .where")].map((where) => where.innerText);
  return found.length && !found.some((where) => names.some((name) => where.includes(name)));
}"""
"""What was found before stands there until what is found now replaces it."""


@pytest.fixture
def page(chromium, sample_server):
    context = chromium.new_context(base_url=sample_server.address, locale="en")
    opened = context.new_page()
    problems = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on(
        "console", lambda m: problems.append(m.text) if "Content Security" in m.text else None
    )
    opened.on(
        "request",
        lambda r: problems.append(r.url) if not r.url.startswith(sample_server.address) else None,
    )
    yield opened
    context.close()
    assert not problems


def test_ask_follow_a_citation_and_see_the_highlight(page):
    page.goto("/")
    page.fill("#q", "How many buses are electric?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits .title")
    page.click("#prose .cite >> nth=0")
    frame = page.frame_locator("#viewer")
    frame.locator("rect.cited").first.wait_for()
    image = frame.locator("#page-2 image")
    picture = page.request.get(image.get_attribute("href"))
    assert picture.headers["content-type"] == "image/png"
    assert "17 of which are electric" in page.inner_text("#prose")
    assert "open=" in page.url
    page.reload()
    frame.locator("rect.cited").first.wait_for()
    page.keyboard.press("Escape")
    page.wait_for_selector("#panel", state="hidden")


def test_the_conversation_so_far_stands_above_a_follow_up(page):
    page.goto("/")
    page.fill("#q", "How many buses are electric?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#prose .cite")
    page.fill("#further", "and how many drivers are there?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#thread h2")
    assert page.inner_text("#thread h2") == "How many buses are electric?"
    assert "17 of which are electric" in page.inner_text("#thread .prose")


def test_a_sheet_and_a_scan_are_highlighted_too(page):
    page.goto("/?q=Which+bus+had+its+gearbox+replaced%3F")
    page.click("#prose .cite >> nth=0")
    marks = page.frame_locator("#viewer").locator("mark")
    marks.first.wait_for()
    assert "Gearbox replaced" in " ".join(marks.all_inner_texts())
    page.goto("/?q=What+blocked+the+emergency+exit+in+Hall+2%3F")
    page.click("#prose .cite >> nth=0")
    boxes = page.frame_locator("#viewer").locator("rect.cited")
    boxes.first.wait_for()
    assert boxes.count() >= 1


def test_by_keyboard_alone(page):
    page.goto("/")
    page.keyboard.type("annual leave")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits .title")
    page.wait_for_selector("#answer[aria-busy=false]")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") == "title"
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel:not([hidden])")
    page.keyboard.press("Escape")
    page.wait_for_selector("#panel", state="hidden")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"


def test_passages_only_is_remembered(page):
    """Also where the answer was there already, and the address names it."""
    page.goto("/?q=annual+leave")
    page.wait_for_url("**a=*")
    page.check("input[value=passages]")
    page.reload()
    page.wait_for_selector("#hits .title")
    assert page.is_checked("input[value=passages]")
    assert page.is_hidden("#answer")


def test_that_nothing_comes_near_is_said_first(page):
    page.goto("/?q=What+is+the+melting+point+of+tungsten%3F")
    page.wait_for_selector("#notice:not([hidden])")
    assert "Nothing that was found comes near" in page.inner_text("#notice")


def test_that_no_model_is_connected_is_said_once_in_a_visit(page):
    page.goto("/?q=annual+leave")
    page.wait_for_selector("#notice.quietly:not([hidden])")
    assert page.locator("#notice summary").bounding_box()["height"] >= 24, "a finger meets it"
    for _ in range(2):
        page.reload()
        page.wait_for_selector("#answer[aria-busy=false] #prose .cite")
        assert page.is_hidden("#notice")


def test_passages_in_ones_own_language_alone_are_one_press_away(page):
    page.goto("/?q=leave+days")
    page.wait_for_selector(".one-language button >> text=English")
    pressed = ".one-language [aria-pressed=true]"
    assert page.inner_text(pressed) == "All languages"
    page.focus(".one-language button >> text=English")
    page.keyboard.press("Enter")
    page.wait_for_url("**language=en*")
    page.locator(pressed, has_text="English").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "English"
    page.wait_for_function(FOUND_BUT_NOT_THESE, arg=list(NOT_ENGLISH))
    page.click(".one-language button >> text=All languages")
    page.locator(pressed, has_text="All languages").wait_for()
    assert "language=" not in page.url


def test_a_quotation_in_another_language_says_so(page):
    page.goto("/?q=Wie+hoch+ist+das+Tagegeld%3F")
    card = page.locator("#source-list > li").first
    assert "German" in card.locator(".where").inner_text()
    assert card.locator(".quoted").get_attribute("lang") == "de"
    page.goto("/?q=How+many+buses+are+electric%3F")
    card = page.locator("#source-list > li").first
    assert "English" not in card.locator(".where").inner_text()


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("path", ["/", "/?q=annual+leave", "/documents", "/documents/1"])
def test_nothing_is_cut_off_at_any_width(page, width, path):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_and_light_are_remembered(page):
    page.goto("/")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    after = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.goto("/documents")
    assert before != after
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == after


def test_the_ledger_filters_and_says_why(page, sample_server):
    page.goto("/documents")
    assert "staff-handbook.docx" in page.inner_text(".ledger")
    page.fill(".filters input[name=text]", "fleet")
    page.click(".filters button")
    assert page.locator(".ledger tbody tr").count() == 1
    page.click(".ledger a")
    page.wait_for_selector(".scroll table")


@pytest.mark.slow
def test_a_real_model_streams_into_the_page(chromium, ollama, environment, tmp_path, embedder_dir):
    copy_samples(tmp_path, embedder_dir)
    model = {
        "KB_LLM__PROVIDER": "ollama",
        "KB_LLM__URL": ollama,
        "KB_LLM__CONTEXT_TOKENS": "2048",
        "KB_LLM__ANSWER_TOKENS": "48",
    }
    server = Serving(environment | model, tmp_path)
    try:
        context = chromium.new_context(base_url=server.address)
        opened = context.new_page()
        opened.goto("/?q=How+many+days+of+leave+does+a+full-time+employee+have%3F")
        opened.wait_for_selector("#prose.streaming")
        opened.wait_for_selector("#answer[aria-busy=false]")
        if not opened.is_visible("#notice"):
            assert opened.inner_text("#prose").strip()
            assert "smol" in opened.inner_text("#meta")
        context.close()
        assert httpx.get(server.address + "/ready", trust_env=False).status_code == 200
    finally:
        server.stop()
        stop_engines(tmp_path / "data")


@pytest.mark.case("N13")
def test_files_are_handed_in_found_and_erased(page, tmp_path):
    """The page asks who may read them."""
    notes = tmp_path / "lamp notes.txt"
    notes.write_text("The harbour lamps are painted violet every seventh year.")
    page.goto("/documents")
    assert page.locator("#tray li").count() == 0
    page.set_input_files("#choose", str(notes))
    assert page.locator("#tray li").count() == 0, (
        "nothing is sent before it is said who may read it"
    )
    page.select_option("#upload-readers", "everyone")
    page.locator("#tray li .note", has_text="searchable").wait_for()
    page.goto("/?q=harbour+lamps+violet")
    page.wait_for_selector("#hits .title")
    assert "lamp notes" in page.inner_text("#hits")
    page.goto("/documents?text=lamp+notes")
    page.click(".ledger tbody a >> nth=0")
    page.click(".erase summary")
    page.click("text=Erase for good")
    page.wait_for_url("**/documents")
    page.goto("/documents?text=lamp+notes")
    page.wait_for_selector(".empty")


def test_a_folder_is_looked_at_while_its_path_is_typed(page, tmp_path):
    (tmp_path / "a.txt").write_text("words")
    page.goto("/sources")
    page.fill("#add input[name=path]", str(tmp_path))
    page.locator(".look", has_text="1 file (1 txt)").wait_for()
    page.fill("#add input[name=path]", "/nowhere/at/all")
    page.locator(".look.bad", has_text="no folder").wait_for()
    assert page.locator(".look", has_text="1 file (").count() == 0


@pytest.mark.slow
def test_a_folder_is_added_paused_and_removed_with_the_mouse(page, tmp_path):
    """Forms: what a browser sends with them is let in."""
    folder = tmp_path / "press releases"
    folder.mkdir()
    (folder / "a.txt").write_text("The lighthouse opens on Sundays.")
    page.goto("/sources")
    page.fill("#add input[name=path]", str(folder))
    page.fill("#add input[name=name]", "press")
    page.click("text=Follow and read")
    card = page.locator("[data-source=press]")
    card.get_by_text("1 file in the folder; 1 document read").wait_for()
    card.get_by_role("button", name="Pause").click()
    card.get_by_text("paused", exact=True).wait_for()
    card.get_by_role("link", name="Remove").click()
    page.fill("input[name=confirm]", "press")
    page.locator(".ask-first button").click()
    card.wait_for(state="detached")
    assert page.locator("[data-source=press]").count() == 0


def test_the_language_is_chosen_with_the_mouse(page):
    for code, heading in (("de", "Dokumente"), ("fr", "Documents"), ("es", "Documentos")):
        page.goto("/documents")
        page.click(".menu summary")
        page.click(f"button[value={code}]")
        page.get_by_role("heading", name=heading, exact=True).wait_for()
        assert page.get_attribute("html", "lang") == code


def test_earlier_editions_fold_out_beneath_the_newest(page, tmp_path):
    """Each with its year; the newest is what is shown and answered from."""
    page.goto("/documents")
    page.select_option("#upload-readers", "everyone")
    for year, fee in ((2023, 24), (2024, 26), (2025, 28)):
        policy = tmp_path / f"Kayak policy {year}.txt"
        policy.write_text(
            f"Kayak policy {year}\n\nThe daily kayak fee for members of the rowing club is {fee} euros. "
            "It is paid with the dues of the next month, when the paddles have been handed in."
        )
        page.set_input_files("#choose", str(policy))
        page.locator("#tray li", has_text=policy.name).locator(".note").get_by_text(
            "search"
        ).wait_for()
    page.goto("/?q=What+is+the+daily+kayak+fee+for+members%3F")
    page.locator("#prose", has_text="28 euros").wait_for()
    hit = page.locator("#hits > li", has_text="Kayak policy")
    assert hit.count() == 1
    assert "2025" in hit.locator(".title").inner_text()
    told = hit.locator("details.editions")
    assert told.locator("summary").inner_text() == "Earlier: 2024, 2023"
    assert told.locator(".other").first.is_hidden()
    told.locator("summary").press("Enter")
    former, first = told.locator(".other").all_inner_texts()
    assert "26 euros" in former
    assert "24 euros" in first
    told.locator(".other a").nth(1).click()
    page.frame_locator("#viewer").locator("body", has_text="24 euros").wait_for()
    for _ in range(3):
        page.goto("/documents?text=Kayak+policy")
        page.click(".ledger tbody a >> nth=0")
        page.click(".erase summary")
        page.click("text=Erase for good")
        page.wait_for_url("**/documents")
    page.goto("/documents?text=Kayak+policy")
    page.wait_for_selector(".empty")
