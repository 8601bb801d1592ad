"""What it costs to find, in each of ten passages, the sentence nearest to a question.

The page asks for it after a search, for passages that the words do not decide (docs/asking.md); here
it is asked of all ten. Processor seconds are the embedder's.
"""

import time

import psutil

from bench.asker import processor_seconds
from bench.common import follow, ingest, knowledge_base
from bench.measuring import data, lines
from kb.answers import excerpts
from kb.knowledge_base import KnowledgeBase

QUESTIONS, WARMING = 40, 5


async def main() -> None:
    folder = data("everyday-dev")
    if folder is None:
        return
    asked = [q["question"] for q in lines(folder / "questions.jsonl")][: QUESTIONS + WARMING]
    async with knowledge_base() as base:
        follow(base, "everyday", folder / "docs")
        await ingest(base, "everyday")
        for question in asked[:WARMING]:
            await places(base, question)
        found = [await places(base, question) for question in asked[WARMING:]]
    print(
        "| questions | passages | sentences | processor s of the embedder | s until it is known |"
    )
    print("|---|---|---|---|---|")
    means = [sum(column) / len(found) for column in zip(*found, strict=True)]
    print(f"| {len(found)} | {' | '.join(f'{mean:.2f}' for mean in means)} |", flush=True)


async def places(base: KnowledgeBase, question: str) -> tuple[int, int, float, float]:
    """Passages, sentences that were compared, the embedder's processor seconds, seconds."""
    principal = base.principal(None)
    passages = (await base.search.passages(question, principal, 10)).passages
    before, begun = embedding(base), time.monotonic()
    await base.excerpts.places(question, principal, [p.passage_id for p in passages])
    taken = time.monotonic() - begun
    return len(passages), len(excerpts.sentences(passages)), embedding(base) - before, taken


def embedding(base: KnowledgeBase) -> float:
    used = processor_seconds(psutil.Process(), base.settings.data_dir)
    return used["kb.embedding.process"]
