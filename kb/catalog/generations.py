"""Generations of the index: one is live, another may be in the making."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from kb.catalog.arrays import among
from kb.catalog.database import now
from kb.catalog.tables import documents, generations, source_readers, versions
from kb.catalog.versions import CURRENT
from kb.types.index import Generation, Published
from kb.types.points import point_of

BUILDING, LIVE, DROPPED = "building", "live", "dropped"
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
        of_language = found.setdefault(language or "", [])
        of_language.extend(point_of(number, n) for n in range(points))
    return found


def switch(connection: Connection, new_id: int) -> list[int]:
    """Make a generation the live one; returns the ids of those that were live until now."""
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
