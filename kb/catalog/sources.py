"""Sources: folders that are followed."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from kb.catalog.database import now
from kb.catalog.tables import documents, source_readers, sources
from kb.errors import ConflictError, NotFoundError


@dataclass(frozen=True, slots=True)
class Source:
    """A folder that is followed, and who may read what is in it."""

    id: int
    name: str
    root: str
    schedule: str | None
    shown_as: str | None
    readers: tuple[str, ...]
    created_at: float
    started_at: float | None
    finished_at: float | None
    counts: dict[str, Any] | None
    error: dict[str, Any] | None
    documents: int = 0


def add(
    connection: Connection,
    name: str,
    root: str,
    readers: tuple[str, ...],
    *,
    schedule: str | None = None,
    shown_as: str | None = None,
) -> Source:
    """Add a source.

    Raises:
        ConflictError: the name is taken.
    """
    if connection.scalar(select(sources.c.id).where(sources.c.name == name)) is not None:
        raise ConflictError(f"There is a source called {name} already.", detail={"source": name})
    new_id = connection.scalar(
        insert(sources)
        .values(name=name, root=root, schedule=schedule, shown_as=shown_as, created_at=now())
        .returning(sources.c.id)
    )
    connection.execute(
        insert(source_readers), [{"source_id": new_id, "token": t} for t in sorted(set(readers))]
    )
    return by_name(connection, name)


def all_of(connection: Connection) -> list[Source]:
    """Every source, by name."""
    counted = dict(
        connection.execute(
            select(documents.c.source_id, func.count()).group_by(documents.c.source_id)
        )
        .tuples()
        .all()
    )
    readers: dict[int, list[str]] = {}
    for source_id, token in connection.execute(
        select(source_readers.c.source_id, source_readers.c.token).order_by(source_readers.c.token)
    ):
        readers.setdefault(source_id, []).append(token)
    rows = connection.execute(select(sources).order_by(sources.c.name)).all()
    return [_source(r, readers.get(r.id, []), counted.get(r.id, 0)) for r in rows]


def _source(row: Row[Any], readers: list[str], count: int) -> Source:
    return Source(**row._asdict(), readers=tuple(readers), documents=count)


def by_name(connection: Connection, name: str) -> Source:
    """One source.

    Raises:
        NotFoundError: there is none of that name.
    """
    for source in all_of(connection):
        if source.name == name:
            return source
    raise NotFoundError(f"There is no source called {name}.", detail={"source": name})


def remove(connection: Connection, source: Source) -> None:
    """Remove the source itself; its documents have been removed before."""
    connection.execute(delete(sources).where(sources.c.id == source.id))


def run_started(connection: Connection, source: Source) -> None:
    """Note that a run began."""
    connection.execute(update(sources).where(sources.c.id == source.id).values(started_at=now()))


def run_finished(
    connection: Connection,
    source: Source,
    counts: dict[str, Any] | None,
    error: dict[str, Any] | None,
) -> None:
    """Note how the last run ended."""
    connection.execute(
        update(sources)
        .where(sources.c.id == source.id)
        .values(finished_at=now(), counts=counts, error=error)
    )


def set_readers(connection: Connection, source: Source, readers: tuple[str, ...]) -> None:
    """Replace who may read a source. The catalog's word counts from this moment."""
    connection.execute(delete(source_readers).where(source_readers.c.source_id == source.id))
    connection.execute(
        insert(source_readers), [{"source_id": source.id, "token": t} for t in sorted(set(readers))]
    )
