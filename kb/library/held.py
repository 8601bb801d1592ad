"""Documents whose files are gone, and whose removal waits until somebody confirms it."""

from kb.audit.log import noted
from kb.catalog import documents, leases, ledger, sources
from kb.catalog.database import Catalog, Connection
from kb.errors import ConflictError, ForbiddenError
from kb.rights import access
from kb.types.library import HeldBack, Source
from kb.types.people import Principal
from kb.upkeep.publishing import Publisher

SHOWN = 20
"""Paths of a source that the question before the removal names."""


class Held:
    """What is held back in one data directory."""

    def __init__(self, catalog: Catalog, publisher: Publisher) -> None:
        self._catalog = catalog
        self._publisher = publisher

    def back(self, principal: Principal) -> dict[str, HeldBack]:
        """What is held back of the sources that they look after, by source; those with some.

        Paths are named as far as they may read the documents.
        """
        with self._catalog.reading() as connection:
            mine = {s.id: s.name for s in sources.all_of(connection, counted=False)}
            counts = documents.held_by_source(connection)
            return {
                mine[number]: HeldBack(
                    count, documents.held_paths(connection, principal, number, SHOWN)
                )
                for number, count in counts.items()
                if principal.answers_for(number)
            }

    async def confirm(self, principal: Principal, name: str, told: int) -> int:
        """Remove the documents of a source whose files are gone; returns how many went.

        ``told`` is how many they were told of. Files that are gone besides, and of which nobody was
        told yet, stay.

        Raises:
            NotFoundError: there is no such source.
            ForbiddenError: it is not theirs to look after, or one of the documents not to be read.
            ConflictError: it is being read at this moment, or more are held than they know of.
        """
        removed = await self._catalog.write(self._remove, principal, name, told)
        await self._publisher.sweep(grace_seconds=0)
        return removed

    def _remove(self, principal: Principal, name: str, told: int) -> int:
        with self._catalog.writing() as connection:
            source = sources.held(connection, name)
            access.must_answer_for(principal, source)
            owner, lease = leases.new_owner(), f"source:{source.id}"
            if not leases.take(connection, lease, owner):
                raise ConflictError(
                    "The source {source} is being read.",
                    code="source_busy",
                    detail={"source": name},
                )
            removed = _remove_held(connection, principal, source, told)
            leases.release(connection, lease, owner)
        return removed


def _remove_held(connection: Connection, principal: Principal, source: Source, told: int) -> int:
    gone = documents.held_in(connection, source.id)
    if len(gone) > told:
        raise ConflictError(
            "More files are gone meanwhile: {count} by now. Look at them again. Nothing was "
            "removed.",
            code="more_gone",
            detail={"count": len(gone)},
        )
    if not principal.manages and not ledger.all_readable(connection, principal, set(gone)):
        raise ForbiddenError(
            "Some of these documents are not for you. Ask an administrator.",
            code="not_yours_to_remove",
        )
    removed = documents.remove(connection, gone)
    noted(connection, principal, "source.confirm", source.name, documents=removed)
    return removed
