"""What an export holds, a line of JSON each: the format in which a knowledge base leaves.

``docs/leaving.md`` describes it for whoever reads it with other programs. Times are seconds since
1970 where a name ends in ``_at``, and nanoseconds where it ends in ``_ns``.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from kb.types.files import ReadWith
from kb.types.parsed import Line, Notice, Span
from kb.types.people import Principal

NAME = "commonplace-export"
VERSION = 1
"""Raise it when what is written could not be read by a release before."""
Term = str | dict[str, Any]
"""Readers in a rule: ``everyone``, or an object that names a group, a person, or a rule."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to leave: by the rights of ``person`` (None: everything), of sources (none: all)."""

    person: Principal | None = None
    named: tuple[str, ...] = ()


class LeftDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``documents.jsonl``: a file of the ledger.

    ``raw_path`` are the bytes of the path (base64): of a file in its folder, or of a member, its
    container's path and its own with a zero byte between. ``file`` is where its bytes lie in the
    export; None: they are not in it. ``rights`` names a set of readers in ``rights.json``; None:
    its source's readers. ``version`` is the number of what is searched of it; None: nothing is.
    """

    id: int
    source: str
    parent: int | None
    path: str
    raw_path: bytes
    file: str | None = None
    state: str
    code: str | None
    parameters: dict[str, Any] | None
    bytes: int
    mtime_ns: int | None
    content_hash: str | None
    pending: str | None
    settings: str | None
    used: ReadWith | None
    media_type: str | None
    title: str | None
    author: str | None
    language: str | None
    dated_ns: int | None
    date_source: str | None
    date_precision: str | None
    parser: str | None
    pages: int | None
    confidence: float | None
    chunks: int
    version: int | None
    held: bool
    rights: str | None
    added_at: float
    indexed_at: float | None


class LeftParsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a parser said of a whole file: all of it but the elements."""

    parser: str
    media_type: str
    title: str | None
    author: str | None
    sent: float | None
    created: float | None
    changed: float | None
    pages: int | None
    page_sizes: tuple[tuple[float, float], ...]
    confidences: tuple[tuple[int, float], ...]
    problem: str | None
    problem_parameters: dict[str, Any]
    notices: tuple[Notice, ...]


class LeftText(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``texts.jsonl``: a document's whole text, its elements with a blank line between.

    ``elements`` counts the lines that it has in ``elements.jsonl``. ``parsed`` is None where what
    was read of the file is lost; its passages are there all the same.
    """

    document: int
    source: str
    path: str
    title: str | None
    text: str
    elements: int
    parsed: LeftParsed | None


class LeftElement(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``elements.jsonl``: characters ``start`` to ``end`` of a document's text."""

    document: int
    number: int
    kind: str
    page: int | None
    start: int
    end: int
    level: int
    section: str | None
    rows: tuple[tuple[str, ...], ...] | None
    header_rows: int
    lines: tuple[Line, ...]


class LeftChunk(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``chunks.jsonl``: a passage. ``vector`` is the hash of ``embedded_text``."""

    document: int
    ordinal: int
    page: int | None
    section: str | None
    text: str
    embedded_text: str
    vector: str
    spans: tuple[Span, ...]
    lines: tuple[Line, ...]


class LeftConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``conversations.jsonl``."""

    id: str
    asker: str
    title: str
    started_at: float
    used_at: float
    shared_at: float | None


class LeftOpinion(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said of an answer (citation 0) or of one of its citations."""

    citation: int
    verdict: str
    comment: str
    given_at: float


class LeftAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``answers.jsonl``: ``said`` is the answer in words, where it can be said today.

    ``kept`` is the record of it: citations and passages by their points, each the number of a
    version and of a passage in it. ``made_from`` gives the document of each version.
    """

    id: str
    conversation: str | None
    asker: str
    asked_at: float
    question: str
    said: str | None
    cited: list[str]
    opinions: list[LeftOpinion]
    made_from: dict[str, int]
    kept: dict[str, Any]


class LeftPin(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``pins.jsonl``: an answer that is shown first. ``passage`` names what it cites."""

    question: str
    answer: str
    author: str
    pinned_at: float
    document: int
    passage: str


class LeftJudged(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``judged.jsonl``: a passage that somebody called the right one for a question."""

    question: str
    asker: str
    judged_at: float
    document: int
    page: int | None
    section: str | None
    text: str


class LeftTerm(msgspec.Struct, frozen=True, kw_only=True):
    """A line of ``glossary.jsonl``."""

    short: str
    meaning: str


class LeftFollowing(msgspec.Struct, frozen=True, kw_only=True):
    """How a source was followed; see ``docs/following.md``."""

    schedule: str | None = None
    watch: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_file_mb: int | None = None
    languages: str | None = None
    shown_as: str | None = None
    uploads: bool = False


class LeftSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source in ``rights.json``: where its folder was, and who may read what is in it.

    ``paths`` are the lines of a rule by paths: a pattern and its readers.
    """

    name: str
    about: str | None
    folder: str
    following: LeftFollowing
    rule: str
    readers: list[Term]
    paths: list[tuple[str, list[Term]]]
    curators: list[str]


class LeftGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group in ``rights.json``, with the members that no directory had put there."""

    name: str
    members: list[str]


class LeftPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person in ``rights.json``: a name; never a password, a token or a session."""

    name: str
    shown_name: str | None


class LeftRights(msgspec.Struct, frozen=True, kw_only=True):
    """``rights.json``: who may read what. ``sets`` are readers that documents name."""

    sources: list[LeftSource]
    sets: dict[str, list[Term]]
    groups: list[LeftGroup]
    people: list[LeftPerson]


class LeftModel(msgspec.Struct, frozen=True, kw_only=True):
    """An embedding model, and where its vectors are: row by row those of the hashes.

    ``fingerprint`` is that of everything a vector depends on; ``digest`` the SHA-256 of weights.
    """

    name: str
    fingerprint: str
    digest: str
    dimension: int
    count: int
    file: str
    hashes: str


class LeftWhole(msgspec.Struct, frozen=True, kw_only=True):
    """``export.json``: what this is. ``person``: whose rights it was made under; None: all."""

    format: str
    version: int
    made_by: str
    made_at: float
    person: str | None
    sources: list[str]
    models: list[LeftModel]
    counts: dict[str, int]
