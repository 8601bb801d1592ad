"""The verbs that keep a data directory sound: check, heal, erase."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kb.backup import upgrading
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.files import uploads
from kb.files.blobs import Blobs
from kb.files.scratch import Scratch
from kb.index.remote import RemoteIndex
from kb.settings import Retention
from kb.types.people import Principal
from kb.upkeep import checking, erasing
from kb.upkeep.collecting import collect
from kb.upkeep.forgetting import forget_documents
from kb.upkeep.publishing import Publisher


class Upkeep:
    """The verbs of upkeep on one data directory."""

    def __init__(
        self,
        catalog: Catalog,
        index: RemoteIndex,
        blobs: Blobs,
        embeddings: Embeddings,
        publisher: Publisher,
        retention: Retention,
        scratch: Scratch,
        workplaces: Path,
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._blobs = blobs
        self._embeddings = embeddings
        self._publisher = publisher
        self._retention = retention
        self._scratch = scratch
        self._workplaces = workplaces

    async def check(self, *, repair: bool = False) -> dict[str, int]:
        """Compare catalog, index and blobs; with ``repair``, mend, and compare again.

        Returns the counts of :class:`kb.upkeep.checking.CheckReport`; raises as checking does.
        """
        findings = await self._findings()
        if repair and any(findings.report.as_json().values()):
            await self._mend(findings)
            await self._catalog.write(collect, self._catalog, self._blobs, self._retention)
            await self._clear_up()
            findings = await self._findings()
        return findings.report.as_json()

    async def heal(self) -> bool:
        """Mend the index where it holds another number of points than it should, for starts.

        It does after a power cut that took back what the disk had promised, or where an index was
        restored from elsewhere. Returns whether anything was mended.
        """
        if await checking.is_settled(self._catalog, self._index):
            return False
        findings = await self._findings()
        if not (findings.lost or findings.orphans):
            return False
        await self._mend(findings)
        return True

    async def erase(
        self,
        document_ids: Sequence[int],
        by: Principal,
        planned: erasing.Planned | None = None,
    ) -> erasing.ErasedCounts:
        """Erase documents now, from everywhere; raises as :func:`kb.upkeep.erasing.erase`.

        The copy from before an upgrade goes with them. Whether they may is the caller's to ask.
        """
        await self._clear_up()
        await asyncio.to_thread(upgrading.forget, self._workplaces.parent)
        await self._catalog.write(forget_documents, self._catalog, self._workplaces)
        return await erasing.erase(
            self._catalog, self._blobs, self._publisher, document_ids, by, planned
        )

    async def erase_rest(self, rest: erasing.Rest) -> None:
        """Erase what is left of documents that are out of the ledger, where that was broken off."""
        await self._clear_up()
        await asyncio.to_thread(upgrading.forget, self._workplaces.parent)
        await self._catalog.write(forget_documents, self._catalog, self._workplaces)
        await self._publisher.sweep(grace_seconds=0)
        await self._catalog.write(erasing.forget, self._catalog, self._blobs, rest)

    async def _findings(self) -> checking.Findings:
        hours = self._retention.removed_hours
        findings = await checking.check(self._catalog, self._index, self._blobs, hours)
        uploaded = await self._catalog.read(uploads.left, self._catalog)
        left = len(self._scratch.stale()) + len(uploaded)
        report = replace(findings.report, orphan=findings.report.orphan + left)
        return replace(findings, report=report)

    async def _clear_up(self) -> None:
        """Copies and uploads that are nobody's any more."""
        self._scratch.clear()
        await self._catalog.write(uploads.clear_up, self._catalog)

    async def _mend(self, findings: checking.Findings) -> None:
        await checking.repair(
            self._catalog, self._index, self._embeddings, self._publisher, findings
        )
