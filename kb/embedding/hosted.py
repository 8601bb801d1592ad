"""One model in the embedder process: what computes it, its scale, and how fast it is here.

Where nothing has been measured on this host yet, it begins with a runtime that is sure, is measured
beside its work, and goes on with the best.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec

from kb.embedding import cards, choosing, models, record, scale
from kb.embedding.encoder import Model
from kb.embedding.record import ON_A_CARD
from kb.embedding.runtimes import CPU_SLICES
from kb.embedding.scaling import scale_of
from kb.embedding.starting import start
from kb.errors import KbError
from kb.settings import Settings

log = logging.getLogger("kb.embedding")
T = TypeVar("T")
SLICE_SECONDS = 0.2
"""Seconds that a slice of bulk work takes, about."""
UNTIL = "The processor computes until the embedder starts again."
MOST_KNOWN = 64
"""Questions whose vectors are kept in memory, as the index keeps their words."""


class Hosted:
    """A model of the embedder process; ``settings`` are those of this model alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._leaving = threading.Lock()
        self._folder = models.derived_dir(settings)
        self._measured = record.kept(settings.embedding, self._folder)
        begun = start(settings, self._measured)
        self._problem = begun.problem
        files = models.find(settings.embedding)
        if files.problem:
            log.warning("%s: %s", files.name, files.problem)
        self.model = Model(files, begun.runtime)
        self._scale = scale.shipped(settings.embedding) or self.on_a_card_or_off(
            partial(scale_of, self.model, settings.embedding, self._folder)
        )
        self._known: dict[tuple[str, str], bytes] = {}
        self._tokens_a_second = 1.5 * CPU_SLICES[1] / SLICE_SECONDS

    def known(self, question: str) -> bytes | None:
        """The vector of a question that was asked a moment ago.

        With another filter, or asked after it was searched for, a question comes again.
        """
        return self._known.get((question, self.model.computed_by))

    def know(self, question: str, vector: bytes) -> None:
        """Keep a question's vector, and those of the last ones before it."""
        self._known[question, self.model.computed_by] = vector
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def told(self, question: str, vector: bytes) -> dict[str, object]:
        """A question's vector, and by which scale it is read."""
        return {
            "vector": vector,
            "fertility": self.model.fertility(question),
            "as_passage": self.model.asks_as_passage,
            "computed_by": self.model.computed_by,
            "scale": msgspec.to_builtins(self._scale),
        }

    def describe(self) -> dict[str, object]:
        """Name, digest, shape and scale of the model, and how fast it is here.

        ``rate`` (passages a second) is None where nothing has been measured; ``problem`` says why
        another runtime is used than should be.
        """
        told, found = self.model.describe(), self._measured
        used = None if found is None else found.of(str(told["runtime"]), str(told["dtype"]))
        rate = used.rate if used is not None and not used.refused else None
        problem = self._problem or (
            "" if found is None else found.problem(self._settings.embedding)
        )
        told_scale = msgspec.to_builtins(self._scale)
        return told | {"rate": rate, "problem": problem, "scale": told_scale}

    @property
    def wants_measuring(self) -> bool:
        """Whether the settings leave a choice, and it is still to be measured on this host."""
        chosen = self._settings.embedding
        is_due = self._measured is None or self._measured.is_due(chosen)
        return is_due and record.is_open(chosen)

    def measure(self) -> None:
        """Find out what is best here, and go on with it. What fails here fails nobody's call."""
        try:
            self._measured = choosing.measure(self._settings.embedding, self._folder)
            begun = start(self._settings, self._measured)
        except (KbError, OSError) as error:
            log.warning("what embeds fastest here could not be measured: %s", error)
            self._problem = self._problem or f"It could not be measured: {error}"
            return
        self._problem = begun.problem
        self.model.runtime = begun.runtime

    def on_a_card_or_off(self, call: Callable[[], T]) -> T:
        """What the model gives; once more by the processor, where a card's memory is short."""
        try:
            return call()
        except RuntimeError as error:
            if not cards.is_short(error):
                raise
            self._leave_the_card(error)
            return call()

    def _leave_the_card(self, error: RuntimeError) -> None:
        """Go on without the graphics card, whose memory others need.

        Raises:
            ConfigurationError: nothing else can compute the model.
        """
        with self._leaving:
            if self.model.runtime.dtype != ON_A_CARD[1]:
                return  # another thread has
            log.warning("the processor computes from now on: %s", error)
            chosen = record.off_card(self._settings.embedding)
            self._settings = msgspec.structs.replace(self._settings, embedding=chosen)
            self.model.runtime = start(self._settings, self._measured).runtime
            self._problem = f"{cards.told_short(error)} {UNTIL}"

    def took(self, tokens: int, seconds: float) -> None:
        """Learn from a slice of bulk work how large the next ones may be."""
        self._tokens_a_second += (tokens / seconds - self._tokens_a_second) / 8

    def slice_tokens(self) -> int:
        """A power of two, so that batches have few shapes: each costs a kernel of its own."""
        fitting = self._tokens_a_second * SLICE_SECONDS
        slices = self.model.runtime.slices
        return next((n for n in slices if n <= fitting), slices[-1])
