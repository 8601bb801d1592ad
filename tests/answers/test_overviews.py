"""What is in a document: its key sentences, what of it is summarised, words found on its pages."""

import pytest

from kb.answers import overviews
from kb.library import finding
from kb.types.parsed import Element, Line, Parsed
from tests.parts.passages import passage


def test_the_sentences_nearest_to_all_are_chosen_and_not_twice_the_same():
    """Two alike in the middle, two to the sides, one that has nothing to do with any."""
    vectors = [
        (1.0, 0.0, 0.0),
        (0.99, 0.1, 0.0),
        (0.7, 0.7, 0.0),
        (0.0, 0.0, 1.0),
        (0.6, -0.7, 0.0),
    ]
    chosen = overviews.central(vectors, 3)
    assert len(chosen) == 3 and chosen == sorted(chosen)
    assert 3 not in chosen and not {0, 1} <= set(chosen)
    assert overviews.central([(0.0, 0.0)], 5) == [0], "nothing to be near to"


def test_what_is_summarised_is_spread_over_the_whole_document():
    pages = [passage(f"{n:04}" * 25) for n in range(100)]
    kept = overviews.summarised(pages, 500)
    assert (len(kept), sum(len(p.text) for p in kept)) == (10, 1000)
    assert kept[0] is pages[0] and kept[-1].text >= pages[85].text
    assert overviews.summarised(pages[:3], 500) == tuple(pages[:3])
    assert len(overviews.summarised(pages, 1)) == 1, "at least one"


@pytest.fixture
def page():
    text = "The ferry leaves at seven.\nThe Ferry\nreturns at nine."
    lines = (
        Line(0, 26, (0.1, 0.1, 0.62, 0.12)), Line(27, 36, (0.1, 0.13, 0.28, 0.15)),
        Line(37, 53, (0.1, 0.16, 0.42, 0.18)),
    )  # fmt: skip
    element = Element(kind="NarrativeText", text=text, page=3, lines=lines)
    return Parsed(parser="p", media_type="m", elements=(element,))


def test_words_are_found_whatever_their_case_and_over_lines(page):
    first, second = finding.places(page, "FERRY")
    assert first.page == 3
    [box] = first.boxes
    assert box == pytest.approx((0.18, 0.1, 0.28, 0.12))
    assert second.boxes[0][1] == 0.13
    [over] = finding.places(page, " ferry  returns ")
    assert len(over.boxes) == 2
    for text in ("", "  ", "tram", "seven\\."):
        assert finding.places(page, text) == []
