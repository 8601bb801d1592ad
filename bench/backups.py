"""What a backup, the next one, verifying and restoring take over a made-up base of 10,000 documents.

No file is read and nothing is embedded: rows and stored values are made, ten passages a document,
vectors at random. ``KB_BENCH_DOCUMENTS`` names another size, ``KB_BENCH_CATALOG`` the URL of an
empty PostgreSQL database. The index, which a restore builds from the catalog, is not built here.
"""

import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import insert, text

from kb import settings as settings_module
from kb.backup.backups import Backups
from kb.backup.restoring import Restorer
from kb.backup.store import Store
from kb.backup.verifying import verify
from kb.catalog import sources
from kb.catalog.chunks import short_hash
from kb.catalog.database import Catalog, now, open_catalog
from kb.catalog.tables import chunks, documents, vectors, versions
from kb.files.blobs import ELEMENTS, Blobs
from kb.rights import access
from kb.types.parsed import Element, Parsed
from kb.types.passages import Layout
from kb.types.points import point_of

SIZE, EACH, PART = 10_000, 10, 500
WORDS = [
    f"{a}{b}{c}" for a in "bdfgklmnprst" for b in ("a", "ei", "o") for c in ("l", "mer", "vik")
]


async def main() -> None:
    size = int(os.environ.get("KB_BENCH_DOCUMENTS", SIZE))
    folder = Path(tempfile.mkdtemp(prefix="kb-bench-"))
    given = {"data_dir": str(folder / "data")}
    if url := os.environ.get("KB_BENCH_CATALOG"):
        given["catalog.url"] = url
    settings = settings_module.load(given, {})
    catalog = open_catalog(settings)
    try:
        fill(catalog, Blobs(settings.data / "blobs"), size)
        print(f"{size} documents, {size * EACH} passages, {megabytes(settings.data):.0f} MB\n")
        measure(Backups(catalog, settings), catalog, folder)
    finally:
        catalog.close()
        shutil.rmtree(folder)


def measure(backups: Backups, catalog: Catalog, folder: Path) -> None:
    place, owner = folder / "backups", access.owner()
    make = lambda: backups.make(owner, str(place), lambda _done, _total: None)
    print("| what | seconds | of processor |\n|---|---|---|")
    timed("the first backup", make)
    print(f"|  its folder: {megabytes(place):.0f} MB | | |")
    timed("the second, nothing changed", make)
    with catalog.writing() as connection:
        connection.execute(text("DELETE FROM chunks WHERE point % 1000 = 7"))
        connection.execute(text("DELETE FROM vectors WHERE hash LIKE '00%'"))
    timed("the third, a few changed", make)
    store = Store(place)
    timed("verify all three", lambda: verify(store, store.names()))
    there = settings_module.load({"data_dir": str(folder / "there")}, {})
    timed("restore, without index", lambda: Restorer(there, store, store.chosen(), {}).restore())


def timed(what: str, work: Callable[[], Any]) -> None:
    begun, used = time.monotonic(), time.process_time()
    work()
    seconds, processor = time.monotonic() - begun, time.process_time() - used
    print(f"| {what} | {seconds:.2f} | {processor:.2f} |", flush=True)


def megabytes(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1024**2


def fill(catalog: Catalog, blobs: Blobs, size: int, model: str = "m") -> None:
    chance, drawn, at = random.Random(1), np.random.default_rng(1), now()
    with catalog.writing() as connection:
        source = sources.add(connection, "made up", "/nowhere", ("everyone", "owner")).id
    for start in range(1, size + 1, PART):
        numbers = range(start, min(start + PART, size + 1))
        passages = [(n, o) for n in numbers for o in range(EACH)]
        said = {p: " ".join(chance.choices(WORDS, k=150)) for p in passages}
        embedded = {(n, o): f"Report {n}\n{text}" for (n, o), text in said.items()}
        hashes = {p: short_hash(embedded[p]) for p in passages}
        with catalog.writing() as connection:
            connection.execute(insert(versions), [
                {"number": n, "document_id": n, "content_hash": f"{n:064}", "state": "current",
                 "points": EACH, "born": n, "worker": "bench", "fence": 0,
                 "started_at": at + n / 1000, "finished_at": at + n / 999} for n in numbers
            ])  # fmt: skip
            connection.execute(insert(documents), [
                {"id": n, "source_id": source, "raw_path": b"%d.pdf" % n, "path": f"{n}.pdf",
                 "state": "indexed", "bytes": 90_000, "content_hash": f"{n:064}",
                 "media_type": "application/pdf", "title": f"Report {n}", "language": "en",
                 "blob": f"{n * 7919:064x}"[::-1], "chunks": EACH, "version": n, "tries": 0,
                 "held": False, "added_at": at} for n in numbers
            ])  # fmt: skip
            connection.execute(insert(chunks), [
                {"point": point_of(n, o), "version": n, "ordinal": o, "page": o, "text": said[n, o],
                 "text_hash": f"{n}-{o}", "embedded_text": embedded[n, o],
                 "vector_hash": hashes[n, o], "layout": msgspec.msgpack.encode(Layout((), ()))}
                for n, o in passages
            ])  # fmt: skip
            connection.execute(insert(vectors), [
                {"model": model, "hash": hashes[n, o],
                 "vector": drawn.normal(0, 0.05, 384).astype("<f4").tobytes(),
                 "kept_at": at + n / 1000}
                for n, o in passages
            ])  # fmt: skip
        for n in numbers:
            read = tuple(Element(kind="NarrativeText", text=said[n, o]) for o in range(EACH))
            parsed = Parsed(parser="made up", media_type="application/pdf", elements=read)
            blobs.put(f"{n * 7919:064x}"[::-1], ELEMENTS, msgspec.msgpack.encode(parsed))
