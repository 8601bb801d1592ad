"""A source is forgotten, with everything that came out of it."""

from kb.auditing import noted
from kb.catalog import documents, leases, sources
from kb.catalog.database import Catalog
from kb.catalog.sources import Source
from kb.errors import ConflictError
from kb.publishing import Publisher
from kb.types import Principal


async def remove_source(
    catalog: Catalog, publisher: Publisher, source: Source, by: Principal
) -> int:
    """Remove a source with everything that came out of it; returns how many documents went.

    Who did it is noted in the same transaction.

    Raises:
        ConflictError: it is being read at this moment.
    """
    removed = await catalog.write(_remove_rows, catalog, source, by)
    await publisher.sweep(grace_seconds=0)
    return removed


def _remove_rows(catalog: Catalog, source: Source, by: Principal) -> int:
    owner, lease = leases.new_owner(), f"source:{source.id}"
    with catalog.writing() as connection:
        if not leases.take(connection, lease, owner):
            raise ConflictError(f"The source {source.name} is being read.", code="source_busy")
        removed = documents.remove(connection, documents.ids_of_source(connection, source.id))
        sources.remove(connection, source)
        noted(connection, by, "source.remove", source.name, documents=removed)
        leases.release(connection, lease, owner)
    return removed
