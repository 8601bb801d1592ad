"""Rebuilding: a new generation of the index is built beside the live one, then switched to.

A rebuild runs in a process of its own (``kb reindex``), since building the graph holds the
interpreter. It takes everything from the catalog: nothing is parsed, and only vectors of a new
model are computed. Killed and started again, it goes on where it was.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from kb import failpoints
from kb.catalog import generations, leases, rights
from kb.catalog.database import Catalog, Connection, hold_seq
from kb.embedding.client import Embeddings
from kb.errors import ConflictError, RetryableError
from kb.index.base import Index
from kb.index.edge import EdgeIndex
from kb.index.generation import description_of, generation_fingerprint, name_of
from kb.settings import Settings
from kb.types.index import Published
from kb.types.points import points_in, version_of
from kb.upkeep.beside import REINDEX as LEASE
from kb.upkeep.loading import Pace, Vectors, awaited, keep_vectors, points_of_versions, scroll
from kb.upkeep.publishing import adopt_earlier, dimensions_of

VERSIONS_AT_ONCE = 20
"""Versions that are loaded together."""
FEW = 100
"""Versions still to load with which a rebuild catches up no more: publishing waits a second or two
until they are loaded."""
ROUNDS = 10
"""Most times that a rebuild catches up, since ingestion may never rest. After them publishing
waits, however many versions are left."""
OPTIMIZE_SECONDS = 6 * 3600.0
"""Seconds for which the lease is held while the graph is built, since no heartbeat can be sent
meanwhile."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How a rebuild ended: the live generation's name, its points, and the names it replaces."""

    generation: str
    points: int
    replaced: list[str]


@dataclass(slots=True)
class Loaded:
    """What the new generation holds, by version: points, and the mark of their readers.

    ``tokens`` are the reader tokens of points that an earlier, unfinished rebuild has loaded.
    """

    points: dict[int, int] = field(default_factory=dict)
    readers: dict[int, str] = field(default_factory=dict)
    tokens: dict[int, set[tuple[str, ...]]] = field(default_factory=dict)

    def passages(self, wanted: Mapping[int, Published]) -> int:
        """How many of the passages that are wanted are there."""
        return sum(n for version, n in self.points.items() if version in wanted)


Ending = Callable[[Connection, int], Sequence[int]]
"""What becomes of the new generation, by its id, when it has everything; gives those it replaces.

It works in the transaction in which the last was loaded."""


class Rebuilder:
    """Builds one generation from the catalog.

    ``on_progress`` hears passages done and in all, ``on_graph`` that the graph is built now.
    ``processors`` says by how many is embedded at the moment; 0: by all.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        embeddings: Embeddings,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
        on_graph: Callable[[], None] = lambda: None,
        processors: Callable[[], int] = lambda: 0,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._embeddings = embeddings
        self._on_progress = on_progress
        self._on_graph = on_graph
        self._processors = processors
        self._owner = leases.new_owner()
        self.number: int | None = None
        """The generation that is being built, once it was begun."""

    async def rebuild(self) -> Rebuilt:
        """Build, catch up until little is missing, hold publishing, load that, switch.

        Raises:
            ConflictError: another rebuild is running.
            LeaseLost: another rebuild has taken over.
        """
        return await self._run(generations.switch)

    async def prepare(self) -> Rebuilt:
        """Rebuild, and hand the generation over instead of switching to it: it is ready for that.

        Raises as :meth:`rebuild`.
        """
        built = await self._run(_hand_over)
        failpoints.reached("handed_over")
        return built

    async def _run(self, ending: Ending) -> Rebuilt:
        await self._catalog.write(self._take_lease)
        beating = asyncio.create_task(self._beat())
        try:
            number = self.number = await self._catalog.write(self._begin)
            failpoints.reached("swap_begun")
            async with self._opened(name_of(number)) as index:
                loaded = await self._build(index, name_of(number))
                loop = asyncio.get_running_loop()
                old = await asyncio.to_thread(self._end, loop, index, number, loaded, ending)
            points = sum(loaded.points.values())
            return Rebuilt(name_of(number), points, [name_of(n) for n in old])
        finally:
            beating.cancel()
            await self._catalog.write(self._release)

    async def _build(self, index: Index, generation: str) -> Loaded:
        loaded = await self._loaded(index, generation)
        await self._catch_up(index, generation, loaded, await self._wanted())
        await index.flush(generation)
        if isinstance(index, EdgeIndex):
            await self._catalog.write(self._hold, OPTIMIZE_SECONDS)
            self._on_graph()
            self._on_progress(1, 1)
            await index.optimize(generation)
            failpoints.reached("graph_built")
        for _ in range(ROUNDS):
            wanted = await self._wanted()
            if len(_missing(loaded, wanted)) <= FEW:
                break
            await self._catch_up(index, generation, loaded, wanted)
        return loaded

    def _take_lease(self) -> None:
        with self._catalog.writing() as connection:
            if not leases.take(connection, LEASE, self._owner):
                raise ConflictError("The index is being rebuilt already.", code="reindex_busy")

    def _release(self) -> None:
        with self._catalog.writing() as connection:
            leases.release(connection, LEASE, self._owner)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(leases.SECONDS / 4)
            with suppress(RetryableError):  # whether it still is ours is asked before the switch
                await self._catalog.write(self._hold, leases.SECONDS)

    def _hold(self, seconds: float) -> None:
        with self._catalog.writing() as connection:
            leases.extend(connection, LEASE, self._owner, seconds)

    def _begin(self) -> int:
        used = self._embeddings.models
        wanted = generation_fingerprint(used)
        with self._catalog.writing() as connection:
            adopt_earlier(connection, used)
            begun = generations.building(connection, wanted)
            if begun is not None:
                return begun.id
            return generations.begin(connection, wanted, description_of(used))

    @asynccontextmanager
    async def _opened(self, generation: str) -> AsyncIterator[Index]:
        dimensions = await dimensions_of(self._embeddings)
        index: Index
        if self._settings.index.backend == "edge":
            index = EdgeIndex(self._settings.data / "index")
        else:
            from kb.index.server import connect

            s = self._settings.index
            index = connect(s.url, s.api_key, s.prefix)
        try:
            await index.create(generation, dimensions)
            yield index
        finally:
            await index.close()

    async def _loaded(self, index: Index, generation: str) -> Loaded:
        """What a rebuild that ended early has left."""
        loaded = Loaded()
        async for ids in scroll(index, generation):
            for point, tokens in ids.items():
                number = version_of(point)
                loaded.points[number] = loaded.points.get(number, 0) + 1
                loaded.tokens.setdefault(number, set()).add(tuple(sorted(tokens)))
        return loaded

    async def _wanted(self) -> dict[int, Published]:
        def read() -> dict[int, Published]:
            with self._catalog.reading() as connection:
                return generations.published(connection)

        return await self._catalog.read(read)

    async def _catch_up(
        self,
        index: Index,
        generation: str,
        loaded: Loaded,
        wanted: Mapping[int, Published],
        *,
        keep: bool = True,
    ) -> list[Vectors]:
        """Delete what is gone, load what is missing, stamp anew what others read by now.

        Vectors that were computed and are not kept yet come back, in parts: all where not ``keep``.
        """
        unkept: list[Vectors] = []
        for number in [n for n in loaded.points if n not in wanted]:
            points = loaded.points.pop(number)
            await index.delete(generation, points_in(number, points))
            loaded.readers.pop(number, None)
        missing = _missing(loaded, wanted)
        total = sum(one.points for one in wanted.values())
        for start in range(0, len(missing), VERSIONS_AT_ONCE):
            part = missing[start : start + VERSIONS_AT_ONCE]
            pace = self._pace(loaded.passages(wanted), total)
            made = await points_of_versions(self._catalog, self._embeddings, part, pace, keep=keep)
            await index.upsert(generation, made.points)
            unkept += [made.unkept] if made.unkept else []
            failpoints.reached("versions_loaded")
            for number in part:
                loaded.points[number] = wanted[number].points
                loaded.readers[number] = wanted[number].readers
            self._on_progress(loaded.passages(wanted), total)
        for number, one in wanted.items():
            if one.points and loaded.readers.get(number) != one.readers:
                tokens = await self._catalog.read(self._tokens, one.document_id)
                if tokens and loaded.tokens.pop(number, None) != {tuple(tokens)}:
                    await index.set_readers(generation, points_in(number, one.points), tokens)
                loaded.readers[number] = one.readers
        self._on_progress(loaded.passages(wanted), total)
        return unkept

    def _pace(self, done: int, total: int) -> Pace:
        """Tells of passages while a part is embedded: each has a vector of every model at most."""
        vectors, models = 0, len(self._embeddings.models)

        def told(count: int) -> None:
            nonlocal vectors
            vectors += count
            self._on_progress(min(total, done + vectors // models), total)

        return Pace(self._processors, told)

    def _tokens(self, document_id: int) -> list[str]:
        with self._catalog.reading() as connection:
            return rights.tokens_of(connection, [document_id]).get(document_id, [])

    def _end(
        self,
        loop: asyncio.AbstractEventLoop,
        index: Index,
        number: int,
        loaded: Loaded,
        ending: Ending,
    ) -> Sequence[int]:
        """In one transaction: nothing is published while the last is loaded; then it ends.

        Runs in a thread, which holds the transaction while the loop works on the index.
        """
        done = partial(awaited, loop)
        with self._catalog.writing() as connection:
            hold_seq(connection)
            leases.extend(connection, LEASE, self._owner, leases.SECONDS)
            wanted = generations.published(connection)
            unkept = done(self._catch_up(index, name_of(number), loaded, wanted, keep=False))
            done(index.flush(name_of(number)))
            done(index.close())  # whoever searches opens it from the next moment on
            old = ending(connection, number)
        if unkept:
            keep_vectors(self._catalog, *unkept)
        return old


def _hand_over(connection: Connection, number: int) -> Sequence[int]:
    generations.hand_over(connection, number)
    return ()


def _missing(loaded: Loaded, wanted: Mapping[int, Published]) -> list[int]:
    return [n for n, w in wanted.items() if w.points and loaded.points.get(n) != w.points]
