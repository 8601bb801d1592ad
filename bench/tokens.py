"""The multilingual tokenizer beside the library's own: the same pieces? At what cost of memory and time?

Every text of the development sets is cut by both: passages and questions, and what the parsers make
of the documents. Times are processor time of one process that asks both by turns; memory and the
time of loading are of a process each. ``KB_EMBEDDING__MODEL`` names another model with a Unigram
tokenizer, ``KB_BENCH_SETS`` some of the sets.
"""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from bench.measuring import data, lines
from ingest import parsers
from ingest.parsers.options import Options
from kb.embedding import models
from kb.embedding.pieces import Ordinary, Pieces, opened
from kb.errors import FileProblem
from kb.settings import Embedding
from kb.types.parsed import Parsed

COLLECTIONS = ("clapnq-dev", "cranfield", "xl-to-it-dev", "xquad-pool-dev")
DOCUMENTS = {"everyday-dev": "docs", "office-qa-dev": "docs", "financebench-20mb": "docs", "robustness-dev-20mb": "files"}  # fmt: skip
LANGUAGES = ("de", "el", "en", "es", "fr", "it", "ro", "ru", "zh")
PASSAGES = 256
"""Texts that are cut at once, as bulk work does; questions are cut one by one."""
LOADING = """
import json, sys, time
from pathlib import Path
import psutil
from kb.embedding.pieces import Ordinary, opened
from kb.engines.serving import give_memory_back
mine, file = psutil.Process(), Path(sys.argv[1])
before, begun = mine.memory_info().rss, time.process_time()
made = Ordinary(file.read_bytes()) if sys.argv[2] == "library" else opened(file)
taken = time.process_time() - begun
loaded = mine.memory_info().rss - before
give_memory_back()
rest = mine.memory_info().rss - before
made.count([line for line in Path(sys.argv[3]).read_text().split(chr(10)) if line])
print(json.dumps([taken, loaded / 1e6, rest / 1e6, (mine.memory_info().rss - before) / 1e6]))
"""


@dataclass(slots=True)
class Told:
    """What both did with some texts."""

    texts: int = 0
    pieces: int = 0
    differing: int = 0
    ours: float = 0.0
    theirs: float = 0.0


async def main() -> None:
    chosen = Embedding(model=os.environ.get("KB_EMBEDDING__MODEL", "multilingual"))
    file = models.find(chosen).folder / "tokenizer.json"
    loading(file)
    both = opened(file), Ordinary(file.read_bytes())
    print("\n| texts | | pieces | cut otherwise | µs a piece | by the library |")
    print("|---|---|---|---|---|---|")
    for name, texts in every_set():
        told = cut_by_both(*both, texts, 1 if name.endswith("questions") else PASSAGES)
        print(f"| {name} | {row(told)} |", flush=True)


def loading(file: Path) -> None:
    """Seconds to load, and megabytes: loaded, after what is free went back, after some work."""
    print("| tokenizer | s to load | MB | given back | after the samples |\n|---|---|---|---|---|")
    texts = Path(__file__).parent.parent / "kb" / "embedding" / "texts.json"
    for which in ("ours", "library"):
        done = subprocess.run(
            [sys.executable, "-c", LOADING, str(file), which, str(texts)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        taken, *sizes = json.loads(done.stdout)
        print(f"| {which} | {taken:.2f} | {' | '.join(f'{size:.0f}' for size in sizes)} |")


def cut_by_both(ours: Pieces, theirs: Pieces, texts: Iterable[str], at_once: int) -> Told:
    told, remaining, turn = Told(), iter(texts), 0
    while batch := list(islice(remaining, at_once)):
        turn += 1
        found: dict[bool, list[list[int]]] = {}
        for mine in (True, False) if turn % 2 else (False, True):
            begun = time.process_time()
            found[mine] = (ours if mine else theirs).cut(batch)
            taken = time.process_time() - begun
            told.ours, told.theirs = told.ours + taken * mine, told.theirs + taken * (not mine)
        told.texts += len(batch)
        told.pieces += sum(map(len, found[False]))
        told.differing += sum(a != b for a, b in zip(found[True], found[False], strict=True))
    return told


def row(told: Told) -> str:
    times = [seconds / max(1, told.pieces) * 1e6 for seconds in (told.ours, told.theirs)]
    return f"{told.texts:,} | {told.pieces:,} | {told.differing} | {times[0]:.2f} | {times[1]:.2f}"


def every_set() -> Iterator[tuple[str, Iterable[str]]]:
    wanted = os.environ.get("KB_BENCH_SETS")
    for name in (*COLLECTIONS, *DOCUMENTS):
        folder = data(name) if not wanted or name in wanted.split(",") else None
        if folder is None:
            continue
        if name in DOCUMENTS:
            yield f"{name}, documents", of_documents(folder / DOCUMENTS[name])
        else:
            yield from of_collection(name, folder)
        asked = folder / ("questions.jsonl" if name in DOCUMENTS else "queries.jsonl")
        if asked.exists():
            yield f"{name}, questions", [r.get("question") or r["text"] for r in lines(asked)]


def of_collection(name: str, folder: Path) -> Iterator[tuple[str, Iterable[str]]]:
    """The passages; where they are named by languages, by these."""
    by_language: dict[str, list[str]] = defaultdict(list)
    for one in lines(folder / "corpus.jsonl"):
        language = one["_id"].partition("-")[0]
        by_language[language if language in LANGUAGES else ""].append(one["text"])
    for language, texts in sorted(by_language.items()):
        yield f"{name}, {language or 'passages'}", texts


def of_documents(folder: Path) -> Iterator[str]:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            parsed = msgspec.msgpack.decode(
                parsers.parse(str(file), file.name, Options()), type=Parsed
            )
        except FileProblem:
            continue
        yield from (element.text for element in parsed.elements)
