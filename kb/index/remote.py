"""The index as every other process sees it: calls to the index process."""

from collections.abc import Mapping, Sequence

import msgspec

from kb.engines.calling import EngineClient
from kb.index.base import Hits, IndexPoint, IndexQuery, fingerprint
from kb.settings import Settings


class RemoteIndex:
    """A :class:`kb.index.base.Index` whose every method calls the index process."""

    def __init__(self, settings: Settings) -> None:
        self.engine = EngineClient(
            "index",
            "kb.index.process",
            settings,
            fingerprint(settings),
            silent=settings.index.backend == "edge",
        )

    async def create(self, generation: str, dimensions: Mapping[str, int]) -> None:
        """See :class:`kb.index.base.Index`."""
        await self.engine.call("create", generation=generation, dimensions=dict(dimensions))

    async def upsert(self, generation: str, points: Sequence[IndexPoint]) -> None:
        """See :class:`kb.index.base.Index`. Sent in parts: a query waits for one part at most."""
        for start in range(0, len(points), 50):
            part = list(points[start : start + 50])
            await self.engine.call("upsert", generation=generation, points=part)

    async def flush(self, generation: str) -> None:
        """See :class:`kb.index.base.Index`."""
        await self.engine.call("flush", generation=generation)

    async def delete(self, generation: str, ids: Sequence[int]) -> None:
        """See :class:`kb.index.base.Index`."""
        await self.engine.call("delete", generation=generation, ids=list(ids))

    async def set_readers(
        self, generation: str, ids: Sequence[int], readers: Sequence[str]
    ) -> None:
        """See :class:`kb.index.base.Index`."""
        await self.engine.call(
            "set_readers", generation=generation, ids=list(ids), readers=list(readers)
        )

    async def set_languages(self, generation: str, languages: Mapping[str, Sequence[int]]) -> None:
        """See :class:`kb.index.base.Index`."""
        given = {language: list(ids) for language, ids in languages.items()}
        await self.engine.call("set_languages", generation=generation, languages=given)

    async def query(self, generation: str, query: IndexQuery) -> Hits:
        """See :class:`kb.index.base.Index`."""
        answer = await self.engine.call("query", seconds=60, generation=generation, query=query)
        return msgspec.convert(answer, Hits)

    async def readers(self, generation: str, after: int | None, limit: int) -> dict[int, list[str]]:
        """See :class:`kb.index.base.Index`."""
        pairs = await self.engine.call("readers", generation=generation, after=after, limit=limit)
        return dict(pairs)

    async def count(self, generation: str) -> int:
        """See :class:`kb.index.base.Index`."""
        return int(await self.engine.call("count", generation=generation))

    async def verify(self, generation: str) -> None:
        """See :class:`kb.index.base.Index`."""
        await self.engine.call("verify", generation=generation)

    async def drop(self, generation: str) -> None:
        """See :class:`kb.index.base.Index`."""
        await self.engine.call("drop", generation=generation)

    async def keep_open(self, generation: str) -> None:
        """Have the index process close every other generation: another process may open those."""
        await self.engine.call("keep_open", generation=generation)

    async def get_ready(self, generation: str) -> None:
        """Have the index process hold what it needs to search a generation."""
        await self.engine.call("get_ready", generation=generation)

    async def languages(self, texts: list[str], *, surely: bool = False) -> list[str]:
        """The language (ISO 639-1) of each text; ``surely``: empty where it is mere guessing."""
        return list(await self.engine.call("languages", texts=texts, surely=surely))

    async def close(self) -> None:
        """Close the connections; the engine stays."""
        await self.engine.close()
