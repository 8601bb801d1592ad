"""A knowledge base in this process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from ingest.folders import Folders
from kb.catalog import sources
from kb.cli.ingesting import run_of
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.types.library import Following


def folders_of(kb: KnowledgeBase) -> Folders:
    return Folders(kb.catalog, kb.publisher, kb.settings.ingest)


async def set_rule(kb: KnowledgeBase, by, name: str, kind: str, lines) -> None:
    await folders_of(kb).set_rule(by, name, kind, lines)


class House:
    """A knowledge base with one source, and verbs to work on it."""

    def __init__(self, settings, root: Path):
        self.kb = KnowledgeBase(settings)
        self.root = root
        self.owner = access.owner()
        root.mkdir(exist_ok=True)

    def follow(self, name: str = "files", readers=(), root: Path | None = None, **following):
        folder = root or self.root
        folder.mkdir(exist_ok=True)
        with self.kb.catalog.writing() as c:
            return sources.add(
                c,
                name,
                str(folder),
                access.readers(c, list(readers) or [access.EVERYONE]),
                Following(**following),
            )

    async def ingest(self, name: str = "files", **options):
        return await run_of(self.kb, self.kb.sources.named(name)).run(**options)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    async def paths(self, question: str, who=None) -> list[str]:
        found = await self.kb.search.passages(question, who or self.owner, 10)
        return [p.chunk.path for p in found.passages]

    def ledger(self) -> dict[str, object]:
        from kb.types.library import LedgerFilter

        return {r.path: r for r in self.kb.ledger.rows(self.owner, LedgerFilter())}


@asynccontextmanager
async def house_with(settings, root: Path, texts: Mapping[str, str]) -> AsyncIterator[House]:
    """A house over these texts, by name; its index process ends with it."""
    made = House(settings, root)
    made.follow()
    for name, text in texts.items():
        made.write(name, text)
    assert (await made.ingest()).indexed == len(texts)
    try:
        yield made
    finally:
        await made.kb.index.engine.leave()
        await made.kb.close()
