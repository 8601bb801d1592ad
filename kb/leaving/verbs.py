"""The verbs of leaving on one data directory: export, import."""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from kb.audit.log import Audit
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.files.blobs import Blobs
from kb.leaving import exporting
from kb.leaving.exporting import Writing
from kb.leaving.importing import Import, Imported, Told
from kb.types.leaving import Choice, LeftWhole
from kb.types.people import Principal
from kb.upkeep.publishing import Publisher


class Leaving:
    """What goes out of a knowledge base as a folder, and comes in."""

    def __init__(
        self, catalog: Catalog, blobs: Blobs, publisher: Publisher, embeddings: Embeddings,
        audit: Audit, data: Path,
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._blobs = blobs
        self._publisher = publisher
        self._embeddings = embeddings
        self._audit = audit
        self._data = data

    async def export(
        self, by: Principal, folder: Path, choice: Choice, told: exporting.Told
    ) -> LeftWhole:
        """Write an export into a folder, new or empty. It is in the log before it is whole.

        Raises:
            NotFoundError: a source that was named is not there.
            UsageError: the folder is not empty.
            RetryableError: the disk is full or broken; what is in the folder is no export.
        """
        writing = Writing(self._catalog, self._blobs, self._embeddings.models, folder, told)
        whole = await self._catalog.read(writing.write, choice)
        counts = {name: whole.counts[name] for name in ("documents", "passages", "answers")}
        note = partial(self._audit.note, by, "export", str(folder), sources=whole.sources, **counts)
        await self._catalog.write(note)
        await asyncio.to_thread(writing.finish, whole)
        return whole

    async def take_in(
        self, by: Principal, folder: Path, renamed: Mapping[str, str], told: Told
    ) -> Imported:
        """Import an export; raises as :meth:`kb.leaving.importing.Import.run`."""
        arrival = Import(
            self._catalog, self._blobs, self._publisher, self._embeddings, self._data, folder, told
        )
        return await arrival.run(renamed, by)
