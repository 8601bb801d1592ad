"""A graphics card: slices of bulk work by size and side by side, questions meanwhile, late interaction beside float32's, and what falls back.

``python -m bench card --device cuda``; ``KB_EMBEDDING__MODEL`` names another model than the English one. To see what falls back, a process of
its own fills the card's memory, before the embedder starts and while it works; nothing else should be using the card.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import numpy as np

from bench.measuring import data, lines, percentile
from kb import settings as settings_module
from kb.embedding import agreement, models, process
from kb.embedding.client import Embeddings
from kb.embedding.encoder import Model
from kb.embedding.runtimes.reference import Reference
from kb.settings import Embedding

NAME = os.environ.get("KB_EMBEDDING__MODEL", "english")
SECONDS = float(os.environ.get("KB_BENCH_SECONDS", "1"))
TIMES = int(os.environ.get("KB_BENCH_TIMES", "8"))
"""How often the passages are taken, so that they fill the largest slice."""
SIDE_BY_SIDE = (1, 2, 16)
QUESTIONS = 60
LEFT = (0, 250, 600)
"""Megabytes that are left of the card's memory when the embedder starts."""
FILL = """
import sys, torch
left, kept = int(sys.argv[1]) << 20, [torch.zeros(1, device="cuda")]
for size in (1 << 30, 1 << 26, 1 << 21):
    while torch.cuda.mem_get_info()[0] - left > size:
        try:
            kept.append(torch.empty(size, dtype=torch.uint8, device="cuda"))
        except RuntimeError:
            break
print("full", flush=True)
sys.stdin.read()
"""


async def main() -> None:
    device = os.environ.get("KB_BENCH_DEVICE", "auto")
    if device not in {"cuda", "cpu"}:
        print("skipped: it is for --device cuda (cpu tries the first half, in float32)")
        return
    folder = data("clapnq-dev")
    if folder is None:
        return
    passages = [row["text"] for row in lines(folder / "corpus.jsonl")]
    files = models.find(Embedding(model=NAME))
    runtime = Reference(files, "float16" if device == "cuda" else "float32", device)
    slices(runtime, files, passages)
    exact(Model(files, runtime), Model(files, Reference(files, "float32")), passages[:32])
    if device == "cuda":
        await fallbacks(passages)


def slices(runtime: Reference, files: models.ModelFiles, passages: list[str]) -> None:
    """Passages a second by size of a slice and by how many the card has at once; a question's time meanwhile."""
    texts = [files.passage_prompt + text for text in passages] * TIMES
    lengths = models.counter_of(files).count_all(texts)
    print(
        "| word pieces of a slice | side by side | passages/s | a question meanwhile, p50, p95 ms | MB reserved |"
    )
    print("|---|---|---|---|---|")
    for tokens in runtime.slices[:4]:
        parts = [[texts[i] for i in part] for part in process.cut(lengths, tokens)]
        for at_once in SIDE_BY_SIDE:
            runtime._turns = threading.Semaphore(at_once)
            rate, times = bulk_and_questions(runtime, files, parts)
            print(
                f"| {tokens} | {at_once} | {rate:.0f} | {percentile(times, 0.5):.1f}, {percentile(times, 0.95):.1f} | {reserved():.0f} |",
                flush=True,
            )


def bulk_and_questions(
    runtime: Reference, files: models.ModelFiles, parts: list[list[str]]
) -> tuple[float, list[float]]:
    """Bulk work of as many threads as the embedder has, and single questions beside it."""
    runtime.vectors(parts[0], bulk=True)
    begun = time.monotonic()

    def bulk(number: int) -> int:
        done, turn = 0, number
        while time.monotonic() < begun + SECONDS:
            done += len(runtime.vectors(parts[turn % len(parts)], bulk=True))
            turn += threads
        return done

    threads, times = models.threads_of(Embedding()), []
    with ThreadPoolExecutor(threads) as pool:
        working = [pool.submit(bulk, number) for number in range(threads)]
        while time.monotonic() < begun + SECONDS and len(times) < QUESTIONS:
            asked = time.monotonic()
            runtime.vectors([f"{files.query_prompt}How many days of leave in year {len(times)}?"])
            times.append(time.monotonic() - asked)
        done = sum(one.result() for one in working)
    return done / (time.monotonic() - begun), times


def reserved() -> float:
    import torch

    found = torch.cuda.memory_reserved() if torch.cuda.is_initialized() else 0
    torch.cuda.empty_cache()
    return found / 1e6


def exact(ours: Model, theirs: Model, passages: list[str]) -> None:
    """How far vectors and late interaction are from float32's."""
    cosines = (ours.runtime.vectors(passages) * theirs.runtime.vectors(passages)).sum(axis=1)
    print(f"\n- cosine to float32: {cosines.mean():.6f}, least {cosines.min():.6f}")
    pairs = agreement.built_in()[:16]
    others = [pairs[-number][0] for number in range(len(pairs))]
    differences = [
        np.abs(np.subtract(ours.matches(asked, two), theirs.matches(asked, two))).max()
        for (right, asked), other in zip(pairs, others, strict=True)
        for two in [[right, other]]
    ]
    print(
        f"- late interaction: differs from float32's by at most {max(differences):.5f}", flush=True
    )


async def fallbacks(passages: list[str]) -> None:
    """What the embedder says and does where the card's memory is short."""
    for left in LEFT:
        filler = fill(left)
        try:
            async with embedder() as embeddings:
                await told(embeddings, f"{left} MB left at the start")
        finally:
            free(filler)
    async with embedder() as embeddings:
        await told(embeddings, "a free card")
        right = await embeddings.passages(passages[:64])
        filler = fill(0)
        try:
            for _ in range(TIMES):
                found = await embeddings.passages(passages)
            await told(embeddings, "filled while it works")
        finally:
            free(filler)
    pairs = zip(right, found, strict=False)
    least = min(float(np.frombuffer(a, "<f4") @ np.frombuffer(b, "<f4")) for a, b in pairs)
    print(f"- passages embedded before and after: cosine at least {least:.6f}", flush=True)


@asynccontextmanager
async def embedder() -> AsyncIterator[Embeddings]:
    with tempfile.TemporaryDirectory(prefix="kb-bench-") as folder:
        embeddings = Embeddings(
            settings_module.load(
                {"data_dir": folder, "embedding.model": NAME, "embedding.device": "cuda",
                 "embedding.runtime": "torch", "embedding.dtype": "float16"}, {},
            )
        )  # fmt: skip
        try:
            yield embeddings
        finally:
            await embeddings.engine.leave()
            await embeddings.engine.close()


async def told(embeddings: Embeddings, when: str) -> None:
    found = await embeddings.query(f"How many days of leave are there with {when}?")
    [now] = await embeddings.computing()
    print(f"- {when}: {found.computed_by}. {now.problem}", flush=True)


def fill(left: int) -> "subprocess.Popen[str]":
    filler = subprocess.Popen(
        [sys.executable, "-c", FILL, str(left)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    filler.stdout.readline()
    return filler


def free(filler: "subprocess.Popen[str]") -> None:
    filler.stdin.close()
    filler.wait()
