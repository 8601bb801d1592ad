"""What filters leave of the passages, told to the index where it is little enough."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from kb.catalog import filtering
from kb.catalog.database import Connection
from kb.text.queries import Wanted, has_words
from kb.types.passages import StoredChunk
from kb.types.people import Principal

MOST_POINTS = 20_000
"""Up to so many points the index is told which ones are wanted. Of more, hits are looked through:
up to about so many, so that a filter that few of them pass may miss some."""


@dataclass(frozen=True, slots=True)
class Narrow:
    """What filters leave. ``points``: the passages wanted; None: more than the index is told of."""

    wanted: Wanted
    points: frozenset[int] | None

    def asked_of(self) -> list[int]:
        """The points that the index is asked for, where they are few enough to be named."""
        return sorted(self.points or ())

    def taken(
        self, connection: Connection, principal: Principal, stored: Mapping[int, StoredChunk]
    ) -> dict[int, StoredChunk]:
        """The passages that are wanted, of some."""
        every = stored.values()
        there: AbstractSet[int] = (
            filtering.those_of(connection, principal, self.wanted, every)
            if self.points is None
            else self.points
        )
        return {
            point: chunk
            for point, chunk in stored.items()
            if point in there and not has_words(chunk.text, self.wanted.without)
        }


def narrow(connection: Connection, principal: Principal, wanted: Wanted) -> Narrow:
    """The points that filters leave, where the index can be told them."""
    if not wanted.limits_documents and not wanted.phrases:
        return Narrow(wanted, None)
    found = filtering.points(connection, principal, wanted, MOST_POINTS)
    return Narrow(wanted, None if found is None else frozenset(found))


def more(limit: int, narrow: Narrow | None) -> int:
    """How many hits to fetch next, where too few of so many survived.

    Behind a filter that the index was not told of few may be wanted: steps are longer there.
    """
    if narrow is None or narrow.points is not None:
        return limit * 3
    return max(limit, min(limit * 10, MOST_POINTS))
