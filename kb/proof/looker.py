"""One who looks again: whether anything of what was erased is there, in all places at once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from kb.backup import upgrading
from kb.catalog import audit, generations
from kb.catalog.database import Catalog
from kb.catalog.rewriting import Rewritten
from kb.errors import RetryableError
from kb.files.blobs import Blobs
from kb.files.scratch import Scratch
from kb.index.generation import name_of
from kb.index.remote import RemoteIndex
from kb.proof import looking, redacting
from kb.proof.searching import Searcher
from kb.proof.stating import Statement
from kb.types.purges import Erased, Marks, PlaceLook, Purge

STATED = "document.erase.stated"
"""The action of the audit log's entry that has the statement's hash."""
ENTRY = "audit log: the statement's entry"


class Looker:
    """Looks again in one data directory, its catalog and its index."""

    def __init__(
        self, catalog: Catalog, index: RemoteIndex, blobs: Blobs, scratch: Scratch, data: Path
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._blobs = blobs
        self._scratch = scratch
        self._data = data

    async def after(self, purge: Purge, rewritten: Rewritten) -> list[PlaceLook]:
        """Look again in all places, when everything was rewritten."""
        looks = await self.look(purge.erased)
        looks.append(_files_of(rewritten))
        looks.append(await self._catalog.read(self._audited, purge))
        marks = await self._catalog.read(self._marks, purge)
        if marks is not None:
            searcher = Searcher(self._catalog, self._blobs, self._data, marks)
            looks.append(await asyncio.to_thread(searcher.look))
        return looks

    async def look(self, erased: Erased) -> list[PlaceLook]:
        """Look again in catalog, index, stored values and temporary folders."""
        looks = await self._catalog.read(self._in_catalog, erased)
        names = await self._catalog.read(self._generations)
        if names:
            looks.append(await looking.in_index(self._catalog, self._index, names, erased))
        looks.append(
            await self._catalog.read(looking.in_values, self._catalog, self._blobs, erased)
        )
        looks.append(await asyncio.to_thread(looking.in_scratch, self._scratch))
        before = (upgrading.BESIDE,)
        looks.append(await asyncio.to_thread(looking.in_folders, self._data, before))
        return looks

    async def again(self, stated: Statement, digest: str) -> list[PlaceLook]:
        """Look again at what a statement says was erased, and for its entry in the audit log."""
        looks = await self.look(stated.erased)
        ended_at = datetime.fromisoformat(stated.ended_at).timestamp()
        return [*looks, await self._catalog.read(self._entry_of, digest, ended_at)]

    def _generations(self) -> list[str]:
        with self._catalog.reading() as connection:
            return [name_of(one.id) for one in generations.in_use(connection)]

    def _in_catalog(self, erased: Erased) -> list[PlaceLook]:
        with self._catalog.reading() as connection:
            return looking.in_catalog(connection, erased)

    def _marks(self, purge: Purge) -> Marks | None:
        with self._catalog.reading() as connection:
            return redacting.rare(connection, purge)

    def _audited(self, purge: Purge) -> PlaceLook:
        left = redacting.unredacted(self._catalog, purge)
        return PlaceLook("audit log", 1, "logs", [f"entry {seq}" for seq in left])

    def _entry_of(self, digest: str, ended_at: float) -> PlaceLook:
        """The audit log keeps an entry for so many days: one that has expired is not missing."""
        with self._catalog.reading() as connection:
            if audit.page(connection, action=STATED, text=digest, limit=1):
                return PlaceLook(ENTRY, 1, "logs")
            if audit.expired_until(connection) >= ended_at:
                return PlaceLook(f"{ENTRY}, which has expired", 0, "logs")
        return PlaceLook(ENTRY, 1, "logs", ["the audit log has no entry of this statement"])


def check_nothing(looks: Sequence[PlaceLook]) -> None:
    """Check that none of them has found anything.

    Raises:
        RetryableError: one has.
    """
    found = [f"{one.place}: {what}" for one in looks for what in one.found]
    if found:
        raise RetryableError(
            f"Not everything is erased yet, so there is no statement: {'; '.join(found[:5])}. "
            "Do the same again; it goes on from there.",
            code="erasure_incomplete",
            detail={"found": found[:50]},
        )


def _files_of(rewritten: Rewritten) -> PlaceLook:
    """What is free in the database's files, and not yet written over."""
    found = [f"{rewritten.free_pages} free pages"] * bool(rewritten.free_pages)
    found += [f"{rewritten.log_bytes} pages of the log"] * bool(rewritten.log_bytes)
    return PlaceLook(
        "catalog: free pages and log, after all was rewritten", rewritten.tables, "tables", found
    )
