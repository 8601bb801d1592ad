"""Erasing: a document goes now, and from everywhere: catalog, index, stored values, kept answers.

A file that is removed from a folder is hidden at once, and what is stored of it goes within a day.
Erasing is for what must be gone when the command returns. The file itself is deleted if it was
handed in; in a folder that is followed it stays, and is left out from now on.
"""

import contextlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

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
from kb.types.files import Entry
from kb.types.people import Principal
from kb.upkeep.publishing import Publisher


@dataclass(frozen=True, slots=True)
class Erased:
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


@dataclass(frozen=True, slots=True)
class _Withdrawn:
    """What is out of the ledger, and still to be deleted elsewhere."""

    documents: Sequence[Entry]
    versions: Sequence[int]
    hashes: Sequence[str]
    """Of each passage: the key of its vector."""
    answers: int
    files: Counter[str]
    """How many files were ``deleted``, and how many were ``left_out``."""


class _Forgotten(NamedTuple):
    """How many vectors and stored values nothing referred to any more."""

    vectors: int
    blobs: int


async def erase(
    catalog: Catalog,
    blobs: Blobs,
    publisher: Publisher,
    document_ids: Sequence[int],
    by: Principal,
) -> Erased:
    """Erase documents, each with what came out of it. Repeating it does no harm.

    Who did it is noted in the transaction that takes them away. The caller has asked whether they
    may.

    Raises:
        UsageError: one is part of a mail or an archive, which would give it out again; nothing is
            erased.
    """
    withdrawn = await catalog.write(_withdraw, catalog, document_ids, by)
    points = await publisher.sweep(grace_seconds=0)
    forgotten = await catalog.write(_forget, catalog, blobs, withdrawn)
    return Erased(
        documents=len(withdrawn.documents),
        passages=len(withdrawn.hashes),
        points=points,
        vectors=forgotten.vectors,
        blobs=forgotten.blobs,
        answers=withdrawn.answers,
        files_deleted=withdrawn.files["deleted"],
        files_left_out=withdrawn.files["left_out"],
    )


def _withdraw(catalog: Catalog, document_ids: Sequence[int], by: Principal) -> _Withdrawn:
    """Take documents out of the ledger: nobody finds them from here on."""
    with catalog.writing() as connection:
        found = stored.with_members(connection, document_ids)
        wanted = set(document_ids)
        chosen = [one for one in found if one.id in wanted]
        _check_whole(chosen)
        ids = [one.id for one in found]
        numbers = versions.of_documents(connection, ids)
        hashes = vectors.of_versions(connection, numbers)
        gone = _erase_answers(connection, numbers)
        files = _keep_out(connection, found)
        documents.remove(connection, ids)
        _note(connection, chosen, by)
    return _Withdrawn(found, numbers, hashes, gone, files)


def _check_whole(chosen: Sequence[Entry]) -> None:
    for one in chosen:
        if one.parent_id is not None:
            container = one.path.partition(MEMBER)[0]
            raise UsageError(
                "{path} is part of {container}; erase that.",
                code="part_of_another",
                detail={"path": one.path, "container": container},
            )


def _note(connection: Connection, chosen: Sequence[Entry], by: Principal) -> None:
    """Note who erased them: last, since the log's end is locked from then on."""
    by_id = {source.id: source for source in sources.all_of(connection, counted=False)}
    for one in chosen:
        source = by_id[one.source_id].name
        noted(connection, by, "document.erase", one.path, id=one.id, source=source)


def _forget(catalog: Catalog, blobs: Blobs, withdrawn: _Withdrawn) -> _Forgotten:
    """Delete what nothing refers to any more, and answers that were written meanwhile."""
    with catalog.writing() as connection:
        sweeping.erase(connection, withdrawn.versions)
        _erase_answers(connection, withdrawn.versions)
        forgotten = vectors.forget_unused(connection, sorted(set(withdrawn.hashes)))
        unused = _unused(connection, withdrawn.documents)
    deleted = sum(blobs.forget(key, kind) for key, kind in unused)
    phrases.clear_up(catalog)
    catalog.compact()
    return _Forgotten(forgotten, deleted)


def _unused(connection: Connection, found: Sequence[Entry]) -> set[tuple[str, str]]:
    """Key and kind of the values that these documents had, and that no document has now."""
    values = {(one.blob, ELEMENTS) for one in found}
    values |= {(key, ORIGINAL) for one in found for key in (one.content_hash, one.pending)}
    keys = {(key, kind) for key, kind in values if key}
    used = stored.used(connection, {key for key, _ in keys})
    return {(key, kind) for key, kind in keys if key not in used}


def _erase_answers(connection: Connection, numbers: Sequence[int]) -> int:
    """Answers that were written from these versions: their words may repeat the documents'."""
    gone = answers.forget_made_from(connection, numbers)
    if gone:
        conversations.remove_empty(connection)
    return gone


def _keep_out(connection: Connection, found: Sequence[Entry]) -> Counter[str]:
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
