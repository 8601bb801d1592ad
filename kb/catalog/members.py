"""Members of containers that are due: their bytes wait among the blobs until they are read."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select, update

from kb.catalog import containers
from kb.catalog import documents as documents_catalog
from kb.catalog.entries import entries, known
from kb.catalog.tables import documents
from kb.types.files import KnownDocument, LedgerEntry
from kb.types.parsed import State


@dataclass(frozen=True, slots=True)
class Due:
    """A member to be read: ``pending`` is its bytes' hash, ``depth`` counts the containers."""

    document_id: int
    path: str
    depth: int
    pending: str


def expect(connection: Connection, hashes: Mapping[int, str]) -> None:
    """Note that members are about to be read, each from the blob of its hash."""
    documents_catalog.expect(connection, list(hashes))
    for document_id, content_hash in hashes.items():
        connection.execute(
            update(documents).where(documents.c.id == document_id).values(pending=content_hash)
        )


def due(connection: Connection, source_id: int, busy: Container[int]) -> list[Due]:
    """Members that a run before this one left, but for those that a file in ``busy`` holds.

    A member of a container that is due itself comes out of it again.
    """
    waiting = entries(
        connection,
        documents.c.source_id == source_id,
        documents.c.pending.is_not(None),
        order=(documents.c.due_at, documents.c.id),
    )
    return _due(waiting, _Containers(connection, waiting), busy)


def due_beneath(connection: Connection, document_id: int) -> list[Due]:
    """Members that are due of a container that proved unchanged itself."""
    container = documents_catalog.by_id(connection, document_id)
    if container is None:
        return []
    inside = containers.children(connection, document_id)
    return _due(inside, _Containers(connection, [*inside, container]))


def _due(
    inside: Iterable[LedgerEntry], ways: "_Containers", busy: Container[int] = ()
) -> list[Due]:
    """Those that are due and are in nothing that is due, or that is in ``busy``."""
    found = []
    for entry in inside:
        above = ways.above(entry)
        waits = any(outer.id in busy or outer.pending is not None for outer in above)
        if entry.pending is not None and not waits:
            found.append(Due(entry.id, entry.path, len(above), entry.pending))
    return found


def reread_what_lost_its_bytes(connection: Connection) -> int:
    """Members that wait although no blob holds their bytes: what they came out of is read again.

    So it is in a catalog of a release that kept them in memory. Returns how many.
    """
    query = select(documents.c.id).where(
        documents.c.state == State.WAITING,
        documents.c.parent_id.is_not(None),
        documents.c.pending.is_(None),
    )
    lost = list(connection.scalars(query))
    documents_catalog.try_again(connection, lost)
    documents_catalog.expect(connection, lost)
    return len(lost)


def again_where(
    connection: Connection, source_id: int, has_more: Callable[[KnownDocument], bool]
) -> None:
    """Have members read anew of which more can be read by now, with what they came out of.

    What they came out of may be as it was: a mail needs no tool that its attachment needs.
    """
    lacking = or_(documents.c.used.is_not(None), documents.c.code == "needs_libreoffice")
    found = known(
        connection,
        documents.c.source_id == source_id,
        documents.c.parent_id.is_not(None),
        documents.c.settings.is_not(None),
        lacking,
    )
    documents_catalog.try_again(connection, [member.id for member in found if has_more(member)])


class _Containers:
    """The ways from members up to the file that they came out of; each document is looked up once.

    ``known`` are entries that the caller has already.
    """

    def __init__(self, connection: Connection, known: Iterable[LedgerEntry]) -> None:
        self._connection = connection
        self._known = {entry.id: entry for entry in known}

    def above(self, entry: LedgerEntry) -> list[LedgerEntry]:
        """The containers that a member is in, the innermost first."""
        above: list[LedgerEntry] = []
        while entry.parent_id is not None:
            parent = self._entry(entry.parent_id)
            if parent is None:
                return above
            above.append(parent)
            entry = parent
        return above

    def _entry(self, document_id: int) -> LedgerEntry | None:
        found = self._known.get(document_id) or documents_catalog.by_id(
            self._connection, document_id
        )
        if found is not None:
            self._known[document_id] = found
        return found
