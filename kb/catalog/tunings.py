"""What ``kb tune`` has learned: a row each, of which one is live.

A tuning is ``learned`` (never in use: something was lost by it), ``live``, ``replaced`` (it was
live until the next one) or ``left`` (somebody rolled it back).
"""

import hashlib

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from kb.catalog.database import now
from kb.catalog.tables import tunings
from kb.types.tunings import KeptTuning, Learning

LEARNED, LIVE, REPLACED, LEFT = "learned", "live", "replaced", "left"
_LIVE = select(tunings.c.id, tunings.c.digest).where(tunings.c.state == LIVE)
_SHOWN = select(tunings.c.id, tunings.c.state, tunings.c.digest, tunings.c.facts, tunings.c.made_at)


def add(connection: Connection, learned: bytes, facts: Learning) -> int:
    """Keep what was learned, beside what is live; returns its number, which is never used again."""
    digest = hashlib.sha256(learned).hexdigest()
    row = {
        "state": LEARNED,
        "digest": digest,
        "learned": learned,
        "facts": msgspec.to_builtins(facts),
        "made_at": now(),
    }
    query = insert(tunings).values(row).returning(tunings.c.id)
    return int(connection.execute(query).scalar_one())


def go_live(connection: Connection, number: int) -> None:
    """Make a tuning the live one."""
    ended = {"state": REPLACED, "ended_at": now()}
    connection.execute(update(tunings).where(tunings.c.state == LIVE).values(ended))
    live = {"state": LIVE, "live_at": now(), "ended_at": None}
    connection.execute(update(tunings).where(tunings.c.id == number).values(live))


def roll_back(connection: Connection) -> tuple[int, int | None] | None:
    """Leave the live tuning for the one before it; both numbers.

    The second is None where there was none before; None: there is no live one.
    """
    live = current(connection)
    if live is None:
        return None
    left = {"state": LEFT, "ended_at": now()}
    connection.execute(update(tunings).where(tunings.c.id == live[0]).values(left))
    order = (tunings.c.ended_at.desc(), tunings.c.id.desc())
    before = connection.scalar(
        select(tunings.c.id).where(tunings.c.state == REPLACED).order_by(*order).limit(1)
    )
    if before is not None:
        again = {"state": LIVE, "live_at": now(), "ended_at": None}
        connection.execute(update(tunings).where(tunings.c.id == before).values(again))
    return live[0], before


def current(connection: Connection) -> tuple[int, str] | None:
    """The live tuning's number and digest; None: questions are asked as they are embedded."""
    row = connection.execute(_LIVE).first()
    return None if row is None else (row.id, row.digest)


def learned(connection: Connection, number: int) -> bytes:
    """What was learned, as :func:`add` was given it."""
    query = select(tunings.c.learned).where(tunings.c.id == number)
    return bytes(connection.execute(query).scalar_one())


def all_of(connection: Connection) -> list[KeptTuning]:
    """Every tuning, the oldest first."""
    rows = connection.execute(_SHOWN.order_by(tunings.c.id))
    return [
        KeptTuning(r.id, r.state, r.digest, msgspec.convert(r.facts, Learning), r.made_at)
        for r in rows
    ]


def remove(connection: Connection, number: int) -> bool:
    """Forget a tuning that is not live; whether there was one."""
    mine = tunings.c.id == number, tunings.c.state != LIVE
    return connection.execute(delete(tunings).where(*mine)).rowcount > 0
