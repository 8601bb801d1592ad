"""Neighbouring passages become one."""

from kb.search import folding
from tests.parts.passages import passage


def test_neighbours_on_a_page_become_one_passage():
    a, b = passage("one", (1 << 20) | 4, page=2), passage("two", (1 << 20) | 5, page=2)
    [joined] = folding.join_neighbours([b, a])
    assert joined.text == "one\ntwo"
    assert joined.passage_id == "1-4-5"


def test_neighbours_on_two_pages_stay_apart():
    a, b = passage("one", (1 << 20) | 4, page=2), passage("two", (1 << 20) | 5, page=3)
    assert len(folding.join_neighbours([a, b])) == 2
