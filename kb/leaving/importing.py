"""An export becomes part of a knowledge base: published as if it had been read, from its tables.

Nothing is parsed, and nothing is embedded whose vectors came along. It is killed at any moment and
begun again: what is published stays, and the rest follows (docs/adr/0013-leaving.md).
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from kb import failpoints
from kb.audit.log import noted
from kb.catalog import arriving, documents, generations, leases, stored, versions
from kb.catalog.database import Catalog
from kb.embedding.client import Embeddings
from kb.errors import ConfigurationError, ConflictError, RetryableError
from kb.files.blobs import ELEMENTS, Blobs
from kb.leaving import answering, placing
from kb.leaving.joining import Joined, join
from kb.leaving.moving import Vectors
from kb.leaving.remaking import Remade, facts
from kb.leaving.tables import Tables
from kb.leaving.verifying import verify
from kb.types.files import Stat
from kb.types.leaving import LeftDocument
from kb.types.people import Principal
from kb.types.versions import Content, Ready
from kb.upkeep.publishing import Publisher

AT_ONCE, CHUNKS_AT_ONCE = 50, 1000
"""Documents, and passages, that are published together at most."""
EXPECTED = 500
"""Documents that one transaction adds to the ledger."""
Told = Callable[[str, int, int], None]
"""Hears what is done, how much of it, and how much there is."""


@dataclass(slots=True)
class Imported:
    """What came: sources by their names in the export and here, and counts.

    ``embedded`` are vectors that had to be computed, since none of these ``models`` came along;
    ``already`` are documents that were here, of an import that was broken off; ``without_file`` are
    documents whose bytes were not in the export.
    """

    sources: dict[str, str] = field(default_factory=dict)
    documents: int = 0
    passages: int = 0
    answers: int = 0
    embedded: int = 0
    already: int = 0
    without_file: int = 0
    models: list[str] = field(default_factory=list)


class Import:
    """One import into a knowledge base; ``data`` is its data directory."""

    def __init__(
        self, catalog: Catalog, blobs: Blobs, publisher: Publisher, embeddings: Embeddings,
        data: Path, folder: Path, told: Told,
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._blobs = blobs
        self._publisher = publisher
        self._embeddings = embeddings
        self._data = data
        self._folder = folder
        self._told = told
        self._owner = leases.new_owner()
        self._fences: dict[str, int] = {}
        self._found = Imported()

    async def run(self, renamed: Mapping[str, str], by: Principal) -> Imported:
        """Check the export, then take up all of it.

        Raises:
            UsageError: it is not whole, or not readable here; nothing was imported.
            ConflictError: a source has a name that is taken here, or is being read.
            RetryableError: the disk is full, or something does not answer; what came stays, and the
                same command goes on.
        """
        self._tables = await asyncio.to_thread(self._checked)
        await self._use_models()
        self._joined = await self._catalog.write(self._join, renamed, by)
        self._found.sources = {name: s.name for name, s in self._joined.sources.items()}
        async with self._leased():
            self._ids = await self._catalog.write(self._expect)
            await self._publish_all()
            await asyncio.to_thread(os.sync)
            failpoints.reached("import_published")
            self._found.answers = await self._catalog.write(self._finish, by)
        await self._publisher.flush_rights()
        return self._found

    def _checked(self) -> Tables:
        verified = verify(self._folder, partial(self._told, "checking"))
        tables = Tables(self._folder, verified)
        tables.check()
        return tables

    async def _use_models(self) -> None:
        """A knowledge base without an index is built with the export's models, if they are here."""
        models = self._tables.whole.models
        known = {model.fingerprint: model.dimension for model in models if model.count}
        self._embeddings.know_dimensions(known)
        names = [model.name for model in models]
        if await self._catalog.read(self._has_index) or any("/" in name for name in names):
            return
        with suppress(ConfigurationError):  # not here: what is here embeds, and that is said
            self._embeddings.follow(names)

    def _has_index(self) -> bool:
        with self._catalog.reading() as connection:
            return generations.live(connection) is not None

    def _join(self, renamed: Mapping[str, str], by: Principal) -> Joined:
        mark = self._tables.verified.mark
        with self._catalog.writing() as connection:
            versions.abandon_dead_attempts(connection, self._owner)
            joined = join(connection, self._data, mark, self._tables.rights, renamed)
            names = [source.name for source in joined.sources.values()]
            noted(connection, by, "import", str(self._folder), sources=names, export=mark)
            return joined

    @asynccontextmanager
    async def _leased(self) -> AsyncIterator[None]:
        """Nobody else reads these sources meanwhile."""
        await self._catalog.write(self._take)
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            await self._catalog.write(self._release)

    def _take(self) -> None:
        with self._catalog.writing() as connection:
            for source in self._joined.sources.values():
                fence = leases.take(connection, _lease(source.id), self._owner)
                if not fence:
                    raise ConflictError(
                        "The source {source} is being read by another process.",
                        code="source_busy",
                        detail={"source": source.name},
                    )
                self._fences[source.name] = fence

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(leases.SECONDS / 4)
            with suppress(RetryableError):  # whether it still is ours is asked when it publishes
                await self._catalog.write(self._extend)

    def _extend(self) -> None:
        with self._catalog.writing() as connection:
            for source in self._joined.sources.values():
                leases.extend(connection, _lease(source.id), self._owner, leases.SECONDS)

    def _release(self) -> None:
        with self._catalog.writing() as connection:
            for source in self._joined.sources.values():
                leases.release(connection, _lease(source.id), self._owner)

    def _expect(self) -> dict[int, int]:
        """Every document is in the ledger from here on; their ids here by those in the export."""
        left, ids = self._tables.documents, dict[int, int]()
        for start in range(0, len(left), EXPECTED):
            with self._catalog.writing() as connection:
                for one in left[start : start + EXPECTED]:
                    ids[one.id] = documents.add(
                        connection,
                        self._joined.sources[one.source].id,
                        one.raw_path,
                        placing.path_of(one),
                        parent_id=None if one.parent is None else ids[one.parent],
                        size=one.bytes,
                        rights=None if one.rights is None else self._joined.sets[one.rights],
                    )
            failpoints.reached("import_expected")
        return ids

    async def _publish_all(self) -> None:
        there = await self._catalog.read(self._published)
        left, vectors = self._tables.documents, await asyncio.to_thread(self._tables.vectors)
        self._found.models = [model.name for model in self._embeddings.models]
        try:
            done = 0
            for group in self._groups():
                new = [one for one in group if self._ids[one.left.id] not in there]
                self._found.already += len(group) - len(new)
                if new:
                    await self._publish(new, vectors)
                done += len(group)
                self._told("documents", done, len(left))
        finally:
            vectors.close()
        unread = [one for one in left if one.version is None]
        await self._catalog.write(self._note_unread, unread)
        self._told("documents", len(left), len(left))

    def _published(self) -> set[int]:
        with self._catalog.reading() as connection:
            return {entry.id for entry in stored.published(connection)}

    def _groups(self) -> Iterator[list[Remade]]:
        """Documents of one source, a few together, in the order in which they were published."""
        group: list[Remade] = []
        for one in self._tables.remade():
            size = sum(len(other.chunks) for other in group) + len(one.chunks)
            is_full = len(group) >= AT_ONCE or size > CHUNKS_AT_ONCE
            if group and (is_full or group[0].left.source != one.left.source):
                yield group
                group = []
            group.append(one)
        if group:
            yield group

    async def _publish(self, group: Sequence[Remade], vectors: Vectors) -> None:
        source = self._joined.sources[group[0].left.source]
        fence = self._fences[source.name]
        stats = await asyncio.to_thread(self._place, group)
        failpoints.reached("import_placed")
        numbers = await self._catalog.write(self._begin, group, fence)
        ready = []
        for made, number, stat in zip(group, numbers, stats, strict=True):
            found, computed = await vectors.of(made, self._catalog, self._embeddings)
            self._found.embedded += computed
            content = Content(facts(made, stat), made.chunks)
            ready.append(Ready(self._ids[made.left.id], number, fence, content, found))
        published = await self._publisher.publish(ready, _lease(source.id), self._owner)
        await self._catalog.write(self._hold, group)
        self._found.documents += len(published)
        self._found.passages += sum(len(r.content.chunks) for r in ready if r.number in published)
        failpoints.reached("import_group")

    def _place(self, group: Sequence[Remade]) -> list[Stat]:
        """Files and elements go where they stay; returns the files' sizes and times."""
        for made in group:
            if made.elements is not None and made.key is not None:
                self._blobs.put(made.key, ELEMENTS, made.elements)
        return [self._placed(made.left) for made in group]

    def _placed(self, left: LeftDocument) -> Stat:
        if left.file is None:
            return Stat(left.bytes, left.mtime_ns or 0, 0)
        if left.parent is not None:
            return placing.put_member(left, self._folder, self._blobs)
        return placing.put_file(left, self._folder, Path(self._joined.sources[left.source].root))

    def _begin(self, group: Sequence[Remade], fence: int) -> list[int]:
        with self._catalog.writing() as connection:
            return [
                versions.begin(
                    connection, self._ids[m.left.id], self._owner, m.left.content_hash or "", fence
                )
                for m in group
            ]

    def _hold(self, group: Sequence[Remade]) -> None:
        """Documents whose file did not come stay, until somebody confirms that they may go."""
        away = [self._ids[m.left.id] for m in group if m.left.file is None]
        self._found.without_file += len(away)
        if away:
            with self._catalog.writing() as connection:
                documents.hold(connection, away)

    def _note_unread(self, unread: Sequence[LeftDocument]) -> None:
        for left in unread:
            if left.file is not None:
                self._placed(left)
        with self._catalog.writing() as connection:
            for left in unread:
                arriving.note_unread(connection, self._ids[left.id], left)

    def _finish(self, by: Principal) -> int:
        with self._catalog.writing() as connection:
            moved = answering.Moved(connection, self._tables.documents, self._ids, self._owner)
            count = answering.take_up(connection, self._folder, moved)
            found = self._found
            noted(
                connection, by, "import.finished", str(self._folder),
                documents=found.documents, passages=found.passages, answers=count,
            )  # fmt: skip
        return count


def _lease(source_id: int) -> str:
    return f"source:{source_id}"
