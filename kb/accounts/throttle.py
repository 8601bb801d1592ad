"""How often signing in may fail, without locking out the right person.

Failures count per account *and* address, per address, and per account from anywhere. The last one
keeps out only addresses from which nobody has ever signed in to that account: whoever attacks from
elsewhere cannot shut out the person who comes from where they always come from.
"""

from sqlalchemy import Connection

from kb.catalog import signing_in
from kb.catalog.database import now
from kb.errors import TooManyError

FORGET_SECONDS = 3600.0
FREE_PAIR, FREE_ADDRESS, FREE_ACCOUNT = 5, 40, 20
"""Failures before anybody has to wait."""
FIRST_WAIT, LONGEST_WAIT = 15.0, 900.0


def check(connection: Connection, account: str, address: str) -> None:
    """Whether another attempt may be made now.

    Raises:
        TooManyError: not yet; it says in how many seconds.
    """
    waits = [
        _wait(connection, _pair(account, address), FREE_PAIR),
        _wait(connection, _address(address), FREE_ADDRESS),
    ]
    if not _is_known(connection, account, address):
        waits.append(_wait(connection, _account(account), FREE_ACCOUNT))
    longest = max(waits)
    if longest > 0:
        raise TooManyError(
            "Too many attempts failed. Wait a little, then try again.",
            code="too_many_attempts",
            seconds=longest,
        )


def failed(connection: Connection, account: str, address: str) -> None:
    """An attempt failed."""
    for key in (_pair(account, address), _address(address), _account(account)):
        signing_in.failed(connection, key, FORGET_SECONDS)


def succeeded(connection: Connection, account: str, address: str) -> None:
    """An attempt succeeded: from here this account is at home."""
    signing_in.succeeded(connection, _pair(account, address))
    signing_in.succeeded(connection, _home(account, address))


def _wait(connection: Connection, key: str, free: int) -> float:
    row = signing_in.failures_of(connection, key)
    if row is None or row.times < free:
        return 0.0
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(row.times - free, 10))
    return float(max(0.0, row.last_at + wait - now()))


def _is_known(connection: Connection, account: str, address: str) -> bool:
    return signing_in.failures_of(connection, _home(account, address)) is not None


def _pair(account: str, address: str) -> str:
    return f"pair:{account[:100]}:{address[:60]}"


def _address(address: str) -> str:
    return f"address:{address[:60]}"


def _account(account: str) -> str:
    return f"account:{account[:100]}"


def _home(account: str, address: str) -> str:
    return f"home:{account[:100]}:{address[:60]}"
