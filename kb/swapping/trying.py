"""Another language model put to the same questions: both answers side by side, and the gate.

The same passages are found for both; what differs is who writes. Nothing of it is kept but a line
in the audit log.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kb.errors import ConfigurationError, ModelError
from kb.evaluation import running
from kb.evaluation.running import Outcome
from kb.evaluation.sets import EvaluationQuestion
from kb.knowledge_base import KnowledgeBase
from kb.llm.base import Identity
from kb.swapping import gate

QUESTIONS = "questions"
WRITTEN = "generated"
"""How an answer ends that a language model wrote."""


@dataclass(frozen=True, slots=True)
class TriedModels:
    """Two models, their comparison, and each question with both answers."""

    before: Identity
    after: Identity
    gate: dict[str, Any]
    answers: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """The JSON of ``kb models try``."""
        return {
            "before": _identity(self.before),
            "after": _identity(self.after),
            "gate": self.gate,
            "answers": self.answers,
        }


async def try_model(
    base: KnowledgeBase,
    name: str,
    questions: Sequence[EvaluationQuestion],
    advance: Callable[[], None] = lambda: None,
) -> TriedModels:
    """Have today's model and another one answer; raises as :func:`_identified`."""
    before = await _identified(base)
    llm = msgspec.structs.replace(base.settings.llm, model=name)
    other = KnowledgeBase(msgspec.structs.replace(base.settings, llm=llm))
    try:
        after = await _identified(other)
        first = await running.ask_all(base, questions, advance)
        second = await running.ask_all(other, questions, advance)
    finally:
        await other.close()
    found = gate.decided([gate.compared(QUESTIONS, gate.pairs(first, second))])
    pairs = zip(questions, first, second, strict=True)
    return TriedModels(before, after, found, [_beside(q, old, new) for q, old, new in pairs])


async def _identified(base: KnowledgeBase) -> Identity:
    """The model that answers.

    Raises:
        ConfigurationError: no model server is configured.
        ModelError: it does not answer, or has no such model.
    """
    model = base.model
    if model is None:
        raise ConfigurationError(
            "No language model is connected (llm.provider), so there is nothing to compare with.",
            code="no_model",
        )
    return await model.identify()


def _beside(question: EvaluationQuestion, before: Outcome, after: Outcome) -> dict[str, Any]:
    return {
        "id": question.id,
        "question": question.text,
        "expected": list(question.answers),
        "before": _answer(before),
        "after": _answer(after),
    }


def _answer(outcome: Outcome) -> dict[str, Any]:
    said = outcome.answer
    cited = [{"document": c["document"], "page": c["page"]} for c in said["citations"]]
    return {
        "mode": said["mode"],
        "text": said["answer"],
        "citations": cited,
        "seconds": round(outcome.seconds, 2),
        "figures": outcome.figures,
    }


def _identity(one: Identity) -> dict[str, Any]:
    return {"model": one.name, "digest": one.digest}


def check_written(tried: TriedModels) -> None:
    """Check that each model has written something: else quotations were compared with quotations.

    Raises:
        ModelError: one has written nothing.
    """
    for side, identity in (("before", tried.before), ("after", tried.after)):
        modes = {one[side]["mode"] for one in tried.answers}
        if modes and WRITTEN not in modes and modes != {"abstained"}:
            raise ModelError(
                f"{identity.name} has written no answer; what came is quotations. Whether it "
                "answers at all says: kb status",
                code="model_failed",
                detail={"model": identity.name},
            )
