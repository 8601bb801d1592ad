"""A Qdrant server (or cluster): the index of an organisation. One collection per generation."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from grpc.aio import AioRpcError  # type: ignore[import-untyped]
from qdrant_client import AsyncQdrantClient
from qdrant_client import models as q
from qdrant_client.http.exceptions import UnexpectedResponse

from kb.errors import ConfigurationError, EngineError, KbError, PermanentError
from kb.index import lexical, searching, stored
from kb.index.base import GRAMS, WORDS, Hits, IndexPoint, IndexQuery, Ranked
from kb.index.lexical import Sparse
from kb.index.sampled import Sample, SampledPassage
from kb.index.sampling import Samples
from kb.index.searching import ListQuery

BATCH = 200
"""Points that are written in one call."""
LOOKS_AFTER_SECONDS = 60.0
"""After so many seconds a sample is held beside the server: other processes write there, too."""
REFUSED = {"UNAUTHENTICATED", "PERMISSION_DENIED", "401", "403"}
MISSING = {"NOT_FOUND", "404", "not found"}
WRONG = {"INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE", "UNIMPLEMENTED", "400", "422"}
"""Statuses (gRPC's names, HTTP's numbers) that say: we are not let in; the collection is not there;
the request is wrong. After any other status trying again may help."""
log = logging.getLogger("kb.index")
logging.getLogger("httpx").setLevel(logging.WARNING)


class ServerIndex:
    """Generations as collections, named ``PREFIX-g1``, ``PREFIX-g2`` and so on."""

    def __init__(self, client: AsyncQdrantClient, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._samples = Samples(LOOKS_AFTER_SECONDS)

    async def create(self, generation: str, dimensions: Mapping[str, int]) -> None:
        """See :class:`kb.index.base.Index`."""
        name = self._name(generation)
        async with _translated():
            if await self._client.collection_exists(name):
                return
            idf = q.SparseVectorParams(modifier=q.Modifier.IDF)
            await self._client.create_collection(
                name,
                vectors_config={
                    vector: q.VectorParams(size=size, distance=q.Distance.DOT)
                    for vector, size in dimensions.items()
                },
                sparse_vectors_config={WORDS: idf, GRAMS: idf},
            )
            await self._client.create_payload_index(
                name, "readers", field_schema=q.PayloadSchemaType.KEYWORD, wait=True
            )

    async def upsert(self, generation: str, points: Sequence[IndexPoint]) -> None:
        """See :class:`kb.index.base.Index`."""
        async with _translated():
            for start in range(0, len(points), BATCH):
                part = []
                for point in points[start : start + BATCH]:
                    part.append(_point(point))
                    await asyncio.sleep(0)  # a query must not wait for a whole batch
                await self._client.upsert(self._name(generation), part, wait=True)
                self._samples.written(generation, len(part))

    async def flush(self, generation: str) -> None:
        """Nothing is left to do: the server acknowledges what its write-ahead log has."""

    async def delete(self, generation: str, ids: Sequence[int]) -> None:
        """See :class:`kb.index.base.Index`."""
        if ids:
            async with self._samples.deleting(generation, ids), _translated():
                selector = q.PointIdsList(points=list(ids))
                await self._client.delete(self._name(generation), selector, wait=True)

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
        self._samples.forget(generation)

    async def query(self, generation: str, query: IndexQuery) -> Hits:
        """See :class:`kb.index.base.Index`."""
        return await searching.search(self, generation, query)

    async def ranked(
        self, generation: str, queries: Sequence[ListQuery], readers: Sequence[str]
    ) -> list[Ranked]:
        """See :class:`kb.index.searching.SearchedIndex`."""
        requests = [_request(query, stored.tokens(readers)) for query in queries]
        async with _translated():
            found = await self._client.query_batch_points(self._name(generation), requests)
        return [
            [(int(p.id), float(p.score)) for p in response.points if p.score != 0]
            for response in found
        ]

    async def vectors(
        self, generation: str, ids: Sequence[int], names: Sequence[str]
    ) -> dict[int, dict[str, list[float]]]:
        """See :class:`kb.index.searching.SearchedIndex`."""
        async with _translated():
            records = await self._client.retrieve(
                self._name(generation), list(ids), with_payload=False, with_vectors=list(names)
            )
        named: Any = records
        return {int(r.id): r.vector or {} for r in named}

    async def languages(self, generation: str, ids: Sequence[int]) -> dict[int, str]:
        """See :class:`kb.index.searching.SearchedIndex`."""
        async with _translated():
            records = await self._client.retrieve(
                self._name(generation), list(ids), with_payload=stored.LANGUAGE, with_vectors=False
            )
        return {int(r.id): stored.language(r.payload) for r in records}

    async def sample(self, generation: str) -> Sample:
        """See :class:`kb.index.searching.SearchedIndex`."""
        return await self._samples.of(self, generation)

    async def some(self, generation: str, limit: int) -> list[SampledPassage]:
        """See :class:`kb.index.sampling.SampledIndex`."""
        async with _translated():
            found = await self._client.query_points(
                self._name(generation),
                query=q.SampleQuery(sample=q.Sample.RANDOM),
                limit=limit,
                with_payload=stored.LANGUAGE,
                with_vectors=True,
            )
        return [stored.sampled(int(p.id), p.payload, p.vector) for p in found.points]

    async def readers(self, generation: str, after: int | None, limit: int) -> dict[int, list[str]]:
        """See :class:`kb.index.base.Index`."""
        async with _translated():
            records, _ = await self._client.scroll(
                self._name(generation),
                offset=None if after is None else after + 1,
                limit=limit,
                with_payload=True,
                with_vectors=False,
            )
        return {int(r.id): list((r.payload or {}).get("readers", [])) for r in records}

    async def count(self, generation: str) -> int:
        """See :class:`kb.index.base.Index`."""
        async with _translated():
            return int((await self._client.count(self._name(generation), exact=True)).count)

    async def verify(self, generation: str) -> None:
        """See that the server answers: it looks after its own files."""
        await self.count(generation)

    async def held(self) -> list[str]:
        """The generations that the server has under this prefix."""
        async with _translated():
            found = (await self._client.get_collections()).collections
        start = f"{self._prefix}-"
        return sorted(c.name.removeprefix(start) for c in found if c.name.startswith(f"{start}g"))

    async def drop(self, generation: str) -> None:
        """See :class:`kb.index.base.Index`."""
        self._samples.forget(generation)
        async with _translated():
            await self._client.delete_collection(self._name(generation))

    async def close(self) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._client.close()

    async def _set(self, generation: str, ids: Sequence[int], payload: dict[str, Any]) -> None:
        """Of these points those that are there: named one by one, the others would be an error."""
        there = q.Filter(must=[q.HasIdCondition(has_id=list(ids))])
        async with _translated():
            await self._client.set_payload(self._name(generation), payload, points=there, wait=True)

    def _name(self, generation: str) -> str:
        return f"{self._prefix}-{generation}"


def connect(url: str, api_key: str, prefix: str) -> ServerIndex:
    """An index on the server at ``url``."""
    client = AsyncQdrantClient(
        url=url,
        api_key=api_key or None,
        timeout=60,
        prefer_grpc=True,
        trust_env=False,  # passages go to the server itself, never to a proxy of the environment
        grpc_options={"grpc.enable_http_proxy": 0},
        check_compatibility=False,  # it asks by a client of its own, which takes such a proxy
    )
    return ServerIndex(client, prefix)


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except KbError:
        raise
    except AioRpcError as error:
        log.warning("Qdrant: %s %s", error.code().name, error.details())
        raise _error_of(error.code().name) from error
    except UnexpectedResponse as error:
        log.warning("Qdrant: %s", error)
        raise _error_of(str(error.status_code)) from error
    except Exception as error:  # the client raises what its libraries do: HTML instead of JSON, ...
        log.warning("Qdrant: %r", getattr(error, "source", error))
        name = "not found" if _is_missing(error) else type(error).__name__
        raise _error_of(name) from error


def _is_missing(error: Exception) -> bool:
    """Whether the client's local mode says that there is no such collection."""
    return isinstance(error, ValueError) and str(error).endswith("not found")


def _error_of(what: str) -> KbError:
    """What a status means. Its words stay in the log of this process: they hold addresses."""
    detail = {"engine": "index", "what": what}
    if what in REFUSED:
        message = f"The Qdrant server refuses us ({what}). Look at index.api_key."
        return ConfigurationError(message, code="index_refused", detail=detail)
    if what in MISSING:
        message = "The collection of the index is missing. Rebuild it with: kb reindex"
        return EngineError(message, code="generation_missing", detail=detail)
    if what in WRONG:
        message = f"The Qdrant server does not take what it is sent ({what})."
        return PermanentError(message, code="index_failed", detail=detail)
    return EngineError(f"The Qdrant server does not answer as it should ({what}).", detail=detail)


def _request(query: ListQuery, readers: list[str]) -> q.QueryRequest:
    allowed: list[Any] = [q.FieldCondition(key="readers", match=q.MatchAny(any=readers))]
    if query.only is not None:
        allowed.append(q.HasIdCondition(has_id=list(query.only)))
    asked = query.vector
    vector = _sparse(asked) if isinstance(asked, Sparse) else asked.tolist()
    return q.QueryRequest(
        query=vector, using=query.using, filter=q.Filter(must=allowed), limit=query.limit
    )


def _sparse(vector: Sparse) -> q.SparseVector:
    return q.SparseVector(indices=vector.indices, values=vector.values)


def _point(point: IndexPoint) -> q.PointStruct:
    return q.PointStruct(
        id=point.id,
        vector={
            **{n: np.frombuffer(v, dtype="<f4").tolist() for n, v in point.vectors.items()},
            WORDS: _sparse(lexical.words_of_passage(point.text, point.language)),
            GRAMS: _sparse(lexical.grams_of_passage(point.text)),
        },
        payload=stored.payload(point),
    )
