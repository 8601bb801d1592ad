"""The pages of the three bands, and of a pinned answer, in a real browser."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.real
SHOTS = os.environ.get("KB_TEST_SHOTS")
MAY = "How much holiday am I entitled to?"
FAR = "What is the melting point of tungsten?"
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


@pytest.fixture
def opened(chromium, sample_server):
    problems, contexts = [], []

    def open_page(**context):
        made = chromium.new_context(base_url=sample_server.address, **{"locale": "en"} | context)
        contexts.append(made)
        page = made.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield open_page
    for made in contexts:
        made.close()
    assert not problems


def asked(page, question, name=""):
    page.goto("/")
    page.fill("#q", question)
    page.keyboard.press("Enter")
    page.wait_for_url("**a=*")
    page.wait_for_selector("#hits .title")
    if SHOTS and name:
        page.screenshot(path=Path(SHOTS) / f"band-{name}.png", full_page=True)
    assert "documents do not say" not in page.inner_text("main").lower()
    return page


@pytest.mark.parametrize(
    ("name", "context"),
    [("desktop", DESKTOP), ("phone", PHONE), ("dark", DESKTOP | {"color_scheme": "dark"})],
)
def test_what_may_answer_and_what_is_far_have_words_of_their_own(opened, name, context):
    page = asked(opened(**context), MAY, f"may-{name}")
    assert page.is_visible("#notice")
    assert page.inner_text("#notice") == "What comes nearest; it may not answer the question."
    assert "28 days" in page.inner_text("#prose")
    assert page.locator("#source-list > li").count() >= 1
    asked(page, FAR, f"far-{name}")
    assert page.inner_text("#notice") == "Nothing that was found comes near the question."
    assert page.inner_text("#prose") == ""
    assert page.locator("#hits .title").count() > 0, "what is least far is there to look at"
    assert page.evaluate("document.documentElement.scrollWidth") <= context["viewport"]["width"]


def test_the_words_are_in_the_readers_language(opened):
    page = asked(opened(locale="de"), MAY)
    assert "vielleicht beantwortet es die Frage nicht" in page.inner_text("#notice")


def test_a_pinned_answer_takes_the_place_of_all_others_and_stands_once(opened):
    page = asked(opened(**DESKTOP), MAY)
    page.locator("#hits button", has_text="Pin").first.click()
    page.fill("#hits textarea", "28 days; ask Mary for more.")
    page.locator("#hits .comment button").click()
    page.locator("#hits .note[role=status]").wait_for()
    asked(page, MAY, "pinned")
    assert page.inner_text("#prose").startswith("28 days; ask Mary for more.")
    assert "has pinned this answer to the question" in page.inner_text("#notice")
    page.locator("#pinned .pinned").wait_for(state="detached")
    assert page.is_hidden("#said"), "nobody has judged the sentence"
    asked(page, "How many days of holiday am I entitled to?", "pinned-alike")
    assert "a question like yours" in page.inner_text("#notice")
    asked(page, FAR)
    assert page.inner_text("#notice") == "Nothing that was found comes near the question."
    for pin in page.request.get("/api/v1/pins", params={"q": MAY}).json()["pins"]:
        page.goto("/glossary")
        page.locator(f"button[name=number][value='{pin['id']}']").last.click()
    page.wait_for_selector("h1")
    assert page.request.get("/api/v1/pins", params={"q": MAY}).json() == {"pins": []}
