"""Erasing: a document goes now, and from everywhere: catalog, index, stored values, kept answers.

A file that is removed from a folder is hidden at once, and what is stored of it goes within a day.
Erasing is for what must be gone when the command returns. The file itself is deleted if it was
handed in; in a folder that is followed it stays, and is left out from now on.
"""

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from kb import failpoints
from kb.audit.log import noted
from kb.catalog import (
    answers,
    conversations,
    documents,
    phrases,
    sources,
    stored,
    sweeping,
    vectors,
    versions,
)
from kb.catalog.database import Catalog, Connection
from kb.catalog.erased import leave_out
from kb.catalog.names import MEMBER
from kb.errors import UsageError
from kb.files.blobs import ELEMENTS, ORIGINAL, Blobs
from kb.types.files import LedgerEntry
from kb.types.people import Principal
from kb.upkeep.publishing import Publisher


@dataclass(frozen=True, slots=True)
class ErasedCounts:
    """How much was deleted, by place.

    ``files_deleted`` are files that were handed in, ``files_left_out`` those that stay in their
    folders and are not read any more.
    """

    documents: int
    passages: int
    points: int
    vectors: int
    blobs: int
    answers: int
    files_deleted: int
    files_left_out: int

    def as_json(self) -> dict[str, int]:
        """The JSON of ``kb purge``."""
        return asdict(self)


Planned = Callable[[Connection, Sequence[LedgerEntry], Sequence[int]], None]
"""Is told of documents and versions before they go, in the transaction that takes them away."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What documents that left the ledger have elsewhere.

    ``hashes`` are the keys of their passages' vectors, ``values`` keys and kinds of stored values.
    """

    versions: Sequence[int]
    hashes: Sequence[str]
    values: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Withdrawn:
    """What is out of the ledger, and still to be deleted elsewhere."""

    documents: int
    rest: Rest
    answers: int
    files: Counter[str]
    """How many files were ``deleted``, and how many were ``left_out``."""


class Forgotten(NamedTuple):
    """How many vectors and stored values nothing referred to any more."""

    vectors: int
    blobs: int


async def erase(
    catalog: Catalog,
    blobs: Blobs,
    publisher: Publisher,
    document_ids: Sequence[int],
    by: Principal,
    planned: Planned | None = None,
) -> ErasedCounts:
    """Erase documents, each with what came out of it. Repeating it does no harm.

    Who did it is noted in the transaction that takes them away; ``planned`` is called in it. The
    caller has asked whether they may.

    Raises:
        UsageError: one is part of a mail or an archive, which would give it out again; nothing is
            erased.
    """
    withdrawn = await catalog.write(_withdraw, catalog, document_ids, by, planned)
    failpoints.reached("purge_planned")
    points = await publisher.sweep(grace_seconds=0)
    forgotten = await catalog.write(forget, catalog, blobs, withdrawn.rest)
    failpoints.reached("purge_forgotten")
    return ErasedCounts(
        documents=withdrawn.documents,
        passages=len(withdrawn.rest.hashes),
        points=points,
        vectors=forgotten.vectors,
        blobs=forgotten.blobs,
        answers=withdrawn.answers,
        files_deleted=withdrawn.files["deleted"],
        files_left_out=withdrawn.files["left_out"],
    )


def _withdraw(
    catalog: Catalog, document_ids: Sequence[int], by: Principal, planned: Planned | None
) -> _Withdrawn:
    """Take documents out of the ledger: nobody finds them from here on."""
    with catalog.writing() as connection:
        found = stored.with_members(connection, document_ids)
        wanted = set(document_ids)
        chosen = [one for one in found if one.id in wanted]
        _check_whole(chosen)
        ids = [one.id for one in found]
        numbers = versions.of_documents(connection, ids)
        if planned is not None:
            planned(connection, found, numbers)
        hashes = vectors.of_versions(connection, numbers)
        gone = _erase_answers(connection, numbers)
        files = _keep_out(connection, found)
        documents.remove(connection, ids)
        _note(connection, chosen, by)
    return _Withdrawn(len(found), Rest(numbers, hashes, values_of(found)), gone, files)


def _check_whole(chosen: Sequence[LedgerEntry]) -> None:
    for one in chosen:
        if one.parent_id is not None:
            container = one.path.partition(MEMBER)[0]
            raise UsageError(
                "{path} is part of {container}; erase that.",
                code="part_of_another",
                detail={"path": one.path, "container": container},
            )


def _note(connection: Connection, chosen: Sequence[LedgerEntry], by: Principal) -> None:
    """Note who erased them: last, since the log's end is locked from then on."""
    by_id = {source.id: source for source in sources.all_of(connection, counted=False)}
    for one in chosen:
        source = by_id[one.source_id].name
        noted(connection, by, "document.erase", one.path, id=one.id, source=source)


def forget(catalog: Catalog, blobs: Blobs, rest: Rest) -> Forgotten:
    """Delete what nothing refers to any more, and answers that were written meanwhile."""
    with catalog.writing() as connection:
        sweeping.erase(connection, rest.versions)
        _erase_answers(connection, rest.versions)
        forgotten = vectors.forget_unused(connection, sorted(set(rest.hashes)))
        used = stored.used(connection, {key for key, _ in rest.values})
    unused = {(key, kind) for key, kind in rest.values if key not in used}
    deleted = sum(blobs.forget(key, kind) for key, kind in unused)
    phrases.clear_up(catalog)
    catalog.compact()
    return Forgotten(forgotten, deleted)


def values_of(found: Sequence[LedgerEntry]) -> list[tuple[str, str]]:
    """Key and kind of the stored values that these documents refer to."""
    values = {(one.blob, ELEMENTS) for one in found}
    values |= {(key, ORIGINAL) for one in found for key in (one.content_hash, one.pending)}
    return sorted((key, kind) for key, kind in values if key)


def _erase_answers(connection: Connection, numbers: Sequence[int]) -> int:
    """Answers that were written from these versions: their words may repeat the documents'."""
    gone = answers.forget_made_from(connection, numbers)
    if gone:
        conversations.remove_empty(connection)
    return gone


def _keep_out(connection: Connection, found: Sequence[LedgerEntry]) -> Counter[str]:
    """Delete files that were handed in; leave the others out of their source from now on.

    Returns how many were ``deleted``, and how many were ``left_out``.
    """
    files: Counter[str] = Counter()
    by_id = {source.id: source for source in sources.all_of(connection, counted=False)}
    for one in found:
        source = by_id[one.source_id]
        if one.parent_id is not None:
            continue
        if source.following.uploads:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(Path(source.root) / os.fsdecode(one.raw_path))
                files["deleted"] += 1
            continue
        leave_out(connection, source.id, one.raw_path)
        files["left_out"] += 1
    return files
