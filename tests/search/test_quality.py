"""Where the model does not know the language, fusion is never worse than BM25 alone."""

import json
import math

import msgspec
import pytest

from kb.index.base import DENSE, WORDS, AskedBy, IndexPoint, IndexQuery
from kb.index.generation import asked_by
from tests.parts.processes import shared_data

EVERY = 12
"""One question in twelve: 255 of 3,060. ``make bench`` measures all of them."""


def ndcg(ranked: list[str], relevant: set[str]) -> float:
    gain = sum(1 / math.log2(i + 2) for i, d in enumerate(ranked[:10]) if d in relevant)
    return gain / sum(1 / math.log2(i + 2) for i in range(min(10, len(relevant))))


@pytest.mark.slow
async def test_fusion_is_not_worse_than_bm25_on_a_pool_of_languages(house):
    folder = shared_data("xquad-pool-dev")
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").open()]
    queries = [json.loads(line) for line in (folder / "queries.jsonl").open()][::EVERY]
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        query, document, score = line.split("\t")
        if int(score) > 0:
            relevant.setdefault(query, set()).add(document)
    kb = house.kb
    texts = [f"{d['title']}\n{d['text']}" for d in corpus]
    vectors = await kb.embeddings.passages(texts)
    languages = await kb.index.languages(texts)
    await kb.index.create("g1", {DENSE: 384})
    await kb.index.upsert(
        "g1",
        [
            IndexPoint(n, {DENSE: vectors[n]}, texts[n], languages[n], ["everyone"])
            for n in range(len(texts))
        ],
    )
    scores = {"bm25": 0.0, "fused": 0.0}
    for query in queries:
        [(model, embedded)] = (await kb.embeddings.query(query["text"])).by.items()
        plain = IndexQuery({DENSE: AskedBy(embedded.vector)}, query["text"], ["everyone"], 100)
        by = asked_by({model: embedded}, {model: DENSE}, query["lang"])
        fused = msgspec.structs.replace(plain, fused=True, vectors=by)
        hits = await kb.index.query("g1", fused)
        for name, ranked in (
            ("bm25", (await kb.index.query("g1", plain)).lists[WORDS]),
            ("fused", hits.fused),
        ):
            found = [corpus[p]["_id"] for p, _ in ranked]
            scores[name] += ndcg(found, relevant[query["_id"]]) / len(queries)
    assert scores["fused"] >= scores["bm25"]
    assert scores["fused"] == pytest.approx(0.96, abs=0.06)
