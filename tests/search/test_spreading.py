"""What comes first in a list that somebody looks through."""

import pytest

from kb.rights import access
from kb.search import judging
from kb.search.spreading import spread
from tests.parts.passages import passage


def ranked(*documents, pages=()):
    """Passages of these documents, best first, none beside another; on these pages, if on any."""
    numbered = zip(documents, [*pages, *[None] * len(documents)], strict=False)
    return [
        passage(f"{n}", (d << 20) | (2 * n), page, document=d)
        for n, (d, page) in enumerate(numbered)
    ]


def documents(passages):
    return [p.chunk.document_id for p in passages]


def test_no_document_has_more_than_three_of_the_first_ten():
    given = ranked(1, 1, 2, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 1)
    found = spread(given, ())
    assert documents(found) == [1, 1, 2, 1, 2, 3, 4, 5, 6, 7, 1, 1, 8, 1], (
        "what is too many follows in its order"
    )
    assert sorted(documents(found)) == sorted(documents(given)), "none is lost"


def test_a_page_of_a_long_document_comes_once():
    given = ranked(*[1] * 9, pages=(7, 7, 3, 7, 9, 3, 2, 9, 4))
    assert [p.chunk.page for p in spread(given, ())] == [7, 3, 9, 2, 4, 7, 7, 3, 9]


@pytest.mark.parametrize("pages", [(7, 7, 3, 7, 9, 3), (None,) * 6])
def test_passages_on_few_pages_or_none_stay(pages):
    """Three pages have room among the first; what has no pages cannot be told apart."""
    given = ranked(*[1] * 6, pages=pages)
    assert spread(given, ()) == given


def test_a_document_that_was_asked_for_by_name_has_as_many_as_it_has():
    given = ranked(1, 1, 1, 1, 1, 2)
    assert spread(given, {1}) == given
    given = ranked(1, 1, 1, 1, 2, 2, 2, 2, 3)
    assert documents(spread(given, {2})) == [1, 1, 1, 2, 2, 2, 2, 3, 1]


def test_where_there_is_one_document_its_order_stays():
    given = ranked(*[1] * 14)
    assert spread(given, ()) == given


@pytest.mark.parametrize(
    ("limit", "named", "of_one"),
    [
        (10, {}, 3),
        (9, {}, 6),
        (10, {1: judging.ASKED_FOR}, 6),
        (10, {1: judging.ASKED_FOR / 2}, 3),
    ],
)
def test_lists_to_look_through_are_spread(limit, named, of_one):
    """Neither what an answer is made from, nor a document that was asked for by its name."""
    given = ranked(1, 1, 2, *[1] * 4, *range(3, 12))
    moment = judging.Moment("g1", 1, frozenset(), {})
    scope = judging.Scope("boiler", access.owner(), limit, moment, named, None)
    found = judging.arranged(given, scope, ())
    assert len(found) == limit
    assert documents(found).count(1) == of_one


def test_enough_is_looked_at_for_the_pages_of_a_long_document():
    """Of twenty-four hits every other one is on a page that is there already."""
    given = ranked(*[1] * 24, *[2] * 6, pages=[n // 2 for n in range(24)])
    moment = judging.Moment("g1", 1, frozenset(), {})
    scope = judging.Scope("boiler", access.owner(), 10, moment, {}, None)
    found = judging.arranged(given, scope, ())
    assert len({p.chunk.page for p in found if p.chunk.document_id == 1}) == 7
    assert documents(found).count(2) == 3
