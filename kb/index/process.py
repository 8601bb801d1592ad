"""The index process: the one opener of the Edge shard, or the one client of a Qdrant server.

It also holds what only the sparse lists need (stemmers, the language detector), so that the web
process stays light whichever engine is behind it.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec

from kb.engines.serving import serve, settings_from_stdin
from kb.index import lexical
from kb.index.base import IndexPoint, IndexQuery, fingerprint
from kb.index.edge import EdgeIndex
from kb.settings import Settings


class Indexer:
    """The index process's engine: the calls of :class:`kb.index.base.Index`, and its own.

    Each call decodes its arguments and forwards them to the adapter.
    """

    def __init__(self, settings: Settings) -> None:
        self.fingerprint = fingerprint(settings)
        if settings.index.backend == "edge":
            self._index: Any = EdgeIndex(settings.data / "index")
        else:
            # Two seconds and 90 MB that the embedded shape does not need.
            from kb.index.server import connect

            self._index = connect(settings.index.url, settings.index.api_key, settings.index.prefix)

    async def create(self, generation: str, dimensions: dict[str, int]) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._index.create(generation, dimensions)

    async def upsert(self, generation: str, points: list[Any]) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._index.upsert(generation, msgspec.convert(points, list[IndexPoint]))

    async def flush(self, generation: str) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._index.flush(generation)

    async def delete(self, generation: str, ids: list[int]) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._index.delete(generation, ids)

    async def set_readers(self, generation: str, ids: list[int], readers: list[str]) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._index.set_readers(generation, ids, readers)

    async def set_languages(self, generation: str, languages: dict[str, list[int]]) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._index.set_languages(generation, languages)

    async def query(self, generation: str, query: Any) -> Any:
        """See :class:`kb.index.base.Index`."""
        return await self._index.query(generation, msgspec.convert(query, IndexQuery))

    async def readers(self, generation: str, after: int | None, limit: int) -> Any:
        """See :class:`kb.index.base.Index`."""
        found = await self._index.readers(generation, after, limit)
        return list(found.items())

    async def count(self, generation: str) -> int:
        """See :class:`kb.index.base.Index`."""
        return int(await self._index.count(generation))

    async def verify(self, generation: str) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._index.verify(generation)

    async def drop(self, generation: str) -> None:
        """See :class:`kb.index.base.Index`."""
        await self._index.drop(generation)

    async def keep_open(self, generation: str) -> None:
        """Close every generation but this one; only Qdrant Edge keeps any open."""
        if isinstance(self._index, EdgeIndex):
            await self._index.keep_open(generation)

    async def get_ready(self, generation: str) -> None:
        """Open a generation, and take the sample that its lists are fused by."""
        await self._index.sample(generation)

    async def languages(self, texts: list[str], *, surely: bool = False) -> list[str]:
        """The language (ISO 639-1) of each text; empty where it has no letters, or is not sure."""
        of = lexical.surely if surely else lexical.language_of
        return [of(text) for text in texts]

    def close(self) -> None:
        """Bring everything to disk."""
        if isinstance(self._index, EdgeIndex):
            self._index.close_now()
        else:
            asyncio.run(self._index.close())


if __name__ == "__main__":
    configured = settings_from_stdin()
    serve(lambda: Indexer(configured), Path(sys.argv[1]), configured.engines.idle_seconds)
