"""How often the right document and page are among the first hits, on real documents."""

import time

from bench.common import follow, ingest, knowledge_base
from bench.measuring import data, lines, percentile

SETS = {"office-qa-dev": 352, "financebench-20mb": 64}


async def main() -> None:
    print("| set | files | questions | document@1 | document@5 | page@5 | p50 ms | p95 ms |")
    print("|---|---|---|---|---|---|---|---|")
    for name in SETS:
        folder = data(name)
        if folder is not None:
            await measure(name, folder)


async def measure(name, folder) -> None:
    asked = [q for q in lines(folder / "questions.jsonl") if q.get("docs")]
    async with knowledge_base() as base:
        follow(base, name, folder / "docs")
        counts = await ingest(base, name)
        ledger = {f.path: f.state for f in base.ledger.rows(base.principal(None), _all())}
        assert len([p for p in ledger if " › " not in p]) == counts.seen
        first = five = page = 0
        seconds = []
        for question in asked:
            begun = time.monotonic()
            found = await base.search.passages(question["question"], base.principal(None), 10)
            seconds.append(time.monotonic() - begun)
            paths = [p.chunk.path for p in found.passages]
            first += any(d in paths[:1] for d in question["docs"])
            five += any(d in paths[:5] for d in question["docs"])
            gold = {(e["doc"], e.get("page")) for e in question["evidence"]}
            page += any((p.chunk.path, p.chunk.page) in gold for p in found.passages[:5])
    n = len(asked)
    paged = f"{page / n:.3f}" if any("page" in e for q in asked for e in q["evidence"]) else "–"
    print(
        f"| {name} | {counts.seen} | {n} | {first / n:.3f} | {five / n:.3f} | {paged} "
        f"| {percentile(seconds, 0.5):.0f} | {percentile(seconds, 0.95):.0f} |",
        flush=True,
    )


def _all():
    from kb.types.library import LedgerFilter

    return LedgerFilter()
