"""A document as people see it: under the rights of whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass

from kb.audit.log import Audit
from kb.catalog import chunks, keeping, ledger, versions
from kb.catalog.behind import Behind
from kb.catalog.database import Catalog, Connection, current_seq
from kb.errors import ForbiddenError, NotFoundError, UsageError
from kb.files import originals
from kb.files.blobs import Blobs
from kb.types.library import Document, Version
from kb.types.parsed import Parsed
from kb.types.passages import Layout, StoredChunk
from kb.types.people import Principal
from kb.types.points import points_of
from kb.upkeep.erasing import Planned
from kb.upkeep.verbs import Upkeep

MOST_MEMBERS = 200
"""Files of a container that its page names."""
Places = tuple[list[StoredChunk], dict[int, Layout]]
"""The chunks of a passage, and where each of them stands, by its point."""


@dataclass(frozen=True, slots=True)
class Viewed:
    """A document to be looked at: what was read of it, its history, a passage to be marked.

    ``lost``: a passage was asked for that is not there any more, or not for them. ``container`` is
    what it came out of, ``members`` are what came out of it: as far as they may be read.
    """

    document: Document
    parsed: Parsed | None
    history: list[Version]
    passage: Places | None
    lost: bool
    container: Document | None
    members: list[Document]


class Documents:
    """The documents of one data directory."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        behind: Behind,
        audit: Audit,
        upkeep: Upkeep,
        largest_mb: int,
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._behind = behind
        self._audit = audit
        self._upkeep = upkeep
        self._largest_mb = largest_mb

    def one(self, principal: Principal, document_id: int) -> Document:
        """A document that the principal may read.

        Raises:
            NotFoundError: there is none, for them.
        """
        with self._catalog.reading() as connection:
            return one(connection, principal, document_id)

    def viewed(self, principal: Principal, document_id: int, passage_id: str | None) -> Viewed:
        """A document with all that its page shows.

        Raises:
            NotFoundError: there is none, for them.
            DamagedError: what was read of it is stored but damaged.
        """
        places, lost = None, False
        with self._catalog.reading() as connection:
            document = one(connection, principal, document_id)
            history = versions.history(connection, document_id)
            try:
                places = _places(connection, principal, passage_id) if passage_id else None
            except UsageError:
                lost = True
            outer = document.parent_id
            container = ledger.one(connection, principal, outer) if outer else None
            members = ledger.members(connection, principal, document_id, MOST_MEMBERS)
        parsed = self.elements(document)
        return Viewed(document, parsed, history, places, lost, container, members)

    def elements(self, document: Document) -> Parsed | None:
        """What was read of a document's current version; None where it has none.

        Raises:
            DamagedError: it is stored but damaged.
        """
        return originals.elements(document, self._blobs)

    def original(self, document: Document) -> bytes | None:
        """The file's bytes, of the very version that was read; None where it is another by now."""
        return originals.read(document, self._blobs, self._largest_mb)

    def passage(self, principal: Principal, passage_id: str) -> Places:
        """The chunks of a passage with their places, where it is current and may be read.

        Raises:
            UsageError: that is no passage id.
            NotFoundError: there is none, for them.
        """
        with self._catalog.reading() as connection:
            return _places(connection, principal, passage_id)

    def note_opened(self, principal: Principal, document: Document) -> None:
        """In the log before it is shown; in the catalog behind: reading needs no writing there.

        Raises:
            RetryableError: the log cannot take it: it must not be shown.
        """
        if principal.viewed_by is None:
            key, number = ("opened", principal.name, document.id), document.id
            self._behind.put(key, lambda c: keeping.note_opened(c, principal, number))
        self._audit.looked(
            principal, "document.open", document.path, id=document.id, version=document.version
        )

    def note_downloaded(self, principal: Principal, document: Document) -> None:
        """In the log before the original leaves; raises as :meth:`note_opened`."""
        self._audit.looked(principal, "document.download", document.path, id=document.id)

    async def erase(
        self, principal: Principal, document_ids: Sequence[int], planned: Planned | None = None
    ) -> dict[str, int]:
        """Erase documents that the principal answers for, everywhere; says how much went.

        ``planned`` is as in :func:`kb.upkeep.erasing.erase`.

        Raises:
            NotFoundError: one of them is not there, for them; nothing is erased.
            ForbiddenError: one of them is not theirs to look after; nothing is erased.
        """
        await self._catalog.read(self._must_answer_for, principal, document_ids)
        return (await self._upkeep.erase(document_ids, principal, planned)).as_json()

    def _must_answer_for(self, principal: Principal, document_ids: Sequence[int]) -> None:
        with self._catalog.reading() as connection:
            chosen = [one(connection, principal, number) for number in document_ids]
        for document in chosen:
            must_answer_for(principal, document)


def must_answer_for(principal: Principal, document: Document) -> None:
    """Raises ``ForbiddenError`` where a document's source is not theirs to look after."""
    if not principal.answers_for(document.source_id):
        raise ForbiddenError("You do not answer for {source}.", detail={"source": document.source})


def one(connection: Connection, principal: Principal, document_id: int) -> Document:
    """A document that the principal may read, or NotFoundError."""
    document = ledger.one(connection, principal, document_id)
    if document is None:
        raise NotFoundError("There is no such document.", detail={"document": document_id})
    return document


def _places(connection: Connection, principal: Principal, passage_id: str) -> Places:
    points = points_of(passage_id)
    stored = chunks.hydrate(connection, principal, points, current_seq(connection))
    if len(stored) != len(points):
        raise NotFoundError(
            "This passage is not there any more, or not for you: the document has changed.",
            code="passage_gone",
        )
    return [stored[p] for p in points], chunks.layouts(connection, points)
