"""Points: the numbers by which the index knows chunks; a version's number and the chunk's in it."""

from kb.errors import UsageError

ORDINAL_BITS = 20
"""Bits of a point that number the chunk: a version has up to 2**20 chunks."""
VERSION_BITS = 33
"""Bits that a version's number may have where somebody names a passage; a larger one is none."""
LONGEST_PASSAGE = 10
"""Chunks in a row that one passage is joined of, at most."""


def point_of(version: int, ordinal: int) -> int:
    """The point of a version's chunk, counted from 0."""
    return (version << ORDINAL_BITS) | ordinal


def points_in(version: int, count: int) -> list[int]:
    """The points of all chunks of a version that has so many."""
    return [point_of(version, n) for n in range(count)]


def version_of(point: int) -> int:
    """The version that a point belongs to."""
    return point >> ORDINAL_BITS


def ordinal_of(point: int) -> int:
    """The number of a point's chunk in its version, from 0."""
    return point & ((1 << ORDINAL_BITS) - 1)


def points_of(passage_id: str) -> list[int]:
    """The points of a passage by its id (version and ordinals).

    Raises:
        UsageError: that is no passage id.
    """
    try:
        numbers = [int(n) for n in passage_id.split("-")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3) or any(n < 0 for n in numbers) or numbers[0] >= 2**VERSION_BITS:
        raise UsageError("That is not the id of a passage.", detail={"passage": passage_id[:60]})
    version, first, last = numbers[0], numbers[1], numbers[-1]
    if not first <= last < first + LONGEST_PASSAGE or last >= 2**ORDINAL_BITS:
        raise UsageError("That is not the id of a passage.", detail={"passage": passage_id[:60]})
    return [point_of(version, n) for n in range(first, last + 1)]
