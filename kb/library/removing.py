"""A source is forgotten, with everything that came out of it."""

from pathlib import Path

from kb.audit.log import noted
from kb.catalog import documents, leases, sources
from kb.catalog.database import Catalog
from kb.errors import ConflictError, RetryableError
from kb.files import uploads
from kb.types.library import Source
from kb.types.people import Principal
from kb.upkeep.publishing import Publisher


async def remove_source(
    catalog: Catalog, publisher: Publisher, source: Source, by: Principal
) -> int:
    """Remove a source with everything that came out of it; returns how many documents went.

    Who did it is noted in the same transaction. Files that were handed in are deleted after it;
    what a kill leaves of them, the next start deletes, and nothing reads them any more.

    Raises:
        ConflictError: it is being read at this moment.
        RetryableError: files that were handed in could not be deleted.
    """
    removed = await catalog.write(_remove_rows, catalog, source, by)
    await catalog.write(uploads.clear_up, catalog)
    await publisher.sweep(grace_seconds=0)
    if Path(source.root) in await catalog.read(uploads.left, catalog):
        raise RetryableError(
            f"{source.name} is removed, but not all of its files in {source.root} could be "
            "deleted. Look at their permissions, then run: kb check --repair",
            code="files_left",
            detail={"path": source.root},
        )
    return removed


def _remove_rows(catalog: Catalog, source: Source, by: Principal) -> int:
    owner, lease = leases.new_owner(), f"source:{source.id}"
    with catalog.writing() as connection:
        if not leases.take(connection, lease, owner):
            raise ConflictError(
                "The source {source} is being read.",
                code="source_busy",
                detail={"source": source.name},
            )
        removed = documents.remove(connection, documents.ids_of_source(connection, source.id))
        sources.remove(connection, source)
        noted(connection, by, "source.remove", source.name, documents=removed)
        leases.release(connection, lease, owner)
    return removed
