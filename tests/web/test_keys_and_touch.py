"""The pages by keyboard alone, and by a finger on a phone: in a real browser."""

import pytest

from tests.parts.processes import wait_for

pytestmark = pytest.mark.real
ASKED = "/?q=How+many+days+of+leave+does+a+full-time+employee+have%3F"
FOCUSED = "document.activeElement.id"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LEAST = 44
PAGES = (
    "/", ASKED, "/documents", "/documents?state=failed", "/documents/1", "/documents/3", "/sources",
    "/sources?edit=samples", "/sources?remove=samples", "/source/samples", "/conversations", "/review",
    "/evaluation", "/evaluation/questions", "/administration", "/people", "/audit", "/glossary",
    "/account", "/models", "/no-such-page",
)  # fmt: skip
SMALL = """least => {
  const chosen = "a[href], button, summary, select, input:not([type=hidden]), textarea, label.button";
  const alone = (link) => {  // a link among words may be as high as they are
    if (getComputedStyle(link).display !== "inline") return true;
    const around = link.closest("p, li, td, dd, blockquote, div");
    return !around || around.textContent.trim() === link.textContent.trim();
  };
  const sizes = (target) => {  // what is drawn, and what a finger may meet around it
    const box = target.getBoundingClientRect(), more = getComputedStyle(target, "::after");
    const also = more.content === "none" ? [0, 0] : [more.width, more.height].map((n) => parseFloat(n) || 0);
    return [Math.max(box.width, also[0]), Math.max(box.height, also[1])];
  };
  const found = [];
  for (const one of document.querySelectorAll(chosen)) {
    if (!one.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (one.closest(".hidden, .skip") || (one.matches("a") && !alone(one))) continue;
    const target = one.matches("[type=radio], [type=checkbox]") ? one.closest("label") ?? one : one;
    if (Math.min(...sizes(target)) < least - 0.5) {
      found.push(`${one.tagName} ${one.className} ${one.id} ${one.textContent.trim()} ${sizes(target)}`);
    }
  }
  return found;
}"""


def test_the_focus_follows_what_is_asked_and_opened(opened):
    page = opened()
    page.keyboard.type("annual leave")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits .title")
    assert page.evaluate(FOCUSED) == "answer"
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") == "title"
    first = page.evaluate("document.activeElement.href")
    page.keyboard.press("Enter")
    wait_for(lambda: page.evaluate(FOCUSED) == "viewer")
    page.frame_locator("#viewer").locator("mark, .cited").first.wait_for()
    page.keyboard.press("Escape")
    page.wait_for_selector("#panel", state="hidden")
    assert page.evaluate("document.activeElement.href") == first
    page.keyboard.press("Enter")
    wait_for(lambda: page.evaluate(FOCUSED) == "viewer")
    page.frame_locator("#viewer").locator("mark, .cited").first.wait_for()
    page.keyboard.press("j")
    wait_for(lambda: page.evaluate("document.activeElement.className") == "title")
    assert page.evaluate("document.activeElement.href") != first, "the next one, from the viewer"


def test_passages_alone_have_the_focus_too_and_a_further_question_moves_it(opened):
    page = opened()
    page.check("input[value=passages]")
    page.fill("#q", "annual leave")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits .title")
    assert page.evaluate(FOCUSED) == "passages"
    page.check("input[value=answer]")
    page.wait_for_selector("#prose .cite")
    page.fill("#further", "and for part-time staff?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#thread h2")
    assert page.evaluate(FOCUSED) == "answer"


def test_esc_leaves_the_box_and_erases_nothing(opened):
    page = opened()
    page.keyboard.type("annual leave")
    page.keyboard.press("Escape")
    assert page.input_value("#q") == "annual leave"
    assert page.evaluate(FOCUSED) != "q"
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits .title")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert page.evaluate(FOCUSED) == "answer"
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") == "title"
    page.goto("/documents")
    page.fill(".filters input[name=text]", "fleet")
    page.keyboard.press("Escape")
    assert page.input_value(".filters input[name=text]") == "fleet"


@pytest.mark.slow
def test_every_target_is_large_enough_for_a_finger(opened):
    page = opened(**PHONE)
    small = {}
    for path in PAGES:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        small[path] = page.evaluate(SMALL, LEAST)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.goto(ASKED)
    page.wait_for_selector("#prose .cite")
    for button in ("#nav-open", "#fold", "#syntax-open"):
        page.tap(button)
    page.wait_for_selector("#facets summary")
    small["opened"] = page.evaluate(SMALL, LEAST)
    assert {path: found for path, found in small.items() if found} == {}


def test_on_a_phone_the_answer_comes_first_and_the_rest_folds_away(opened):
    page = opened(ASKED, **PHONE)
    page.wait_for_selector("#prose .cite")
    page.wait_for_selector("#facets summary", state="attached")
    box = page.locator("#prose .cite").first.bounding_box()
    assert box["y"] < 844 / 2, "the first sentence is in sight, with half a page to spare"
    assert page.locator("#sources").bounding_box()["y"] > page.locator("#prose").bounding_box()["y"]
    assert page.is_hidden("#nav")
    assert page.is_hidden("#facets summary >> nth=0")
    page.tap("#fold")
    page.tap("#facets summary >> nth=0")
    page.locator("#facets details[open] button").first.tap()
    page.wait_for_selector("#facets .chip")
    page.tap("#fold")
    page.wait_for_selector("#facets summary >> nth=0", state="hidden")
    assert page.is_visible("#facets .chip"), "what was chosen stays in sight"
    page.tap("#nav-open")
    assert page.get_attribute("#nav-open", "aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert page.is_hidden("#nav")
    assert page.evaluate(FOCUSED) == "nav-open"
    page.tap("#nav-open")
    page.tap("#nav a[href='/documents']")
    page.wait_for_url("**/documents")
    page.set_viewport_size({"width": 1000, "height": 800})
    assert page.is_hidden("#nav"), "its words would break"
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.is_visible("#nav")
    assert page.is_hidden("#nav-open")


@pytest.mark.parametrize("path", ["/no-such-page", "/documents/nothing", "/documents/99999"])
def test_a_page_that_is_not_there_has_the_navigation(opened, path):
    page = opened(path)
    assert page.inner_text("h1") == "Not found"
    assert "nothing at this address" in page.inner_text(".lead")
    page.click("#nav a[href='/documents']")
    page.wait_for_url("**/documents")


def test_marks_that_overlap_are_no_darker_than_one(opened):
    """The marks of a page are as one: what is on top of another shows no more."""
    page = opened("/?q=How+many+buses+are+electric%3F")
    page.click("#prose .cite >> nth=0")
    frame = page.frame_locator("#viewer")
    mark = frame.locator("rect.cited").first
    mark.wait_for()
    look = "one => [getComputedStyle(one).fillOpacity, getComputedStyle(one.parentNode).opacity]"
    own, shared = mark.evaluate(look)
    assert float(own) == 1
    assert float(shared) < 0.5


def test_nothing_found_is_said_once(opened):
    page = opened("/?q=leave+name%3Anowhere")
    page.locator("#hits .empty", has_text="No passage was found").wait_for()
    page.wait_for_selector("#answer[aria-busy=false]", state="attached")
    assert "do not say" not in page.inner_text("main")
    page.route("**/api/v1/ask", lambda route: route.abort())
    page.fill("#q", "pay name:nowhere")
    page.keyboard.press("Enter")
    page.locator("#notice", has_text="This did not work").wait_for()
    page.route("**/api/v1/search?**", lambda route: route.abort())
    page.fill("#q", "annual leave")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hits li", state="detached")
    assert page.is_visible("#notice")
