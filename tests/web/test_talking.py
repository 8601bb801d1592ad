"""Conversations that go on, in a real browser: opened, asked again, changed, found, taken along."""

import re

import pytest

from tests.parts.processes import wait_for

pytestmark = pytest.mark.real
BUSES, DRIVERS = "How many buses are electric?", "and how many drivers are there?"
FOCUSED = "document.activeElement.id"


@pytest.fixture
def page(opened):
    return opened()


def answered(page) -> None:
    page.wait_for_selector("#answer[aria-busy=false]", state="attached")
    page.wait_for_selector("#follow:not([hidden])")


def ask(page, question) -> str:
    """The conversation that it begins."""
    page.goto("/")
    page.fill("#q", question)
    page.keyboard.press("Enter")
    page.wait_for_url("**c=*")
    answered(page)
    return re.search(r"c=(\w+)", page.url).group(1)


def test_a_conversation_opened_from_the_list_goes_on_by_keyboard(page):
    number = ask(page, BUSES)
    page.goto("/conversations")
    page.locator(".ledger tbody a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#prose .cite")
    assert "17 of which are electric" in page.inner_text("#prose")
    wait_for(lambda: page.evaluate(FOCUSED) == "further")
    page.keyboard.type(DRIVERS)
    page.keyboard.press("Enter")
    page.wait_for_selector("#thread h2")
    answered(page)
    assert f"c={number}" in page.url, "it is the same conversation"
    page.goto(f"/?c={number}")
    page.wait_for_selector("#thread h2")
    assert page.locator("#thread h2").all_inner_texts() == [BUSES]
    assert page.inner_text("#asked") == DRIVERS


def test_each_question_is_asked_again_or_changed(page):
    number = ask(page, BUSES)
    page.click("#again")
    page.wait_for_selector("#thread h2")
    answered(page)
    assert page.inner_text("#asked") == BUSES
    page.locator("#thread").get_by_role("button", name="Change the question").click()
    assert page.input_value("#further") == BUSES
    assert page.inner_text("#changing-what") == BUSES
    changed = BUSES.replace("electric", "hybrid")
    page.fill("#further", changed)
    page.keyboard.press("Enter")
    page.locator("#asked", has_text=changed).wait_for()
    answered(page)
    assert page.is_hidden("#changing")
    turns = page.request.get(f"/api/v1/conversations/{number}").json()["turns"]
    assert [turn["question"] for turn in turns] == [BUSES, BUSES, changed]


def test_anothers_or_a_lost_answers_address_asks_the_question(page):
    """As it is with an answer of somebody else: nothing of it is there for who opens it."""
    page.goto(f"/?q={BUSES.replace(' ', '+')}&a={'0' * 32}&c={'1' * 32}")
    page.wait_for_selector("#prose .cite")
    answered(page)
    assert "17 of which are electric" in page.inner_text("#prose")
    if page.is_visible("#notice"):
        assert "did not work" not in page.inner_text("#notice")
    assert "0" * 32 not in page.url and "1" * 32 not in page.url


@pytest.mark.sends("POST /conversations/{} action", "GET /conversations text")
def test_a_conversation_is_found_renamed_shared_and_taken_along(page):
    number = ask(page, "What blocked the emergency exit in Hall 2?")
    page.click("#talk-share")
    page.click("text=Share it")
    page.wait_for_selector("#address")
    assert page.input_value("#address").endswith(f"/conversations/{number}")
    page.click("text=End sharing")
    page.wait_for_selector("#address", state="detached")
    page.goto(f"/conversations?edit={number}")
    page.fill("#title", "Blocked exits")
    page.keyboard.press("Enter")
    page.locator(".ledger a", has_text="Blocked exits").first.wait_for()
    page.fill("input[name=text]", "EXITS blocked hall")
    page.keyboard.press("Enter")
    page.wait_for_url("**text=*")
    assert page.locator(".ledger tbody tr").count() == 1
    page.fill("input[name=text]", "no such words")
    page.keyboard.press("Enter")
    page.wait_for_selector(".empty")
    page.goto(f"/conversations/{number}")
    for label, end in (("Word file", ".docx"), ("Markdown file", ".md")):
        with page.expect_download() as taken:
            page.get_by_role("link", name=label).click()
        assert taken.value.suggested_filename == f"Blocked exits{end}"
    page.click("text=Go on with it")
    page.wait_for_selector("#follow:not([hidden])")
