"""What a hit shows of its passage, in a real browser: by the page's own script."""

import pytest

from kb.text import words

pytestmark = pytest.mark.real
EXCERPT = """async ([text, question]) => {
  const { marked } = await import("/static/excerpt.js");
  const made = marked(text, question);
  return [made.textContent, [...made.querySelectorAll("b")].map((b) => b.textContent)];
}"""
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
