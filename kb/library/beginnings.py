"""What somebody sees before the first question: what they might ask, and what is new.

Every word of it comes from documents that they may read at this moment.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import PurePosixPath

from kb import samples
from kb.catalog import beginnings
from kb.catalog.database import Catalog, Connection
from kb.text.queries import PIECE
from kb.types.beginning import Beginning, Topic
from kb.types.library import Document
from kb.types.parsed import HIDDEN, UNREADABLE_LETTERS
from kb.types.people import Principal

EXAMPLES, FEWEST = 6, 4
"""Most example questions; with fewer in somebody's language, English ones join them."""
LOOKED_AT, SHOWN = 30, 5
"""Newest documents that questions are made of, and that are shown."""
LONGEST = 60
"""Characters of a title or a heading that a question can carry."""
WORDED = re.compile(r"[^\W\d_]{3}")
SIGNS = str.maketrans("", "", '"“”„«»')
"""In a question they would ask for exact words."""


class Beginnings:
    """What the documents of one data directory offer to whoever comes in."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def of(self, principal: Principal, language: str) -> Beginning:
        """For a person whose pages are in a language."""
        with self._catalog.reading() as connection:
            newest = beginnings.newest(connection, principal, LOOKED_AT)
            own = [row for row in newest if not _is_sample(row)]
            return Beginning(
                questions=_of_samples(connection, principal, language),
                topics=_topics(connection, own),
                newest=tuple(newest[:SHOWN]),
                only_samples=bool(newest) and not own,
            )


def _is_sample(row: Document) -> bool:
    return row.root == str(samples.documents())


def _of_samples(connection: Connection, principal: Principal, language: str) -> tuple[str, ...]:
    """Questions that samples answer which the principal may read."""
    paths = beginnings.paths_in(connection, principal, str(samples.documents()))
    asked = [one for one in samples.answerable() if paths.issuperset(one.documents)]
    return tuple(examples(asked, language))


def examples(asked: Sequence[samples.SampleQuestion], language: str) -> list[str]:
    """The first questions in a language, of each document in turn; English ones where few are."""
    own = _in_turn(one for one in asked if one.language == language)
    if len(own) < FEWEST:
        own += _in_turn(one for one in asked if one.language == "en" != language)
    return own[:EXAMPLES]


def _in_turn(asked: Iterable[samples.SampleQuestion]) -> list[str]:
    by_document: dict[str, list[str]] = {}
    for one in asked:
        by_document.setdefault(one.documents[0], []).append(one.question)
    turns = zip_longest(*by_document.values())
    return [question for turn in turns for question in turn if question is not None]


def _topics(connection: Connection, rows: Sequence[Document]) -> tuple[Topic, ...]:
    """What questions are made of: a title and a heading each, no title twice."""
    chosen: dict[str, Document] = {}
    for row in rows:
        title = _plain(row.title or PurePosixPath(row.path).stem.replace("_", " "))
        if _is_fit(title):
            chosen.setdefault(title, row)
    some = dict(list(chosen.items())[:EXAMPLES])
    headings = beginnings.headings(connection, [r.version for r in some.values() if r.version])
    return tuple(
        Topic(title, _heading(title, headings.get(row.version or 0, ())))
        for title, row in some.items()
    )


def _heading(title: str, headings: Sequence[str]) -> str | None:
    plain = (
        _plain(h.rpartition(" › ")[2]) for h in headings if h not in {HIDDEN, UNREADABLE_LETTERS}
    )
    return next((h for h in plain if _is_fit(h) and h.casefold() != title.casefold()), None)


def _plain(text: str) -> str:
    return " ".join(text.translate(SIGNS).split())


def _is_fit(text: str) -> bool:
    """Whether it says something, is short, and has nothing that would narrow a search."""
    return len(text) <= LONGEST and bool(WORDED.search(text)) and not PIECE.search(text)
