"""A document of an export as something that can be published: of its lines. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from kb.catalog.chunks import short_hash
from kb.leaving import texts
from kb.leaving.problems import damaged
from kb.types.files import Stat
from kb.types.leaving import LeftChunk, LeftDocument, LeftElement, LeftText
from kb.types.parsed import Chunk, Notice, State, from_kept
from kb.types.versions import Facts


@dataclass(frozen=True, slots=True)
class Remade:
    """A document with its passages; ``elements`` (packed) are kept under ``key``, if there."""

    left: LeftDocument
    chunks: tuple[Chunk, ...]
    elements: bytes | None
    reasons: tuple[Notice, ...]

    @property
    def key(self) -> str | None:
        """A key of its own: an export cannot name what others have stored here."""
        if self.elements is None:
            return None
        return hashlib.sha256(b"imported:" + self.elements).hexdigest()

    @property
    def texts(self) -> dict[str, str]:
        """What is embedded, by its hash."""
        return {short_hash(c.embedded_text): c.embedded_text for c in self.chunks}


def remade(
    left: LeftDocument,
    text: LeftText | None,
    elements: Sequence[LeftElement],
    chunks: Sequence[LeftChunk],
) -> Remade:
    """A document of its lines.

    Raises:
        UsageError: they do not fit one another.
    """
    if text is None or text.document != left.id or text.elements != len(elements):
        raise damaged(f"the text of a file is missing ({left.path[:200]})", "data/texts.jsonl")
    if [c.ordinal for c in chunks] != list(range(left.chunks)):
        raise damaged(f"passages of a file are missing ({left.path[:200]})", "data/chunks.jsonl")
    parsed = texts.joined(text, elements)
    packed = None if parsed is None else msgspec.msgpack.encode(parsed)
    return Remade(left, tuple(map(_chunk, chunks)), packed, _reasons(left))


def _reasons(left: LeftDocument) -> tuple[Notice, ...]:
    try:
        return from_kept(left.code, left.parameters or {})
    except msgspec.ValidationError as error:
        what = f"what is said of a file is none ({left.path[:200]})"
        raise damaged(what, "data/documents.jsonl") from error


def _chunk(left: LeftChunk) -> Chunk:
    return Chunk(
        ordinal=left.ordinal,
        text=left.text,
        embedded_text=left.embedded_text,
        page=left.page,
        section=left.section,
        spans=left.spans,
        lines=left.lines,
    )


def check(made: Remade) -> None:
    """Check that it can be published; raises as :func:`remade`."""
    left = made.left
    if left.content_hash is None or left.state not in set(State):
        raise damaged(f"a line of a file is none ({left.path[:200]})", "data/documents.jsonl")


def facts(made: Remade, stat: Stat) -> Facts:
    """What the ledger says of it, with size and times of its file as it lies here."""
    left = made.left
    return Facts(
        stat=stat,
        content_hash=left.content_hash or "",
        state=State(left.state),
        reasons=made.reasons,
        settings=left.settings,
        used=left.used,
        parser=left.parser,
        media_type=left.media_type,
        blob=made.key,
        title=left.title,
        author=left.author,
        language=left.language,
        dated_ns=left.dated_ns,
        date_source=left.date_source,
        date_precision=left.date_precision,
        pages=left.pages,
        confidence=left.confidence,
    )
