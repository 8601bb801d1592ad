"""A search, in the process and by ``/api/v1/search``, at 10,000 and 100,000 passages of which the asker may read half, beside the bare
query embedding and the bare engine call. ``KB_BENCH_PASSAGES`` names other sizes.

The passages are words of cranfield in new orders, the vectors random: what is measured is time.
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from contextlib import asynccontextmanager

import httpx
import numpy as np
from sqlalchemy import insert

from bench.common import data, knowledge_base, lines, percentile
from bench.serve import environment_of
from kb.catalog import generations, groups, people, sources, versions
from kb.catalog.chunks import row, short_hash
from kb.catalog.tables import documents, vectors
from kb.index.base import IndexQuery
from kb.index.generation import name_of
from kb.rights import access
from kb.types.files import Stat
from kb.types.parsed import Chunk, Span
from kb.types.versions import Facts
from kb.upkeep.rebuilding import Rebuilder

PER_DOCUMENT = 50


async def main() -> None:
    folder = data("cranfield")
    if folder is None:
        return
    words = " ".join(d["text"] for d in lines(folder / "corpus.jsonl")).split()
    asked = [q["text"] for q in lines(folder / "queries.jsonl")][:200]
    print(
        "| passages | embed p50 | p95 | engine p50 | p95 | retrieval p50 | p95 | p95 over the sum "
        "| HTTP p50 | p95 | p95 over the sum | searches/s, 16 askers |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for size in map(int, os.environ.get("KB_BENCH_PASSAGES", "10000,100000").split(",")):
        async with knowledge_base() as base:
            fill(base, words, size)
            await Rebuilder(base.settings, base.catalog, base.embeddings).rebuild()
            await measure(base, asked, size)


def fill(base, words: list[str], size: int) -> None:
    chance, rng = random.Random(1), np.random.default_rng(1)
    model = base.embeddings.fingerprint
    with base.catalog.writing() as c:
        groups.add(c, "half")
        people.add_person(c, "ann", ())
        open_ = sources.add(c, "open", "/open", ("everyone", "owner"))
        closed = sources.add(c, "closed", "/closed", access.readers(c, ["half"]))
    for d in range(size // PER_DOCUMENT):
        with base.catalog.writing() as c:
            source = (open_, closed)[d % 2]
            [document] = c.execute(
                insert(documents).values(
                    source_id=source.id, raw_path=b"%d" % d, path=f"{d}.pdf", state="indexed",
                    bytes=1, chunks=PER_DOCUMENT, tries=0, held=False, added_at=0.0,
                    language="en", title=f"Document {d}",
                ).returning(documents.c.id)
            ).scalars()  # fmt: skip
            number = versions.begin(c, document, "bench:1:x", "h")
            made = []
            for n in range(PER_DOCUMENT):
                at = chance.randrange(len(words) - 150)
                text = " ".join(words[at : at + 130]) + f" {d} {n}"
                made.append(Chunk(ordinal=n, text=text, embedded_text=text, page=None, section=None,
                                  spans=(Span(0, len(text), n, 0),), lines=()))  # fmt: skip
            facts = Facts(
                stat=Stat(1, 0, 0), content_hash="h", language="en", title=f"Document {d}"
            )
            rows = [row(number, m) for m in made]
            versions.publish(c, document, number, rows, facts)
            unit = rng.standard_normal((PER_DOCUMENT, 384)).astype("<f4")
            unit /= np.linalg.norm(unit, axis=1, keepdims=True)
            c.execute(insert(vectors), [
                {"model": model, "hash": short_hash(m.embedded_text), "vector": v.tobytes()}
                for m, v in zip(made, unit, strict=True)
            ])  # fmt: skip


async def measure(base, asked: list[str], size: int) -> None:
    ann = base.principal("ann")
    with base.catalog.reading() as c:
        generation = name_of(generations.live(c).id)
    token = base.accounts.new_token(ann, "benchmark", "read", 1)
    async with served(token, base.settings.data_dir) as client:
        await compare(base, client, asked, size, ann, generation)


@asynccontextmanager
async def served(token: str, folder: str):
    """``kb serve`` on the data directory, and a client that asks with a token."""
    server = subprocess.Popen(
        [sys.executable, "-m", "kb", "serve", "--port", "8766"],
        env=environment_of(folder) | {"KB_FAIR_USE__REQUESTS_PER_MINUTE": "1000000"},
        stderr=subprocess.DEVNULL,
    )
    bearer = {"Authorization": f"Bearer {token}"}
    address = "http://127.0.0.1:8766"
    try:
        async with httpx.AsyncClient(base_url=address, timeout=60, headers=bearer) as client:
            for _ in range(600):
                try:
                    await client.get("/ready")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.1)
            yield client
    finally:
        server.terminate()
        server.wait(30)


async def compare(base, client, asked: list[str], size: int, ann, generation: str) -> None:
    async def ask(question: str) -> None:
        response = await client.get("/api/v1/search", params={"q": question, "limit": 10})
        assert response.json()["hits"], response.text

    for question in asked[:20]:
        await ask(question)
    embed, engine, retrieval, search = [], [], [], []
    for question in asked:
        at = time.monotonic()
        vector = (await base.embeddings.query(question)).vector
        embed.append(time.monotonic() - at)
        at = time.monotonic()
        await base.index.query(generation, IndexQuery(vector, question, sorted(ann.tokens), 100))
        engine.append(time.monotonic() - at)
        at = time.monotonic()
        await base.search.passages(question, ann, syntax=False, noted=False)
        retrieval.append(time.monotonic() - at)
        at = time.monotonic()
        await ask(question)
        search.append(time.monotonic() - at)
    at = time.monotonic()
    queue = iter(asked * 2)

    async def asker() -> None:
        for question in queue:
            await ask(question)

    await asyncio.gather(*(asker() for _ in range(16)))
    rate = 2 * len(asked) / (time.monotonic() - at)
    both = percentile(embed, 0.95) + percentile(engine, 0.95)
    print(
        f"| {size:,} | {percentile(embed, 0.5):.1f} | {percentile(embed, 0.95):.1f} "
        f"| {percentile(engine, 0.5):.1f} | {percentile(engine, 0.95):.1f} "
        f"| {percentile(retrieval, 0.5):.1f} | {percentile(retrieval, 0.95):.1f} "
        f"| {percentile(retrieval, 0.95) / both:.2f} "
        f"| {percentile(search, 0.5):.1f} | {percentile(search, 0.95):.1f} "
        f"| {percentile(search, 0.95) / both:.2f} | {rate:.1f} |",
        flush=True,
    )
