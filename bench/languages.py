"""Question language by document language: how often the document is first, and among the first five.

Three collections: each paragraph of xquad-pool-dev in one of its languages alone, by turns, so that
most questions come in another language than what answers them; the whole pool, where translations
lie side by side and the question's own language is wanted; and everyday-dev, documents as they are.
``KB_BENCH_LANGUAGES_LIMIT`` draws so many questions of each.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.common import follow, ingest, knowledge_base
from bench.measuring import data, lines
from kb.evaluation import sets, workplace
from kb.evaluation.sets import Collection, Query, CollectionText

Asked = tuple[str, str, str, set[str]]
"""A question's language and text, the document's language, and the documents that are right."""
Found = dict[tuple[str, str], list[tuple[bool, bool]]]
"""By both languages, whether the document was first and among five, question by question."""


async def main() -> None:
    pool, everyday = data("xquad-pool-dev"), data("everyday-dev")
    if pool is not None:
        await of_pool(sets.read_collection(pool))
    if everyday is not None:
        await of_documents(everyday)


async def of_pool(collection: Collection) -> None:
    languages = sorted({language_of(t) for t in collection.texts})
    alone = tuple(t for t in collection.texts if language_of(t) == turn(t, languages))
    by_turns = [(q.language, q.text, *elsewhere(q, collection, alone)) for q in drawn(collection)]
    show("each paragraph in one language", await asked_in_pool(collection, alone, by_turns))
    own = [
        (q.language, q.text, q.language, set(collection.relevant[q.id])) for q in drawn(collection)
    ]
    show("translations side by side", await asked_in_pool(collection, collection.texts, own))


def drawn(collection: Collection) -> list[Query]:
    return sets.sample(collection.queries, limit(), 0)


def limit() -> int | None:
    wanted = os.environ.get("KB_BENCH_LANGUAGES_LIMIT")
    return int(wanted) if wanted else None


def language_of(text: CollectionText) -> str:
    """Texts of the pool are named by language and paragraph: ``de-d10``."""
    return text.id.partition("-")[0]


def paragraph_of(name: str) -> str:
    return name.partition("-")[2]


def turn(text: CollectionText, languages: list[str]) -> str:
    return languages[int(paragraph_of(text.id)[1:]) % len(languages)]


def elsewhere(
    query: Query, collection: Collection, texts: Iterable[CollectionText]
) -> tuple[str, set[str]]:
    """The language in which the paragraph that answers a question is there, and its text."""
    paragraphs = {paragraph_of(name) for name in collection.relevant[query.id]}
    [there] = [t for t in texts if paragraph_of(t.id) in paragraphs]
    return language_of(there), {there.id}


async def asked_in_pool(
    collection: Collection, texts: tuple[CollectionText, ...], asked: Iterable[Asked]
) -> Found:
    there = Collection(collection.name, texts, collection.queries, collection.relevant)
    async with (
        knowledge_base() as base,
        workplace.over_texts(base.settings, there, read, with_model=False) as place,
    ):
        return await ask(place, asked, lambda path: texts[workplace.number_of(path)].id)


async def of_documents(folder: Path) -> None:
    rows = [q for q in lines(folder / "questions.jsonl") if not q["unanswerable"]]
    asked = [
        (q["lang"], q["question"], q["doc_language"], set(q["docs"]))
        for q in sets.sample(rows, limit(), 0)
    ]
    async with knowledge_base() as base:
        follow(base, folder.name, folder / "docs")
        await ingest(base, folder.name)
        show(folder.name, await ask(base, asked, lambda path: path))


async def read(base, source) -> None:
    await ingest(base, source.name)


async def ask(base, asked: Iterable[Asked], named: Callable[[str], str]) -> Found:
    found: Found = {}
    owner = base.principal(None)
    for language, question, held, right in asked:
        passages = await base.search.passages(question, owner, 5, syntax=False, noted=False)
        paths = [[named(p) for p in (hit.chunk.path, *hit.also)] for hit in passages.passages]
        met = [bool(right.intersection(path)) for path in paths]
        found.setdefault((language, held), []).append((any(met[:1]), any(met[:5])))
    return found


def show(title: str, found: Found) -> None:
    held = sorted({language for _, language in found})
    print(f"\n### {title}\n\n| question in | {' | '.join(held)} | all |")
    print(f"|---|{'---|' * (len(held) + 1)}")
    for language in sorted({one for one, _ in found}):
        row = [found.get((language, one), []) for one in held]
        cells = [cell(one) for one in (*row, [hit for one in row for hit in one])]
        print(f"| {language} | {' | '.join(cells)} |", flush=True)
    print(
        f"| all | {' | '.join(' ' for _ in held)} | {cell([h for f in found.values() for h in f])} |"
    )


def cell(hits: list[tuple[bool, bool]]) -> str:
    if not hits:
        return "–"
    first, five = (sum(one) / len(hits) for one in zip(*hits, strict=True))
    return f"{first:.2f} / {five:.2f} ({len(hits)})"
