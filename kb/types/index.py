"""What the catalog says of the index: its generations, and what is to stand in them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation of the index: its number, and the fingerprint of what it was built with."""

    id: int
    fingerprint: str


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
    """A passage as an index point is made of it; ``vector`` (float32, little endian) may miss.

    Vectors are kept by ``vector_hash``, the hash of ``embedded_text``.
    """

    point: int
    document_id: int
    embedded_text: str
    language: str | None
    vector_hash: str
    vector: bytes | None
