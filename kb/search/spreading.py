"""What comes first in a list that somebody looks through. Pure.

What one document or one page has too much of follows later, so that others have room.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from kb.types.passages import Passage

FIRST, MOST_OF_ONE = 10, 3
"""Among so many passages at the top, no more are of one document."""


def spread(passages: Sequence[Passage], named: Collection[int]) -> list[Passage]:
    """Passages in another order: those first that are to be seen first.

    ``named`` are documents that were asked for by name: they have as many as they have.
    """
    apart = list(_one_a_page(passages))
    first = list(islice(_few_of_each(apart, named), FIRST))
    every = {passage.points: passage for passage in (*first, *apart, *passages)}
    return list(every.values())


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


def _few_of_each(passages: Sequence[Passage], named: Collection[int]) -> Iterator[Passage]:
    counts = Counter[int]()
    for passage in passages:
        document = passage.chunk.document_id
        if document in named or counts[document] < MOST_OF_ONE:
            counts[document] += 1
            yield passage
