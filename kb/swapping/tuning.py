"""``kb tune``: learn from the organisation's own questions, and measure it before it is used.

Each question is searched and asked by what was learned without it, nor any other question or
passage of its documents, and as it is. So own questions are held out, as new ones would be. The
shipped questions are asked by what was learned from everything: they tell whether anything else
was lost. What is compared, and when something is lost, is :mod:`kb.swapping.gate`'s.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from kb import failpoints, samples
from kb.answers.asking import Answers
from kb.embedding.adapting import Adapter, Learned, Tuning, written
from kb.evaluation import resampling, sets, workplace
from kb.evaluation.running import Outcome
from kb.evaluation.sets import AnswerPlace, EvaluationQuestion
from kb.evaluation.workplace import Read
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.search.searching import Search
from kb.swapping import gate
from kb.swapping.comparing import Told, asked, counted
from kb.swapping.own import MOST
from kb.tuning import learning, material, pairs
from kb.tuning.learning import Result
from kb.tuning.material import Material
from kb.types.people import Principal
from kb.types.tunings import Gain, Learning, Pair, Taught

IN_THE_MAKING = "tuned"


@dataclass(frozen=True, slots=True)
class Lessons:
    """What was learned, not kept yet: adapters by the models' fingerprints, and what is said of it.

    ``adapters`` is empty where nothing is gained beyond chance on questions that were held out.
    """

    adapters: Mapping[str, Learned]
    facts: Learning

    @property
    def lost(self) -> list[str]:
        """What is lost beyond chance, as ``set: measure``."""
        return list(self.facts.lost)


@dataclass(frozen=True, slots=True)
class _Moved:
    """Search and answers by a tuning that is not live, or by none, as they are measured."""

    search: Search
    answers: Answers

    def principal(self, name: str | None) -> Principal:
        """Who asks: the owner."""
        assert name is None
        return access.owner()


async def learn(
    base: KnowledgeBase,
    named: Collection[str],
    read: Read,
    told: Told = lambda _done, _all: None,
) -> Lessons:
    """Learn from the own questions, and compare; nothing is kept, and nothing changes.

    Raises:
        UsageError: there is too little to learn from.
        NotFoundError: a source that is ``named`` does not exist.
    """
    generation = await base.read(base.tunings.generation)
    found = await base.read(base.tunings.taught, named)
    pairs.check_enough(found, named)
    gathered = await material.gathered(base.catalog, base.embeddings, base.index, found)
    results = await asyncio.to_thread(_learned, gathered)
    failpoints.reached("tuning_learned")
    facts = _facts(base, named, found, gathered, results, generation)
    adapters = {model: r.whole for model, r in results.items() if r.whole is not None}
    if not adapters:
        return Lessons({}, facts)
    compared = await _compared(base, gathered, results, adapters, read, told)
    lost, size = tuple(gate.lost(compared)), len(written(adapters))
    return Lessons(adapters, replace(facts, gate=compared, lost=lost, bytes=size))


async def keep(base: KnowledgeBase, lessons: Lessons, *, force: bool) -> dict[str, Any]:
    """Keep what was learned, and use it where nothing is lost or somebody forces it.

    Where nothing is gained, nothing is kept. What is told is JSON.
    """
    owner = base.principal(None)
    if not lessons.adapters:
        return {**_json(lessons.facts), "name": None, "live": False, "refused": False}
    live = force or not lessons.lost
    facts = replace(lessons.facts, forced=force and bool(lessons.lost))
    kept = await base.write(base.tunings.keep, owner, lessons.adapters, facts, live=live)
    told = {"name": kept.name, "sha256": kept.digest, "live": live, "refused": not live}
    return {**_json(facts), **told}


def _json(facts: Learning) -> dict[str, Any]:
    return dict(msgspec.to_builtins(facts))


def _learned(gathered: Material) -> dict[str, Result]:
    return {model: learning.learn(lesson) for model, lesson in gathered.lessons.items()}


async def _compared(
    base: KnowledgeBase,
    gathered: Material,
    results: Mapping[str, Result],
    adapters: Mapping[str, Learned],
    read: Read,
    told: Told,
) -> dict[str, Any]:
    numbers = sets.sample(range(len(gathered.questions)), MOST, 0)
    shipped = sets.read_questions(samples.documents().parent)
    advance = counted(told, 2 * (len(numbers) + len(shipped)))
    found = [
        await _own(base, gathered, results, numbers, advance),
        await _shipped(base, _tuning(adapters), shipped, read, advance),
    ]
    return {"sets": found}


async def _own(
    base: KnowledgeBase,
    gathered: Material,
    results: Mapping[str, Result],
    numbers: Sequence[int],
    advance: Callable[[], None],
) -> dict[str, Any]:
    before: list[Outcome] = []
    after: list[Outcome] = []
    for number in sorted(set(gathered.rounds)):
        questions = [_question(gathered, n) for n in numbers if gathered.rounds[n] == number]
        held_out = _tuning(
            {m: r.held_out[number] for m, r in results.items() if number in r.held_out}
        )
        before += await asked(_moved(base, None), questions, advance)
        after += await asked(_moved(base, held_out), questions, advance)
    return gate.compared(gate.OWN, gate.pairs(before, after))


async def _shipped(
    base: KnowledgeBase,
    whole: Tuning,
    questions: Sequence[EvaluationQuestion],
    read: Read,
    advance: Callable[[], None],
) -> dict[str, Any]:
    over = workplace.over_documents(
        base.embeddings.settings, samples.documents(), read, with_model=False
    )
    async with over as place:
        before = await asked(_moved(place, None), questions, advance)
        after = await asked(_moved(place, whole), questions, advance)
    return gate.compared(gate.SHIPPED, gate.pairs(before, after))


def _moved(base: KnowledgeBase, tuning: Tuning | None) -> _Moved:
    return _Moved(*base.asking(lambda _: tuning))


def _tuning(adapters: Mapping[str, Learned]) -> Tuning:
    return Tuning(IN_THE_MAKING, {model: Adapter(one) for model, one in adapters.items()})


def _question(gathered: Material, number: int) -> EvaluationQuestion:
    text = gathered.questions[number]
    right = gathered.pairs[text]
    return EvaluationQuestion(
        id=str(number),
        text=text,
        language="",
        answers=(),
        documents=tuple(dict.fromkeys(pair.path for pair in right)),
        evidence=tuple(AnswerPlace(p.path, p.page, p.section, p.text) for p in right),
        unanswerable=False,
    )


def _facts(
    base: KnowledgeBase,
    named: Collection[str],
    found: Taught,
    gathered: Material,
    results: Mapping[str, Result],
    generation: str,
) -> Learning:
    """What is kept beside what was learned, before it is compared."""
    used = {one.fingerprint: one for one in base.embeddings.models}
    documents = {pair.document_id: pair.content_hash for pair in found.pairs}
    return Learning(
        models={
            model: _of_model(result, used[model].name, used[model].files.digest)
            for model, result in results.items()
        },
        questions=len(gathered.questions),
        origins=dict(Counter(pair.origin for pair in found.pairs)),
        documents=tuple(sorted(documents.items())),
        sources=tuple(sorted(named)),
        gone=found.gone,
        withheld=found.withheld,
        data=_digest(found.pairs),
        generation=generation,
        gate={"sets": []},
    )


def _of_model(result: Result, name: str, digest: str) -> Gain:
    low, high = resampling.interval(
        [after - before for before, after in zip(result.before, result.after, strict=True)]
    )
    return Gain(
        name=name,
        digest=digest,
        used=result.whole is not None,
        ridge=result.candidate.ridge,
        step=result.candidate.step,
        questions=len(result.before),
        before=round(resampling.mean(result.before), 4),
        after=round(resampling.mean(result.after), 4),
        low=round(low, 4),
        high=round(high, 4),
    )


def _digest(found: Sequence[Pair]) -> str:
    """SHA-256 of all pairs, in whatever order they were named."""
    lines = sorted(f"{pair.question}\0{pair.content_hash}\0{pair.text}" for pair in found)
    return hashlib.sha256("\0\0".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
