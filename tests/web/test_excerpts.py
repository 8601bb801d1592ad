"""What a hit shows of its passage, in a real browser: by the page's own script."""

from urllib.parse import urlencode

import pytest

from kb.text import words
from tests.parts.processes import wait_for

pytestmark = pytest.mark.real
EXCERPT = """async ([text, question]) => {
  const { marked } = await import("/static/excerpt.js");
  const made = marked(text, question);
  return [made.textContent, [...made.querySelectorAll("b")].map((b) => b.textContent)];
}"""
ROW = """async ([text, question]) => {
  const { rowOf } = await import("/static/excerpt.js");
  return rowOf(text, question);
}"""
PHONE = {"viewport": {"width": 390, "height": 844}}
SHOWN = """([name, sentence]) => {  // whether all of a sentence stands within the lines that are seen
  const named = [...document.querySelectorAll("#hits > li")].filter((li) =>
    li.querySelector(".where").textContent.includes(name));
  const [paragraph] = named.map((li) => li.querySelector(".text"));
  const at = paragraph?.textContent.indexOf(sentence) ?? -1;
  if (at < 0) return false;
  const range = document.createRange(), walk = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
  let passed = 0;
  for (let node = walk.nextNode(); node; passed += node.length, node = walk.nextNode()) {
    const inside = (place) => place >= passed && place <= passed + node.length;
    if (inside(at) && at < passed + node.length) range.setStart(node, at - passed);
    if (inside(at + sentence.length)) { range.setEnd(node, at + sentence.length - passed); break; }
  }
  const { bottom } = paragraph.getBoundingClientRect();
  return [...range.getClientRects()].every((line) => line.bottom <= bottom + 1);
}"""
EXCERPTS = (
    """() => [...document.querySelectorAll("#hits > li > .text")].map((one) => one.textContent)"""
)
HEIGHTS = (
    """() => [...document.querySelectorAll("#hits > li > .text")].map((one) => one.offsetHeight)"""
)
LONG = (
    "Annual leave\nThe office is closed between Christmas and New Year. "
    + "Requests go to the head of the department in writing. " * 6
    + "Every full-time employee has 28 days of paid leave. Part-time staff have less. "
    + "The list is kept by the personnel office. " * 8
)


@pytest.fixture
def excerpt(chromium, sample_server):
    context = chromium.new_context(base_url=sample_server.address)
    page = context.new_page()
    page.goto("/")
    yield lambda text, question: page.evaluate(EXCERPT, [text, question])
    context.close()


def test_it_begins_at_the_sentence_that_has_most_of_the_question(excerpt):
    shown, marks = excerpt(LONG, "How many days of leave does a full-time employee have?")
    assert shown.startswith("… Every full-time employee has 28 days of paid leave.")
    assert {"days", "leave", "employee"} <= set(marks)
    assert len(shown) <= 430


def test_content_words_alone_are_marked(excerpt):
    _, marks = excerpt(
        "How the bus does its rounds, and how many there are.", "How many does the bus have?"
    )
    assert marks == ["bus"]
    _, marks = excerpt(
        "Die Höhe der Reisekosten ist in der Tabelle.", "Wie ist die Höhe der Reisekosten?"
    )
    assert marks == ["Höhe", "Reisekosten"]
    _, marks = excerpt("The café of LT-112 opens at 7.", "When does the cafe of LT-112 open at 7?")
    assert marks == ["café", "LT", "112", "opens", "7"]


def test_what_ends_a_passage_is_shown_with_what_is_before(excerpt):
    text = "The north hall is cold in winter. It is painted every ten years. Doors close at six."
    shown, marks = excerpt(text, "When do the doors close?")
    assert shown == text, "a line alone would leave empty space below"
    assert marks == ["Doors", "close"]


def test_a_passage_without_a_word_of_the_question_is_shown_from_its_beginning(excerpt):
    shown, marks = excerpt(LONG, "melting point of tungsten")
    assert shown.startswith("Annual leave The office is closed")
    assert marks == []


def test_the_page_knows_the_words_that_carry_no_meaning(excerpt):
    for word in ("does", "welche", "combien", "perché", "cuánto"):
        assert word in words.FUNCTION_WORDS
        assert excerpt(f"{word} and more.", f"{word} bus")[1] == []


def test_the_row_that_answers_is_found_behind_characters_that_count_twice(chromium, sample_server):
    text = "🚌🚎 Fares\nZone | Price\nA 🅰 | 2 euros\nB | 3 euros"
    context = chromium.new_context(base_url=sample_server.address)
    page = context.new_page()
    page.goto("/")
    start, end = page.evaluate(ROW, [text, "How many euros for B and 3?"])
    context.close()
    assert text[start:end] == "B | 3 euros"


def test_nothing_is_left_empty_below_an_excerpt(chromium, sample_server):
    context = chromium.new_context(base_url=sample_server.address)
    page = context.new_page()
    page.goto("/?q=annual+leave")
    page.wait_for_selector("#hits .title")
    left = page.evaluate(
        """() => [...document.querySelectorAll("#hits > li")].filter((li) => !li.querySelector("details"))
          .map((li) => li.getBoundingClientRect().bottom - li.querySelector(".text").getBoundingClientRect().bottom)"""
    )
    context.close()
    assert left and max(left) <= 16


def test_dates_and_sums_are_marked_as_the_passage_writes_them(chromium, sample_server):
    context = chromium.new_context(base_url=sample_server.address)
    page = context.new_page()
    page.goto("/")
    told = page.evaluate(
        EXCERPT.replace("[text, question]", "[text, question, values]").replace(
            "marked(text, question)", "marked(text, question, values)"
        ),
        [
            "It was rainy.\nSigned on 5 March 2024 for 1,200.50 euros (net).",
            "5.3.2024, 1.200,50",
            ["5 March 2024", "1,200.50 euros"],
        ],
    )
    context.close()
    assert told[1] == ["5 March 2024", "1,200.50 euros"]


# --- the sentence nearest in meaning --------------------------------------------------------------

GOODS, HOLIDAYS = (
    "How soon do the goods get shipped?",
    "Do my unused holidays vanish in spring?",
)
IN_OWN_WORDS = (
    (GOODS, "charging-points-offer.eml", "Delivery takes 22 weeks from the order.", {}),
    (
        HOLIDAYS,
        "staff-handbook.docx",
        "Up to five days may be carried over into the next year; they lapse on 31 March.",
        PHONE,
    ),
)
"""Questions as people put them, whose words the documents do not have; what of them answers."""


def asking(question):
    return "/?" + urlencode({"q": question})


def hits_of(page, question):
    found = page.evaluate(
        "async (q) => (await (await fetch(`/api/v1/search?${new URLSearchParams({ q })}`)).json()).hits",
        question,
    )
    return {hit["document"]: hit["text"] for hit in reversed(found)}


@pytest.mark.parametrize(("question", "document", "sentence", "screen"), IN_OWN_WORDS)
def test_where_no_word_of_the_question_stands_the_sentence_that_answers_is_shown(
    opened, question, document, sentence, screen
):
    page = opened(**screen)
    text = hits_of(page, question)[document]
    assert sentence in text
    assert not set(words.content(question)) & set(words.content(text))
    page.goto(asking(question))
    wait_for(lambda: page.evaluate(SHOWN, [document, sentence]))


def held(page):
    """Requests for places, which are answered when a test says so."""
    waiting = []
    page.route("**/nearest?*", lambda request: waiting.append(request))
    return waiting


def come(page, waiting, count=1):
    """Wait for so many of them; only a call to the page lets it tell of them."""
    wait_for(lambda: page.evaluate("true") and len(waiting) >= count)


def test_the_excerpt_by_words_is_there_at_once_and_nothing_jumps_when_it_moves(opened):
    page = opened()
    waiting = held(page)
    page.goto(asking(GOODS))
    come(page, waiting)
    before, heights = page.evaluate(EXCERPTS), page.evaluate(HEIGHTS)
    page.keyboard.press("j")
    focused = page.evaluate("document.activeElement.href")
    waiting.pop().continue_()
    wait_for(lambda: page.evaluate(EXCERPTS) != before)
    assert page.evaluate(HEIGHTS) == heights
    assert page.evaluate("document.activeElement.href") == focused
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.href") != focused, "the next one"


@pytest.mark.parametrize("answer", ["none", "an error"])
def test_where_the_server_does_not_say_the_excerpts_stay(opened, answer):
    page = opened()
    waiting = held(page)
    page.goto(asking(GOODS))
    come(page, waiting)
    before = page.evaluate(EXCERPTS)
    request = waiting.pop()
    told = "requestfailed" if answer == "none" else "requestfinished"
    with page.expect_event(told, lambda one: "/nearest?" in one.url):
        request.abort() if answer == "none" else request.fulfill(status=503, json={"error": {}})
    wait_for(lambda: page.evaluate("document.querySelector('#answer').ariaBusy === 'false'"))
    assert page.evaluate(EXCERPTS) == before


def test_what_was_asked_before_moves_nothing_any_more(opened):
    page = opened()
    waiting = held(page)
    page.goto(asking(GOODS))
    come(page, waiting)
    with page.expect_event("requestfailed", lambda request: "/nearest?" in request.url) as left:
        page.fill("#q", HOLIDAYS)
        page.press("#q", "Enter")
    assert urlencode({"q": GOODS}) in left.value.url
    come(page, waiting, 2)
    before = page.evaluate(EXCERPTS)
    waiting[1].continue_()
    wait_for(lambda: page.evaluate(EXCERPTS) != before)


def test_where_a_sentence_has_most_of_the_question_its_words_decide(chromium, sample_server):
    context = chromium.new_context(base_url=sample_server.address)
    page = context.new_page()
    page.goto("/")
    told = page.evaluate(
        """async (each) => {
          const { isDecided } = await import("/static/excerpt.js");
          return each.map((one) => isDecided(...one));
        }""",
        [
            [LONG, "How many days of leave does a full-time employee have?"],
            [LONG, "How many free days has an employee on leave at sea?"],  # three of five
            [LONG, "How many free days has an apprentice at sea?"],  # one of four
            [LONG, "Combien de vacances ?"],
            [LONG, "Why is it?"],
            [LONG, "Why is it?", ["28 days"]],
            ["It is short.", "Combien de vacances ?"],
        ],
    )
    context.close()
    assert told == [True, True, False, False, False, True, True]


def test_a_place_is_counted_in_characters_as_the_server_counts_them(chromium, sample_server):
    """Beyond the first 65,536 a character is two of JavaScript's."""
    context = chromium.new_context(base_url=sample_server.address)
    page = context.new_page()
    page.goto("/")
    text = "\U0001f68c" * 40 + " Buses are green. " + "Trams have bells. " * 20
    start = text.index("Trams")
    page.route("**/nearest?*", lambda r: r.fulfill(json={"places": [[start, start + 17]]}))
    shown = page.evaluate(
        """async (text) => {
          const { showNearest } = await import("/static/nearest.js");
          const paragraph = document.createElement("p");
          await showNearest([{ hit: { text, passage_id: "1-0" }, paragraph }], "vacances");
          return paragraph.textContent;
        }""",
        text,
    )
    context.close()
    assert shown.startswith("… Trams have bells.")
