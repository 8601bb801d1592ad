"""Erase a document now, from everywhere: catalog, index, stored values, kept answers.

Removing a file from a folder hides it at once and clears up within a day; this is for what must be
gone when the command returns. The file itself is deleted only among uploads; in a folder that is
followed it stays, and is left out from now on.
"""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, delete, exists, select

from kb.audit.log import noted
from kb.catalog import answers, containers, conversations, documents, phrases, sources
from kb.catalog import erased as leaving_out
from kb.catalog.arrays import among
from kb.catalog.database import Catalog, Connection
from kb.catalog.names import MEMBER
from kb.catalog.tables import chunks, vectors, versions
from kb.catalog.tables import documents as documents_table
from kb.catalog.versions import forget_passages
from kb.errors import UsageError
from kb.files.blobs import ELEMENTS, ORIGINAL, Blobs
from kb.types.people import Principal
from kb.upkeep.publishing import Publisher

PART = 500


@dataclass(slots=True)
class Erased:
    """How much went, by place.

    ``files_deleted`` were handed in; ``files_left_out`` stay in their folders.
    """

    documents: int = 0
    passages: int = 0
    points: int = 0
    vectors: int = 0
    blobs: int = 0
    answers: int = 0
    files_deleted: int = 0
    files_left_out: int = 0

    def as_json(self) -> dict[str, int]:
        """The JSON of ``kb purge``."""
        return asdict(self)


async def erase(
    catalog: Catalog,
    blobs: Blobs,
    publisher: Publisher,
    chosen: Sequence[Row[Any]],
    by: Principal,
) -> Erased:
    """Erase documents, each with what came out of it. Repeating it does no harm.

    Who did it is noted in the transaction that takes them away.

    Raises:
        UsageError: one is part of a mail or an archive, which would give it out again; nothing is
            erased.
    """
    for row in chosen:
        if row.parent_id is not None:
            container = row.path.partition(MEMBER)[0]
            raise UsageError(
                f"{row.path} is part of {container}; erase that.",
                code="part_of_another",
                detail={"path": row.path, "container": container},
            )
    erased = Erased()
    rows, numbers, hashes = await catalog.write(_withdraw, catalog, chosen, erased, by)
    erased.points = await publisher.sweep(grace_seconds=0)

    def forget() -> None:
        with catalog.writing() as connection:
            _erase_versions(connection, numbers)
            erased.vectors = _erase_vectors(connection, sorted(set(hashes)))
            unused = _unused(connection, rows)
        erased.blobs = sum(blobs.forget(key, kind) for key, kind in unused)
        phrases.clear_up(catalog)
        catalog.compact()

    await catalog.write(forget)
    return erased


def _withdraw(
    catalog: Catalog, chosen: Sequence[Row[Any]], erased: Erased, by: Principal
) -> tuple[list[Row[Any]], list[int], list[str]]:
    """Take documents out of the ledger: nobody finds them from here on."""
    with catalog.writing() as connection:
        rows = _with_members(connection, chosen)
        numbers = _versions_of(connection, rows)
        hashes = _vector_hashes(connection, numbers)
        erased.passages = len(hashes)
        erased.answers = _erase_answers(connection, numbers)
        _keep_out(connection, rows, erased)
        erased.documents = documents.remove(connection, [row.id for row in rows])
        for row in chosen:
            noted(connection, by, "document.erase", row.path, id=row.id, source=row.source)
    return rows, numbers, hashes


def _with_members(connection: Connection, chosen: Sequence[Row[Any]]) -> list[Row[Any]]:
    found: dict[int, Any] = {row.id: row for row in chosen}
    for row in chosen:
        found |= {child.id: child for child in containers.children(connection, row.id)}
    return list(found.values())


def _versions_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[int]:
    numbers: list[int] = []
    for start in range(0, len(rows), PART):
        ids = [row.id for row in rows[start : start + PART]]
        numbers += connection.scalars(
            select(versions.c.number).where(among(versions.c.document_id, ids))
        )
    return numbers


def _vector_hashes(connection: Connection, numbers: Sequence[int]) -> list[str]:
    hashes: list[str] = []
    for start in range(0, len(numbers), PART):
        part = numbers[start : start + PART]
        hashes += connection.scalars(
            select(chunks.c.vector_hash).where(among(chunks.c.version, part))
        )
    return hashes


def _erase_answers(connection: Connection, numbers: Sequence[int]) -> int:
    """Answers that were written from these versions: their words may repeat the documents'."""
    gone = answers.forget_made_from(connection, numbers)
    if gone:
        conversations.remove_empty(connection)
    return gone


def _keep_out(connection: Connection, rows: Sequence[Row[Any]], erased: Erased) -> None:
    """Delete files that were handed in; leave the others out of their source from now on."""
    by_id = {source.id: source for source in sources.all_of(connection)}
    for row in rows:
        source = by_id[row.source_id]
        if row.parent_id is not None:
            continue
        if source.following.uploads:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(Path(source.root) / os.fsdecode(row.raw_path))
                erased.files_deleted += 1
            continue
        leaving_out.leave_out(connection, source.id, row.raw_path)
        erased.files_left_out += 1


def _erase_versions(connection: Connection, numbers: Sequence[int]) -> None:
    for start in range(0, len(numbers), PART):
        part = numbers[start : start + PART]
        forget_passages(connection, part)
        connection.execute(delete(versions).where(among(versions.c.number, part)))


def _erase_vectors(connection: Connection, hashes: Sequence[str]) -> int:
    total = 0
    unused = ~exists().where(chunks.c.vector_hash == vectors.c.hash)
    for start in range(0, len(hashes), PART):
        part = hashes[start : start + PART]
        gone = connection.execute(delete(vectors).where(among(vectors.c.hash, part), unused))
        total += gone.rowcount
    return total


def _unused(connection: Connection, rows: Sequence[Row[Any]]) -> set[tuple[str, str]]:
    wanted = {(row.blob, ELEMENTS) for row in rows}
    wanted |= {(key, ORIGINAL) for row in rows for key in (row.content_hash, row.pending)}
    used: set[str] = set()
    kept = documents_table.c
    for column in (kept.blob, kept.content_hash, kept.pending):
        keys = [key for key, _ in wanted if key]
        used |= set(connection.scalars(select(column).where(among(column, keys))))
    return {(key, kind) for key, kind in wanted if key and key not in used}
