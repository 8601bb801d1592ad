"""Passages that say the same, or follow one another, become one. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from kb.text import editions
from kb.types.passages import Passage

SAME_SHARE = 0.85
"""Share of their words, and of their triples of words, from which two passages are near-copies."""
LOOKED_AT = 40
"""Words of a passage that are looked for in another one first: a near-copy lacks few of them."""


def fold(before: Mapping[str, Passage], found: Iterable[Passage]) -> dict[str, Passage]:
    """One hit for the same words in several documents, shown with every path.

    By the hash of the words: what was folded before, and what was found now. Editions of a document
    stay apart: a question may name the one of them or the other.
    """
    folded = dict(before)
    for passage in found:
        key = _key(passage)
        kept = folded.get(key)
        if kept is None:
            folded[key] = passage
        elif passage.chunk.document_id != kept.chunk.document_id:
            folded[key] = _with_copy(kept, passage)
    return folded


def _key(passage: Passage) -> str:
    """What is folded: a text; an edition's, with which document it is."""
    chunk = passage.chunk
    family, year, version, draft = editions.of_name(chunk.path, chunk.title)
    is_edition = family and (year or version or draft)
    return f"{chunk.text_hash}:{chunk.document_id}" if is_edition else chunk.text_hash


def _with_copy(kept: Passage, copy: Passage) -> Passage:
    """One of two passages with the same text: of the newer file, at the rank of the better one."""
    newer, older = (copy, kept) if _modified(copy) > _modified(kept) else (kept, copy)
    also = tuple(dict.fromkeys((*kept.also, older.chunk.path)))
    return replace(
        newer,
        copies=kept.copies + 1,
        also=tuple(path for path in also if path != newer.chunk.path),
        score=kept.score,
        similarity=max(kept.similarity, copy.similarity),
    )


def _modified(passage: Passage) -> float:
    return passage.chunk.dated or 0.0


def near_copies(one: str, other: str) -> bool:
    """Whether two texts are almost the same."""
    words, others = frozenset(one.split()), frozenset(other.split())
    return _alike(words, others) and _alike(_shingles(one), _shingles(other))


def without_near_copies(passages: Iterable[Passage], limit: int) -> list[Passage]:
    """The first ``limit`` passages that are not almost the same as one before them."""
    kept: list[tuple[Passage, frozenset[str]]] = []
    for passage in passages:
        known = frozenset(passage.text.split())
        some, most_missing = frozenset(islice(known, LOOKED_AT)), (1 - SAME_SHARE) * len(known)
        if not any(
            len(some - other) <= most_missing
            and _alike(known, other)
            and _alike(_shingles(passage.text), _shingles(another.text))
            for another, other in kept
        ):
            kept.append((passage, known))
        if len(kept) == limit:
            break
    return [passage for passage, _ in kept]


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    split = text.casefold().split()
    return frozenset(zip(split, split[1:], split[2:], strict=False)) or frozenset({tuple(split)})


def _alike(a: frozenset[Any], b: frozenset[Any]) -> bool:
    smaller, larger = sorted((len(a), len(b)))
    if smaller < SAME_SHARE * larger:
        return False
    shared = len(a & b)
    return shared >= SAME_SHARE * (len(a) + len(b) - shared)


def join_neighbours(passages: Sequence[Passage]) -> list[Passage]:
    """Chunks that follow one another on a page become one passage, at the better one's rank."""
    joined: list[Passage] = []
    for passage in passages:
        place = next((i for i, other in enumerate(joined) if _adjacent(other, passage)), None)
        if place is None:
            joined.append(passage)
        else:
            joined[place] = _join(joined[place], passage)
    return joined


def _adjacent(a: Passage, b: Passage) -> bool:
    return (
        a.chunk.version == b.chunk.version
        and (a.points[-1] + 1 == b.points[0] or b.points[-1] + 1 == a.points[0])
        and len(a.points) + len(b.points) <= 3
        and (a.chunk.page, a.chunk.section) == (b.chunk.page, b.chunk.section)
    )


def _join(a: Passage, b: Passage) -> Passage:
    first, second = (a, b) if a.points[0] < b.points[0] else (b, a)
    return replace(
        a,
        chunk=first.chunk,
        text=f"{first.text}\n{second.text}",
        points=first.points + second.points,
        similarity=max(a.similarity, b.similarity),
    )


def with_each(
    passages: Sequence[Passage], others: Sequence[Sequence[Passage]], limit: int
) -> tuple[Passage, ...]:
    """The best passages of questions for each of two things, among those of the whole question.

    The first passage stays the first. What is best for the one thing and for the other follows,
    with a score no higher than the first one's; then the rest.
    """
    best = [p for found in others for p in found[:1]]
    most = passages[0].score if passages else math.inf
    kept = list(passages[:1])
    for passage in (*(replace(p, score=min(p.score, most)) for p in best), *passages[1:]):
        if not any(set(passage.points) & set(other.points) for other in kept):
            kept.append(passage)
    return tuple(kept[:limit])
