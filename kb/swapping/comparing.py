"""Old and new put to the same questions: on the organisation's documents, and on the samples.

The shipped questions have a small index of their own, by both, over the documents that come with
the program: so they are the same for everybody, whatever an organisation has.
"""

import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from kb import samples
from kb.embedding import chosen
from kb.errors import EngineError
from kb.evaluation import running, sets, workplace
from kb.evaluation.running import Asks, Outcome
from kb.evaluation.workplace import Read
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from kb.swapping import gate
from kb.swapping.own import own_questions
from kb.types.index import Generation

TRIES = 3
"""How often a question is asked whose engine does not answer in time."""
Told = Callable[[int, int], None]
"""Hears how many questions of how many are asked."""


async def compare(
    base: KnowledgeBase,
    candidate: Generation,
    names: Sequence[str],
    read: Read,
    told: Told = lambda _done, _all: None,
) -> dict[str, Any]:
    """How a generation that these models built does beside the live one."""
    own = await base.read(own_questions, base)
    shipped = sets.read_questions(samples.documents().parent)
    advance = counted(told, 2 * (len(own) + len(shipped)))
    found = [await _shipped(base, names, shipped, read, advance)]
    if own:
        found.insert(0, await _own(base, candidate, names, own, advance))
    return gate.decided(found)


def counted(told: Told, total: int) -> Callable[[], None]:
    """What is called after each question, and tells how many of them are asked."""
    done = itertools.count(1)
    return lambda: told(next(done), total)


async def _own(
    base: KnowledgeBase,
    candidate: Generation,
    names: Sequence[str],
    questions: Sequence[sets.EvaluationQuestion],
    advance: Callable[[], None],
) -> dict[str, Any]:
    before = await asked(base, questions, advance)
    new = KnowledgeBase(_with(base.settings, names), candidate)
    try:
        after = await asked(new, questions, advance)
    finally:
        await new.close()
    return gate.compared(gate.OWN, gate.pairs(before, after))


async def _shipped(
    base: KnowledgeBase,
    names: Sequence[str],
    questions: Sequence[sets.EvaluationQuestion],
    read: Read,
    advance: Callable[[], None],
) -> dict[str, Any]:
    outcomes = []
    for models in (base.embeddings.names, names):
        settings = _with(base.settings, models)
        over = workplace.over_documents(settings, samples.documents(), read, with_model=False)
        async with over as place:
            outcomes.append(await asked(place, questions, advance))
    return gate.compared(gate.SHIPPED, gate.pairs(*outcomes))


async def asked(
    base: Asks, questions: Sequence[sets.EvaluationQuestion], advance: Callable[[], None]
) -> list[Outcome]:
    """How the questions come out, quotations for answers: no language model is asked."""
    outcomes: list[Outcome] = []
    for question in questions:
        outcomes += await _patiently(base, question, advance)
    return outcomes


async def _patiently(
    base: Asks, question: sets.EvaluationQuestion, advance: Callable[[], None]
) -> list[Outcome]:
    """On a machine that is busy with other things an engine may be late: it is asked again."""
    for _ in range(TRIES - 1):
        with suppress(EngineError):
            return await running.ask_all(base, [question], advance, with_model=False)
    return await running.ask_all(base, [question], advance, with_model=False)


def _with(settings: Settings, names: Sequence[str]) -> Settings:
    return msgspec.structs.replace(settings, embedding=chosen.using(settings.embedding, names))
