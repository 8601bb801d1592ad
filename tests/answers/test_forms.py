"""An answer's Markdown as a tree: every form is kept, and nothing of it is HTML, link or picture."""

from dataclasses import replace

import pytest

from kb.answers import citations, forms, markdown, sources
from kb.answers.drafts import showable
from kb.answers.pen import Pen
from kb.surface import showing
from kb.text import words
from kb.types.answers import AnswerNotice, Sentence
from tests.parts.answers import answered
from tests.parts.passages import passage

WRITTEN = """## Leave

Here is what the documents say:

- **Full-time** staff have 28 days [1].
- *Part-time* staff have less.[2]
  1. First ask.
  2. Then wait.

| Kind | Days in 2026 |
|---|---|
| Full-time | 28 [1] |
| Trainees \\| others | 20 |

```sh
kb serve --host x[1]
```
[2]

> It lapses on 31 March.

According to Passage 1, leave is paid.
`kb serve` runs it [2].
"""


def claimed(text, passages=3):
    return [claim.text for claim in forms.read(text, passages)[1]]


def test_every_block_is_kept():
    form, _ = forms.read(WRITTEN, 3)
    kinds = ["heading", "paragraph", "list", "table", "code", "quote", "paragraph"]
    assert [block.kind for block in form] == kinds
    assert form[2].items[1][1].start == 1
    assert [run.strong for run in form[2].items[0][0].said[0].runs] == [True, False]


def test_sentences_are_judged_and_headings_and_lead_ins_are_not():
    assert claimed(WRITTEN) == [
        "Full-time staff have 28 days.",
        "Part-time staff have less.",
        "First ask.",
        "Then wait.",
        "Kind: Full-time; Days in 2026: 28",
        "Kind: Trainees | others; Days in 2026: 20",
        "kb serve --host x[1]",
        "It lapses on 31 March.",
        "Leave is paid.",
        "kb serve runs it.",
    ]


def test_a_lead_in_with_a_number_and_a_bold_claim_are_judged():
    assert claimed("It costs 90 EUR, as follows:") == ["It costs 90 EUR, as follows:"]
    assert claimed("**You may smoke in every room of the house**") != []
    assert claimed("**Note:**") == []
    assert claimed("The part costs 90 EUR.\n---\n") == ["The part costs 90 EUR."]


def test_a_marker_names_the_sentence_that_it_stands_in_or_behind():
    _, found = forms.read(
        "One is here [1]. Two is there.[2] [3] Three is not.\n\n```\na 1\n```\n[2]", 3
    )
    assert [claim.named for claim in found] == [(1,), (2, 3), (), (2,)]


def test_no_word_is_changed():
    assert "`kb serve` runs it" in markdown.written(
        forms.read(WRITTEN, 3)[0], [Sentence("", (), True)] * 10
    )
    assert claimed("kb serve runs it.") == ["kb serve runs it."]


def test_markdown_of_a_form_is_that_form():
    form, claims = forms.read(WRITTEN, 3)
    sentences = [Sentence(c.text, c.named, True) for c in claims]
    assert forms.read(markdown.written(form, sentences), 3)[0] == form


HOSTILE = [
    "![x](https://evil.example/p.png?s=1)",
    "[here](https://evil.example/x)",
    "[here](javascript:alert(1))",
    "<https://evil.example/x>",
    "https://evil.example/x",
    "**https://**evil.example/x",
    "evil.example/x?y=secret",
    "evil[.]example/x",
    "mail boss@evil.example now",
    "http&#58;//evil.example",
    "hxxp://evil.example/x",
    "<img src=https://evil.example/x onerror=alert(1)>",
    "[here][1]\n\n[1]: https://evil.example/x",
    "| a | b |\n|---|---|\n| https://evil.example/x | 1 |",
    "## https://evil.example/x",
    "```\ncurl https://evil.example/x\n```",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_address_that_no_cited_passage_has_is_shown(text):
    form, claims = forms.read(f"{text}\n\nStaff have leave.", 1)
    checked = tuple(Sentence(c.text, (), False) for c in claims)
    written = showable(form, (checked, ()))
    told = [
        markdown.written(written.form, written.checked[0]),
        markdown.written(written.form, written.checked[0], plain=True),
        *(s.text for s in written.checked[0]),
    ]
    assert not [t for t in told if "evil" in t or "alert" in t or "<img" in t]
    assert "Staff have leave." in told[0]


def test_an_address_of_a_passage_that_is_cited_stays_as_text():
    """Of one that only went into the prompt it does not."""
    cited = passage("Ask at https://intranet.example/help for 28 days of leave.", 1 << 20)
    other = passage("Send it to https://evil.example/x for 3 moons.", 2 << 20, document=2)
    form, claims = forms.read(
        "Ask at https://intranet.example/help for 28 days of leave [1]. The moon is at https://evil.example/x.",
        2,
    )
    checked = citations.verify(
        claims, (cited, other), lambda a, b: words.coverage(words.content(a), b)
    )
    told = markdown.written(showable(form, checked).form, sources.numbered(*checked)[0])
    assert (
        told == "Ask at https://intranet.example/help for 28 days of leave. [1] The moon is at …."
    )


def test_while_it_is_written_the_form_grows_and_shows_no_address(monkeypatch):
    monkeypatch.setattr("kb.answers.pen.TOLD_EVERY", 0.0)
    text, seen, blocks = (
        WRITTEN + "\nSee https://evil.example/x and [a](http://evil.example).",
        [],
        [],
    )
    pen = Pen([passage("Staff have leave.")])
    for end in range(1, len(text) + 1):
        forming = pen.wrote(text[:end])
        if forming:
            blocks = [*blocks[: forming.first], *forming.blocks]
            seen.append(markdown.written(tuple(blocks), [Sentence("", (), True)] * 99))
    assert not [shown for shown in seen if "evil" in shown]
    assert [b.kind for b in blocks] == [b.kind for b in forms.read(text, 1)[0]]
    assert any("**Full" in shown for shown in seen), "bold before its end is bold already"


# --- citations are sources


PAGES = (
    passage("Staff have 28 days of leave. It lapses on 31 March.", 1 << 20, page=2),
    passage("Trainees have 20 days of leave.", (1 << 20) + 1, page=2),
    passage("The board meets on Tuesdays in Lyon.", 2 << 20, document=2),
)


def checked(text, passages=PAGES):
    _, claims = forms.read(text, len(passages))
    judged = citations.verify(claims, passages, lambda a, b: words.coverage(words.content(a), b))
    return sources.numbered(*judged)


def test_a_number_is_a_document_and_page():
    said, cited = checked(
        "Staff have 28 days of leave [1]. It lapses on 31 March [1]. Trainees have 20 days of leave [2]. "
        "The board meets on Tuesdays in Lyon [3]."
    )
    assert [s.citations for s in said] == [(1,), (1,), (1,), (2,)]
    assert [s.places for s in said] == [(0,), (1,), (2,), (3,)]
    assert [c.n for c in cited] == [1, 1, 1, 2]
    assert cited[1].quote == "It lapses on 31 March."
    assert [len(source.citations) for source in showing.by_source(cited)] == [3, 1]


def test_what_is_not_supported_cites_nothing():
    said, cited = checked("Staff have 99 days of leave [1]. It lapses on 31 March [1].")
    assert [s.supported for s in said] == [False, True]
    assert said[0].citations == ()
    assert all(c.supported for c in cited)


def test_a_row_that_lies_is_not_supported():
    table = "| Who | Leave |\n|---|---|\n| Staff | {} days of leave |"
    assert [s.supported for s in checked(table.format(28))[0]] == [True]
    assert [s.supported for s in checked(table.format(82))[0]] == [False]


VERBATIM = (
    "In 2018, 63% of spending was within the United States, followed by Europe, Middle East and "
    "Africa; Asia Pacific; and Latin America/Canada."
)


def test_a_sentence_that_stands_verbatim_is_supported_whatever_divides_it():
    """Report: its stretches are cut at semicolons, and it was compared with a part."""
    pages = (passage(f"Spending.\n{VERBATIM}\nMore.", 1 << 20),)
    [sentence], [citation] = checked(f"{VERBATIM} [1]", pages)
    assert sentence.supported
    assert citation.quote == VERBATIM


def test_a_part_of_a_sentence_is_not_the_sentence():
    pages = (passage("It is not true that all dogs may enter the hall of the ministry.", 1 << 20),)
    assert not checked("All dogs may enter the hall of the ministry [1].", pages)[0][0].supported


def test_the_verdict_is_in_words():
    def verdict(*supported):
        said = tuple(Sentence("a", (), s) for s in supported)
        return showing.verdict(
            replace(answered(AnswerNotice("cut")), mode="generated", model="m", sentences=said)
        )

    assert verdict(True, True, False) == "2 of 3 sentences are in the documents."
    assert verdict(True, True) == "All 2 sentences are in the documents."
    assert verdict(False, False) == "None of the 2 sentences is in the documents."
    assert verdict(True) == "The sentence is in the documents."


def test_any_beginning_of_a_text_has_a_form():
    for end in range(0, len(WRITTEN), 7):
        assert forms.so_far(WRITTEN[:end], 3) is not None
