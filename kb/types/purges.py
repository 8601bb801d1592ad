"""Erasings with a statement: what is erased, what was found again, what remains.

These are the parts of the statement's JSON; docs/erasing.md says what each of them is.
"""

from typing import Any, Literal

import msgspec

Place = Literal["folder", "data_directory", "container"]
"""Where a document's file lies: in a folder that is followed, here, or in another file."""


class ErasedDocument(msgspec.Struct, frozen=True):
    """A document; ``path_sha256`` is of its path in the source.

    ``container`` is the document that it came out of, for a member of a mail or an archive.
    """

    document: int
    source: str
    path_sha256: str
    content_sha256: str | None
    bytes: int
    added_at: float
    container: int | None
    file: Place


class ErasedVersion(msgspec.Struct, frozen=True):
    """A version, or an attempt at one, of a document."""

    version: int
    document: int
    content_sha256: str | None


class ErasedPassage(msgspec.Struct, frozen=True):
    """A passage; its SHA-256 is of the text with each run of white space as one space."""

    passage: int
    sha256: str


class ErasedVector(msgspec.Struct, frozen=True):
    """A vector: its model's fingerprint, its key, and the SHA-256 of its float32 bytes."""

    model: str
    key: str
    sha256: str


class StoredPassage(msgspec.Struct, frozen=True):
    """A passage as it is kept: its point, its text, and the hash by which its vectors are kept."""

    point: int
    text: str
    vector_hash: str


class StoredVector(msgspec.Struct, frozen=True):
    """A vector as it is kept: its model's fingerprint, its text's hash, and its float32 bytes."""

    model: str
    hash: str
    vector: bytes


class NamedDocument(msgspec.Struct, frozen=True):
    """A document with what it can be told by: its source's name, its path, its content hash."""

    id: int
    source: str
    path: str
    content_hash: str | None


class ErasedAnswer(msgspec.Struct, frozen=True):
    """A kept answer with its receipt: its id, and the SHA-256 of what was kept, as JSON."""

    answer: str
    sha256: str


class Erased(msgspec.Struct, frozen=True):
    """All that is erased. ``in_flight``: attempts that living workers were at in that moment."""

    documents: list[ErasedDocument]
    versions: list[ErasedVersion]
    passages: list[ErasedPassage]
    vectors: list[ErasedVector]
    stored_values: list[str]
    answers: list[ErasedAnswer]
    in_flight: int = 0

    @property
    def numbers(self) -> list[int]:
        """The versions' numbers."""
        return [one.version for one in self.versions]

    @property
    def names(self) -> frozenset[str]:
        """The SHA-256 of the documents' paths."""
        return frozenset(one.path_sha256 for one in self.documents)

    @property
    def ids(self) -> list[int]:
        """The documents' ids."""
        return [one.document for one in self.documents]


class Mark(msgspec.Struct, frozen=True):
    """A few bytes that would tell, were they found again; ``key`` is 32 bits of a product."""

    kind: str
    key: int
    length: int
    digest: str


class Marks(msgspec.Struct, frozen=True):
    """Marks of what is erased, with what their keys and digests are computed by."""

    salt: str
    factor: int
    each: list[Mark]


class ListedPurge(msgspec.Struct, frozen=True, kw_only=True):
    """An erasing with a statement, as it is listed. Times are Unix seconds, ``documents`` a count.

    It is done when ``ended_at`` is there; until then ``error`` says what stopped it last, if
    anything did.
    """

    id: int
    by: str
    begun_at: float
    documents: int
    error: dict[str, Any] | None
    ended_at: float | None


class Purge(ListedPurge, frozen=True, kw_only=True):
    """The whole of it.

    ``began_with`` is up to which entry of the audit log its documents had their numbers.
    """

    began_with: int
    erased: Erased
    marks: Marks | None
    statement: str | None
    signature: str | None


class Unstated(msgspec.Struct, frozen=True):
    """How many erasings have no statement yet, and what stopped the oldest of them last."""

    count: int = 0
    error: dict[str, Any] | None = None


class PlaceLook(msgspec.Struct, frozen=True):
    """A look at a place: how much was looked at, in ``unit``, and what was found there.

    ``elsewhere`` are documents that were not erased and have the same content.
    """

    place: str
    looked_at: int
    unit: str
    found: list[str] = []
    elsewhere: list[int] = []


class Remaining(msgspec.Struct, frozen=True):
    """What erasing does not reach: a kind, where it is, and until when, if that is known."""

    kind: str
    where: str
    said: str
    made_at: str | None = None
    expires: str | None = None
