"""An evaluation is started in the page, and two are laid side by side, in a real browser."""

import httpx
import pytest

pytestmark = [pytest.mark.real, pytest.mark.slow]
QUESTIONS = ("How many buses are electric?", "What blocked the emergency exit in Hall 2?")


def test_an_evaluation_is_started_by_keyboard_and_compared_by_the_same_questions(
    chromium, sample_server
):
    with httpx.Client(base_url=sample_server.address, timeout=600, trust_env=False) as web:
        for question in QUESTIONS:
            hits = web.get("/api/v1/search", params={"q": question}).json()["hits"]
            judged = {"question": question, "passage_id": hits[0]["passage_id"]}
            assert web.post("/api/v1/questions", json=judged).status_code == 204
    context = chromium.new_context(base_url=sample_server.address, locale="en")
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    for drawn in ("", "1"):
        page.goto("/evaluation")
        page.select_option("#start select", "own")
        page.fill("#start input[name=drawn]", drawn)
        page.keyboard.press("Enter")
        page.wait_for_selector("#asked progress")
        page.wait_for_selector("#asked", state="detached")
    page.goto("/evaluation")
    assert page.locator(".ledger tbody tr").count() == 2
    for box in page.locator(".ledger input[type=checkbox]").all():
        box.check()
    page.click("text=Lay two side by side")
    assert "Compared are the 1 that both asked: before of 2, after of 1" in page.inner_text(
        "#common"
    )
    assert page.locator("tbody tr", has_text="page hit@1").locator("td").first.inner_text() == "1"
    assert page.locator("td", has_text="…").count() >= 1, "the interval of the difference"
    context.close()
    assert not problems


@pytest.mark.sends("POST /evaluation", "POST /evaluation stop")
def test_an_evaluation_is_stopped_in_the_page(chromium, sample_server):
    context = chromium.new_context(base_url=sample_server.address, locale="en")
    page = context.new_page()
    page.goto("/evaluation")
    page.select_option("#start select", "samples")
    page.click("#start button")
    page.click("#asked button")
    page.locator("#asked", has_text="It was stopped.").wait_for()
    assert page.is_visible("#start"), "another may be started"
    context.close()
