"""What the benchmarks share: data, a knowledge base in a temporary place, percentiles, memory."""

import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from ingest.running.reporting import Counts, Timings
from kb import settings as settings_module
from kb.catalog import sources
from kb.cli.ingesting import run_of
from kb.knowledge_base import KnowledgeBase
from kb.rights import access

DATA = Path(__file__).parent.parent.parent / "shared" / "data"


def data(name: str) -> Path | None:
    folder = DATA / name
    if folder.exists():
        return folder
    print(f"skipped: the development data {name} is not beside the project")
    return None


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.open(encoding="utf-8")]


def filings() -> list[Path]:
    """The filings to measure on; ``KB_BENCH_FILINGS`` limits how many."""
    folder = data("financebench-20mb")
    if folder is None:
        return []
    return sorted((folder / "docs").iterdir())[: int(os.environ.get("KB_BENCH_FILINGS", "25"))]


@asynccontextmanager
async def knowledge_base() -> AsyncIterator[KnowledgeBase]:
    folder = tempfile.mkdtemp(prefix="kb-bench-")
    given = {k: v for k, v in os.environ.items() if k.startswith("KB_EMBEDDING__")}
    settings = settings_module.load({"data_dir": folder, "llm.provider": "none"}, given)
    base = KnowledgeBase(settings)
    try:
        yield base
    finally:
        await base.stop_engines()
        await base.close()
        shutil.rmtree(folder, ignore_errors=True)


def follow(base: KnowledgeBase, name: str, folder: Path) -> None:
    with base.catalog.writing() as connection:
        sources.add(connection, name, str(folder), access.readers(connection, [access.EVERYONE]))


async def ingest(base: KnowledgeBase, name: str) -> tuple[Counts, Timings]:
    run = run_of(base, base.sources.named(name))
    return await run.run(), run.timings


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


ENGINES = ("kb.embedding.process", "kb.index.process")


def megabytes(data_dir: str) -> dict[str, float]:
    """Resident memory (MB) of the processes that work on a data directory."""
    found: dict[str, float] = {}
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        for name in ENGINES:
            if name in command and data_dir in command:
                found[name] = process.memory_info().rss / 1e6
    return found
