"""What benchmarks of the whole program share: filings, a knowledge base in a temporary place."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bench.measuring import data
from ingest.running.reporting import Counts
from kb import settings as settings_module
from kb.catalog import sources
from kb.cli.ingesting import run_of
from kb.knowledge_base import KnowledgeBase
from kb.rights import access


def chosen() -> dict[str, str]:
    """What the environment says of the embedding model (``KB_EMBEDDING__…``); nothing else counts."""
    return {key: text for key, text in os.environ.items() if key.startswith("KB_EMBEDDING__")}


def filings() -> list[Path]:
    """The filings to measure on; ``KB_BENCH_FILINGS`` says how many: the largest and the smallest."""
    folder = data("financebench-20mb")
    if folder is None:
        return []
    files = sorted((folder / "docs").iterdir(), key=lambda file: file.stat().st_size)
    wanted = min(int(os.environ.get("KB_BENCH_FILINGS", len(files))), len(files))
    return sorted(files[: wanted // 2] + files[len(files) - wanted + wanted // 2 :])


@asynccontextmanager
async def knowledge_base(
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[KnowledgeBase]:
    folder = tempfile.mkdtemp(prefix="kb-bench-")
    given = {"data_dir": folder, "llm.provider": "none", **(settings or {})}
    base = KnowledgeBase(settings_module.load(given, chosen()))
    try:
        yield base
    finally:
        await base.stop_engines()
        await base.close()
        shutil.rmtree(folder, ignore_errors=True)


def follow(base: KnowledgeBase, name: str, folder: Path) -> None:
    with base.catalog.writing() as connection:
        sources.add(connection, name, str(folder), access.readers(connection, [access.EVERYONE]))


async def ingest(base: KnowledgeBase, name: str) -> Counts:
    return await run_of(base, base.sources.named(name)).run()
