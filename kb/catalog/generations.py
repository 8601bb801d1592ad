"""Generations of the index: one is live, another may be in the making, or kept after it was live.

A generation is ``building``, ``ready`` (it has all that is published, and may go live), ``live``,
``kept`` (it was live, and may be again), ``dropped`` (its points are to be deleted), ``gone``.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, literal_column, or_, select, update

from kb.catalog.arrays import among
from kb.catalog.database import current_seq, now
from kb.catalog.tables import documents, generations, source_readers, versions
from kb.catalog.versions import CURRENT, RETIRED
from kb.types.index import Generation, Published
from kb.types.points import points_in
from kb.types.swaps import Followed

BUILDING, READY, LIVE, KEPT = "building", "ready", "live", "kept"
DROPPED, GONE = "dropped", "gone"
IN_USE = (BUILDING, READY, LIVE, KEPT)
"""States in which a generation needs its models."""
_NEWEST = select(generations.c.id, generations.c.fingerprint, generations.c.description).order_by(
    generations.c.id.desc()
)
_LIVE = _NEWEST.where(generations.c.state == LIVE)


def live(connection: Connection) -> Generation | None:
    """The generation that is searched; None: nothing was indexed yet."""
    return _first(connection, _LIVE)


def building(connection: Connection, fingerprint: str) -> Generation | None:
    """A generation of these settings that was begun and not finished."""
    begun = generations.c.state == BUILDING
    return _first(connection, _NEWEST.where(begun, generations.c.fingerprint == fingerprint))


def _first(connection: Connection, query: Any) -> Generation | None:
    row = connection.execute(query).first()
    return None if row is None else Generation(*row)


def rename(connection: Connection, earlier: Sequence[str], now_called: str) -> bool:
    """Give generations of ``earlier`` fingerprints that of today; whether there were any."""
    old = among(generations.c.fingerprint, earlier)
    if connection.scalar(select(generations.c.id).where(old).limit(1)) is None:
        return False
    connection.execute(update(generations).where(old).values(fingerprint=now_called))
    return True


def begin(
    connection: Connection, fingerprint: str, description: dict[str, Any], state: str = BUILDING
) -> int:
    """Begin a generation; returns its id. ``description`` names its embedding models."""
    new_id = connection.execute(
        insert(generations)
        .values(
            fingerprint=fingerprint,
            description=description,
            state=state,
            created_at=now(),
            switched_at=now() if state == LIVE else None,
        )
        .returning(generations.c.id)
    ).scalar_one()
    return int(new_id)


def describe(connection: Connection, number: int, description: dict[str, Any]) -> None:
    """Replace what is kept with a generation."""
    this = generations.c.id == number
    connection.execute(update(generations).where(this).values(description=description))


def points_by_language(connection: Connection) -> dict[str, list[int]]:
    """The points of every published version, by their document's language; empty: unknown."""
    found: dict[str, list[int]] = {}
    query = (
        select(versions.c.number, versions.c.points, documents.c.language)
        .join(documents, documents.c.version == versions.c.number)
        .where(versions.c.state == CURRENT)
    )
    for number, points, language in connection.execute(query).tuples():
        found.setdefault(language or "", []).extend(points_in(number, points))
    return found


def in_use(connection: Connection) -> list[Generation]:
    """Every generation whose models are needed: live, kept, ready, or being built."""
    rows = connection.execute(_NEWEST.where(generations.c.state.in_(IN_USE)))
    return [Generation(*row) for row in rows]


def beside(connection: Connection, *states: str) -> list[Followed]:
    """The generations in these states, the one that came there last first."""
    query = select(
        generations.c.id, generations.c.fingerprint, generations.c.state,
        generations.c.description, func.coalesce(generations.c.current_to, 0),
        func.coalesce(generations.c.left_at, generations.c.created_at).label("since"),
    )  # fmt: skip
    newest_first: Any = (literal_column("since").desc(), generations.c.id.desc())
    query = query.where(among(generations.c.state, states)).order_by(*newest_first)
    rows = connection.execute(query)
    return [Followed(*row) for row in rows]


def hand_over(connection: Connection, number: int) -> None:
    """A generation that has all that is published at this tick may go live."""
    ready = {"state": READY, "current_to": current_seq(connection), "left_at": now()}
    connection.execute(update(generations).where(generations.c.id == number).values(ready))


def note_current(connection: Connection, number: int, seq: int) -> None:
    """A generation beside the live one has what is published up to this tick."""
    behind = or_(generations.c.current_to.is_(None), generations.c.current_to < seq)
    mine = update(generations).where(generations.c.id == number, behind)
    connection.execute(mine.values(current_to=seq))


def go_live(connection: Connection, number: int) -> None:
    """Make a generation beside the live one live. That one is kept; one kept before is dropped."""
    kept = {"state": KEPT, "left_at": now(), "current_to": current_seq(connection)}
    before = generations.c.state == KEPT, generations.c.id != number
    connection.execute(update(generations).where(*before).values(state=DROPPED))
    connection.execute(update(generations).where(generations.c.state == LIVE).values(kept))
    live = {"state": LIVE, "switched_at": now(), "current_to": None, "left_at": None}
    connection.execute(update(generations).where(generations.c.id == number).values(live))


def drop(connection: Connection, numbers: Sequence[int]) -> None:
    """Have the points of generations deleted (:func:`to_delete`)."""
    mine = among(generations.c.id, numbers)
    connection.execute(update(generations).where(mine).values(state=DROPPED))


def to_delete(connection: Connection) -> list[int]:
    """Generations that are dropped and whose points nobody has deleted yet."""
    dropped = generations.c.state == DROPPED
    return list(connection.scalars(select(generations.c.id).where(dropped)))


def deleted(connection: Connection, number: int) -> None:
    """The points of a dropped generation are deleted."""
    mine = generations.c.id == number, generations.c.state == DROPPED
    connection.execute(update(generations).where(*mine).values(state=GONE))


def born_since(connection: Connection, seq: int) -> list[int]:
    """The current versions, by number, that were published after a tick and have passages."""
    query = select(versions.c.number).where(
        versions.c.state == CURRENT, versions.c.born > seq, versions.c.points > 0
    )
    return list(connection.scalars(query.order_by(versions.c.number)))


def standing(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Of these versions those whose points may stand in an index, each with its document."""
    query = select(versions.c.number, versions.c.document_id).where(
        among(versions.c.number, numbers), versions.c.state.in_((CURRENT, RETIRED))
    )
    return dict(connection.execute(query).tuples().all())


def switch(connection: Connection, new_id: int) -> list[int]:
    """Make a generation the live one; returns the ids of those that were live until now.

    They are dropped: the new one takes their place.
    """
    old = list(connection.scalars(select(generations.c.id).where(generations.c.state == LIVE)))
    connection.execute(update(generations).where(generations.c.state == LIVE).values(state=DROPPED))
    connection.execute(
        update(generations).where(generations.c.id == new_id).values(state=LIVE, switched_at=now())
    )
    return old


def published(connection: Connection) -> dict[int, Published]:
    """What an index has to hold: every published version, by number."""
    tokens: dict[int, list[str]] = {}
    for source_id, token in connection.execute(
        select(source_readers.c.source_id, source_readers.c.token).order_by(source_readers.c.token)
    ).tuples():
        tokens.setdefault(source_id, []).append(token)
    rows = connection.execute(
        select(
            versions.c.number, versions.c.points, documents.c.id, documents.c.source_id,
            documents.c.rights,
        )
        .join(documents, documents.c.id == versions.c.document_id)
        .where(versions.c.state == CURRENT)
    )  # fmt: skip
    return {
        r.number: Published(r.id, r.points, r.rights or "\n".join(tokens.get(r.source_id, [])))
        for r in rows
    }
