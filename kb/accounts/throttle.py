"""How often signing in may fail, without locking out the right person.

Counters drain: each forgives one failure in a fixed time, so that a typo now and then never adds
up, however many people share an address. A device that somebody has signed in with before has a
counter of its own for that person, and the failures of others do not slow it. Any other device
counts per account and address, per address, and per account from anywhere; while one of these is
full it waits, whether the password is right or not.

An attempt is counted before the password is looked at, and taken back when it was right: attempts
at one time cannot all pass the same count.
"""

import hashlib
import unicodedata
from dataclasses import dataclass, field

from kb.catalog import failed_attempts
from kb.catalog.database import Connection, now
from kb.errors import TooManyError

FIRST_WAIT, LONGEST_WAIT = 15.0, 900.0
"""Seconds to wait once a counter is full, twice as many after each further failure; and the
most."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A limit: ``free`` failures before anybody waits, one forgiven every so many ``seconds``."""

    free: int
    seconds: float


DEVICE, PAIR = Counter(5, 720.0), Counter(5, 720.0)
ADDRESS, ACCOUNT = Counter(40, 90.0), Counter(20, 180.0)


def fold(name: str) -> str:
    """A name as a directory compares it: case, accents, width, spaces and invisible signs aside."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    kept = (c for c in plain if unicodedata.category(c) not in {"Mn", "Cf"})
    return " ".join("".join(kept).split())


@dataclass
class Attempt:
    """One attempt from one address; ``device`` is the person's own, or empty for a stranger's."""

    address: str
    device: str = ""
    _counted: dict[str, Counter] = field(default_factory=dict)

    def count(self, connection: Connection, account: str) -> None:
        """Count an attempt on an account, within a writing transaction.

        Raises:
            TooManyError: it has to wait; it says for how many seconds. Then nothing is counted.
        """
        new = {k: c for k, c in self._keys(account).items() if k not in self._counted}
        held = {key: failed_attempts.held(connection, key) for key in sorted(new)}
        wait = max((_wait(*held[key], counter) for key, counter in new.items()), default=0.0)
        if wait > 0:
            raise TooManyError(
                "Too many attempts failed. Wait a little, then try again.",
                code="too_many_attempts",
                seconds=wait,
            )
        for key, counter in new.items():
            level = _level(*held[key], counter)
            failed_attempts.count(connection, key, level + 1, now())
        self._counted |= new

    def take_back(self, connection: Connection) -> None:
        """Take the attempt out of the counts: it was no failure."""
        for key in sorted(self._counted):
            count, last_at = failed_attempts.held(connection, key)
            failed_attempts.count(connection, key, max(0.0, count - 1), last_at)
        self._counted.clear()

    def succeeded(self, connection: Connection) -> None:
        """Note that it was the right person: their own earlier failures are forgiven too."""
        own = [k for k, counter in self._counted.items() if counter in (PAIR, DEVICE)]
        self.take_back(connection)
        for key in own:
            failed_attempts.count(connection, key, 0.0, 0.0)

    def _keys(self, account: str) -> dict[str, Counter]:
        if self.device:
            return {_key("device", account, self.device): DEVICE}
        return {
            _key("pair", account, self.address): PAIR,
            _key("address", self.address): ADDRESS,
            _key("account", account): ACCOUNT,
        }


def _level(count: float, last_at: float, counter: Counter) -> float:
    """What is left of a count: it drains while time passes."""
    return max(0.0, count - max(0.0, now() - last_at) / counter.seconds)


def _wait(count: float, last_at: float, counter: Counter) -> float:
    if _level(count, last_at, counter) <= counter.free - 1:
        return 0.0
    growth = float(2.0 ** min(count - counter.free, 10.0))
    return max(0.0, last_at + min(LONGEST_WAIT, FIRST_WAIT * growth) - now())


def _key(*parts: str) -> str:
    """Of any length, and without names in it."""
    return (
        parts[0]
        + ":"
        + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    )
