"""What the catalog says of the index: its generations, and what is to stand in them."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation of the index: its number, and the fingerprint of what it was built with.

    ``description`` names the embedding models (``models``).
    """

    id: int
    fingerprint: str
    description: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Published:
    """What an index holds of a current version: its document, its points, a mark of its readers.

    Equal marks mean equal reader tokens.
    """

    document_id: int
    points: int
    readers: str


@dataclass(frozen=True, slots=True)
class Embeddable:
    """A passage as an index point is made of it.

    Its vectors are kept by ``vector_hash``, the hash of ``embedded_text``.
    """

    point: int
    document_id: int
    embedded_text: str
    language: str | None
    vector_hash: str
