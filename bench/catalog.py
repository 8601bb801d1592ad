"""What each surface takes over a catalog of 1,000, 20,000 and 200,000 documents, made at once.

No file is read and nothing is embedded: rows are put into the catalog, and the pages and the API of
the web application are asked for as over HTTP. ``KB_BENCH_DOCUMENTS`` names other sizes;
``KB_BENCH_CATALOG`` the URL of an empty PostgreSQL database (then with one size),
``KB_BENCH_PICTURE`` a file for the figures as a picture (SVG).

SQLite works in this process, so its processor time is taken: other work on the machine does not
count. PostgreSQL does not, so there it is the time on the clock.
"""

import asyncio
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, insert, text

from bench import drawing
from ingest.folders import Folders
from kb import settings as settings_module
from kb.catalog import filtering, names, phrases, rights, versions
from kb.catalog.tables import (
    answers,
    chunks,
    documents,
    groups,
    memberships,
    name_tokens,
    people,
    source_readers,
    sources,
    vectors,
)
from kb.catalog.tables import versions as versions_table
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.search.narrowing import MOST_POINTS
from kb.text.queries import parse
from kb.types.points import point_of
from web.app import create_app

SIZES = (1000, 20_000, 200_000)
PART = 10_000
SOURCES, SETS = 20, 200
WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in ("a", "ei", "o", "u") for c in
         ("l", "mer", "nd", "ra", "sten", "t", "vik", "x")]  # fmt: skip
COMMON = ("of", "the", "harbour", "report")
TYPES = ("application/pdf", "text/plain", "text/html", "message/rfc822")
PASSWORD = "a quiet harbour at dawn"
PAGES = {
    "home": "/",
    "documents, first page": "/documents",
    "documents, page 20": "/documents?page=20",
    "documents, last changed": "/documents?order=changed",
    "documents by text": "/documents?text=report+77",
    "files, first page": "/api/v1/files",
    "files by text, none": "/api/v1/files?text=nowhere-at-all",
    "facets": "/api/v1/facets?q=",
    "facets, filtered": "/api/v1/facets?q=&language=de&type=pdf",
    "suggest": "/api/v1/suggest?q=report+77",
    "suggest, none": "/api/v1/suggest?q=nowhere-at-all",
    "sources, API": "/api/v1/sources",
    "sources": "/sources",
    "one source": "/source/source-3",
    "newest of a type": "/api/v1/search?q=type:web",
    "people": "/people",
    "metrics": "/metrics",
}
SEARCHES = {
    "filter: a language": "language:de",
    "filter: an author": "author:nobody",
    "phrase, rare": '"{rare}"',
    "phrase, in all": '"of the"',
    "phrase, none": '"the of the harbour of"',
}


clock = time.monotonic if os.environ.get("KB_BENCH_CATALOG") else time.process_time


async def main() -> None:
    sizes = [int(n) for n in os.environ.get("KB_BENCH_DOCUMENTS", "").split(",") if n] or SIZES
    taken: dict[str, list[float]] = {}
    for size in sizes:
        folder = tempfile.mkdtemp(prefix="kb-bench-")
        try:
            for name, seconds in (await _measured(Path(folder), size)).items():
                taken.setdefault(name, []).append(seconds)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print("| ms | " + " | ".join(f"{n:,} documents" for n in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for name, seconds in taken.items():
        print(f"| {name} | " + " | ".join(f"{1000 * s:,.1f}" for s in seconds) + " |")
    if picture := os.environ.get("KB_BENCH_PICTURE"):
        rows = {name: [1000 * s for s in seconds] for name, seconds in taken.items()}
        drawn = drawing.dots(
            "Time of each surface, by documents", [f"{n:,} documents" for n in sizes], rows
        )
        Path(picture).write_text(drawn, encoding="utf-8")


async def _measured(folder: Path, size: int) -> dict[str, float]:
    given = {"data_dir": str(folder / "data"), "llm.provider": "none"}
    if url := os.environ.get("KB_BENCH_CATALOG"):
        given["catalog.url"] = url
    base = KnowledgeBase(settings_module.load(given, {}))
    try:
        begun = time.monotonic()
        with base.catalog.writing() as connection:
            rare = fill(connection, size)
        print(f"- {size:,} documents made in {time.monotonic() - begun:.0f} s", flush=True)
        _analyse(base)
        found = await _pages(base)
        return found | {n: _of_search(base, q.format(rare=rare)) for n, q in SEARCHES.items()}
    finally:
        await base.close()


def _analyse(base: KnowledgeBase) -> None:
    """What PostgreSQL's own upkeep does after a while."""
    with base.catalog.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))


async def _pages(base: KnowledgeBase) -> dict[str, float]:
    folders = Folders(base.catalog, base.publisher, base.settings.ingest)
    transport = httpx.ASGITransport(app=create_app(base, folders))
    taken: dict[str, float] = {}
    base.accounts.add(access.owner(), "anna", (), administrator=True, password=PASSWORD)
    headers = {"Origin": "http://localhost"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=headers
    ) as client:
        await client.post("/login", data={"name": "anna", "password": PASSWORD})
        for name, address in PAGES.items():
            taken[name] = await _of_page(client, address)
        begun = clock()
        await _got(client, "/documents.csv")
        taken["documents.csv, whole"] = clock() - begun
    return taken


async def _of_page(client: httpx.AsyncClient, address: str) -> float:
    """The best of three: other work on the machine only ever adds."""
    times = []
    for _ in range(3):
        begun = clock()
        await _got(client, address)
        times.append(clock() - begun)
    return min(times)


async def _got(client: httpx.AsyncClient, address: str) -> None:
    answer = await client.get(address)
    if answer.status_code != 200:
        raise AssertionError(f"{address}: {answer.status_code} {answer.text[:200]}")


def _of_search(base: KnowledgeBase, question: str) -> float:
    """What the catalog does for a filtered search before the index is asked."""
    wanted = parse(question)[1]
    times = []
    for _ in range(3):
        begun = clock()
        with base.catalog.reading() as connection:
            filtering.points(connection, base.principal(None), wanted, MOST_POINTS)
        times.append(clock() - begun)
    return min(times)


def fill(connection: Connection, size: int) -> str:
    """Make documents of a passage each, and what people leave; returns a phrase of one passage."""
    chance = random.Random(size)
    _frame(connection, size)
    sets = [
        rights.keep_set(connection, [f"group:group-{n % 50}", f"person:p{n}", "owner"])
        for n in range(SETS)
    ]
    rare = ""
    for start in range(0, size, PART):
        numbers = range(start + 1, min(start + PART, size) + 1)
        texts = [" ".join([*chance.choices(WORDS, k=100), *chance.choices(COMMON, k=16)])
                 + " of the" for _ in numbers]  # fmt: skip
        rare = rare or " ".join(texts[0].split()[:4])
        made = [_document(n, sets[n % SETS] if n % 10 == 0 else None) for n in numbers]
        connection.execute(insert(versions_table), [_version(n) for n in numbers])
        connection.execute(insert(documents), made)
        rows = [_passage(n, t) for n, t in zip(numbers, texts, strict=True)]
        connection.execute(insert(chunks), rows)
        phrases.add(connection, rows)
        connection.execute(insert(vectors), [
            {"model": "m", "hash": r["vector_hash"], "vector": bytes(1536), "kept_at": 0.0}
            for r in rows
        ])  # fmt: skip
        connection.execute(insert(name_tokens), list(_name_tokens(made)))
    if connection.dialect.name == "postgresql":  # its sequences do not know of given numbers
        for table, column in (("documents", "id"), ("versions", "number"), ("sources", "id"),
                              ("people", "id"), ("groups", "id")):  # fmt: skip
            connection.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"
                     f" (SELECT max({column}) FROM {table}))")
            )  # fmt: skip
    return rare


def _frame(connection: Connection, size: int) -> None:
    """Sources, people in groups, and kept answers; as many as a catalog of that size may have."""
    many = range(1, SOURCES + 1)
    connection.execute(insert(sources), [
        {"id": n, "name": f"source-{n}", "root": "/nowhere", "created_at": 0.0, "priority": 0}
        for n in many
    ])  # fmt: skip
    connection.execute(insert(source_readers), [
        {"source_id": n, "token": t} for n in many for t in ("everyone", "owner")
    ])  # fmt: skip
    everybody = range(1, max(10, size // 100) + 1)
    connection.execute(insert(groups), [{"id": n, "name": f"group-{n}"} for n in range(1, 51)])
    connection.execute(insert(people), [
        {"id": n, "name": f"p{n}", "administrator": False, "origin": "local"} for n in everybody
    ])  # fmt: skip
    connection.execute(insert(memberships), [
        {"person_id": n, "group_id": n % 50 + 1, "origin": "local"} for n in everybody
    ])  # fmt: skip
    connection.execute(insert(answers), [
        {
            "id": f"{n:032x}", "asker": "owner" if n % 100 == 0 else f"p{n % 1000}",
            "question": f"What about {n}?", "text": "", "mode": "quotes", "sentences": [],
            "citations": [], "passages": [[n, 0]], "settings": {}, "asked_at": float(n),
            "seconds": 1.0,
        }
        for n in range(1, max(10, size // 10) + 1)
    ])  # fmt: skip


def _version(n: int) -> dict[str, Any]:
    return {"number": n, "document_id": n, "state": versions.CURRENT, "points": 1, "born": 1,
            "worker": "w", "started_at": 0.0}  # fmt: skip


def _document(n: int, own: str | None) -> dict[str, Any]:
    path = f"folder {n % 1000}/report {n}.txt"
    failed = n % 50 == 0
    return {
        "id": n, "source_id": n % SOURCES + 1, "raw_path": path.encode(), "path": path,
        "state": "failed" if failed else "indexed", "code": "damaged" if failed else None,
        "bytes": 1000, "chunks": 1, "tries": 0, "held": False, "version": n, "rights": own,
        "language": ("en", "de", "fr", "it")[n % 7 % 4], "media_type": TYPES[n % 9 % 4],
        "author": f"author {n % 500}", "mtime_ns": 1_600_000_000_000_000_000 + n * 10**12,
        "content_hash": f"{n:064x}", "blob": f"{n:064x}", "added_at": 0.0,
    }  # fmt: skip


def _passage(n: int, words: str) -> dict[str, Any]:
    return {"point": point_of(n, 0), "version": n, "ordinal": 0, "text": words,
            "text_hash": f"{n:032x}", "embedded_text": words, "vector_hash": f"{n:032x}",
            "layout": bytes(200)}  # fmt: skip


def _name_tokens(made: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in made:
        for word in names.words_of(row["path"].rpartition("/")[2]):
            yield {"token": word, "document_id": row["id"]}


if __name__ == "__main__":
    asyncio.run(main())
