"""What is asked of an embedder at a distance: its calls with their arguments, as msgpack.

Each says by which models (their fingerprints) the caller embeds: an embedder that lacks one answers
none.
"""

from typing import Any

import msgspec


class DistantCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that has no argument."""

    models: tuple[str, ...]

    def arguments(self) -> dict[str, object]:
        """What the engine is called with."""
        found = msgspec.structs.asdict(self)
        del found["models"]
        return found


class QuestionCall(DistantCall, frozen=True, kw_only=True):
    """A question."""

    text: str


class TextsCall(DistantCall, frozen=True, kw_only=True):
    """Texts for one model."""

    model: str
    texts: list[str]


class MatchCall(TextsCall, frozen=True, kw_only=True):
    """A question beside texts."""

    question: str


class LeaningCall(DistantCall, frozen=True, kw_only=True):
    """A question in a language."""

    model: str
    question: str
    language: str


CALLS: dict[str, type[DistantCall]] = {
    "describe": DistantCall,
    "embed_query": QuestionCall,
    "embed_texts": TextsCall,
    "match": MatchCall,
    "leaning": LeaningCall,
    "embed_questions": TextsCall,
    "embed_passages": TextsCall,
}
"""The calls that an embedder takes from other hosts."""
ANSWERS: dict[str, Any] = {
    "describe": dict[str, dict[str, Any]],
    "embed_query": dict[str, dict[str, Any]],
    "embed_texts": list[bytes],
    "match": list[tuple[float, float]],
    "leaning": float,
    "embed_questions": list[bytes],
    "embed_passages": list[bytes],
}
"""What each is answered with."""
BULK = {"embed_questions", "embed_passages"}
"""Those for which nobody waits: their texts go in slices."""
