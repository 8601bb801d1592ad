"""What the lists of a search weigh, cross-validated over collections: chosen on all others, measured
on the one left out, beside what is set. ``KB_BENCH_WEIGHTS_LIMIT`` draws so many questions of each.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from sqlalchemy import select

from bench.common import data, ingest, knowledge_base
from kb.catalog import generations, ledger
from kb.catalog.tables import documents, versions
from kb.embedding.questions import Question
from kb.errors import EngineError
from kb.evaluation import measures, sets, workplace
from kb.index import fusion, searching
from kb.index.base import DENSE, GRAMS, WORDS, Hits, IndexQuery
from kb.index.edge import EdgeIndex
from kb.index.generation import asked_by, name_of, vector_names
from kb.types.points import version_of

SETS = ("cranfield", "clapnq-dev", "xquad-pool-dev", "xl-to-it-dev")
DENSE_WEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
FEEDBACK = (0.0, 0.3, 0.5, 0.7, 1.0)
CANDIDATES = 100


@dataclass(frozen=True)
class Weights:
    """Of the dense list, by question: in a language that the model knows, in another one, at most
    where no document is in it; and of the feedback."""

    known: float
    foreign: float
    elsewhere: float
    feedback: float

    def dense(self, elsewhere: bool, familiar: bool) -> float:
        own = self.known if familiar else self.foreign
        return min(own, self.elsewhere) if elsewhere else own


Measured = tuple[dict[str, tuple[bool, bool]], dict[tuple[str, float, float], float]]
"""What kind of question each is, and its nDCG@10 by dense weight and feedback."""


def every() -> Iterator[Weights]:
    for known, foreign, elsewhere, feedback in product(
        DENSE_WEIGHTS, DENSE_WEIGHTS, DENSE_WEIGHTS, FEEDBACK
    ):
        yield Weights(known, foreign, elsewhere, feedback)


async def main() -> None:
    folders = [data(name) for name in SETS]
    if None in folders:
        return
    measured = {folder.name: await measure(folder) for folder in folders if folder}
    means = {w: {n: mean(m, w) for n, m in measured.items()} for w in every()}
    settings = (0.7, 0.4, fusion.MOST_DENSE_FOREIGN, searching.FEEDBACK_WEIGHT)
    print(
        "| left out | chosen on the others (known, foreign, elsewhere, feedback) | nDCG@10 | set | best there |"
    )
    print("|---|---|---|---|---|")
    for name in SETS:
        others = [n for n in SETS if n != name]
        chosen = max(means, key=lambda w: sum(means[w][n] for n in others))
        best = max(means, key=lambda w: means[w][name])
        shown = ", ".join(f"{v:g}" for v in vars(chosen).values())
        print(
            f"| {name} | {shown} | {means[chosen][name]:.4f} "
            f"| {means[Weights(*settings)][name]:.4f} | {means[best][name]:.4f} |"
        )


def mean(measured: Measured, weights: Weights) -> float:
    kinds, values = measured
    return measures.mean(
        [values[q, weights.dense(*kind), weights.feedback] for q, kind in kinds.items()]
    )


async def measure(folder: Path) -> Measured:
    collection = sets.read_collection(folder)
    limit = os.environ.get("KB_BENCH_WEIGHTS_LIMIT")
    queries = sets.sample(collection.queries, int(limit) if limit else None, 0)
    async with (
        knowledge_base() as base,
        workplace.over_texts(base.embeddings.settings, collection, read, with_model=False) as place,
    ):
        asked = [(q, await place.embeddings.query(q.text)) for q in queries]
        spoken = await place.index.languages([q.text for q in queries])
        searched = searched_in(place, collection)
        index = await taken_over(place, searched.generation)
        kinds, values = {}, {}
        for weight, feedback in product(DENSE_WEIGHTS, FEEDBACK):
            searching.FEEDBACK_WEIGHT = feedback
            rankings = {}
            for (query, embedded), language in zip(asked, spoken, strict=True):
                found = await index.query(
                    searched.generation, searched.query(query, embedded, language, weight)
                )
                elsewhere = found.language not in searched.languages
                kinds[query.id] = (elsewhere, embedded.familiar)
                rankings[query.id] = searched.ranking(found)
            for query_id, figures in measures.of_rankings(collection.relevant, rankings).items():
                values[query_id, weight, feedback] = figures["ndcg@10"]
        await index.close()
    return kinds, values


async def taken_over(place, generation: str) -> EdgeIndex:
    """The index, opened here: one process at a time may, and its own goes first."""
    await place.index.engine.leave()
    index = EdgeIndex(place.settings.data / "index")
    for _ in range(100):
        try:
            await index.count(generation)
            break
        except EngineError:
            await asyncio.sleep(0.1)
    return index


async def read(base, source) -> None:
    await ingest(base, source.name)


@dataclass(frozen=True)
class Searched:
    """What is searched: a generation with its vectors' names, the collection's languages, and the
    text of each version."""

    generation: str
    names: dict[str, str]
    languages: list[str]
    texts: dict[int, str]

    def query(
        self, query: sets.Query, embedded: Question, language: str, dense: float
    ) -> IndexQuery:
        return IndexQuery(
            asked_by(embedded.knowing(language), self.names), query.text, ["owner"],
            CANDIDATES, worth=fusion.weights(dense),
            worth_foreign={DENSE: dense, WORDS: 0.0, GRAMS: 1 - dense}, languages=self.languages,
        )  # fmt: skip

    def ranking(self, found: Hits) -> dict[str, float]:
        ranking: dict[str, float] = {}
        for place, (point, _) in enumerate(found.fused):
            ranking.setdefault(self.texts[version_of(point)], float(-place))
        return ranking


def searched_in(place, collection: sets.Collection) -> Searched:
    with place.catalog.reading() as c:
        joined = documents.c.id == versions.c.document_id
        rows = c.execute(select(versions.c.number, documents.c.path).join(documents, joined))
        texts = {n: collection.texts[workplace.number_of(path)].id for n, path in rows}
        counted = ledger.languages(c)
        generation = name_of(generations.live(c).id)
    least = fusion.FOREIGN_SHARE * sum(counted.values())
    names = vector_names(place.embeddings.models)
    return Searched(generation, names, [k for k, n in counted.items() if k and n >= least], texts)
