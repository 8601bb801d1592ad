"""The second wall: the index's hits are passages only where the catalog says so at this moment."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb.catalog import alarms, chunks, names
from kb.catalog.database import Connection
from kb.embedding.adapting import Tuning
from kb.index.base import Hits
from kb.search import latest, pointing
from kb.search.folding import fold, join_neighbours, without_near_copies
from kb.search.narrowing import Narrow
from kb.search.pointing import Pointed
from kb.search.spreading import FIRST, spread
from kb.text import editions
from kb.text.exact import Exact
from kb.types.passages import Passage, PassageStanding, StoredChunk
from kb.types.people import Principal
from kb.types.points import version_of

NAME_WEIGHT = 0.2
"""Bonus of the documents whose names match a question best, over the square root of the question's
words; other documents get a share of it."""
LEAST_NAME_WEIGHT = 0.4
"""The least bonus of the best match, however long the question, while its weight is at least
1 / ``TELLING``; below that the least bonus falls in proportion (:func:`_with_names`)."""
TELLING = 3.0
"""One over the weight from which the best match's words are telling; below it they are common among
the names."""
LOOKED_AT = 3
"""Hits that are looked at for each passage that is wanted: some are copies, neighbours, too many of
one page."""
ASKED_FOR = 0.5
"""A document is asked for whose name has so much of the question: one word that two names have."""
Ranked = Sequence[tuple[int, float]]
"""Points with their scores, best first."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a reader sees for the length of a question: taken before the index is asked.

    A version that is published between the index's answer and its reading is not among the hits:
    whoever took the tick only then would miss the old one and the new one alike. ``late`` are
    documents whose rights the index may not know yet. ``vectors`` are the names of the generation's
    vectors, by the models' fingerprints. ``tuning`` is what moves the question's vectors.
    """

    generation: str
    seq: int
    late: frozenset[int]
    vectors: Mapping[str, str]
    tuning: Tuning | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What hits are judged by: who asks, how many passages they want, when, and which ones.

    ``named`` are the documents whose names have words of the question (``names.named``);
    ``called`` are the documents whose file's name the question is. ``things`` are the exact things
    of the question. ``newest_first``: of several editions of a
    document the newest one stands for all.
    """

    words: str
    principal: Principal
    limit: int
    moment: Moment
    named: Mapping[int, float]
    narrow: Narrow | None
    called: frozenset[int] = frozenset()
    things: tuple[Pointed, ...] = ()
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class JudgedHits:
    """What is left of hits, best first.

    ``alarming`` are documents that the index gave out against the catalog's rights, although it
    should have known better. ``exact`` are things of the question that few passages have.
    """

    passages: tuple[Passage, ...]
    alarming: frozenset[int]
    exact: tuple[Exact, ...] = ()


def judge(connection: Connection, hits: Hits, scope: Scope, floor: float) -> JudgedHits:
    """Hydrate as far as needed, fold, join.

    A passage that only its document's name has brought is as near as an unrelated one (``floor``).
    """
    ranked = _with_names(connection, hits.fused, scope)
    ranked, few, alarming = _with_exact(connection, ranked, scope)
    folded: dict[str, Passage] = {}
    for start in range(0, len(ranked), LOOKED_AT * scope.limit):
        part = ranked[start : start + LOOKED_AT * scope.limit]
        stored, refused = _stored(connection, [point for point, _ in part], scope)
        alarming |= refused
        found = [
            passage(
                stored[point], score, hits.similarity.get(point, floor), hits.standing.get(point)
            )
            for point, score in part
            if point in stored
        ]
        folded = fold(folded, found)
        if len({p.chunk.text_hash for p in folded.values()}) >= 2 * scope.limit:
            break
    passages = arranged(list(folded.values()), scope, few)
    return JudgedHits(passages, alarming, pointing.of_passages(few, passages))


def arranged(found: Sequence[Passage], scope: Scope, few: Sequence[Exact]) -> tuple[Passage, ...]:
    """As many passages as are wanted: editions and near-copies are one, neighbours joined."""
    if scope.newest_first:
        found = latest.gathered(found, scope.words, few, editions.day_of(time.time()))
    joined = join_neighbours(without_near_copies(found, LOOKED_AT * scope.limit))
    if scope.limit >= FIRST:  # a list to look through; an answer is made from fewer, the best
        asked_for = {d for d, weight in scope.named.items() if weight >= ASKED_FOR}
        joined = spread(joined, asked_for)
    return tuple(joined[: scope.limit])


def passage(
    stored: StoredChunk,
    score: float = 0.0,
    similarity: float = 0.0,
    standing: PassageStanding | None = None,
) -> Passage:
    """A chunk as a hit of its own."""
    point = (stored.point,)
    return Passage(stored, stored.text, point, score, similarity, standing=standing)


def _stored(
    connection: Connection, points: Sequence[int], scope: Scope
) -> tuple[dict[int, StoredChunk], frozenset[int]]:
    """The chunks that are there for the asker and wanted; and the documents that alarm."""
    principal, seq = scope.principal, scope.moment.seq
    stored = chunks.hydrate(connection, principal, points, seq)
    alarming: frozenset[int] = frozenset()
    stopped = [point for point in points if point not in stored]
    if stopped:
        refused = chunks.withheld(connection, principal, stopped, seq)
        alarming = frozenset(refused - alarms.on_their_way(connection))
    if scope.narrow is not None:
        stored = scope.narrow.taken(connection, principal, stored)
    return stored, alarming


def _with_exact(
    connection: Connection, ranked: Ranked, scope: Scope
) -> tuple[Ranked, tuple[Exact, ...], frozenset[int]]:
    """Raise the passages with the exact things that were asked for; also what alarms of them."""
    if not scope.things:
        return ranked, (), frozenset()
    points = pointing.candidates(scope.things, ranked, LOOKED_AT * scope.limit)
    stored, refused = _stored(connection, points, scope)
    weight = pointing.weighed(scope.things, stored)
    return pointing.raised(ranked, weight.extra), weight.few, refused


def _with_names(connection: Connection, ranked: Ranked, scope: Scope) -> Ranked:
    """Raise the passages of documents whose file name was asked for; their first one joins in."""
    named = scope.named
    if not named and not scope.called:
        return ranked
    first = chunks.first_points(connection, [*named, *scope.called])
    asked = {w for w in names.words_of(scope.words) if len(w) > 1}
    best = max(named.values(), default=1.0)
    worth = max(NAME_WEIGHT / len(asked) ** 0.5, LEAST_NAME_WEIGHT * min(1.0, TELLING * best))
    bonus = {first[d]: worth * weight / best for d, weight in named.items() if d in first}
    bonus |= {first[d]: pointing.OUTWEIGHS for d in scope.called if d in first}
    by_version = {version_of(point): extra for point, extra in bonus.items()}
    raised = {p: score + by_version.get(version_of(p), 0.0) for p, score in ranked}
    present = {version_of(p) for p in raised}
    raised |= {point: extra for point, extra in bonus.items() if version_of(point) not in present}
    return sorted(raised.items(), key=lambda item: (-item[1], item[0]))
