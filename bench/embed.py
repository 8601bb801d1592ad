"""What each runtime and number format does here: passages a second, a question, start, memory.

Each is an embedder process of its own, called as ingestion calls it: with two batches at a time.
Cosines are to float32 of torch. Passages come from the development data (880 characters in the mean) where it is there,
else from the built-in texts. ``KB_EMBEDDING__MODEL`` names another model than the English one.
"""

import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.measuring import data, lines, megabytes
from kb import settings as settings_module
from kb.embedding import agreement, record
from kb.embedding.client import Embeddings
from kb.errors import KbError

PASSAGES = 96
MOST = 512
"""Passages of a call, as ingestion makes them; fewer where that takes long."""
SIDE_BY_SIDE = 2
SECONDS = 3.0
QUESTIONS = 25
LONG = (700, 1060)
"""Characters: what a passage of the program has, about."""


def texts() -> list[str]:
    folder = data("clapnq-dev")
    if folder is None:
        return [passage for passage, _ in agreement.built_in()]
    found = [row["text"] for row in lines(folder / "corpus.jsonl")]
    return [t for t in found if LONG[0] < len(t) < LONG[1]][:PASSAGES]


def device() -> dict[str, str]:
    """``python -m bench embed --device cuda`` measures a card as well."""
    return {"embedding.device": os.environ.get("KB_BENCH_DEVICE", "auto")}


async def main() -> None:
    passages = texts()
    print(f"{record.processor()}; {len(passages)} passages\n")
    print(
        "| runtime | format | passages/s | a question, ms | start, s | MB | cosine: mean, least |"
    )
    print("|---|---|---|---|---|---|---|")
    folder, reference = tempfile.mkdtemp(prefix="kb-bench-"), None
    try:
        for runtime, dtype in record.candidates(settings_module.load(device(), {}).embedding):
            try:
                figures, vectors = await one(Path(folder), runtime, dtype, passages)
            except KbError as error:
                print(f"| {runtime} | {dtype} | {error.message} | | | | |")
                continue
            reference = vectors if reference is None else reference
            cosines = (vectors * reference).sum(axis=1)
            print(
                f"| {runtime} | {dtype} | {figures} | {cosines.mean():.4f}, {cosines.min():.4f} |",
                flush=True,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def one(
    folder: Path, runtime: str, dtype: str, passages: list[str]
) -> tuple[str, np.ndarray]:
    """The figures of one, as the middle of a line, and its vectors."""
    chosen = {
        "data_dir": str(folder / f"{runtime}-{dtype}"),
        "embedding.model": os.environ.get("KB_EMBEDDING__MODEL", "english"),
        "embedding.runtime": runtime,
        "embedding.dtype": dtype,
        "embedding.derived_dir": str(folder / "models"),
        **device(),
    }
    if dtype in {"float32", "int8"}:  # the first of a runtime, and what makes a file
        await made_before(chosen)
    embeddings = Embeddings(settings_module.load(chosen, {}))
    try:
        begun = time.monotonic()
        found = await embeddings.query("How many days of leave are there?")
        start = time.monotonic() - begun
        if not found.computed_by.endswith(f"{runtime} {dtype}"):
            raise KbError((await embeddings.computing())[0].problem)
        await embeddings.passages(passages[:16])
        begun = time.monotonic()
        vectors = await embeddings.passages(passages)
        first = len(passages) / (time.monotonic() - begun)
        rate = await rate_of(embeddings, passages * max(1, int(min(MOST, first) / len(passages))))
        times = []
        for number in range(QUESTIONS):
            begun = time.monotonic()
            await embeddings.query(f"How many days of leave are there in year {number}?")
            times.append(time.monotonic() - begun)
        memory = megabytes(chosen["data_dir"])["kb.embedding.process"]
    finally:
        await embeddings.engine.leave()
        await embeddings.engine.close()
    question = 1000 * sorted(times)[QUESTIONS // 2]
    array = np.stack([np.frombuffer(vector, "<f4") for vector in vectors])
    return f"{rate:.0f} | {question:.1f} | {start:.1f} | {memory:.0f}", array


async def rate_of(embeddings: Embeddings, batch: list[str]) -> float:
    """Passages a second, over some seconds."""
    begun, until = time.monotonic(), time.monotonic() + SECONDS

    async def call() -> int:
        done = 0
        while time.monotonic() < until:
            done += len(await embeddings.passages(batch))
        return done

    done = await asyncio.gather(*(call() for _ in range(SIDE_BY_SIDE)))
    return sum(done) / (time.monotonic() - begun)


async def made_before(chosen: dict[str, str]) -> None:
    """Have what is derived from the model made, by an embedder of its own."""
    first = Embeddings(settings_module.load(chosen | {"data_dir": chosen["data_dir"] + "-0"}, {}))
    try:
        await first.query("warm")
    finally:
        await first.engine.leave()
        await first.engine.close()
