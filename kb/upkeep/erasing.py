"""Erasing: a document goes now, and from everywhere: catalog, index, stored values, kept answers.

A file that is removed from a folder is hidden at once, and what is stored of it goes within a day.
Erasing is for what must be gone when the command returns. The file itself is deleted if it was
handed in; in a folder that is followed it stays, and is left out from now on.
"""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

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


@dataclass(slots=True)
class Erased:
    """How much was deleted, by place.

    ``files_deleted`` are files that were handed in, ``files_left_out`` those that stay in their
    folders and are not read any more.
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


@dataclass(frozen=True, slots=True)
class _Withdrawn:
    """What is out of the ledger, and still to be deleted elsewhere."""

    documents: Sequence[Entry]
    versions: Sequence[int]
    vectors: Sequence[str]


async def erase(
    catalog: Catalog,
    blobs: Blobs,
    publisher: Publisher,
    document_ids: Sequence[int],
    by: Principal,
) -> Erased:
    """Erase documents, each with what came out of it. Repeating it does no harm.

    Who did it is noted in the transaction that takes them away. Whether they may is the caller's
    to ask.

    Raises:
        UsageError: one is part of a mail or an archive, which would give it out again; nothing is
            erased.
    """
    erased = Erased()
    withdrawn = await catalog.write(_withdraw, catalog, document_ids, erased, by)
    erased.points = await publisher.sweep(grace_seconds=0)
    await catalog.write(_forget, catalog, blobs, withdrawn, erased)
    return erased


def _withdraw(
    catalog: Catalog, document_ids: Sequence[int], erased: Erased, by: Principal
) -> _Withdrawn:
    """Take documents out of the ledger: nobody finds them from here on."""
    with catalog.writing() as connection:
        found = stored.with_members(connection, document_ids)
        wanted = set(document_ids)
        chosen = [one for one in found if one.id in wanted]
        _check_whole(chosen)
        ids = [one.id for one in found]
        numbers = versions.of_documents(connection, ids)
        hashes = vectors.of_versions(connection, numbers)
        erased.passages = len(hashes)
        erased.answers = _erase_answers(connection, numbers)
        _keep_out(connection, found, erased)
        erased.documents = documents.remove(connection, ids)
        _note(connection, chosen, by)
    return _Withdrawn(found, numbers, sorted(set(hashes)))


def _check_whole(chosen: Sequence[Entry]) -> None:
    for one in chosen:
        if one.parent_id is not None:
            container = one.path.partition(MEMBER)[0]
            raise UsageError(
                f"{one.path} is part of {container}; erase that.",
                code="part_of_another",
                detail={"path": one.path, "container": container},
            )


def _note(connection: Connection, chosen: Sequence[Entry], by: Principal) -> None:
    """Note who erased them: last, since the log's end is locked from then on."""
    by_id = {source.id: source for source in sources.all_of(connection, counted=False)}
    for one in chosen:
        source = by_id[one.source_id].name
        noted(connection, by, "document.erase", one.path, id=one.id, source=source)


def _forget(catalog: Catalog, blobs: Blobs, withdrawn: _Withdrawn, erased: Erased) -> None:
    """Delete what nothing refers to any more."""
    with catalog.writing() as connection:
        sweeping.erase(connection, withdrawn.versions)
        erased.vectors = vectors.forget_unused(connection, withdrawn.vectors)
        unused = _unused(connection, withdrawn.documents)
    erased.blobs = sum(blobs.forget(key, kind) for key, kind in unused)
    phrases.clear_up(catalog)
    catalog.compact()


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


def _keep_out(connection: Connection, found: Sequence[Entry], erased: Erased) -> None:
    """Delete files that were handed in; leave the others out of their source from now on."""
    by_id = {source.id: source for source in sources.all_of(connection, counted=False)}
    for one in found:
        source = by_id[one.source_id]
        if one.parent_id is not None:
            continue
        if source.following.uploads:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(Path(source.root) / os.fsdecode(one.raw_path))
                erased.files_deleted += 1
            continue
        leave_out(connection, source.id, one.raw_path)
        erased.files_left_out += 1
