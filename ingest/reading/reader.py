"""A file's or a member's bytes, held still, and what the parsers make of them."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgspec

from ingest.finding import sources as folder
from ingest.finding.comparing import TRIED_AGAIN
from ingest.finding.sources import FolderLook, SeenFile
from ingest.reading import describing
from ingest.reading.preparing import Preparer
from kb.catalog import documents
from kb.catalog.database import Catalog, now
from kb.catalog.members import Due
from kb.catalog.names import MEMBER
from kb.errors import FileProblem, KbError
from kb.files import disk
from kb.files.blobs import ORIGINAL, Blobs
from kb.settings import Ingest
from kb.types.files import LedgerEntry, Stat
from kb.types.library import Source
from kb.types.parsed import Member, Parsed
from kb.types.versions import Content, KeptMember

MAX_DEPTH = 3
"""Most containers within one another whose members are read."""


def own_name(path: str) -> str:
    """A file's own name, of its path as people see it."""
    return path.rpartition(MEMBER)[2].rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Work:
    """A document of the ledger that is to be read, and where its bytes are.

    They are those of a file of the folder (``seen``), or a member's, among the blobs under their
    hash (``pending``). ``depth`` counts the containers that it is in; a path is for people.
    """

    document_id: int
    path: str
    depth: int
    seen: SeenFile | None = None
    pending: str | None = None
    begun_at: float = field(default_factory=now)

    @classmethod
    def of(cls, member: Due) -> Self:
        """A member that an earlier run left."""
        return cls(member.document_id, member.path, member.depth, pending=member.pending)

    @property
    def bytes(self) -> int:
        """How large it is, as far as the folder says."""
        return self.seen.stat.bytes if self.seen else 0

    @property
    def name(self) -> str:
        """The file's own name."""
        return own_name(self.path)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The published version is of the same bytes and settings; only the file's times moved."""

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
        self.judged: Callable[[SeenFile], None] = lambda _: None
        self.look: FolderLook | None = None
        """What the run saw of the folder."""

    async def read(self, item: Work) -> Content | Unchanged:
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

    async def _read(self, item: Work) -> Content | Unchanged:
        if item.seen and item.seen.problem:
            raise FileProblem(item.seen.problem, **item.seen.parameters)
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
        return await self._cut(parsed, item.path, blob, content_hash, stat)

    def _keep(self, members: tuple[Member, ...]) -> tuple[KeptMember, ...]:
        """Members' bytes wait among the blobs, not in memory, and outlive this run."""
        kept = []
        for member in members:
            content_hash = hashlib.sha256(member.content).hexdigest()
            self._blobs.put(content_hash, ORIGINAL, member.content)
            kept.append(KeptMember(member.name, content_hash, len(member.content)))
        return tuple(kept)

    async def _cut_anew(self, item: Work) -> Content | None:
        """From what was parsed before, where only the cutting has changed: the file is not read."""
        entry = await self._catalog.read(self._entry, item.document_id)
        if entry is None or item.seen is None or not self._is_as_parsed(entry, item.seen.stat):
            return None
        parsed = await self._preparer.parsed(entry.blob) if entry.blob else None
        if parsed is None or entry.blob is None or entry.content_hash is None:
            return None
        return await self._cut(parsed, item.path, entry.blob, entry.content_hash, item.seen.stat)

    def _is_as_parsed(self, entry: LedgerEntry, stat: Stat) -> bool:
        """Whether what was parsed holds for the file as it is now, and only the cutting differs."""
        return (
            entry.version is not None
            and entry.is_as(stat)
            and entry.code not in TRIED_AGAIN
            and self._preparer.needs.is_cut_otherwise(entry)
        )

    async def _cut(
        self, parsed: Parsed, path: str, blob: str, content_hash: str, stat: Stat
    ) -> Content:
        members = await asyncio.to_thread(self._keep, parsed.members)
        parsed = msgspec.structs.replace(parsed, members=())  # their bytes go out of memory
        cut = await self._preparer.cut(parsed, own_name(path))
        needs = self._preparer.needs
        facts = describing.facts(
            parsed, cut, path, stat, content_hash, blob, needs, members=bool(members)
        )
        return Content(facts, cut.chunks, members)

    def _entry(self, document_id: int) -> LedgerEntry | None:
        with self._catalog.reading() as connection:
            return documents.by_id(connection, document_id)

    def _snapshot(self, item: Work, target: Path) -> tuple[str, Stat]:
        if item.seen:
            snapshot = folder.snapshot(
                self._source.root, item.seen, target, self._settings.max_file_mb
            )
            self.judged(item.seen)
            return snapshot
        assert item.pending is not None
        content = self._stored(item.pending)
        target.write_bytes(content)
        self._blobs.renew(item.pending, ORIGINAL)
        return item.pending, Stat(len(content), 0, 0)

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
        entry = self._entry(document_id)
        return (
            entry is not None
            and entry.version is not None
            and entry.content_hash == content_hash
            and entry.code not in TRIED_AGAIN
            and self._preparer.needs.is_current(entry)
        )
