"""What the embedder computes with: what was measured as best here; until then, what is sure."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from kb.embedding import models, record
from kb.embedding.naming import Dtype, Name
from kb.embedding.opening import open_runtime
from kb.embedding.record import Record
from kb.embedding.runtimes import Runtime
from kb.errors import ConfigurationError, KbError
from kb.settings import Settings

SURE: tuple[tuple[Name, Dtype], ...] = (("openvino", "float32"), ("torch", "float32"))
"""Each ranks as the model does, without a look; the first starts in a quarter of the time."""
NO_MODEL = {"model_damaged", "model_changed", "model_not_found"}
"""Codes of errors that another runtime would not mend."""
log = logging.getLogger("kb.embedding")


@dataclass(frozen=True, slots=True)
class Started:
    """A runtime, and ``problem``: why it is not the one that should be; empty: it is."""

    runtime: Runtime
    problem: str = ""


def start(settings: Settings, measured: Record | None) -> Started:
    """Open the best runtime that works here; each that does not is logged.

    Raises:
        ConfigurationError: there is no such model, it is damaged, its weights are not those that
            are pinned, or nothing can run it.
    """
    folder = models.derived_dir(settings)
    problem = record.contradiction(settings.embedding)
    for name, dtype in dict.fromkeys(_in_order(settings, measured)):
        try:
            return Started(open_runtime(settings.embedding, name, dtype, folder), problem)
        except ConfigurationError as error:
            if error.code in NO_MODEL:
                raise
            said = error.message
        except (KbError, OSError) as error:
            said = str(error)
        log.warning("%s in %s cannot be used: %s", name, dtype, said)
        problem = problem or f"{name} in {dtype} cannot be used: {said}"
    raise ConfigurationError(
        f"{problem} Nothing else here can compute the model either. Set embedding.model to another "
        "one (kb models list), or add this one again.",
        code="runtime_missing",
    )


def _in_order(settings: Settings, measured: Record | None) -> Iterator[tuple[Name, Dtype]]:
    chosen = settings.embedding
    if chosen.device in {"cuda", "mps"} and record.is_wanted(chosen, *record.ON_A_CARD):
        yield record.ON_A_CARD
    for left in (chosen, record.off_card(chosen)):
        best = None if measured is None else measured.best(left)
        if best is not None:
            yield best.runtime, best.dtype
    if not record.is_open(chosen):
        yield from record.left_by(chosen)
    for name, dtype in SURE:
        if record.is_wanted(chosen, name, dtype):
            yield name, dtype
    yield from SURE
