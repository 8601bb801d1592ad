"""Of several editions of one document the newest valid one stands for all; others lie beneath it.

Editions are passages of files of one name (but for year, version, draft) that say the same but for
numbers and months (``kb/text/editions.py``). A question that names a year or a version gets that
one.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from kb.search.folding import near_copies
from kb.text import editions
from kb.text.editions import Edition, Named
from kb.text.exact import Exact
from kb.types.passages import Passage

MOST_EDITIONS = 12
"""Editions of one document that are told."""


@dataclass(frozen=True, slots=True)
class _WantedEditions:
    """The editions that a question is about: those it names, those that have its exact things."""

    named: Named
    things: tuple[Exact, ...]

    def is_for(self, passage: Passage) -> bool:
        """Whether a passage is of one of them."""
        if self.named.names(edition(passage)):
            return True
        return bool(self.things) and any(t.stands(passage.text) for t in self.things)


def edition(passage: Passage) -> Edition:
    """Which edition of its document a passage is of."""
    chunk = passage.chunk
    own = chunk.dated, chunk.date_source, chunk.date_precision
    return editions.of(chunk.path, chunk.title, passage.text, *own)


def gathered(
    passages: Sequence[Passage], question: str, things: Sequence[Exact], today: date
) -> list[Passage]:
    """The passages with each document's editions in one place, at the rank of the best of them.

    ``things`` are exact things of the question: an edition that has them is the one asked for.
    """
    wanted = _WantedEditions(editions.named(question), tuple(things))
    asked = frozenset(map(int, re.findall(r"\d{1,9}", question)))
    passages = _without_numbered_copies(passages, asked)
    groups: list[list[Passage]] = []
    families: dict[str, list[tuple[Edition, list[Passage]]]] = defaultdict(list)
    for passage in passages:
        one = edition(passage)
        related = families[one.family] if one.family else []
        apart = (g for first, g in related if one.is_marked or first.is_marked)
        group = next((g for g in apart if _goes_with(passage, g)), None)
        if group is None:
            groups.append([passage])
            related.append((one, groups[-1]))
        else:
            group.append(passage)
    return [_one(group, wanted, today) if len(group) > 1 else group[0] for group in groups]


def _without_numbered_copies(passages: Sequence[Passage], asked: frozenset[int]) -> list[Passage]:
    """Files that differ by the number of their name alone are copies; one that was asked for stays.

    «Safety briefing 07» of hall 7 says what «Safety briefing 08» of hall 8 says.
    """
    kept: dict[tuple[str, str] | int, Passage] = {}
    for passage in passages:
        chunk = passage.chunk
        own, name = editions.numbers(chunk.path), editions.numbered(chunk.path)
        is_plain = name and not edition(passage).is_marked and not own & asked
        key = (name, editions.unnumbered(passage.text, own)) if is_plain else passage.points[0]
        one = kept.get(key)
        if one is None or one.chunk.document_id == chunk.document_id:
            kept[key if one is None else passage.points[0]] = passage
        else:
            also = tuple(dict.fromkeys((*one.also, chunk.path)))
            kept[key] = replace(one, copies=one.copies + passage.copies, also=also)
    return list(kept.values())


def _goes_with(passage: Passage, group: Sequence[Passage]) -> bool:
    """Whether a passage says, in another document, what those of a group say."""
    if any(passage.chunk.document_id == other.chunk.document_id for other in group):
        return False
    same_place = _last(passage.chunk.section) == _last(group[0].chunk.section)
    return same_place and near_copies(editions.masked(passage.text), editions.masked(group[0].text))


def _last(section: str | None) -> str:
    return editions.masked((section or "").rpartition(" › ")[2])


def _one(group: Sequence[Passage], asked: _WantedEditions, today: date) -> Passage:
    """The edition that is asked for, else the newest valid one; beneath it the others."""
    newest = sorted(group, key=lambda p: edition(p).order(today), reverse=True)
    wanted = [p for p in newest if asked.is_for(p)]
    chosen = (wanted or newest)[0]
    others = tuple(p for p in newest if p is not chosen)[:MOST_EDITIONS]
    best = max(p.score for p in group)
    later = "" if chosen is newest[0] else label(newest[0])
    return replace(chosen, score=best, others=others, newest=later)


def label(passage: Passage) -> str:
    """What an edition is called: «2024», «v2.1», the day of its file; else as its file is."""
    return edition(passage).label or passage.chunk.path
