"""Publishing: a prepared version becomes the current one. The sweeper clears up after old versions.

The steps are numbered as in docs/architecture.md, "A version's life".
"""

from collections.abc import Mapping, Sequence
from functools import partial

from kb import failpoints
from kb.catalog import (
    chunks,
    documents,
    generations,
    leases,
    outbox,
    rights,
    sweeping,
    vectors,
    versions,
)
from kb.catalog.database import Catalog, Connection, hold_seq
from kb.embedding.client import Embeddings
from kb.embedding.used import UsedModel
from kb.errors import RetryableError
from kb.index.base import IndexPoint
from kb.index.generation import (
    check_generation,
    description_of,
    earlier_generations,
    follow,
    generation_fingerprint,
    name_of,
    vector_names,
    was_built_with,
)
from kb.index.remote import RemoteIndex
from kb.types.index import Generation
from kb.types.points import point_of, points_in
from kb.types.versions import Ready
from kb.upkeep import languages, readers
from kb.upkeep.beside import Beside
from kb.upkeep.loading import Vectors, vectors_of

GRACE_SECONDS = 60.0
"""Seconds that a version's points stay after it retired: longer than any search takes."""


class Publisher:
    """Publishes versions under a lease, several documents at a time: a flush takes long."""

    def __init__(
        self, catalog: Catalog, index: RemoteIndex, embeddings: Embeddings, beside: Beside
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._embeddings = embeddings
        self.beside = beside

    async def generation(self) -> str:
        """The live generation's name; a first one is made where there is none.

        Raises:
            ConfigurationError: it was built with another model; ``kb reindex`` builds a new one.
        """
        while True:
            await self._catalog.read(self._follow)
            used = self._embeddings.models
            dimensions = await dimensions_of(self._embeddings)  # first: it may take seconds
            live = await self._catalog.write(self._live, used)
            if not follow(live, self._embeddings):
                break
        check_generation(live.fingerprint, used)
        await self._index.create(name_of(live.id), dimensions)
        return name_of(live.id)

    def _follow(self) -> None:
        with self._catalog.reading() as connection:
            live = generations.live(connection)
        follow(live, self._embeddings)

    def was_built_with(self, model: str) -> bool:
        """Whether a generation that is searched, or may be, was built with a registered model."""
        with self._catalog.reading() as connection:
            found = generations.in_use(connection)
        own = self._embeddings.named(model)
        return any(was_built_with(one, own) for one in found)

    def _live(self, used: Sequence[UsedModel]) -> Generation:
        wanted = generation_fingerprint(used)
        with self._catalog.reading() as connection:
            live = generations.live(connection)
        if live is not None and live.fingerprint == wanted:
            return live
        with self._catalog.writing() as connection:
            adopt_earlier(connection, used)
            live = generations.live(connection)
            if live is not None:
                return live
            description = description_of(used)
            number = generations.begin(connection, wanted, description, generations.LIVE)
            return Generation(number, wanted, description)

    async def publish(self, ready: Sequence[Ready], lease: str, owner: str) -> set[int]:
        """Steps 2 and 3 for a group of documents; returns the numbers of what is published.

        A document that was removed meanwhile is not published.

        Raises:
            LeaseLost: somebody else took over; nothing is published.
        """
        for _ in range(3):
            generation = await self.generation()
            stamped = await self._write(generation, ready)
            done = await self._catalog.write(self._commit, generation, ready, stamped, lease, owner)
            if done is not None:
                return done
        raise RetryableError("The index kept being rebuilt; try again.", code="index_busy")

    async def _write(self, generation: str, ready: Sequence[Ready]) -> dict[int, list[str]]:
        tokens = await self._catalog.write(self._plan, ready)
        failpoints.reached("planned")
        names = vector_names(self._embeddings.models)
        points = []
        for r in ready:
            if r.document_id in tokens:  # one that was removed meanwhile is not written
                found = await self._vectors(r)
                points += _points(r, {names[m]: by for m, by in found.items()}, tokens)
        await self._index.upsert(generation, points)
        failpoints.reached("upserted")
        await self._index.flush(generation)
        failpoints.reached("flushed")
        return tokens

    async def _vectors(self, ready: Ready) -> Vectors:
        """A document's vectors by the models that the index has now.

        Those that it was not embedded by, since another generation was live then, are computed.
        """
        texts = {chunks.short_hash(c.embedded_text): c.embedded_text for c in ready.content.chunks}
        found: Vectors = {}
        for model in await self._embeddings.for_language(ready.content.facts.language):
            key = model.fingerprint
            found[key] = (
                ready.vectors[key]
                if key in ready.vectors
                else await vectors_of(self._catalog, self._embeddings, key, texts)
            )
        return found

    def _plan(self, ready: Sequence[Ready]) -> dict[int, list[str]]:
        with self._catalog.writing() as connection:
            versions.plan(connection, {r.number: len(r.content.chunks) for r in ready})
            return rights.tokens_of(connection, [r.document_id for r in ready])

    def _commit(
        self,
        generation: str,
        ready: Sequence[Ready],
        stamped: dict[int, list[str]],
        lease: str,
        owner: str,
    ) -> set[int] | None:
        """The numbers of what was published; None where the generation is not live any more."""
        published = set()
        with self._catalog.writing() as connection:
            leases.hold_or_raise(connection, lease, owner)
            hold_seq(connection)  # before looking: a rebuild that is switching is waited for
            live = generations.live(connection)
            if live is None or name_of(live.id) != generation:
                return None
            for r in ready:
                if documents.by_id(connection, r.document_id) is None:
                    versions.abandon(connection, r.number, "removed_meanwhile")
                    continue
                rows = [chunks.row(r.number, c) for c in r.content.chunks]
                facts = r.content.facts
                versions.publish(connection, r.document_id, r.number, rows, facts, r.fence)
                published.add(r.number)
                now_readable = rights.tokens_of(connection, [r.document_id])
                if now_readable != {r.document_id: stamped.get(r.document_id)}:
                    outbox.queue_rights(connection, [r.document_id])
        failpoints.reached("committed")
        return published

    async def flush_rights(self) -> int:
        """See :func:`kb.upkeep.readers.flush`."""
        return await readers.flush(self._catalog, self._index, self.generation, self.beside)

    async def tell_languages(self) -> None:
        """See :func:`kb.upkeep.languages.tell`."""
        await languages.tell(self._catalog, self._index, self.generation)

    async def sweep(self, *, grace_seconds: float = GRACE_SECONDS) -> int:
        """Step 4: delete the points of versions that nobody can be reading; returns how many."""
        total = 0
        while True:
            sizes = await self._catalog.read(self._sweepable, grace_seconds)
            if not sizes:
                return total
            generation = await self.generation()
            ids = [point for sized in sizes.items() for point in points_in(*sized)]
            delete = partial(self._delete, ids)
            await delete(generation)
            await self.beside.write(delete)
            failpoints.reached("points_deleted")
            await self._catalog.write(self._swept, list(sizes))
            failpoints.reached("swept")
            total += len(ids)

    async def _delete(self, ids: list[int], generation: str) -> None:
        await self._index.delete(generation, ids)
        await self._index.flush(generation)

    def _sweepable(self, grace_seconds: float) -> dict[int, int]:
        with self._catalog.reading() as connection:
            return sweeping.sweepable(connection, grace_seconds)

    def _swept(self, numbers: list[int]) -> None:
        with self._catalog.writing() as connection:
            sweeping.swept(connection, numbers)


def _points(ready: Ready, vectors: Vectors, tokens: Mapping[int, list[str]]) -> list[IndexPoint]:
    """A document's points; ``vectors`` are by their names in the index."""
    return [
        IndexPoint(
            point_of(ready.number, chunk.ordinal),
            {n: by[chunks.short_hash(chunk.embedded_text)] for n, by in vectors.items()},
            chunk.embedded_text,
            ready.content.facts.language,
            tokens[ready.document_id],
        )
        for chunk in ready.content.chunks
    ]


async def dimensions_of(embeddings: Embeddings) -> dict[str, int]:
    """How many numbers the vectors have in the index, by their names there."""
    names, known = vector_names(embeddings.models), await embeddings.dimensions()
    return {name: known[model] for model, name in names.items()}


def adopt_earlier(connection: Connection, used: Sequence[UsedModel]) -> None:
    """Name a generation, and the vectors in it, as this release names them."""
    if generations.rename(connection, earlier_generations(used), generation_fingerprint(used)):
        vectors.rename_model(connection, used[0].earlier, used[0].fingerprint)
