"""Measures. Pure: rankings and judgements to figures."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import ir_measures
from ir_measures import RR, R, nDCG

from kb.evaluation.sets import AnswerPlace, EvaluationQuestion
from kb.text import words

NDCG, RECALL_10, RECALL_100, MRR = nDCG @ 10, R @ 10, R @ 100, RR
MEASURES = {"ndcg@10": NDCG, "recall@10": RECALL_10, "recall@100": RECALL_100, "mrr": MRR}
SAME_PLACE = 0.7
"""Where evidence has no page: the share of the words of one that the other must have."""
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

Ranking = Mapping[str, float]
"""Scores by id of the text."""


def of_rankings(
    relevant: Mapping[str, Mapping[str, int]], rankings: Mapping[str, Ranking]
) -> dict[str, dict[str, float]]:
    """Each question's measures, by ir-measures (MacAvaney, Macdonald and Ounis, 2022)."""
    judged = {q: dict(relevant[q]) for q in rankings}
    ranked: dict[str, dict[str, float]] = {q: dict(r) for q, r in rankings.items()}
    values: dict[str, dict[str, float]] = {q: dict.fromkeys(MEASURES, 0.0) for q in rankings}
    names = {str(m): name for name, m in MEASURES.items()}
    for value in ir_measures.iter_calc(list(MEASURES.values()), judged, ranked):
        values[value.query_id][names[str(value.measure)]] = float(value.value)
    return values


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def is_there(place: Mapping[str, Any], evidence: AnswerPlace) -> bool:
    """Whether a hit or citation (as JSON) is at the place of some evidence."""
    if place["document"] != evidence.document:
        return False
    if evidence.page is not None:
        return bool(place["page"] == evidence.page)
    if evidence.section is not None and not evidence.text:
        return evidence.section.casefold() in str(place["section"] or "").casefold()
    text = str(place.get("text") or place.get("quote") or "")
    within = words.coverage(words.content(text), evidence.text)
    around = words.coverage(words.content(evidence.text), text)
    return max(within, around) >= SAME_PLACE


def holds_answer(text: str, question: EvaluationQuestion) -> bool:
    """Whether one of the known answers stands in a text, whatever its spelling of numbers."""
    folded = _plain(text)
    numbers = {_number(n) for n in NUMBER.findall(text)}
    for answer in question.answers:
        wanted = _plain(answer)
        if wanted and wanted in folded:
            return True
        bare = re.sub(r"[\s$€£%]|usd|eur|million|billion", "", answer.casefold())
        if NUMBER.fullmatch(bare) and _number(bare) in numbers:
            return True
    return False


def _plain(text: str) -> str:
    return " ".join(words.fold(text).split()).strip(" .")


def _number(text: str) -> str:
    """Without marks of thousands and without zeros at the end: ``$1577.00`` is ``1,577``."""
    parts = re.split(r"[.,]", text)
    if len(parts) > 1 and all(len(p) == 3 for p in parts[1:]):
        return "".join(parts)
    whole, _, rest = "".join(parts[:-1]) if len(parts) > 1 else parts[0], "", parts[-1]
    decimals = rest.rstrip("0") if len(parts) > 1 else ""
    return f"{whole}.{decimals}" if decimals else whole
