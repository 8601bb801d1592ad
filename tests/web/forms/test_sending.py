"""One browser and one service: the forms of every page but that of sources are sent as people send them."""

import re

import pytest

from tests.parts.office import ask, press
from tests.parts.portal import PASSWORD

pytestmark = pytest.mark.real
OTHER = "seven grey geese over water"


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
    page.wait_for_function("document.activeElement.name == 'again'")  # autofocus: once it is drawn
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
