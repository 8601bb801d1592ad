"""A version of a document on its way into the index."""

from dataclasses import dataclass

from kb.types.files import ReadWith, Stat
from kb.types.parsed import Chunk, Notice, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the ledger says of a document whose version is published.

    ``reasons`` say what a reader should know, such as that a part could not be read, the gravest
    first: the document is counted by it. ``settings`` and ``used`` say what the file was read with
    (see ``ingest/reading/needs.py``).
    ``dated_ns`` is when it is from (nanoseconds since the epoch), by ``date_source``, as exact as
    ``date_precision`` says (see ``ingest/reading/dating.py``); they are None of a member that does
    not say it, which is as old as its container. ``blob`` is the key of its parsed elements;
    ``confidence`` is the mean over recognised pages (0 to 100).
    """

    stat: Stat
    content_hash: str
    state: State = State.INDEXED
    reasons: tuple[Notice, ...] = ()
    settings: str | None = None
    used: ReadWith | None = None
    parser: str | None = None
    media_type: str | None = None
    blob: str | None = None
    title: str | None = None
    author: str | None = None
    language: str | None = None
    dated_ns: int | None = None
    date_source: str | None = None
    date_precision: str | None = None
    pages: int | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class KeptMember:
    """A member of a container whose bytes wait among the blobs; size in bytes."""

    name: str
    content_hash: str
    size: int


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a file: facts, passages, and the files that came out of it."""

    facts: Facts
    chunks: tuple[Chunk, ...] = ()
    members: tuple[KeptMember, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """A file's content under the number of an attempt to publish it, with its passages' vectors.

    ``fence`` is the number of the lease that the attempt was begun under. ``vectors`` (float32
    bytes) are by the embedding model, and then by the hash of the embedded text.
    """

    document_id: int
    number: int
    fence: int
    content: Content
    vectors: dict[str, dict[str, bytes]]
