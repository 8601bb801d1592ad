"""Citations of an answer's sentences."""

import pytest

from kb.answers import citations, forms
from kb.text import words
from tests.parts.passages import passage

PASSAGES = (
    passage("Full-time staff have 28 days of leave. It lapses on 31 March.", 1 << 20),
    passage("Helena Marchetti chairs the board since 2019.", 2 << 20),
)


def verified(text, passages):
    """With the words that two texts share in place of their embeddings' likeness."""
    _, found = forms.read(text, len(passages))
    return citations.verify(found, passages, lambda a, b: words.coverage(words.content(a), b))


@pytest.mark.parametrize(
    "text",
    [
        "Staff have 28 days of leave [1].",
        "Staff have 28 days of leave [1][2].",
        "Staff have 28 days of leave.¹",
        "Staff have 28 days of leave [^1].\n\n[^1]: Staff handbook, page 2",
        "According to Passage 1, staff have 28 days of leave.",
        "- Staff have 28 days of leave 【1】.",
        "Staff have 28 days of leave. [1]",
        "Staff have 28 days of leave [1, 7].",
        "Staff have 28 days of leave (1).",
        "Staff have 28 days of leave [Passage 1].",
        "Staff have 28 days of leave [9].",
        "Staff have 28 days of leave.",
    ],
)
def test_however_the_model_cites_the_citation_is_right(text):
    [sentence], [citation] = verified(text, PASSAGES)
    assert sentence.text == "Staff have 28 days of leave."
    assert sentence.supported
    assert citation.quote == "Full-time staff have 28 days of leave."


def test_powers_are_no_markers():
    _, [claim] = forms.read("The hall has 400 m² and 10³ seats.¹", 3)
    assert claim.text == "The hall has 400 m² and 10³ seats."
    assert claim.named == (1,)


@pytest.mark.parametrize(
    "text",
    [
        "Staff have 30 days of leave [1].",
        "According to Peter Smith staff have 28 days of leave [1].",
        "The moon is made of cheese [1].",
    ],
)
def test_wrong_numbers_names_and_matters_are_not_supported(text):
    [sentence], _ = verified(text, PASSAGES)
    assert not sentence.supported


def test_numbers_are_compared_by_value():
    text = (passage("It costs 1,200 euros."),)
    [german], _ = verified("It costs 1.200 euros [1].", text)
    [other], _ = verified("It costs 1.2 euros [1].", text)
    assert german.supported
    assert not other.supported
