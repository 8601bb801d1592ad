"""The page of an answer in a real browser, written by a model that does what models do."""

import re
import os
from pathlib import Path

import pytest

from tests.parts.fake_models import FakeOllama, Says
from tests.parts.processes import serving_samples

pytestmark = pytest.mark.real

ASKED = "/?q=How+many+days+of+leave+does+a+full-time+employee+have%3F"
TRUE = "Every full-time employee has 28 days of paid leave a year [1]."
FORMED = [
    "## Leave\n\nHere is what the ", "documents say:\n\n", f"- **{TRUE[:24]}**{TRUE[24:]}\n",
    "- Everybody gets 99 days in the moon base [2].\n\n",
    "| Kind | Days |\n|---|---|\n", "| Full-time employee | 28 days of paid leave |\n\n",
    "```sh\nkb serve\n```\n\n", "1. Ask in writing.\n2. Wait.\n\n", "> Wait for the answer.\n\n",
    "See [here](https://evil.example/x?secret=1) <img src=x onerror=alert(1)> and evil.example/y.",
]  # fmt: skip
SHOTS = os.environ.get("KB_TEST_SHOTS")


@pytest.fixture(scope="module")
def model():
    with FakeOllama(Says([TRUE])) as fake:
        yield fake


@pytest.fixture(scope="module")
def server(model, tmp_path_factory, embedder_dir):
    base = tmp_path_factory.mktemp("answers")
    with serving_samples(base, embedder_dir, **model.env) as running:
        yield running


@pytest.fixture
def opened(chromium, server, request):
    """Opens a page, whose context may be given; nothing is ever asked of another machine."""
    problems, contexts = [], []

    def open_page(path=ASKED, *, wait=True, **context):
        made = chromium.new_context(base_url=server.address, locale="en", **context)
        contexts.append(made)
        page = made.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.on(
            "request",
            lambda r: problems.append(r.url) if not r.url.startswith(server.address) else None,
        )
        page.goto(path)
        if wait:
            page.wait_for_selector("#prose > :first-child")
            page.wait_for_selector("#answer[aria-busy=false]")
        return page

    yield open_page
    for made in contexts:
        made.close()
    assert not problems


def shot(page, name):
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("desktop", {"viewport": {"width": 1440, "height": 900}}),
        ("dark", {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"}),
        ("phone", {"viewport": {"width": 390, "height": 844}, "has_touch": True}),
        ("narrow", {"viewport": {"width": 320, "height": 700}}),
    ],
)
def test_every_form_is_shown_and_nothing_of_the_models_is_live(opened, model, name, context):
    model.says = Says(FORMED)
    page = opened(**context)
    shot(page, name)
    prose = page.locator("#prose")
    for tag in ("h4", "ul > li", "strong", "table td", "pre code", "ol > li", "blockquote"):
        assert prose.locator(tag).count(), tag
    assert prose.locator("img").count() == 0
    links = prose.locator("a").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
    assert links and all(link.startswith("/documents/") for link in links)
    assert "evil" not in prose.inner_text()
    assert "**" not in prose.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= context["viewport"]["width"]


def test_the_verdict_is_in_words_and_the_false_sentence_is_marked_in_place(opened, model):
    model.says = Says([TRUE, " Everybody gets 99 days in the moon base [1]."])
    page = opened()
    assert page.inner_text("#said") == "1 of 2 sentences are in the documents."
    doubted = page.locator(".sentence.unsupported")
    assert doubted.inner_text() == "Everybody gets 99 days in the moon base."
    assert (
        page.locator(".sentence.unsupported + .doubt").inner_text() == "not found in the documents"
    )
    assert page.locator("#prose .cite").count() == 1


def test_sources_are_cards_and_one_page_has_one_number(opened, model):
    model.says = Says([TRUE, " ", TRUE.replace("Every", "A")])
    page = opened()
    assert page.locator("#prose .cite").all_inner_texts() == ["1", "1"]
    [card] = page.locator("#source-list > li").all()
    assert "28 days" in card.locator("mark").inner_text()
    assert card.locator("a.title").inner_text()
    assert card.locator(".kind").inner_text().lower() == "docx"
    marker = page.locator("#prose .cite").first
    marker.focus()
    page.wait_for_selector("#card:not([hidden])")
    assert "28 days" in page.inner_text("#card mark")
    assert page.locator("#card .quoted").inner_text() != page.inner_text("#card mark"), "in context"
    shot(page, "card")
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel:not([hidden])")


def test_the_first_touch_shows_the_card_and_the_second_opens_the_document(opened, model):
    model.says = Says([TRUE])
    page = opened(viewport={"width": 390, "height": 844}, has_touch=True)
    marker = page.locator("#prose .cite").first
    marker.tap()
    page.wait_for_selector("#card:not([hidden])")
    assert page.is_hidden("#panel")
    shot(page, "touched")
    marker.tap()
    page.wait_for_selector("#panel:not([hidden])")


def test_a_model_that_thinks_says_so_while_it_does(opened, model):
    model.says = Says([TRUE], thoughts=["zebra"] * 24, pause=0.25)
    page = opened(wait=False)
    page.locator("#meta", has_text="Thinking").wait_for()
    page.locator("#meta [role=timer]", has_text=re.compile(r"[1-9]\d* s")).wait_for()
    shot(page, "thinking")
    page.wait_for_selector("#answer[aria-busy=false]")
    page.wait_for_selector("#prose .cite")
    assert "zebra" not in page.content()
    assert "Thinking" not in page.inner_text("#meta")


def test_an_answer_that_streams_has_its_form_already(opened, model):
    model.says = Says(FORMED, pause=0.6)
    page = opened(wait=False)
    page.wait_for_selector("#prose.streaming ul strong")
    page.wait_for_selector("#prose.streaming table td")
    assert "##" not in page.inner_text("#prose")
    shot(page, "streaming")
    page.wait_for_selector("#answer[aria-busy=false]")


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (Says([], thoughts=["zebra"] * 3, reason="length"), "tokens thinking"),
        (Says([" "]), "wrote nothing"),
    ],
)
def test_a_model_that_says_nothing_says_why(opened, model, says, told):
    model.says = says
    page = opened()
    assert told in page.inner_text("#notice")
    assert "28 days" in page.inner_text("#prose"), "the documents' own words instead"
    shot(page, f"nothing-{told.split()[0]}")


def test_an_answer_that_breaks_off_says_so(opened, model):
    model.says = Says(["Every full-time "], reason="")
    page = opened()
    assert "broke off" in page.inner_text("#notice")


def test_a_reload_and_a_receipt_show_the_same_form(opened, model):
    model.says = Says(FORMED)
    page = opened()
    before = page.inner_text("#prose")
    asked = len(model.asked)
    page.reload()
    page.wait_for_selector("#prose table td")
    assert page.inner_text("#prose") == before
    assert len(model.asked) == asked
    page.click("#meta a")
    page.wait_for_selector(".prose table td")
    assert page.locator(".prose .doubt").count() >= 1
    assert page.locator(".prose img").count() == 0
    shot(page, "receipt")


def test_blocks_with_nothing_in_them_are_shown_too(opened, model):
    model.says = Says(
        [
            f"{TRUE}\n\n```\n```\n\n#\n\n-\n- One\n\n>\n\n| |\n|---|\n\n| |\n|---|\n| |\n\nIt ends here."
        ]
    )
    page = opened()
    assert page.inner_text("#prose").endswith("not found in the documents")
    assert page.locator("#prose pre").count() == 1
    page.click("#meta a")
    page.wait_for_selector(".prose pre")
    assert "It ends here." in page.inner_text(".prose")


WITHOUT_TLS = "Object.defineProperty(navigator, 'clipboard', {value: undefined})"


def test_where_a_page_came_without_tls_a_copy_is_made_too(opened, model):
    """Browsers offer navigator.clipboard to this machine and over HTTPS alone."""
    model.says = Says(FORMED)
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    reading = page.context.new_page()
    reading.goto("/conversations")
    page.bring_to_front()
    page.evaluate(WITHOUT_TLS)
    page.click("#copy-markdown")
    page.locator("#copy-markdown", has_text="Copied").wait_for()
    assert page.evaluate("document.activeElement.id") == "copy-markdown"
    reading.bring_to_front()
    assert reading.evaluate("navigator.clipboard.readText()").startswith("## Leave")


def test_a_copy_is_plain_or_markdown_with_the_sources_once_each(opened, model):
    model.says = Says(FORMED)
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    page.click("#copy-markdown")
    page.locator("#copy-markdown", has_text="Copied").wait_for()
    markdown = page.evaluate("navigator.clipboard.readText()")
    assert markdown.startswith("## Leave")
    assert "| Kind | Days |" in markdown
    assert "evil" not in markdown
    page.click("#copy")
    page.locator("#copy", has_text="Copied").wait_for()
    plain = page.evaluate("navigator.clipboard.readText()")
    assert plain.startswith("Leave")
    assert "**" not in plain and "Kind: Full-time employee; Days: 28" in plain
    assert plain.count("\n[1] ") == 1


def test_a_cut_answer_says_so_and_goes_on_to_its_end(opened, model):
    model.says = Says([TRUE, " In addition the foll"], reason="length")
    page = opened()
    assert "is cut" in page.inner_text("#notice")
    shot(page, "cut")
    first = page.url
    model.says = Says(["Half a day is given on Sundays."])
    page.get_by_role("button", name="Go on").click()
    page.locator("#prose", has_text="Half a day").wait_for()
    page.wait_for_selector("#answer[aria-busy=false]")
    assert page.inner_text("#prose").startswith(TRUE[:40])
    assert "In addition" not in page.inner_text("#prose")
    assert page.is_hidden("#notice")
    said = model.asked[-1]["messages"]
    assert [m["role"] for m in said] == ["system", "user", "assistant", "user"]
    assert said[2]["content"].startswith(TRUE[:40])
    assert page.url != first, "it is another answer, and the cut one is gone"
    page.reload()
    page.wait_for_selector("#prose .cite")
    assert page.locator("#thread li").count() == 0


def test_a_stopped_answer_is_kept_as_far_as_it_came_and_goes_on(opened, model):
    model.says = Says([TRUE, *[" More"] * 300], pause=0.2)
    page = opened(wait=False)
    page.wait_for_selector("#prose.streaming p")
    page.click("#stop")
    page.wait_for_selector("#prose .cite")
    assert "You stopped this answer" in page.inner_text("#notice")
    assert page.is_visible("#follow") and page.is_visible("#again")
    kept = page.inner_text("#prose")
    assert kept.startswith(TRUE[:40])
    page.reload()
    page.wait_for_selector("#prose .cite")
    assert page.inner_text("#prose") == kept
    model.says = Says(["Half a day is given on Sundays."])
    page.get_by_role("button", name="Go on").click()
    page.locator("#prose", has_text="Half a day").wait_for()


def test_an_answer_stopped_before_its_first_word_leaves_the_box(opened, model):
    model.says = Says([TRUE], pause=30)
    page = opened(wait=False)
    page.wait_for_selector("#stop:not([hidden])")
    page.wait_for_selector("#hits .title")
    page.click("#stop")
    page.wait_for_selector("#follow:not([hidden])")
    assert page.inner_text("#meta") == "Stopped."


def test_a_document_is_summarised_from_all_of_it(opened, model):
    model.says = Says([TRUE, " In addition the foll"], reason="length")
    page = opened("/documents?text=staff-handbook", wait=False)
    page.goto(page.locator(".ledger tbody a").first.get_attribute("href"))
    page.click(".inside summary")
    page.click("text=Summarise it")
    page.wait_for_selector("#prose .cite")
    assert page.inner_text("#asked").startswith("Summarise")
    assert "about=" not in page.url
    sent = model.asked[-1]["messages"][-1]["content"]
    assert sent.count("Staff Handbook") > 5 and "Annual Report" not in sent
    places = page.locator("#hits > li > .where").all_inner_texts()
    assert places and all("staff-handbook.docx" in place for place in places)
    model.says = Says(["Half a day is given on Sundays."])
    page.get_by_role("button", name="Go on").click()
    page.locator("#prose", has_text="Half a day").wait_for()
    assert model.asked[-1]["messages"][1]["content"] == sent, "from the same document alone"
