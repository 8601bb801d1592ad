"""What comes first in a list that somebody looks through. Pure.

What one document or one page has too much of follows later, so that others have room. Of a document
that is sure more comes first: then its right page is looked for, and no other document.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice

from kb.types.passages import Passage

FIRST, MOST_OF_ONE = 10, 3
"""Among so many passages at the top, no more are of one document."""
SURE = 3
"""A document is sure that has the first so many passages."""
OF_SURE = ((5, 4), (FIRST, 8))
"""Of so many passages at the top, how many are a sure document's: the others may be the right ones
after all."""


def spread(passages: Sequence[Passage], named: Collection[int]) -> list[Passage]:
    """The same passages, those first that are to be seen first.

    ``named`` are documents that were asked for by name: they have as many as they have.
    """
    apart = list(_one_a_page(passages))
    sure = _sure(passages)
    if sure is None or sure in named:
        first = list(islice(_few_of_each(apart, named), FIRST))
    else:
        first = _mostly_of(sure, apart, named)
    there = {passage.points for passage in first}
    return first + [passage for passage in passages if passage.points not in there]


def _one_a_page(passages: Sequence[Passage]) -> Iterator[Passage]:
    """The best of each page, of documents with hits on more pages than they have room for."""
    pages = defaultdict[int, set[int | None]](set)
    for passage in passages:
        pages[passage.chunk.document_id].add(passage.chunk.page)
    seen: set[tuple[int, int]] = set()
    for passage in passages:
        document, page = passage.chunk.document_id, passage.chunk.page
        if page is not None and len(pages[document]) > MOST_OF_ONE:
            if (document, page) in seen:
                continue
            seen.add((document, page))
        yield passage


def _sure(passages: Sequence[Passage]) -> int | None:
    """The document that has the first passages; None: several have."""
    best = {passage.chunk.document_id for passage in passages[:SURE]}
    return best.pop() if len(best) == 1 else None


def _few_of_each(passages: Sequence[Passage], named: Collection[int]) -> Iterator[Passage]:
    counts = Counter[int]()
    for passage in passages:
        document = passage.chunk.document_id
        if document in named or counts[document] < MOST_OF_ONE:
            counts[document] += 1
            yield passage


def _mostly_of(sure: int, passages: Sequence[Passage], named: Collection[int]) -> list[Passage]:
    """The first passages: its own, and behind them in each part of the list those of others."""
    own = iter([p for p in passages if p.chunk.document_id == sure])
    others = _few_of_each([p for p in passages if p.chunk.document_id != sure], named)
    first: list[Passage] = []
    taken = 0
    for length, share in OF_SURE:
        mine = list(islice(own, share - taken))
        taken += len(mine)
        room = length - len(first) - len(mine)
        first += chain(mine, islice(others, room))
    return first
