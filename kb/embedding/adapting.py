"""A question's vectors, moved by what the organisation's own questions have taught (``kb tune``).

An adapter belongs to one model. It adds to a question's vector what is linear in it, of low rank;
then the length is 1 again. Vectors of passages stay as they are, so nothing is embedded anew. It
has no numpy, since the web applies it: a millisecond.

A moved vector has other cosines. For fusion, what they mean is carried over from the model's scale:
on the organisation's own pairs, held out while it was learned, right and unrelated pairs read in
the mean what they read before (:meth:`Learned.carried`). Similarity and evidence are read by the
question as it was (:mod:`kb.search.ranking`).
"""

import hashlib
import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from kb.embedding.questions import QueryVector, QuestionVectors
from kb.embedding.scale import Scale
from kb.errors import DamagedError

RELEASE = 1
"""Of how an adapter is kept."""


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """One model's adapter as it is kept: float32 bytes.

    The moved vector is the question's and, for each row of ``down`` and ``up`` (as long as a
    vector, of ``dimension`` numbers), its product with the one times the other. A cosine by it,
    times ``slope`` and plus ``offset``, is what the model's scale reads.
    """

    dimension: int
    down: bytes
    up: bytes
    slope: float = 1.0
    offset: float = 0.0

    def carried(self, scale: Scale) -> Scale:
        """The model's scale for cosines of moved vectors."""

        def of(cosine: float) -> float:
            return (cosine - self.offset) / self.slope

        with_values = msgspec.structs.replace
        return with_values(
            scale,
            floor=of(scale.floor),
            spread=scale.spread / self.slope,
            unrelated=with_values(scale.unrelated, cosine=of(scale.unrelated.cosine)),
            related=with_values(scale.related, cosine=of(scale.related.cosine)),
        )


class KeptAdapters(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a tuning: the adapters, by their models' fingerprints."""

    release: int
    adapters: dict[str, Learned]


class Adapter:
    """One model's adapter, ready to be applied. It never changes."""

    def __init__(self, learned: Learned) -> None:
        self.learned = learned
        self._down = _rows(learned.down, learned.dimension)
        self._up = _rows(learned.up, learned.dimension)
        if len(self._down) != len(self._up):
            raise damaged("its parts do not fit together")

    def moved(self, vector: bytes) -> bytes:
        """A question's vector, moved (normalised float32 bytes).

        Raises:
            DamagedError: the adapter is of another length.
        """
        asked = array("f", vector)
        if len(asked) != self.learned.dimension:
            raise damaged("its vectors are of another length than the model's")
        found = asked.tolist()
        for down, up in zip(self._down, self._up, strict=True):
            by = math.fsum(a * b for a, b in zip(asked, down, strict=True))
            found = [a + by * b for a, b in zip(found, up, strict=True)]
        length = math.sqrt(math.fsum(a * a for a in found)) or 1.0
        return array("f", [a / length for a in found]).tobytes()


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a ``kb tune`` learned: adapters by the models' fingerprints; ``name`` in the register.

    A model without one, of another knowledge base or made anew, is asked as it is.
    """

    name: str
    adapters: Mapping[str, Adapter]

    def of(self, question: QuestionVectors) -> QuestionVectors:
        """A question whose vectors are moved, each by its own model's adapter."""
        return QuestionVectors({model: self._of(model, by) for model, by in question.by.items()})

    def _of(self, model: str, by: QueryVector) -> QueryVector:
        adapter = self.adapters.get(model)
        if adapter is None:
            return by
        return replace(
            by,
            vector=adapter.moved(by.vector),
            scale=adapter.learned.carried(by.scale),
            computed_by=f"{by.computed_by}, {self.name}",
        )


def written(adapters: Mapping[str, Learned]) -> bytes:
    """Adapters as they are kept."""
    return msgspec.msgpack.encode(KeptAdapters(release=RELEASE, adapters=dict(adapters)))


def read(name: str, content: bytes, digest: str) -> Tuning:
    """A tuning of what was kept of it, and of the SHA-256 that it had.

    Raises:
        DamagedError: it is something else, or of another release.
    """
    if hashlib.sha256(content).hexdigest() != digest:
        raise damaged(f"{name} is not what was kept")
    try:
        kept = msgspec.msgpack.decode(content, type=KeptAdapters)
    except msgspec.MsgspecError as error:
        raise damaged(f"{name} cannot be read ({error})") from error
    if kept.release != RELEASE:
        raise damaged(f"{name} was learned by another release")
    return Tuning(name, {model: Adapter(one) for model, one in kept.adapters.items()})


def damaged(why: str) -> DamagedError:
    """The error that a tuning cannot be used."""
    return DamagedError(
        f"What was learned by kb tune cannot be used: {why}. kb tune rollback takes the one "
        "before, or none; kb tune learns anew.",
        code="tuning_damaged",
    )


def _rows(content: bytes, dimension: int) -> list["array[float]"]:
    size = 4 * dimension
    if size <= 0 or len(content) % size:
        raise damaged("its parts do not fit together")
    return [array("f", content[at : at + size]) for at in range(0, len(content), size)]
