"""Erasings with a statement, and what they read of the catalog before and after."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, func, insert, or_, select, update

from kb.catalog.arrays import among
from kb.catalog.database import now
from kb.catalog.tables import (
    answers,
    chunks,
    conversations,
    documents,
    feedback,
    glossary,
    judged_questions,
    pins,
    purges,
    sources,
    vectors,
    versions,
)
from kb.types.purges import (
    Erased,
    ErasedVersion,
    ListedPurge,
    Marks,
    NamedDocument,
    Purge,
    StoredPassage,
    StoredVector,
    Unstated,
)

LEASE = "purge"
"""Held by whoever erases with a statement: one at a time."""
FETCHED = 1000
"""Rows that are taken out of the database at a time."""
P = TypeVar("P", bound=ListedPurge)


def begin(connection: Connection, by: str, began_with: int, erased: Erased, marks: Marks) -> int:
    """Note what is about to be erased, in the transaction that takes it away; returns its id."""
    values = {"erased": msgspec.to_builtins(erased), "marks": msgspec.to_builtins(marks)}
    values |= {"by": by, "begun_at": now(), "began_with": began_with}
    values |= {"documents": len(erased.documents)}
    new_id = connection.execute(insert(purges).values(**values).returning(purges.c.id))
    return int(new_id.scalar_one())


def state(connection: Connection, number: int, statement: str, signature: str) -> None:
    """Its statement is there: all of it is done, and its marks are not needed any more."""
    values = {"statement": statement, "signature": signature, "ended_at": now()}
    mine = purges.c.id == number, purges.c.statement.is_(None)
    connection.execute(update(purges).where(*mine).values(marks=None, error=None, **values))


def failed(connection: Connection, number: int, error: dict[str, Any]) -> None:
    """What stopped it; it is to be gone on with."""
    mine = purges.c.id == number, purges.c.statement.is_(None)
    connection.execute(update(purges).where(*mine).values(error=error))


def one(connection: Connection, number: int) -> Purge | None:
    """An erasing by its id."""
    return next(iter(_all(connection, purges.c.id == number)), None)


def unfinished(connection: Connection) -> list[Purge]:
    """Those that have no statement yet, the oldest first."""
    return _all(connection, purges.c.statement.is_(None))


def unstated(connection: Connection) -> Unstated:
    """How many of them there are, without what they erase."""
    query = select(purges.c.error).where(purges.c.statement.is_(None)).order_by(purges.c.id)
    errors = list(connection.scalars(query))
    return Unstated(len(errors), errors[0] if errors else None)


def listed(connection: Connection, limit: int) -> list[ListedPurge]:
    """The last ones, the newest first."""
    query = select(*(purges.c[name] for name in ListedPurge.__struct_fields__))
    rows = connection.execute(query.order_by(purges.c.id.desc()).limit(limit))
    return [_as(ListedPurge, row) for row in rows]


def of_paths(
    connection: Connection, path_hashes: Collection[str], source: str | None = None
) -> Purge | None:
    """The last one that erased exactly these documents (with what came out of them).

    ``source``: those of this source, if given.
    """
    for found in _all(connection)[::-1]:
        tops = [d for d in found.erased.documents if d.container is None]
        is_theirs = source is None or {d.source for d in tops} == {source}
        if is_theirs and {d.path_sha256 for d in tops} == set(path_hashes):
            return found
    return None


def _all(connection: Connection, *conditions: Any) -> list[Purge]:
    query = select(purges).where(*conditions).order_by(purges.c.id)
    return [_as(Purge, row) for row in connection.execute(query)]


def _as(kind: type[P], row: Row[Any]) -> P:
    return msgspec.convert({name: getattr(row, name) for name in kind.__struct_fields__}, kind)


def added_at(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[float, int]]:
    """When documents were added, and their size in bytes."""
    query = select(documents.c.id, documents.c.added_at, documents.c.bytes)
    found = connection.execute(query.where(among(documents.c.id, ids)))
    return {row.id: (row.added_at, row.bytes) for row in found}


def contents(connection: Connection, numbers: Sequence[int]) -> dict[int, str | None]:
    """The content hash of those of these versions that are known, by number."""
    query = select(versions.c.number, versions.c.content_hash)
    return dict(connection.execute(query.where(among(versions.c.number, numbers))).tuples().all())


def of_versions(connection: Connection, numbers: Sequence[int]) -> list[ErasedVersion]:
    """The versions with these numbers, by number."""
    query = select(versions.c.number, versions.c.document_id, versions.c.content_hash)
    mine = among(versions.c.number, numbers)
    found = connection.execute(query.where(mine).order_by(versions.c.number))
    return [ErasedVersion(*row) for row in found]


def passages(connection: Connection, numbers: Sequence[int]) -> Iterator[StoredPassage]:
    """The passages of versions, by point."""
    query = select(chunks.c.point, chunks.c.text, chunks.c.vector_hash)
    mine = among(chunks.c.version, numbers)
    for row in connection.execute(query.where(mine).order_by(chunks.c.point)):
        yield StoredPassage(*row)


def vectors_by(connection: Connection, hashes: Sequence[str]) -> Iterator[StoredVector]:
    """The vectors with these hashes, by hash and model."""
    query = select(vectors.c.model, vectors.c.hash, vectors.c.vector)
    mine = among(vectors.c.hash, hashes)
    for row in connection.execute(query.where(mine).order_by(vectors.c.hash, vectors.c.model)):
        yield StoredVector(*row)


def shared_vectors(
    connection: Connection, hashes: Sequence[str], numbers: Sequence[int]
) -> set[str]:
    """Those of these vectors that a passage of another version has."""
    mine = among(chunks.c.vector_hash, hashes), ~among(chunks.c.version, numbers)
    return set(connection.scalars(select(chunks.c.vector_hash).where(*mine)))


def others(
    connection: Connection, ids: Sequence[int], numbers: Sequence[int], answer_ids: Sequence[str]
) -> Iterator[str]:
    """Every text that stays when these documents, versions and answers go, in parts.

    Those of other documents, and what people wrote themselves.
    """
    kept = (
        select(chunks.c.text, chunks.c.embedded_text).where(~among(chunks.c.version, numbers)),
        select(documents.c.path, documents.c.title).where(~among(documents.c.id, ids)),
        select(answers.c.question, answers.c.asked_as, answers.c.text).where(
            ~among(answers.c.id, answer_ids)
        ),
        select(conversations.c.title),
        select(feedback.c.comment),
        select(glossary.c.short, glossary.c.meaning),
        select(judged_questions.c.question, judged_questions.c.text),
        select(pins.c.question, pins.c.answer),
        select(sources.c.name, sources.c.root),
    )
    for query in kept:
        found = connection.execute(query, execution_options={"yield_per": FETCHED})
        for part in found.partitions(FETCHED):
            yield "\n".join(text for row in part for text in row if text)


def named(connection: Connection) -> Iterator[NamedDocument]:
    """Every document."""
    query = select(documents.c.id, sources.c.name, documents.c.path, documents.c.content_hash)
    query = query.join(sources, sources.c.id == documents.c.source_id)
    for row in connection.execute(query, execution_options={"yield_per": FETCHED}):
        yield NamedDocument(*row)


def points(connection: Connection, wanted: Sequence[int]) -> set[int]:
    """Those of these points that a passage has."""
    query = select(chunks.c.point).where(among(chunks.c.point, wanted))
    return set(connection.scalars(query))


def documents_with(connection: Connection, text_hashes: Sequence[str]) -> dict[str, set[int]]:
    """Documents that have a passage of such a text, by its hash (128 bits of SHA-256)."""
    query = select(chunks.c.text_hash, versions.c.document_id)
    query = query.join(versions, versions.c.number == chunks.c.version)
    found: dict[str, set[int]] = {}
    for key, document in connection.execute(query.where(among(chunks.c.text_hash, text_hashes))):
        found.setdefault(key, set()).add(document)
    return found


def vectors_left(connection: Connection, hashes: Sequence[str]) -> dict[str, bool]:
    """Those of these vectors that are there, and whether a passage has them."""
    used = select(chunks.c.point).where(chunks.c.vector_hash == vectors.c.hash).exists()
    query = select(vectors.c.hash, used).where(among(vectors.c.hash, hashes))
    return dict(connection.execute(query).tuples().all())


def answers_left(connection: Connection, ids: Sequence[str]) -> list[str]:
    """Those of these answers that are there."""
    return list(connection.scalars(select(answers.c.id).where(among(answers.c.id, ids))))


def kept_values(connection: Connection, keys: Collection[str]) -> dict[str, set[int]]:
    """Documents that refer to stored values, by the value's key."""
    columns = documents.c.blob, documents.c.content_hash, documents.c.pending
    query = select(documents.c.id, *columns)
    found: dict[str, set[int]] = {}
    wanted = or_(*(among(column, keys) for column in columns))
    for row in connection.execute(query.where(wanted)):
        for key in set(row[1:]) & set(keys):
            found.setdefault(key, set()).add(row.id)
    return found


def count(connection: Connection) -> dict[str, int]:
    """How many rows a look goes through, by table."""
    tables = (documents, versions, chunks, vectors, answers)
    return {
        t.name: int(connection.scalar(select(func.count()).select_from(t)) or 0) for t in tables
    }
