"""How much an embedder does for other hosts at once, and for each of them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from kb.errors import BusyError

AGAIN_SECONDS = 1.0
"""When somebody who is refused should come again."""


class CallerBounds:
    """At most ``most`` calls are under way, and ``each`` of one caller."""

    def __init__(self, most: int, each: int) -> None:
        self._most = most
        self._each = each
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def one(self, caller: str) -> Iterator[None]:
        """Be one of them.

        Raises:
            BusyError: there are as many as may be.
        """
        if self._under_way[caller] >= self._each or self._under_way.total() >= self._most:
            raise BusyError("The embedder has as much to do as it takes.", seconds=AGAIN_SECONDS)
        self._under_way[caller] += 1
        try:
            yield
        finally:
            self._under_way[caller] -= 1
            self._under_way += Counter()  # who has none is forgotten
