"""Documents: one row per path, the ledger of every file in a source."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from kb.catalog import containers, dating, entries, names, versions
from kb.catalog.arrays import among
from kb.catalog.database import now
from kb.catalog.rights import readable
from kb.catalog.tables import documents, name_tokens
from kb.errors import KbError
from kb.text.pathnames import cut
from kb.types.files import KnownDocument, LedgerEntry, Stat
from kb.types.parsed import State
from kb.types.people import Principal

NOT_REACHED = "not_reached"
"""The reason of a file whose turn has not come."""
_UNREAD = {"state": State.WAITING, "code": NOT_REACHED, "chunks": 0, "tries": 0, "held": False}
LASTING = {
    "cut_short",
    "formulas_without_value",
    "hidden_cells",
    "hidden_sheets",
    "hidden_slides",
    "hidden_text",
    "parts_unread",
    "pictures_left_out",
    "tracked_changes",
}
"""Reasons of an indexed document that are not over when its file proves unchanged."""


def of_source(connection: Connection, source_id: int) -> dict[bytes, KnownDocument]:
    """Every document of a source that is a file itself, by raw path."""
    found = entries.known(
        connection, documents.c.source_id == source_id, documents.c.parent_id.is_(None)
    )
    return {known.raw_path: known for known in found}


def add(
    connection: Connection,
    source_id: int,
    raw_path: bytes,
    path: str,
    *,
    parent_id: int | None = None,
    size: int = 0,
    rights: str | None = None,
    target: bytes | None = None,
) -> int:
    """Add a document in state waiting, or find the one that is there; returns its id.

    ``rights`` are a new one's: a set of its own, or None: its source's. ``target``: a link's.
    """
    here = (documents.c.source_id == source_id, documents.c.raw_path == raw_path)
    found = connection.scalar(select(documents.c.id).where(*here))
    if found is not None:
        return int(found)
    new_id = connection.execute(
        insert(documents)
        .values(
            **_UNREAD,
            source_id=source_id,
            parent_id=parent_id,
            raw_path=raw_path,
            path=path,
            bytes=size,
            rights=rights,
            target=target,
            added_at=now(),
        )
        .returning(documents.c.id)
    ).scalar_one()
    names.index(connection, new_id, path)
    return int(new_id)


def rename(connection: Connection, document_id: int, raw_path: bytes, path: str) -> None:
    """Follow a renamed file: same document, same vectors, another path; its members follow."""
    old = by_id(connection, document_id)
    if old is None:  # it was erased meanwhile: its file is new to the next run
        return
    _move(connection, document_id, raw_path, path)
    for child in containers.children(connection, document_id):
        _move(
            connection,
            child.id,
            cut(raw_path + child.raw_path[len(old.raw_path) :]),
            path + child.path[len(old.path) :],
        )


def _move(connection: Connection, document_id: int, raw_path: bytes, path: str) -> None:
    connection.execute(
        update(documents)
        .where(documents.c.id == document_id)
        .values(raw_path=raw_path, path=path, held=False)
    )
    names.index(connection, document_id, path)


def touch(connection: Connection, document_id: int, stat: Stat) -> None:
    """The content is the same; only the file's times moved. A reason to wait is over."""
    connection.execute(
        update(documents)
        .where(documents.c.id == document_id)
        .values(**asdict(stat), held=False, tries=0, due_at=None, pending=None)
    )
    connection.execute(
        update(documents)
        .where(
            documents.c.id == document_id,
            documents.c.state == State.INDEXED,
            documents.c.code.not_in(LASTING),
        )
        .values(code=None)
    )
    dating.of_file(connection, document_id, stat.mtime_ns)


def cut_anew(connection: Connection, document_id: int, settings: str) -> None:
    """What is published of a document stays, until what was parsed of it is cut once more."""
    connection.execute(
        update(documents)
        .where(documents.c.id == document_id, documents.c.version.is_not(None))
        .values(settings=settings)
    )


def expect(connection: Connection, document_ids: Sequence[int]) -> None:
    """Note that files are to be read: until then their reason is that their turn has not come.

    Since when a file waits is kept, so that a run that ends early begins the next with it.
    """
    chosen = among(documents.c.id, document_ids)
    connection.execute(
        update(documents).where(chosen, documents.c.due_at.is_(None)).values(due_at=now())
    )
    connection.execute(
        update(documents).where(chosen, documents.c.code.is_(None)).values(code=NOT_REACHED)
    )


def due_since(connection: Connection, source_id: int) -> dict[int, float]:
    """Files whose turn has not come, or that are to be tried again, and since when."""
    query = select(documents.c.id, documents.c.due_at).where(
        documents.c.source_id == source_id, documents.c.due_at.is_not(None)
    )
    return dict(connection.execute(query).tuples().all())


def note_problem(
    connection: Connection,
    document_id: int,
    state: State,
    code: str,
    parameters: dict[str, Any],
    stat: Stat | None,
    *,
    settings: str | None,
    tries: int = 0,
) -> None:
    """Record why a file is not searchable. What was published of it before is withdrawn."""
    values: dict[str, Any] = {
        "state": state,
        "code": code,
        "parameters": parameters,
        "settings": settings,
        "tries": tries,
        "chunks": 0,
        "pages": None,
        "used": None,
        "content_hash": None,
        "version": None,
        "held": False,
        "due_at": None,
    }
    if settings is not None:
        values["pending"] = None
    if stat is not None:
        values |= asdict(stat)
    remove(connection, containers.direct_children(connection, document_id))
    versions.retire_documents(connection, [document_id])
    connection.execute(update(documents).where(documents.c.id == document_id).values(**values))


def note_retry(connection: Connection, document_id: int, error: KbError, tries: int) -> None:
    """A try failed that may work later; what was published before stays."""
    values = {"code": error.code, "parameters": error.detail, "tries": tries}
    connection.execute(update(documents).where(documents.c.id == document_id).values(**values))


def try_again(connection: Connection, document_ids: Sequence[int]) -> None:
    """Have files read anew in the next run of their source, however often they have failed.

    A member is read with the file that it came out of.
    """
    for document_id in document_ids:
        row = by_id(connection, document_id)
        while row is not None:
            values: dict[str, Any] = {"settings": None, "tries": 0}
            if row.state in {State.FAILED, State.SKIPPED, State.QUARANTINED}:
                values["state"] = State.WAITING
            connection.execute(update(documents).where(documents.c.id == row.id).values(**values))
            row = by_id(connection, row.parent_id) if row.parent_id else None


def unhold(connection: Connection, document_id: int) -> None:
    """The file of a held document is there again."""
    connection.execute(update(documents).where(documents.c.id == document_id).values(held=False))


def by_id(connection: Connection, document_id: int) -> LedgerEntry | None:
    """A document's entry, whoever may read it: for ingestion only."""
    found = entries.entries(connection, documents.c.id == document_id)
    return found[0] if found else None


def title(connection: Connection, document_id: int) -> str | None:
    """What a document is called; None where it was not read."""
    return connection.scalar(select(documents.c.title).where(documents.c.id == document_id))


def content_hashes(connection: Connection, document_ids: Collection[int]) -> dict[int, str | None]:
    """The SHA-256 of the bytes of those of these documents that are there, by id."""
    query = select(documents.c.id, documents.c.content_hash)
    mine = among(documents.c.id, document_ids)
    return dict(connection.execute(query.where(mine)).tuples().all())


def readable_of(
    connection: Connection, principal: Principal, document_ids: Collection[int]
) -> set[int]:
    """Which of some documents a principal may read."""
    mine = among(documents.c.id, document_ids), readable(principal)
    return set(connection.scalars(select(documents.c.id).where(*mine)))


def hold(connection: Connection, document_ids: Sequence[int]) -> None:
    """Mark documents whose files are gone, in a removal that waits for confirmation."""
    connection.execute(
        update(documents).where(among(documents.c.id, document_ids)).values(held=True)
    )


def held_in(connection: Connection, source_id: int) -> list[int]:
    """The documents of a source whose removal waits for confirmation."""
    query = select(documents.c.id).where(documents.c.source_id == source_id, documents.c.held)
    return list(connection.scalars(query))


def held_by_source(connection: Connection) -> dict[int, int]:
    """How many documents wait for the confirmation of their removal, by source."""
    query = select(documents.c.source_id, func.count()).where(documents.c.held)
    return dict(connection.execute(query.group_by(documents.c.source_id)).tuples().all())


def held_paths(
    connection: Connection, principal: Principal, source_id: int, most: int
) -> list[str]:
    """The first paths of those of a source, as far as somebody may read them."""
    mine = documents.c.source_id == source_id, documents.c.held, readable(principal)
    query = select(documents.c.path).where(*mine).order_by(documents.c.path)
    return list(connection.scalars(query.limit(most)))


def remove(connection: Connection, document_ids: Sequence[int]) -> int:
    """Remove documents with all that came out of them; returns how many rows left the ledger."""
    ids = list(dict.fromkeys([*document_ids, *containers.members_of(connection, document_ids)]))
    if not ids:
        return 0
    versions.retire_documents(connection, ids)
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        connection.execute(delete(name_tokens).where(among(name_tokens.c.document_id, part)))
        connection.execute(
            update(documents).where(among(documents.c.id, part)).values(parent_id=None)
        )
        connection.execute(delete(documents).where(among(documents.c.id, part)))
    return len(ids)


def ids_of_source(connection: Connection, source_id: int) -> list[int]:
    """Every document of a source, members included."""
    return list(
        connection.scalars(select(documents.c.id).where(documents.c.source_id == source_id))
    )


def tries(connection: Connection, document_id: int) -> int:
    """How often a document has failed in a row."""
    query = select(documents.c.tries).where(documents.c.id == document_id)
    return int(connection.scalar(query) or 0)


def name_cut(connection: Connection, earlier: str, now_called: str) -> None:
    """Name how documents were cut as this release does; ``earlier``: as an earlier one did."""
    named = documents.c.settings.like(f"%.{earlier}%")
    otherwise = func.replace(documents.c.settings, f".{earlier}", f".{now_called}")
    connection.execute(update(documents).where(named).values(settings=otherwise))
