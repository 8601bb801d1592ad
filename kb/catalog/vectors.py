"""Vectors: a passage's embedding, kept by the model and the hash of what was embedded."""

from collections.abc import Iterable, Sequence
from math import inf

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, select, update

from kb.catalog.arrays import among
from kb.catalog.database import insert_ignoring, now
from kb.catalog.tables import chunks, vectors

PART = 50_000
"""Vectors that one look for unused ones goes through."""
UNUSED = ~exists().where(chunks.c.vector_hash == vectors.c.hash)


def known(connection: Connection, model: str, hashes: Iterable[str]) -> dict[str, bytes]:
    """The vectors (float32, little endian) that are there already."""
    wanted = sorted(set(hashes))
    found: dict[str, bytes] = {}
    for start in range(0, len(wanted), 900):
        query = select(vectors.c.hash, vectors.c.vector).where(
            vectors.c.model == model, among(vectors.c.hash, wanted[start : start + 900])
        )
        found.update(connection.execute(query).tuples().all())
    return found


def keep(connection: Connection, model: str, new: dict[str, bytes]) -> None:
    """Store vectors; one that exists stays."""
    at = now()
    rows = [{"model": model, "hash": h, "vector": v, "kept_at": at} for h, v in new.items()]
    insert_ignoring(connection, vectors, rows)


def rename_model(connection: Connection, earlier: Sequence[str], model: str) -> None:
    """Keep the vectors of a model under its name of today, not its ``earlier`` ones.

    A vector that is there already under that name stays.
    """
    there = select(vectors.c.hash).where(vectors.c.model == model)
    for name in earlier:
        old = vectors.c.model == name
        connection.execute(
            update(vectors).where(old, vectors.c.hash.not_in(there)).values(model=model)
        )
        connection.execute(delete(vectors).where(old))


def of_versions(connection: Connection, numbers: Sequence[int]) -> list[str]:
    """The hash of each passage's vector in these versions."""
    query = select(chunks.c.vector_hash).where(among(chunks.c.version, numbers))
    return list(connection.scalars(query))


def unused(connection: Connection, before: float, after: str) -> tuple[list[str], str | None]:
    """Hashes, beyond ``after``, of vectors kept ``before`` (Unix seconds) that no passage has.

    They are those among the next ``PART`` vectors. With them comes the last hash that was looked
    at; None: there are no more.
    """
    query = select(vectors.c.hash).where(vectors.c.hash > after).order_by(vectors.c.hash)
    end = connection.scalar(query.offset(PART - 1).limit(1))
    if end is not None:
        query = query.where(vectors.c.hash <= end)
    return list(connection.scalars(query.where(_old(before)))), end


def forget_unused(connection: Connection, hashes: Sequence[str], before: float = inf) -> int:
    """Delete those of these vectors that no passage has and that were kept ``before`` a moment.

    Returns how many.
    """
    gone = delete(vectors).where(among(vectors.c.hash, hashes), _old(before))
    return connection.execute(gone).rowcount


def _old(before: float) -> ColumnElement[bool]:
    return and_(vectors.c.kept_at <= before, UNUSED)
