"""A new generation of the index, built beside the live one, then switched to.

Runs in a process of its own (``kb reindex``): building the graph holds the interpreter. What is
built comes from the catalog alone; nothing is parsed, and only vectors of a new model are computed.
Killed and started again, it goes on where it was.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kb.catalog import generations, leases, versions
from kb.catalog.database import Catalog
from kb.embedding import Embeddings
from kb.errors import ConflictError
from kb.index.base import Index
from kb.index.edge import EdgeIndex
from kb.index.loading import points_of_versions, scroll
from kb.publishing import generation_fingerprint, name_of
from kb.settings import Settings

LEASE = "reindex"
VERSIONS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How a rebuild ended."""

    generation: str
    points: int
    replaced: list[str]


class Rebuilder:
    """Builds one generation from the catalog."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        embeddings: Embeddings,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._embeddings = embeddings
        self._on_progress = on_progress
        self._owner = leases.new_owner()

    async def rebuild(self) -> Rebuilt:
        """Build, catch up until nothing is missing, switch.

        Raises:
            ConflictError: another rebuild is running.
        """
        await self._catalog.write(self._take_lease)
        try:
            number = await self._catalog.write(self._begin)
            generation = name_of(number)
            while True:
                async with self._opened(generation) as index:
                    loaded = await self._catch_up(index, generation)
                old = await self._catalog.write(self._switch_if_complete, number, loaded)
                if old is not None:
                    return Rebuilt(generation, sum(loaded.values()), [name_of(n) for n in old])
        finally:
            await self._catalog.write(self._release_lease)

    def _release_lease(self) -> None:
        with self._catalog.writing() as connection:
            leases.release(connection, LEASE, self._owner)

    def _take_lease(self) -> None:
        with self._catalog.writing() as connection:
            if not leases.take(connection, LEASE, self._owner):
                raise ConflictError("The index is being rebuilt already.", code="reindex_busy")

    def _begin(self) -> int:
        wanted = generation_fingerprint(self._embeddings)
        with self._catalog.writing() as connection:
            begun = generations.building(connection, wanted)
            if begun is not None:
                return int(begun.id)
            return generations.begin(connection, wanted, {"model": self._embeddings.files.name})

    @asynccontextmanager
    async def _opened(self, generation: str) -> AsyncIterator[Index]:
        described = await self._embeddings.engine.call("describe")
        index: Index
        if self._settings.index.backend == "edge":
            index = EdgeIndex(self._settings.data / "index")
        else:
            from kb.index.server import connect

            s = self._settings.index
            index = connect(s.url, s.api_key, s.prefix)
        try:
            await index.create(generation, int(described["dimension"]))
            yield index
        finally:
            await index.close()

    async def _catch_up(self, index: Index, generation: str) -> dict[int, int]:
        """Load what is missing, delete what is gone; returns the versions in the generation."""
        loaded = await self._loaded(index, generation)
        wanted = await self._catalog.read(self._current)
        extra = [v for v in loaded if v not in wanted]
        ids = [versions.point_of(v, n) for v in extra for n in range(loaded[v])]
        await index.delete(generation, ids)
        missing = [v for v, points in wanted.items() if loaded.get(v) != points and points]
        for start in range(0, len(missing), VERSIONS_AT_ONCE):
            await self._load(index, generation, missing[start : start + VERSIONS_AT_ONCE])
            self._on_progress(start, len(missing))
            await self._catalog.write(self._heartbeat)
        await index.flush(generation)
        if isinstance(index, EdgeIndex):
            await index.optimize(generation)
        self._on_progress(len(missing), len(missing))
        return wanted

    def _current(self) -> dict[int, int]:
        with self._catalog.reading() as connection:
            return versions.current(connection)

    def _heartbeat(self) -> None:
        with self._catalog.writing() as connection:
            leases.hold_or_raise(connection, LEASE, self._owner)

    async def _loaded(self, index: Index, generation: str) -> dict[int, int]:
        counts: dict[int, int] = {}
        async for ids in scroll(index, generation):
            for point in ids:
                counts[point >> versions.ORDINAL_BITS] = (
                    counts.get(point >> versions.ORDINAL_BITS, 0) + 1
                )
        return counts

    async def _load(self, index: Index, generation: str, numbers: list[int]) -> None:
        await index.upsert(
            generation, await points_of_versions(self._catalog, self._embeddings, numbers)
        )

    def _switch_if_complete(self, number: int, loaded: dict[int, int]) -> list[int] | None:
        """In one transaction: nothing was published or retired since? Then this one is live."""
        with self._catalog.writing() as connection:
            if versions.current(connection) != loaded:
                return None
            return generations.switch(connection, number)
