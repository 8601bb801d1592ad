"""A file's or a member's bytes, held still, and what the parsers make of them."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import msgspec
from sqlalchemy import Row

from ingest import sources as folder
from ingest.comparing import TRIED_AGAIN
from ingest.preparing import Cut, Preparer
from ingest.sources import Found, Look
from kb.catalog import documents
from kb.catalog.database import Catalog, now
from kb.catalog.documents import Stat
from kb.catalog.members import Due
from kb.catalog.names import MEMBER
from kb.errors import FileProblem, KbError
from kb.files import disk
from kb.files.blobs import ORIGINAL, Blobs
from kb.settings import Ingest
from kb.types.library import Source
from kb.types.parsed import Member, Parsed

MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """A member of a container whose bytes wait among the blobs; size in bytes."""

    name: str
    content_hash: str
    size: int


@dataclass(frozen=True, slots=True)
class Work:
    """One file, or one member of a container, to be prepared."""

    document_id: int
    path: str
    depth: int
    found: Found | None = None
    member: Kept | None = None
    begun_at: float = field(default_factory=now)

    @classmethod
    def of(cls, member: Due) -> Self:
        """A member that an earlier run left."""
        kept = Kept(member.path, member.content_hash, member.size)
        return cls(member.document_id, member.path, member.depth, member=kept)

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition(MEMBER)[2].rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The published version is of the same bytes and settings; only the file's times moved."""

    stat: Stat


@dataclass(frozen=True, slots=True)
class Read:
    """A parsed and cut file; its members' bytes are among the blobs."""

    parsed: Parsed
    members: tuple[Kept, ...]
    cut: Cut
    blob: str
    content_hash: str
    stat: Stat


class Reader:
    """Reads the files of one source."""

    def __init__(
        self,
        source: Source,
        catalog: Catalog,
        blobs: Blobs,
        preparer: Preparer,
        settings: Ingest,
    ) -> None:
        self._source = source
        self._catalog = catalog
        self._blobs = blobs
        self._preparer = preparer
        self._settings = settings
        self.judged: Callable[[Found], None] = lambda _: None
        self.look: Look | None = None
        """What the run saw of the folder."""

    async def read(self, item: Work) -> Read | Unchanged:
        """Copy the bytes aside, parse them in the sandbox, cut the text into chunks.

        Raises:
            FileProblem: the file cannot be read; the code says why.
            RetryableError: the folder is not there any more; that says nothing of its files.
        """
        try:
            return await self._read(item)
        except FileProblem as problem:
            if problem.code == "unreadable" and self.look is not None:
                await asyncio.to_thread(folder.still_there, self.look)
            raise

    async def _read(self, item: Work) -> Read | Unchanged:
        if item.found and item.found.problem:
            raise FileProblem(item.found.problem, **item.found.parameters)
        if item.depth > MAX_DEPTH:
            raise FileProblem("too_deep", limit=MAX_DEPTH)
        known = await self._cut_anew(item)
        if known is not None:
            return known
        with self._preparer.scratch.folder("file-") as temporary:
            target = temporary / "content"
            with disk.translated():
                content_hash, stat = await asyncio.to_thread(self._snapshot, item, target)
            if await self._catalog.read(self._is_same, item.document_id, content_hash):
                return Unchanged(stat)
            parsed, blob = await self._preparer.parse(target, item.name, content_hash)
        return await self._cut(parsed, item.name, blob, content_hash, stat)

    def _keep(self, members: tuple[Member, ...]) -> tuple[Kept, ...]:
        """Members' bytes wait among the blobs, not in memory, and outlive this run."""
        kept = []
        for member in members:
            content_hash = hashlib.sha256(member.content).hexdigest()
            self._blobs.put(content_hash, ORIGINAL, member.content)
            kept.append(Kept(member.name, content_hash, len(member.content)))
        return tuple(kept)

    async def _cut_anew(self, item: Work) -> Read | None:
        """From what was parsed before, where only the cutting has changed: the file is not read."""
        row = await asyncio.to_thread(self._row, item.document_id)
        if row is None or row.version is None or not row.blob or item.found is None:
            return None
        stat = Stat(row.bytes, row.mtime_ns, row.ctime_ns)
        if stat != item.found.stat or row.code in TRIED_AGAIN:
            return None
        if not self._preparer.needs.is_cut_otherwise(row):
            return None
        parsed = await self._preparer.parsed(row.blob)
        if parsed is None:
            return None
        return await self._cut(parsed, item.name, row.blob, row.content_hash, stat)

    async def _cut(
        self, parsed: Parsed, name: str, blob: str, content_hash: str, stat: Stat
    ) -> Read:
        members = await asyncio.to_thread(self._keep, parsed.members)
        parsed = msgspec.structs.replace(parsed, members=())
        cut = await self._preparer.cut(parsed, name)
        return Read(parsed, members, cut, blob, content_hash, stat)

    def _row(self, document_id: int) -> Row[Any] | None:
        with self._catalog.reading() as connection:
            return documents.by_id(connection, document_id)

    def _snapshot(self, item: Work, target: Path) -> tuple[str, Stat]:
        if item.found:
            snapshot = folder.snapshot(
                self._source.root, item.found, target, self._settings.max_file_mb
            )
            self.judged(item.found)
            return snapshot
        assert item.member is not None
        content_hash = item.member.content_hash
        content = self._stored(content_hash)
        target.write_bytes(content)
        self._blobs.renew(content_hash, ORIGINAL)
        return content_hash, Stat(len(content), 0, 0)

    def _stored(self, content_hash: str) -> bytes:
        """A member's bytes, just as they came out of its container.

        What cannot be read now may be another document's too: it stays until it is written anew.
        """
        with contextlib.suppress(KbError):  # a damaged value is as good as none
            content = self._blobs.get(content_hash, ORIGINAL)
            if content is not None and hashlib.sha256(content).hexdigest() == content_hash:
                return content
        raise FileProblem("bytes_missing")

    def _is_same(self, document_id: int, content_hash: str) -> bool:
        row = self._row(document_id)
        return bool(
            row is not None
            and row.version is not None
            and row.content_hash == content_hash
            and row.code not in TRIED_AGAIN
            and self._preparer.needs.is_current(row)
        )
