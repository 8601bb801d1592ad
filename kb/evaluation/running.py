"""Running systems over a set of questions: the same search and ask that people use."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from kb.answers.asking import Answers
from kb.answers.evidence import Evidence
from kb.errors import UsageError
from kb.evaluation import measures, resampling
from kb.evaluation.baselines import PLAIN, Baselines
from kb.evaluation.sets import Collection, EvaluationQuestion, Query
from kb.evaluation.workplace import number_of
from kb.knowledge_base import KnowledgeBase
from kb.search.searching import Search
from kb.surface import shapes
from kb.types.asking import Manner
from kb.types.passages import Passage
from kb.types.people import Principal

OURS = "commonplace"
SYSTEMS = (*PLAIN, OURS)
DEPTH = 100
"""Passages that are searched for of each question of a collection."""
MEASURED = Manner(noted=False)
"""The manner of evaluations: nothing of what they ask is kept."""
REFUSED = "refused"
"""How a question ends that cannot be asked: a filter in it that means nothing, say."""
UNANSWERED = {"abstained", REFUSED}
Advance = Callable[[], None]


class Asks(Protocol):
    """What is asked: a knowledge base, or one whose questions are asked some other way."""

    @property
    def search(self) -> Search:
        """By which passages are found."""
        ...

    @property
    def answers(self) -> Answers:
        """By which answers are given."""
        ...

    def principal(self, name: str | None) -> Principal:
        """Who asks; None: the owner."""
        ...


@dataclass(slots=True)
class Measured:
    """A system on a collection: each question's measures, and seconds for all of them."""

    system: str
    values: dict[str, dict[str, float]]
    seconds: float

    def row(self, only: set[str] | None = None) -> dict[str, Any]:
        """The means, over all questions or some."""
        chosen = [v for q, v in self.values.items() if only is None or q in only]
        means = {
            name: round(resampling.mean([v[name] for v in chosen]), 4) for name in measures.MEASURES
        }
        share = len(chosen) / max(1, len(self.values))
        return {
            "system": self.system,
            "queries": len(chosen),
            **means,
            "seconds": round(self.seconds * share, 2),
        }


async def rank(
    base: KnowledgeBase,
    collection: Collection,
    queries: Sequence[Query],
    systems: Sequence[str],
    advance: Advance,
) -> list[Measured]:
    """Each system's measures on a collection."""
    plain = Baselines(collection, base.embeddings)
    found: list[Measured] = []
    for system in systems:
        begun = time.monotonic()
        if system == OURS:
            rankings = await _ours(base, collection, queries, advance)
        else:
            rankings = await plain.rank(system, queries)
            for _ in queries:
                advance()
        seconds = time.monotonic() - begun
        values = measures.of_rankings(collection.relevant, rankings)
        found.append(Measured(system, values, seconds))
    return found


async def _passages(base: Asks, question: str, limit: int) -> tuple[Passage, ...]:
    """Best first. The question is searched for as it stands: quotation marks are no order in it."""
    owner = base.principal(None)
    found = await base.search.passages(question, owner, limit, syntax=False, noted=False)
    return found.passages


async def _ours(
    base: KnowledgeBase, collection: Collection, queries: Sequence[Query], advance: Advance
) -> dict[str, dict[str, float]]:
    """A text is as good as its best passage."""
    rankings: dict[str, dict[str, float]] = {}
    for query in queries:
        passages = await _passages(base, query.text, DEPTH)
        ranking: dict[str, float] = {}
        for place, passage in enumerate(passages):
            for path in (passage.chunk.path, *passage.also):
                ranking.setdefault(collection.texts[number_of(path)].id, float(DEPTH - place))
        rankings[query.id] = ranking
        advance()
    return rankings


async def confidences(
    base: KnowledgeBase, questions: Sequence[str], advance: Advance
) -> list[Evidence]:
    """How sure it is of each question that the documents answer it, and speak of its matter."""
    owner = base.principal(None)
    found = []
    for question in questions:
        found.append(await base.answers.evident(question, owner))
        advance()
    return found


@dataclass(slots=True)
class Outcome:
    """One question put to a folder of documents."""

    question: EvaluationQuestion
    hits: list[dict[str, Any]]
    answer: dict[str, Any]
    seconds: float
    figures: dict[str, float | None] = field(default_factory=dict)


async def ask_all(
    base: Asks,
    questions: Sequence[EvaluationQuestion],
    advance: Advance,
    *,
    with_model: bool = True,
) -> list[Outcome]:
    """Each question searched and asked, and judged; nothing of it is kept."""
    owner, manner = base.principal(None), replace(MEASURED, with_model=with_model)
    outcomes: list[Outcome] = []
    for question in questions:
        begun = time.monotonic()
        try:
            answer = shapes.answer(await base.answers.answer(question.text, owner, manner=manner))
        except UsageError as error:  # one question that cannot be asked ends no evaluation
            answer = {"mode": REFUSED, "answer": error.message, "citations": []}
        seconds = time.monotonic() - begun
        passages = await _passages(base, question.text, 10)
        outcome = Outcome(question, _hits(passages), answer, seconds)
        outcome.figures = judge(outcome)
        outcomes.append(outcome)
        advance()
    return outcomes


async def mode_of(base: KnowledgeBase, question: str) -> tuple[str, float]:
    """How the question ends, and after how many seconds."""
    try:
        answer = await base.answers.answer(question, base.principal(None), manner=MEASURED)
    except UsageError:
        return REFUSED, 0.0
    return answer.mode, answer.seconds


def _hits(passages: tuple[Passage, ...]) -> list[dict[str, Any]]:
    return [shapes.hit(p) | {"also": list(p.also)} for p in passages]


def judge(outcome: Outcome) -> dict[str, float | None]:
    """A question's figures; None where a figure does not apply to it."""
    question, answer = outcome.question, outcome.answer
    answered = float(answer["mode"] not in UNANSWERED)
    sure = float(answered and not _may_answer(answer))
    if question.unanswerable:
        abstained = float(answer["mode"] == "abstained")
        outside = abstained if question.outside else None
        return {
            "abstained_unanswerable": abstained, "sure_unanswerable": sure, "far_outside": outside,
        }  # fmt: skip
    figures: dict[str, float | None] = {"answered_answerable": answered}
    figures |= hit_figures(question, outcome.hits)
    if question.evidence:
        cited = answer["citations"]
        if cited:
            figures["citation_page_precision"] = _at_place(cited, question) / len(cited)
        places = [any(measures.is_there(c, e) for c in cited) for e in question.evidence]
        figures["citation_page_recall"] = resampling.mean([float(p) for p in places])
        figures["sure_wrong"] = sure * float(not any(places))
        if figures["page_hit@5"]:
            figures |= {"shown_answerable": answered, "shown_right": float(any(places))}
    if question.answers:
        quoted = "\n".join(c["quote"] for c in answer["citations"])
        figures["answer_in_quotes"] = float(measures.holds_answer(quoted, question))
    return figures


def _may_answer(answer: dict[str, Any]) -> bool:
    """Whether it is presented as what may not answer."""
    return (answer.get("notice") or {}).get("code") in {"may_answer", "unsure"}


HIT_FIGURES = ("document_hit@1", "document_hit@5", "page_hit@1", "page_hit@5", "page_hit@10")


def hit_figures(
    question: EvaluationQuestion, hits: Sequence[dict[str, Any]]
) -> dict[str, float | None]:
    """Whether the document, and a place of the evidence, are among the first hits, if known."""
    figures: dict[str, float | None] = {}
    for depth in (1, 5) if question.documents else ():
        paths = {p for h in hits[:depth] for p in (h["document"], *h["also"])}
        figures[f"document_hit@{depth}"] = float(bool(paths & set(question.documents)))
    if question.evidence:
        for depth in (1, 5, 10):
            figures[f"page_hit@{depth}"] = float(_at_place(hits[:depth], question) > 0)
    return figures


def _at_place(places: Sequence[dict[str, Any]], question: EvaluationQuestion) -> int:
    return sum(any(measures.is_there(p, e) for e in question.evidence) for p in places)
