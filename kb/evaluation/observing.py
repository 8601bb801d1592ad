"""What evidence reads of questions whose answers are known, put to documents as people put them."""

from collections.abc import Iterable, Sequence
from typing import Any

from kb.answers import evidence, quotes
from kb.embedding.scaling import pairs
from kb.errors import UsageError
from kb.evaluation import measures
from kb.evaluation.calibrating import Observed
from kb.evaluation.running import Advance
from kb.evaluation.sets import EvaluationQuestion
from kb.knowledge_base import KnowledgeBase
from kb.surface import shapes
from kb.types.answers import Citation

FIRST = 5
"""Passages among which the right one is looked for."""


async def observed(
    base: KnowledgeBase,
    corpus: str,
    questions: Iterable[EvaluationQuestion],
    advance: Advance,
    *,
    strange: bool = False,
) -> list[Observed]:
    """Each question that a model knows and for which something is found.

    ``strange``: they come from another set. Of a question in a language that no model knows nothing
    is read; it is judged by its words.
    """
    told = []
    for question in questions:
        try:
            one = await _observed(base, corpus, question, strange=strange)
        except UsageError:  # one question that cannot be asked ends no evaluation
            one = None
        if one is not None:
            told.append(one)
        advance()
    return told


def from_outside(known: Iterable[tuple[str, str]] = ()) -> list[EvaluationQuestion]:
    """Questions that have nothing to do with any office's documents, and those of other sets.

    They are those of the built-in pairs: twelve matters, in five languages.
    """
    own = [(f"{pair.topic}-{pair.language}", pair.question) for pair in pairs()]
    return [
        EvaluationQuestion(number, text, "", (), (), (), unanswerable=True, outside=True)
        for number, text in (*own, *known)
    ]


async def _observed(
    base: KnowledgeBase, corpus: str, question: EvaluationQuestion, *, strange: bool
) -> Observed | None:
    owner = base.principal(None)
    found = await base.answers.looked_up(question.text, owner)
    if not found.passages or not found.understood:
        return None
    asked = evidence.asking(found.asked or question.text)
    read = await base.answers.readings(asked, found)
    quoted = await quotes.quote(asked, found, base.embeddings, sure=True)
    document = question.documents[0] if question.documents else question.id
    return Observed(
        readings=read,
        answerable=not question.unanswerable,
        outside=question.outside,
        right=_any_there(_places(quoted[1]), question),
        there=_any_there([shapes.hit(p) for p in found.passages[:FIRST]], question),
        document=document,
        corpus=corpus,
        strange=strange,
    )


def _places(cited: Sequence[Citation]) -> list[dict[str, Any]]:
    return [shapes.citation(citation) for citation in cited]


def _any_there(places: Sequence[dict[str, Any]], question: EvaluationQuestion) -> bool:
    """Whether one is at a place of the answer; where none is known, in a right document."""
    if not question.evidence:
        return any(place["document"] in question.documents for place in places)
    return any(measures.is_there(place, e) for place in places for e in question.evidence)
