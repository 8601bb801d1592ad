"""A search by ``/api/v1/search``, and a question's way to passages and to the look whether they
hold the answer by ``/api/v1/ask``, at 10,000 and 100,000 passages of which the asker may read half;
beside the bare query embedding and the bare engine call. Then start and memory.

``KB_BENCH_PASSAGES`` names other sizes, ``KB_BENCH_RUNTIME`` another runtime (``torch:float32``).
What is asked has not been asked before: questions are those of cranfield, their words in new
orders. An answer's whole way ends, on made-up passages, with the word that they do not say:
evidence has been looked for, by late interaction too, and the receipt is kept.
"""

import os
import time

from bench import made_up, starting
from bench.asker import Asker, at_once, in_other_words, processor_seconds, served
from bench.common import knowledge_base
from bench.measuring import data, lines, percentile
from bench.serve import end_engines
from kb.catalog import generations
from kb.index.base import IndexQuery
from kb.index.generation import asked_by, name_of, vector_names
from kb.knowledge_base import KnowledgeBase
from kb.upkeep.rebuilding import Rebuilder

RUNTIME = os.environ.get("KB_BENCH_RUNTIME", "openvino:int8")
QUESTIONS, WARMING, ASKERS, ROUNDS = 200, 20, 16, 4
UNLIMITED = {
    "fair_use.requests_per_minute": "1000000",
    "fair_use.requests_per_minute_address": "1000000",
}
Times = dict[str, list[float]]


def runtime(name: str = RUNTIME) -> dict[str, str]:
    by, dtype = name.split(":")
    return {"embedding.runtime": by, "embedding.dtype": dtype}


async def main() -> None:
    folder = data("cranfield")
    if folder is None:
        return
    words = " ".join(d["text"] for d in lines(folder / "corpus.jsonl")).split()
    asked = [q["text"] for q in lines(folder / "queries.jsonl")][:QUESTIONS]
    for size in map(int, os.environ.get("KB_BENCH_PASSAGES", "10000,100000").split(",")):
        async with knowledge_base(runtime()) as base:
            made_up.fill(base, words, size)
            await Rebuilder(base.settings, base.catalog, base.embeddings).rebuild()
            await measure(base, asked, size)


async def measure(base: KnowledgeBase, asked: list[str], size: int) -> None:
    ann, folder = base.principal("ann"), base.settings.data_dir
    token = base.accounts.new_token(ann, "benchmark", "write", 1)
    print(f"\n{size:,} passages, embedding by {RUNTIME}\n", flush=True)
    with served(folder, runtime() | UNLIMITED) as (service, port):
        asker = Asker(port, token)
        for question in asked[:WARMING]:
            asker.search(question)
        show_times(await one_by_one(base, asker, asked))
        many = [in_other_words(q, 10 + n) for n in range(ROUNDS) for q in asked]
        before, own = processor_seconds(service, folder), time.process_time()
        rate = at_once(port, token, many, ASKERS)
        used = {n: s - before[n] for n, s in processor_seconds(service, folder).items()}
        show_rate(rate, used | {"who asks": time.process_time() - own}, len(many))
    end_engines(folder)
    starting.show(folder)


async def one_by_one(base: KnowledgeBase, asker: Asker, asked: list[str]) -> Times:
    """Seconds of each step, question by question."""
    ann = base.principal("ann")
    with base.catalog.reading() as c:
        live = generations.live(c)
    assert live is not None
    found: Times = {n: [] for n in ("embedding", "engine", "search", "passages", "evidence")}
    for question in asked:
        at = time.monotonic()
        embedded = await base.embeddings.query(question)
        found["embedding"].append(time.monotonic() - at)
        vectors = asked_by(embedded.knowing("en"), vector_names(base.embeddings.models), "en")
        query = IndexQuery(vectors, question, sorted(ann.tokens), 100)
        at = time.monotonic()
        await base.index.query(name_of(live.id), query)
        found["engine"].append(time.monotonic() - at)
        found["search"].append(asker.search(in_other_words(question, 1)))
        shown, finished = asker.ask(in_other_words(question, 2))
        found["passages"].append(shown)
        found["evidence"].append(finished)
    return found


TITLES = {
    "embedding": "the question's embedding alone",
    "engine": "the engine alone",
    "search": "`/api/v1/search` (aim 1.5)",
    "passages": "`/api/v1/ask` to its passages (aim 2)",
    "evidence": "`/api/v1/ask` to its end: evidence, receipt (aim 2)",
}


def show_times(found: Times) -> None:
    def both(share: float) -> float:
        return percentile(found["embedding"], share) + percentile(found["engine"], share)

    print("| ms | p50 | p95 | p50 over the sum | p95 over the sum |\n|---|---|---|---|---|")
    for name, title in TITLES.items():
        middle, most = (percentile(found[name], share) for share in (0.5, 0.95))
        over = "| |"
        if name not in {"embedding", "engine"}:
            over = f"| {middle / both(0.5):.2f} | **{most / both(0.95):.2f}** |"
        print(f"| {title} | {middle:.1f} | {most:.1f} {over}", flush=True)


def show_rate(rate: float, used: dict[str, float], searches: int) -> None:
    each = {name: 1000 * seconds / searches for name, seconds in used.items()}
    ours = sum(each.values()) - each["who asks"]
    print(
        f"\n{ASKERS} askers: **{rate:.1f} searches a second** (aim 100). Processor time of a search, ms: "
        f"{ours:.1f} ({', '.join(f'{n} {s:.1f}' for n, s in each.items())}): two processors allow "
        f"{2000 / sum(each.values()):.0f} a second.\n",
        flush=True,
    )
