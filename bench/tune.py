"""What ``kb tune`` gains on questions whose documents took no part: by each model alone, and as the
program searches. Sets: everyday-dev, office-qa-dev, clapnq-dev, cranfield, xl-to-it-dev,
xquad-pool-dev, split by document (xquad-pool by paragraph, in whatever language it is).

``KB_BENCH_TUNE_SETS`` names sets, ``KB_BENCH_TUNE_LIMIT`` draws so many questions of each (1,000).
"""

import asyncio
import os
from collections.abc import Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bench.common import follow, ingest, knowledge_base
from bench.measuring import data
from kb.catalog import chunks
from kb.catalog.database import current_seq
from kb.embedding.adapting import Adapter, Tuning
from kb.evaluation import measures, resampling, sets, workplace
from kb.tuning import learning, material
from kb.tuning.learning import Result
from kb.tuning.material import Material
from kb.types.tunings import Pair, Taught

SETS = (
    "everyday-dev", "office-qa-dev", "clapnq-dev", "cranfield", "xl-to-it-dev", "xquad-pool-dev",
)  # fmt: skip
SHOWN = 10
Right = Mapping[str, list[tuple[int, ...]]]
"""The right passages of each question, by their points: those of a document together."""


async def main() -> None:
    print("| set | | questions | before | after | difference [95 %] | first | among five |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name in os.environ.get("KB_BENCH_TUNE_SETS", ",".join(SETS)).split(","):
        folder = data(name)
        if folder is not None:
            async with opened(folder) as (base, right):
                await of_set(name, base, right)


@asynccontextmanager
async def opened(folder: Path):
    """A knowledge base over a set, and what is right in it."""
    limit = int(os.environ.get("KB_BENCH_TUNE_LIMIT", "1000"))
    async with knowledge_base() as base:
        if (folder / "docs").exists():
            follow(base, folder.name, folder / "docs")
            await ingest(base, folder.name)
            answerable = [q for q in sets.read_questions(folder) if q.evidence]
            yield base, right_places(base, sets.sample(answerable, limit, 0))
            return
        collection = sets.read_collection(folder)
        over = workplace.over_texts(base.embeddings.settings, collection, read, with_model=False)
        async with over as place:
            yield place, right_texts(place, collection, limit)


async def read(base, source) -> None:
    await ingest(base, source.name)


def stored_in(base):
    with base.catalog.reading() as connection:
        points = chunks.current_points(connection)
        return chunks.hydrate(connection, base.principal(None), points, current_seq(connection))


def right_places(base, questions) -> Right:
    stored, found = stored_in(base), {}
    for question in questions:
        by = {}
        for point, c in stored.items():
            place = {"document": c.path, "page": c.page, "section": c.section, "text": c.text}
            if any(measures.is_there(place, e) for e in question.evidence):
                by.setdefault(c.path, []).append(point)
        if by:
            found[question.text] = [tuple(points) for points in by.values()]
    return found


def right_texts(base, collection, limit: int) -> Right:
    by = {}
    for point, c in stored_in(base).items():
        by.setdefault(collection.texts[workplace.number_of(c.path)].id, []).append(point)
    return {
        query.text: [tuple(by[text]) for text in collection.relevant[query.id] if text in by]
        for query in sets.sample(collection.queries, limit, 0)
    }


def taught(base, right: Right) -> Taught:
    stored = stored_in(base)
    with base.catalog.reading() as connection:
        standing = tuple(chunks.standing(connection, base.principal(None)))
    pairs = []
    for question, places in right.items():
        for points in places:
            c = stored[points[0]]
            pairs.append(
                Pair(
                    "set", question, c.document_id, c.content_hash, c.path, c.page, c.section,
                    c.text, points,
                )
            )  # fmt: skip
    return Taught(tuple(pairs), standing, 0, 0)


def together(name: str, pairs: Taught):
    """Of xquad-pool a paragraph in all its languages; of every other set a document."""
    if not name.startswith("xquad"):
        return material.document_of
    languages = 5
    most = max(workplace.number_of(pair.path) for pair in pairs.pairs) + 1
    each = -(-most // languages)
    return lambda pair: workplace.number_of(pair.path) % each


async def of_set(name: str, base, right: Right) -> None:
    found = await base.read(taught, base, right)
    gathered = await material.gathered(
        base.catalog, base.embeddings, base.index, found, together(name, found)
    )
    results = {
        model: await asyncio.to_thread(learning.learn, lesson)
        for model, lesson in gathered.lessons.items()
    }
    names = {one.fingerprint: one.name for one in base.embeddings.models}
    for model, result in results.items():
        said = f"{names[model]} alone" + ("" if result.whole else ", not beyond chance")
        show(name, said, list(result.before), list(result.after))
    if any(result.whole for result in results.values()):
        before = await asked(base, gathered, {}, right)
        after = await asked(base, gathered, results, right)
        show(name, "as the program searches", before, after)


async def asked(
    base, gathered: Material, results: Mapping[str, Result], right: Right
) -> list[float]:
    """The reciprocal place of what is right, of each question by what was learned without it."""
    found = {}
    for number in sorted(set(gathered.rounds)):
        held_out = {m: r.held_out[number] for m, r in results.items() if number in r.held_out}
        tuning = Tuning("tuned", {m: Adapter(one) for m, one in held_out.items()})
        search, _ = base.asking(lambda _, tuning=tuning: tuning)
        for question, own in zip(gathered.questions, gathered.rounds, strict=True):
            if own == number:
                found[question] = await place_of(base, search, question, right[question])
    return [found[question] for question in gathered.questions]


async def place_of(base, search, question: str, right) -> float:
    owner = base.principal(None)
    hits = await search.passages(question, owner, SHOWN, syntax=False, noted=False)
    wanted = {point for points in right for point in points}
    places = [n for n, hit in enumerate(hits.passages, 1) if wanted.intersection(hit.points)]
    return 1 / places[0] if places else 0.0


def show(name: str, what: str, before: list[float], after: list[float]) -> None:
    differences = [a - b for b, a in zip(before, after, strict=True)]
    low, high = resampling.interval(differences)
    first, five = (
        f"{resampling.mean([v >= at for v in before]):.3f} → {resampling.mean([v >= at for v in after]):.3f}"
        for at in (1, 0.2)
    )
    print(
        f"| {name} | {what} | {len(before)} | {resampling.mean(before):.3f} | "
        f"{resampling.mean(after):.3f} | {resampling.mean(differences):+.3f} [{low:+.3f}, {high:+.3f}] "
        f"| {first} | {five} |",
        flush=True,
    )
