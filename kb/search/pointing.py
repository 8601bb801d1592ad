"""What points at a passage beyond likeness: an exact thing that hardly any other passage has.

A serial number, a telephone number, a date: who asks for one wants the passages that have it, and
models of language see hardly a difference between two of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb.catalog import filtering
from kb.catalog.database import Connection
from kb.text import exact
from kb.text.exact import Exact
from kb.types.passages import Passage, StoredChunk
from kb.types.people import Principal

FEW = 10
"""A thing that stands in no more passages than these points at them with all its weight."""
MOST = 60
"""Passages that are looked up for an exact thing."""
OUTWEIGHS = 3.0
"""What a passage gets for an exact thing: more than all lists together give (about 2.2)."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """An exact thing of a question, and the points of passages that may have it."""

    thing: Exact
    points: tuple[int, ...]


def pointed(connection: Connection, principal: Principal, question: str) -> tuple[Pointed, ...]:
    """The exact things of a question, with the passages that have them among the readable ones."""
    return tuple(
        Pointed(
            thing,
            tuple(filtering.points_with_any(connection, principal, thing.spellings, MOST + 1)),
        )
        for thing in exact.of_question(question)
    )


def candidates(
    things: Sequence[Pointed], ranked: Sequence[tuple[int, float]], best: int
) -> list[int]:
    """The points whose texts decide: of the best hits, and those that may have a thing."""
    first = [point for point, _ in ranked[:best]]
    return list(dict.fromkeys([*first, *(p for one in things for p in one.points)]))


@dataclass(frozen=True, slots=True)
class Weight:
    """What points get beside their scores, and the things that hardly any other passage has."""

    extra: Mapping[int, float]
    few: tuple[Exact, ...]


def weighed(things: Sequence[Pointed], stored: Mapping[int, StoredChunk]) -> Weight:
    """What the passages of some texts get: the fewer have a thing, the more."""
    extra: dict[int, float] = {}
    few: list[Exact] = []
    for one in things:
        having = [point for point, chunk in stored.items() if one.thing.stands(_told(chunk))]
        many = max(len(having), len(one.points) if len(one.points) > MOST else 0)
        if not having:
            continue
        if many <= FEW:
            few.append(one.thing)
        for point in having:
            extra[point] = extra.get(point, 0.0) + OUTWEIGHS * min(1.0, FEW / many)
    return Weight(extra, tuple(few))


def raised(
    ranked: Sequence[tuple[int, float]], extra: Mapping[int, float]
) -> list[tuple[int, float]]:
    """The hits with what some of them get; those that no list has brought join in."""
    scores = dict(ranked)
    scores |= {point: scores.get(point, 0.0) + more for point, more in extra.items()}
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def of_passages(few: Sequence[Exact], passages: Sequence[Passage]) -> tuple[Exact, ...]:
    """The exact things that stand in one of the passages that were found."""
    return tuple(thing for thing in few if any(thing.stands(told(p)) for p in passages))


def told(passage: Passage) -> str:
    """A passage's text beneath its heading."""
    return f"{passage.chunk.section or ''}\n{passage.text}"


def _told(chunk: StoredChunk) -> str:
    return f"{chunk.section or ''}\n{chunk.text}"
