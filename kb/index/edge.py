"""Qdrant Edge: the index of one machine. The only file that opens its shards.

Edge holds the interpreter lock while it searches, so this runs in the index process alone.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import qdrant_edge as edge

from kb.errors import EngineError
from kb.index import lexical, searching, stored
from kb.index.base import GRAMS, WORDS, Hits, IndexPoint, IndexQuery, Ranked
from kb.index.edge_errors import damaged, told_only, translated
from kb.index.lexical import Sparse
from kb.index.sampled import Sample, SampledPassage
from kb.index.sampling import Samples
from kb.index.searching import ListQuery
from kb.index.spoken import Spoken

T = TypeVar("T")
OPTIMIZERS = edge.EdgeOptimizersConfig(default_segment_number=1, indexing_threshold=10_000)
HNSW = edge.HnswIndexConfig(m=16, ef_construct=128, full_scan_threshold=10_000)
BATCH = 500
"""Points that are written, or read through, in one call."""


class EdgeIndex:
    """Generations as folders. Every call runs on one thread, so that calls never overlap."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: dict[str, edge.EdgeShard] = {}
        self._samples = Samples()
        self._spoken = Spoken()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="edge")

    async def create(self, generation: str, dimensions: Mapping[str, int]) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._run(self._create, generation, dimensions)

    async def upsert(self, generation: str, points: Sequence[IndexPoint]) -> None:
        """See :class:`kb.index.base.Index`."""
        for start in range(0, len(points), BATCH):
            part = []
            for point in points[start : start + BATCH]:
                part.append(_point(point))
                # Building a point takes about 1 ms, and a query must not wait for a whole batch.
                await asyncio.sleep(0)
            await self._update(generation, edge.UpdateOperation.upsert_points(part))
            self._samples.written(generation, len(part))
            self._spoken.forget(generation)

    async def flush(self, generation: str) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._run(lambda: self._shard(generation).flush())

    async def delete(self, generation: str, ids: Sequence[int]) -> None:
        """See :class:`kb.index.base.Index`."""
        if ids:
            async with self._samples.deleting(generation, ids):
                await self._update(generation, edge.UpdateOperation.delete_points(list(ids)))
            self._spoken.forget(generation)

    async def set_readers(
        self, generation: str, ids: Sequence[int], readers: Sequence[str]
    ) -> None:
        """See :class:`kb.index.base.Index`."""
        if ids:
            await self._set(generation, ids, {"readers": stored.tokens(readers)})

    async def set_languages(self, generation: str, languages: Mapping[str, Sequence[int]]) -> None:
        """See :class:`kb.index.base.Index`."""
        for language, ids in languages.items():
            await self._set(generation, ids, {"language": language})
        self._forget(generation)

    async def query(self, generation: str, query: IndexQuery) -> Hits:
        """See :class:`kb.index.base.Index`."""
        return await searching.search(self, generation, query)

    async def ranked(
        self, generation: str, queries: Sequence[ListQuery], readers: Sequence[str]
    ) -> list[Ranked]:
        """See :class:`kb.index.searching.SearchedIndex`."""
        return await self._run(self._ranked, generation, queries, readers)

    async def vectors(
        self, generation: str, ids: Sequence[int], names: Sequence[str]
    ) -> dict[int, dict[str, list[float]]]:
        """See :class:`kb.index.searching.SearchedIndex`."""
        named: Any = await self._retrieve(generation, ids, False, list(names))
        return {int(r.id): r.vector or {} for r in named}

    async def languages(self, generation: str, ids: Sequence[int]) -> dict[int, str]:
        """See :class:`kb.index.searching.SearchedIndex`."""
        return await self._spoken.of(generation, ids, self._languages)

    async def sample(self, generation: str) -> Sample:
        """See :class:`kb.index.searching.SearchedIndex`."""
        return await self._samples.of(self, generation)

    async def some(self, generation: str, limit: int) -> list[SampledPassage]:
        """See :class:`kb.index.sampling.SampledIndex`."""
        return await self._run(self._some, generation, limit)

    async def readers(self, generation: str, after: int | None, limit: int) -> dict[int, list[str]]:
        """See :class:`kb.index.base.Index`."""
        request = edge.ScrollRequest(
            offset=None if after is None else after + 1,
            limit=limit,
            with_payload=True,
            with_vector=False,
        )
        records, _ = await self._run(lambda: self._shard(generation).scroll(request))
        return {int(r.id): list((r.payload or {}).get("readers", [])) for r in records}

    async def optimize(self, generation: str) -> None:
        """Compact a generation, and build its graph.

        It holds the interpreter all the while: never done in a process that people search by.
        """
        await self._run(lambda: self._shard(generation).optimize())
        await self.flush(generation)

    async def count(self, generation: str) -> int:
        """See :class:`kb.index.base.Index`."""
        request = edge.CountRequest(exact=True)
        return int(await self._run(lambda: self._shard(generation).count(request)))

    async def drop(self, generation: str) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._run(self._drop, generation)
        self._forget(generation)

    async def keep_open(self, generation: str) -> None:
        """Close every other generation, so that another process may open it."""
        await self._run(self._close_others, generation)
        self._samples.forget_others(generation)
        self._spoken.forget_all()

    async def close(self) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._run(self._close_others, "")

    def close_now(self) -> None:
        """Close every generation, at the end of the process; for callers outside the event loop."""
        self._thread.submit(self._close_others, "").result()
        self._thread.shutdown()

    async def verify(self, generation: str) -> None:
        """See :class:`kb.index.base.Index`."""
        after: int | None = None
        while after is None or after >= 0:
            after = await self._run(self._read_through, generation, after)
            await asyncio.sleep(0)

    def _forget(self, generation: str) -> None:
        self._samples.forget(generation)
        self._spoken.forget(generation)

    async def _run(self, call: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, translated, call, *arguments)

    def _read_through(self, generation: str, after: int | None) -> int:
        """Read points with all that is stored of them; returns the last one, -1 after the end."""
        request = edge.ScrollRequest(
            offset=None if after is None else after + 1,
            limit=BATCH,
            with_payload=True,
            with_vector=True,
        )
        records, _ = self._shard(generation).scroll(request)
        for record in records:
            vectors: Any = record.vector or {}
            if not vectors.keys() - {WORDS, GRAMS} or not (record.payload or {}).get("readers"):
                raise damaged(f"point {record.id} lacks its vector or its readers")
        return max((int(r.id) for r in records), default=-1)

    async def _set(self, generation: str, ids: Sequence[int], payload: dict[str, Any]) -> None:
        there = edge.Filter(must=[edge.HasIdCondition(set(ids))])
        operation = edge.UpdateOperation.set_payload_by_filter(there, payload)
        await self._update(generation, operation)

    async def _update(self, generation: str, operation: edge.UpdateOperation) -> None:
        await self._run(lambda: self._shard(generation).update(operation))

    def _create(self, generation: str, dimensions: Mapping[str, int]) -> None:
        folder = self._folder(generation)
        if folder.exists() and any(folder.iterdir()):
            return
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        idf = edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)
        config = edge.EdgeConfig(
            vectors={n: edge.EdgeVectorParams(s, edge.Distance.Dot) for n, s in dimensions.items()},
            sparse_vectors={WORDS: idf, GRAMS: idf},
            hnsw_config=HNSW,
            optimizers=OPTIMIZERS,
        )
        shard = edge.EdgeShard.create(str(folder), config)
        shard.update(
            edge.UpdateOperation.create_field_index("readers", edge.PayloadSchemaType.Keyword)
        )
        shard.flush()
        self._open[generation] = shard

    def _shard(self, generation: str) -> edge.EdgeShard:
        shard = self._open.get(generation)
        if shard is None:
            folder = self._folder(generation)
            if not folder.is_dir():
                raise EngineError(
                    f"The index generation {generation} is missing. Rebuild it with: kb reindex",
                    code="generation_missing",
                )
            shard = self._open[generation] = edge.EdgeShard.load(str(folder))
        return shard

    def _ranked(
        self, generation: str, queries: Sequence[ListQuery], readers: Sequence[str]
    ) -> list[Ranked]:
        requests = [_request(query, stored.tokens(readers)) for query in queries]
        found = self._shard(generation).query_batch(edge.QueryBatchRequest(requests))
        return [[(int(p.id), float(p.score)) for p in points] for points in found]

    async def _languages(self, generation: str, ids: Sequence[int]) -> dict[int, str]:
        found = await self._retrieve(generation, ids, stored.LANGUAGE)
        return {int(record.id): stored.language(record.payload) for record in found}

    async def _retrieve(
        self,
        generation: str,
        ids: Sequence[int],
        payload: list[str] | bool,
        vectors: list[str] | bool = False,
    ) -> list[edge.Record]:
        return await self._run(
            lambda: self._shard(generation).retrieve(list(ids), payload, vectors)
        )

    def _some(self, generation: str, limit: int) -> list[SampledPassage]:
        request = edge.QueryRequest(
            query=edge.Sample.Random, limit=limit, with_payload=stored.LANGUAGE, with_vector=True
        )
        found = self._shard(generation).query(request)
        return [stored.sampled(int(p.id), p.payload, p.vector) for p in found]

    def _drop(self, generation: str) -> None:
        shard = self._open.pop(generation, None)
        if shard is not None:
            with told_only(generation):
                shard.close()
        if self._folder(generation).exists():
            shutil.rmtree(self._folder(generation))

    def _close_others(self, generation: str) -> None:
        for name in [n for n in self._open if n != generation]:
            shard = self._open.pop(name)
            with told_only(name):  # the others are closed all the same
                shard.flush()
                shard.close()

    def _folder(self, generation: str) -> Path:
        return self._root / generation


def _request(query: ListQuery, readers: list[str]) -> edge.QueryRequest:
    allowed: list[Any] = [edge.FieldCondition(key="readers", match=edge.MatchAny(any=readers))]
    if query.only is not None:
        allowed.append(edge.HasIdCondition(set(query.only)))
    asked = query.vector
    vector = _sparse(asked) if isinstance(asked, Sparse) else asked.tolist()
    return edge.QueryRequest(
        query=edge.Query.Nearest(vector, using=query.using),
        filter=edge.Filter(must=allowed),
        limit=query.limit,
        with_payload=False,
        with_vector=False,
    )


def _sparse(vector: Sparse) -> edge.SparseVector:
    return edge.SparseVector(vector.indices, vector.values)


def _point(point: IndexPoint) -> edge.Point:
    return edge.Point(
        point.id,
        {
            **{n: np.frombuffer(v, dtype="<f4").tolist() for n, v in point.vectors.items()},
            WORDS: _sparse(lexical.words_of_passage(point.text, point.language)),
            GRAMS: _sparse(lexical.grams_of_passage(point.text)),
        },
        stored.payload(point),
    )
