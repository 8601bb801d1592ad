"""So that nobody starves the others: rates, turns at the model, and threads of each kind."""

import time
from collections import OrderedDict

from kb.errors import TooManyError
from kb.settings import FairUse
from kb.shares import FairQueue, Share

MINUTE = 60.0
"""Seconds of a minute."""
MOST_KEYS = 20_000
"""Most addresses and people that are remembered; who was not seen for longest is forgotten."""


class Rates:
    """Token buckets (RFC 4115's simplest): so many requests a minute, and as many at once.

    One process's own: with several web processes each allows as many.
    """

    def __init__(self, settings: FairUse) -> None:
        self._person = float(settings.requests_per_minute)
        self._address = float(settings.requests_per_minute_address)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def count_person(self, name: str) -> None:
        """A request of somebody.

        Raises:
            TooManyError: too many; it says when to come again.
        """
        self._take(f"person:{name}", self._person)

    def count_address(self, address: str) -> None:
        """A request from somewhere; raises as above."""
        self._take(f"address:{address}", self._address)

    def _take(self, key: str, a_minute: float) -> None:
        now = time.monotonic()
        left, since = self._buckets.pop(key, (a_minute, now))
        left = min(a_minute, left + (now - since) * a_minute / MINUTE)
        self._buckets[key] = (max(0.0, left - 1), now)
        if len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)
        if left < 1:
            seconds = (1 - left) * MINUTE / a_minute
            raise TooManyError(
                "Too many requests in a short time. Wait a moment.", code="rate_limited",
                seconds=seconds,
            )  # fmt: skip


class Turns(FairQueue):
    """Turns at the language model: so many answers at once, and a queue that is fair to people."""

    def __init__(self, settings: FairUse) -> None:
        super().__init__(
            settings.answers_at_once,
            settings.answers_at_once,
            settings.answers_waiting,
            settings.answers_waiting_each,
        )


class Shares:
    """Threads for each kind of work that takes long; nobody ever has all of a kind.

    ``looks``: the audit log's. ``directory``: LDAP. ``passwords``: signing in (argon2 takes
    64 MiB a hash, and a directory may be slow). ``pictures``: pages drawn. ``files``: originals and
    looks at folders, which may lie on a share. ``exports``: long lists.
    """

    def __init__(self) -> None:
        self.looks = Share("looks", 4, 3, code="audit_unavailable")
        self.directory = Share("directory", 4, 1, code="directory_unavailable")
        self.passwords = Share("passwords", 6, 2, waiting=60, waiting_each=6)
        self.pictures = Share("pictures", 2, 1, waiting=200, waiting_each=40, seconds=120.0)
        self.files = Share("files", 4, 2, waiting=200, waiting_each=40, seconds=120.0)
        self.exports = Share("exports", 2, 1, waiting=20, waiting_each=2, seconds=600.0)

    def close(self) -> None:
        """Let the threads go."""
        for share in vars(self).values():
            share.close()
