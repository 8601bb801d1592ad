"""Turns at the language model, of every web process: who has one, who waits, in which order.

Whoever changes their order holds the counter ``turns`` to the end of a short transaction. Nobody
waits for a turn within one.
"""

from collections.abc import Collection
from dataclasses import asdict, fields

from sqlalchemy import Connection, delete, insert, select, update

from kb.catalog.arrays import among
from kb.catalog.database import insert_ignoring
from kb.catalog.tables import answer_turns, counters
from kb.types.turns import QueuedTurn

ORDER = "turns"
"""The counter that numbers and positions come from."""


def hold(connection: Connection) -> int:
    """Keep others from changing turns to the transaction's end; returns the next number."""
    insert_ignoring(connection, counters, [{"name": ORDER, "value": 0}])
    mine = update(counters).where(counters.c.name == ORDER)
    connection.execute(mine.values(value=counters.c.value + 1))
    return int(connection.scalar(select(counters.c.value).where(counters.c.name == ORDER)) or 0)


def all_of(connection: Connection) -> list[QueuedTurn]:
    """Every turn, in the order in which they come."""
    columns = [answer_turns.c[field.name] for field in fields(QueuedTurn)]
    query = select(*columns).order_by(answer_turns.c.position, answer_turns.c.number)
    return [QueuedTurn(*row) for row in connection.execute(query)]


def add(connection: Connection, turn: QueuedTurn) -> None:
    """Note that somebody has a turn, or waits for one."""
    connection.execute(insert(answer_turns).values(**asdict(turn)))


def begin(connection: Connection, turn: QueuedTurn, position: int) -> None:
    """Give a turn to whoever waits; what else the person waits for comes at ``position``."""
    connection.execute(
        update(answer_turns).where(answer_turns.c.key == turn.key).values(begun=True)
    )
    waiting = update(answer_turns).where(
        answer_turns.c.person == turn.person, answer_turns.c.begun.is_(False)
    )
    connection.execute(waiting.values(position=position))


def remove(connection: Connection, keys: Collection[str]) -> None:
    """Forget turns: they have ended."""
    if keys:
        connection.execute(delete(answer_turns).where(among(answer_turns.c.key, keys)))


def stop(connection: Connection, person: str, word: str) -> bool:
    """Note that the asker wants no more of an answer; False where there is none of this word."""
    found = update(answer_turns).where(answer_turns.c.person == person, answer_turns.c.word == word)
    return connection.execute(found.values(stopped=True)).rowcount > 0
