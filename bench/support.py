"""Precision and recall of «this passage supports this sentence», by threshold.

The labelled pairs are in ``tests/answers``: half of the documents to calibrate, half to report. So
are 203 sentences about values and roles, of which some were written after the rules stood.
"""

from bench.common import knowledge_base
from kb.answers import support
from kb.embedding.client import cosine
from tests.answers.support_pairs import halves, pairs, valued

THRESHOLDS = (support.THRESHOLD, 0.475, 0.525, 0.575, 0.625, 0.675, 0.725)


async def main() -> None:
    async with knowledge_base() as base:
        every = [*pairs(), *valued()]
        texts = {p.sentence for p in every}
        for pair in every:
            texts |= {pair.passage[s:e] for s, e in support.stretches(pair.passage)}
        ordered = sorted(texts)
        vectors = dict(zip(ordered, await base.embeddings.texts(ordered), strict=True))
        scale = await base.embeddings.scale()
    print("| threshold | calibrating: precision | recall | reported: precision | recall |")
    print("|---|---|---|---|---|")
    chosen = support.THRESHOLD
    for threshold in THRESHOLDS:
        support.THRESHOLD = threshold
        cells = [f"{v:.3f}" for half in halves() for v in figures(half, vectors, scale)]
        print(f"| {threshold}{' (set)' if threshold == chosen else ''} | {' | '.join(cells)} |")
    support.THRESHOLD = chosen
    print("\n| values and roles, written | true ones held | wrong ones held |")
    print("|---|---|---|")
    for half in ("before", "after"):
        told = [p for p in valued() if p.half == half]
        cells = [
            _held([p for p in told if p.holds is true], vectors, scale) for true in (True, False)
        ]
        print(f"| {half} the rules | {' | '.join(cells)} |")


def _held(some, vectors, scale) -> str:
    return f"{sum(_holds(p, vectors, scale) for p in some)} of {len(some)}"


def figures(half, vectors, scale) -> tuple[float, float]:
    held = [(p, _holds(p, vectors, scale)) for p in half]
    right = sum(h for p, h in held if p.is_true)
    return right / max(1, sum(h for _, h in held)), right / sum(p.is_true for p in half)


def _holds(pair, vectors, scale) -> bool:
    def likeness(a: str, b: str) -> float:
        return scale.alike(cosine(vectors[a], vectors[b]))

    return support.judge(pair.sentence, pair.passage, "", likeness).holds
