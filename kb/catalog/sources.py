"""Sources: folders that are followed."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from kb.catalog import erased
from kb.catalog.database import now
from kb.catalog.tables import documents, source_readers, sources
from kb.errors import ConflictError, NotFoundError
from kb.types.library import Following, Source


def add(
    connection: Connection,
    name: str,
    root: str,
    readers: tuple[str, ...],
    following: Following | None = None,
) -> Source:
    """Add a source.

    Raises:
        ConflictError: the name is taken.
    """
    if connection.scalar(select(sources.c.id).where(sources.c.name == name)) is not None:
        raise ConflictError("There is a source called {source} already.", detail={"source": name})
    new_id = connection.scalar(
        insert(sources)
        .values(name=name, root=root, created_at=now(), **_columns(following or Following()))
        .returning(sources.c.id)
    )
    connection.execute(
        insert(source_readers), [{"source_id": new_id, "token": t} for t in sorted(set(readers))]
    )
    return by_name(connection, name)


def _columns(following: Following) -> dict[str, Any]:
    return {
        "schedule": following.schedule,
        "watch": following.watch,
        "include": list(following.include),
        "exclude": list(following.exclude),
        "max_file_mb": following.max_file_mb,
        "languages": following.languages,
        "shown_as": following.shown_as,
        "uploads": following.uploads,
    }


def change(connection: Connection, source: Source, following: Following) -> None:
    """Follow a source another way from now on."""
    connection.execute(
        update(sources).where(sources.c.id == source.id).values(**_columns(following))
    )


def pause(connection: Connection, source: Source, *, paused: bool) -> None:
    """Stop following a source until further notice, or go on."""
    connection.execute(update(sources).where(sources.c.id == source.id).values(paused=paused))


def request_run(connection: Connection, source_id: int, priority: int) -> None:
    """Ask for a run as soon as possible; the highest priority asked for counts."""
    connection.execute(
        update(sources)
        .where(sources.c.id == source_id, sources.c.requested_at.is_(None))
        .values(requested_at=now(), priority=priority)
    )
    connection.execute(
        update(sources)
        .where(sources.c.id == source_id, sources.c.priority < priority)
        .values(priority=priority)
    )


def failures(connection: Connection, source_id: int) -> int:
    """How many runs over a source failed in a row, of what may pass."""
    found = connection.scalar(select(sources.c.failures).where(sources.c.id == source_id))
    return int(found or 0)


def tried_again(connection: Connection, source_id: int, failures: int) -> None:
    """Note that a run failed for the ``failures``-th time in a row, of what may pass."""
    values = {"failures": failures, "failed_at": now()}
    connection.execute(update(sources).where(sources.c.id == source_id).values(values))


def tried(connection: Connection, source_id: int, taken_at: float, *, gave_up: bool) -> None:
    """Note that a run over a source is not tried again: it went well, or is given up.

    Given up is also what was asked for until it was taken; what was asked for later stays.
    """
    one, at = sources.c.id == source_id, now() if gave_up else None
    connection.execute(update(sources).where(one).values(failures=0, failed_at=at))
    if gave_up:
        asked = sources.c.requested_at <= taken_at
        connection.execute(update(sources).where(one, asked).values(requested_at=None))


def all_of(connection: Connection, *, counted: bool = True) -> list[Source]:
    """Every source, by name; ``counted``: with how many documents it has."""
    counts = _document_counts(connection) if counted else {}
    readers: dict[int, list[str]] = {}
    for source_id, token in connection.execute(
        select(source_readers.c.source_id, source_readers.c.token).order_by(source_readers.c.token)
    ):
        readers.setdefault(source_id, []).append(token)
    rows = connection.execute(select(sources).order_by(sources.c.name)).all()
    return [_source(r, readers.get(r.id, []), counts.get(r.id, 0)) for r in rows]


def of_uploads(connection: Connection) -> list[Source]:
    """The sources of what people hand in, the oldest first: one for each choice of readers."""
    found = [s for s in all_of(connection, counted=False) if s.following.uploads]
    return sorted(found, key=lambda source: source.id)


def has_documents(connection: Connection) -> bool:
    """Whether any source has a document."""
    return connection.scalar(select(documents.c.id).limit(1)) is not None


def _document_counts(connection: Connection) -> dict[int, int]:
    query = select(documents.c.source_id, func.count()).group_by(documents.c.source_id)
    return dict(connection.execute(query).tuples().all())


def _source(row: Row[Any], readers: list[str], count: int) -> Source:
    values = row._asdict()
    following = Following(
        schedule=values.pop("schedule"),
        watch=values.pop("watch"),
        include=tuple(values.pop("include") or ()),
        exclude=tuple(values.pop("exclude") or ()),
        max_file_mb=values.pop("max_file_mb"),
        languages=values.pop("languages"),
        shown_as=values.pop("shown_as"),
        uploads=values.pop("uploads"),
    )
    return Source(**values, following=following, readers=tuple(readers), documents=count)


def by_name(connection: Connection, name: str) -> Source:
    """One source.

    Raises:
        NotFoundError: there is none of that name.
    """
    row = connection.execute(select(sources).where(sources.c.name == name)).one_or_none()
    if row is None:
        raise NotFoundError("There is no source called {source}.", detail={"source": name})
    readers = select(source_readers.c.token).where(source_readers.c.source_id == row.id)
    counted = select(func.count()).where(documents.c.source_id == row.id)
    return _source(
        row,
        list(connection.scalars(readers.order_by(source_readers.c.token))),
        int(connection.scalar(counted) or 0),
    )


def remove(connection: Connection, source: Source) -> None:
    """Remove the source itself; its documents have been removed before.

    Files that were handed in are deleted after this transaction: see :mod:`kb.files.uploads`.
    """
    if source.following.uploads:
        erased.remove_folder(connection, source.root)
    connection.execute(delete(sources).where(sources.c.id == source.id))


def describe(connection: Connection, source: Source, about: str) -> None:
    """Say what a source is, for the people who search in it."""
    connection.execute(
        update(sources).where(sources.c.id == source.id).values(about=about.strip()[:2000] or None)
    )


def set_rule(connection: Connection, source: Source, rule: dict[str, Any] | None) -> Source:
    """Replace the rule for who may read the source's documents (see ``kb.rights.rules``)."""
    connection.execute(
        update(sources).where(sources.c.id == source.id).values(rule=rule, rights_at=None)
    )
    return by_name(connection, source.name)


def held(connection: Connection, name: str) -> Source:
    """One source, which nobody else changes to the end of this writing transaction.

    Every transaction takes it before documents and before rules that it keeps (locks in one order).

    Raises:
        NotFoundError: there is none of that name.
    """
    row = select(sources.c.id).where(sources.c.name == name)
    connection.execute(row.with_for_update(key_share=True))
    return by_name(connection, name)


def note_rule(connection: Connection, source_id: int, rule: dict[str, Any]) -> None:
    """Note how the rule was applied; what it says stays."""
    connection.execute(update(sources).where(sources.c.id == source_id).values(rule=rule))


def rights_read(connection: Connection, source_id: int, at: float) -> None:
    """Note that what the file system says of a source was read."""
    connection.execute(update(sources).where(sources.c.id == source_id).values(rights_at=at))


def keep_mounts(connection: Connection, source_id: int, mounts: dict[str, Any]) -> None:
    """Keep where shares were mounted when a source's folder was looked at last."""
    connection.execute(update(sources).where(sources.c.id == source_id).values(mounts=mounts))


def set_readers(connection: Connection, source: Source, readers: tuple[str, ...]) -> None:
    """Replace who may read a source. The catalog's word counts from this moment."""
    connection.execute(delete(source_readers).where(source_readers.c.source_id == source.id))
    connection.execute(
        insert(source_readers), [{"source_id": source.id, "token": t} for t in sorted(set(readers))]
    )
