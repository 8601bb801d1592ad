"""What computes the vectors of a model: for whoever shows it."""

from dataclasses import dataclass
from typing import Any

from kb.embedding import models, record
from kb.embedding.used import UsedModel
from kb.settings import Settings


@dataclass(frozen=True, slots=True)
class Computing:
    """What computes a model's vectors: a runtime and a number format.

    ``rate`` is in passages a second, as measured on this machine; None where other hosts embed. All
    three are None where that has not been looked for yet, or no embedder of other hosts answers.
    ``problem`` says why it is not what it should be; empty: it is.
    """

    model: str
    runtime: str | None = None
    dtype: str | None = None
    rate: float | None = None
    problem: str = ""


def computing_of(settings: Settings, model: UsedModel, told: dict[str, Any] | None) -> Computing:
    """What computes a model, by what the embedder says of it; None: it does not run."""
    name, wrong = model.files.name, model.files.problem
    is_distant = bool(settings.engines.embedder_url)
    if told is not None:
        problem = " ".join(filter(None, (wrong, told["problem"])))
        rate = None if is_distant else told["rate"]
        return Computing(name, told["runtime"], told["dtype"], rate, problem)
    if is_distant:
        return Computing(name, problem=wrong)
    measured = record.kept(model.settings, models.derived_dir(settings))
    refused = "" if measured is None else measured.problem(model.settings)
    problem = " ".join(filter(None, (wrong, record.contradiction(model.settings) or refused)))
    best = None if measured is None else measured.best(model.settings)
    if best is None:
        return Computing(name, problem=problem)
    return Computing(name, best.runtime, best.dtype, best.rate, problem)
