"""Constants that were fitted, kept for the models that a knowledge base uses; and told of."""

from collections.abc import Sequence
from typing import Any

from kb.answers import calibration
from kb.embedding import models
from kb.evaluation import calibrating
from kb.evaluation.calibrating import Observed
from kb.knowledge_base import KnowledgeBase


def fit(base: KnowledgeBase, observed: Sequence[Observed]) -> dict[str, Any]:
    """Fit constants to what was observed, and keep them; what came of it, and where they are.

    Raises:
        OSError: they cannot be written.
    """
    fitted = calibrating.fitted(_used(base), observed)
    file = calibration.keep(fitted, models.derived_dir(base.embeddings.settings))
    return {
        "name": fitted.name,
        "models": list(fitted.models),
        "corpora": list(fitted.corpora),
        "questions": fitted.questions,
        "sure": fitted.sure.weights | {"constant": fitted.sure.bias},
        "near": fitted.near.weights | {"constant": fitted.near.bias},
        "figures": fitted.figures,
        "file": str(file),
    }


def forget(base: KnowledgeBase) -> bool:
    """Go back to the constants that come with the program; whether there were others."""
    return calibration.forget(_used(base), models.derived_dir(base.embeddings.settings))


def _used(base: KnowledgeBase) -> tuple[str, ...]:
    return tuple(model.fingerprint for model in base.embeddings.models)
