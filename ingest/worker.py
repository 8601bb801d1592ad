"""One run over one source: follow the folder, prepare what changed, publish in groups.

The run holds the source's lease from beginning to end; every publication checks it.
"""

import asyncio
import contextlib
import hashlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ingest import sources as folder
from ingest.preparing import Prepared, Preparer
from ingest.sources import Changes, Found
from kb.blobs import Blobs
from kb.catalog import documents, leases, sources, versions
from kb.catalog.database import Catalog
from kb.catalog.documents import MEMBER, Stat
from kb.catalog.sources import Source
from kb.errors import ConflictError, EngineError, FileProblem, KbError
from kb.originals import ORIGINAL
from kb.publishing import Publisher, Ready
from kb.settings import Ingest
from kb.types import Member, State

GROUP_CHUNKS = 400
GROUP_SECONDS = 2.0
SKIPPING = {
    "empty",
    "symlink_outside",
    "not_regular",
    "unknown_type",
    "old_format",
    "too_large",
    "no_text",
    "too_deep",
}
RETRIED = {"changed_while_reading", "engine_unavailable"}
COUNTING_TRIES = {"parser_timeout", "parser_memory", "parser_crashed"}
MAX_DEPTH = 3


@dataclass(slots=True)
class Counts:
    """How a run went; the JSON of ``kb ingest``."""

    seen: int = 0
    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    held: int = 0
    skipped: int = 0
    failed: int = 0
    chunks: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands, for a progress bar."""

    done: int
    total: int
    pages: int
    path: str


@dataclass(frozen=True, slots=True)
class Work:
    """One file, or one member of a container, to be prepared."""

    document_id: int
    path: str
    depth: int
    found: Found | None = None
    member: Member | None = None


@dataclass(slots=True)
class Timings:
    """Seconds spent in each part, summed over files; for the benchmark."""

    parse: float = 0.0
    cut: float = 0.0
    embed: float = 0.0
    write: float = 0.0


@dataclass(slots=True)
class Run:
    """One run over one source."""

    source: Source
    catalog: Catalog
    blobs: Blobs
    preparer: Preparer
    publisher: Publisher
    settings: Ingest
    on_progress: Callable[[Progress], None] = lambda _: None
    owner: str = field(default_factory=leases.new_owner)
    counts: Counts = field(default_factory=Counts)
    timings: Timings = field(default_factory=Timings)
    _done: int = 0
    _total: int = 0
    _pages: int = 0
    _group: list[Ready] = field(default_factory=list)
    _group_since: float = 0.0

    @property
    def lease(self) -> str:
        """The name of the lease this run works under."""
        return f"source:{self.source.id}"

    async def run(self, *, confirm_removals: bool = False) -> Counts:
        """Do it.

        Raises:
            ConflictError: another process is reading this source.
            RetryableError: the folder is not there.
        """
        begun = time.monotonic()
        self._take_lease()
        heartbeat = asyncio.create_task(self._heartbeat())
        try:
            await self._recover()
            changes = await asyncio.to_thread(self._compare)
            self._apply_moves_and_removals(changes, confirm=confirm_removals)
            await self._prepare_all(self._work(changes))
            await self._publish_group()
            await self.publisher.flush_rights()
            await self.publisher.sweep()
        except KbError as error:
            self._finish(begun, error)
            raise
        finally:
            heartbeat.cancel()
            with self.catalog.writing() as connection:
                leases.release(connection, self.lease, self.owner)
        self._finish(begun, None)
        return self.counts

    def _take_lease(self) -> None:
        with self.catalog.writing() as connection:
            if not leases.take(connection, self.lease, self.owner):
                raise ConflictError(
                    f"The source {self.source.name} is being read by another process.",
                    code="source_busy",
                    detail={"source": self.source.name},
                )
            sources.run_started(connection, self.source)

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(leases.SECONDS / 4)
            with self.catalog.writing() as connection:
                leases.hold_or_raise(connection, self.lease, self.owner)

    async def _recover(self) -> None:
        """Clear up after runs that were killed: their points leave the index."""
        with self.catalog.writing() as connection:
            versions.abandon_dead_attempts(connection, self.owner)
        await self.publisher.generation()
        await self.publisher.sweep()

    def _compare(self) -> Changes:
        files, closed = folder.walk(self.source.root)
        with self.catalog.reading() as connection:
            known = documents.of_source(connection, self.source.id)
        return folder.compare(files, closed, known, self.source.root, self.preparer.fingerprint)

    def _apply_moves_and_removals(self, changes: Changes, *, confirm: bool) -> None:
        self.counts.seen, self.counts.unchanged = changes.seen, changes.unchanged
        gone = changes.gone
        with self.catalog.writing() as connection:
            leases.hold_or_raise(connection, self.lease, self.owner)
            for document_id, found in changes.renamed:
                documents.rename(connection, document_id, found.raw_path, found.path)
                documents.touch(connection, document_id, found.stat)
                self.counts.unchanged += 1
            for document_id in changes.back:
                documents.unhold(connection, document_id)
            if self._is_suspicious(len(gone), changes.known) and not confirm:
                documents.hold(connection, gone)
                self.counts.held = len(gone)
            else:
                documents.remove(connection, gone)
                self.counts.removed = len(gone)

    def _is_suspicious(self, gone: int, known: int) -> bool:
        return gone > self.settings.guard_files and gone > self.settings.guard_share * known

    def _work(self, changes: Changes) -> list[Work]:
        """Every file that has to be read, known to the ledger from now on."""
        work = [Work(d, found.path, 0, found=found) for d, found in changes.changed]
        with self.catalog.writing() as connection:
            for found in changes.new:
                document_id = documents.add(
                    connection,
                    self.source.id,
                    found.raw_path,
                    found.path,
                    size=found.stat.size,
                )
                work.append(Work(document_id, found.path, 0, found=found))
        return work

    async def _prepare_all(self, work: list[Work]) -> None:
        """Parse several files side by side; embed and publish one after another."""
        self._total = len(work)
        parsed: asyncio.Queue[tuple[Work, Any]] = asyncio.Queue(maxsize=4)
        waiting = asyncio.Queue[Work]()
        for item in work:
            waiting.put_nowait(item)
        parsers = [
            asyncio.create_task(self._parse_from(waiting, parsed))
            for _ in range(min(self.settings.parsers, max(1, len(work))))
        ]
        left = len(work)
        try:
            while left:
                item, outcome = await self._next(parsed, parsers)
                left -= 1
                for member in await self._settle(item, outcome):
                    waiting.put_nowait(member)
                    left += 1
                    self._total += 1
                self._step(item, outcome)
        finally:
            for task in parsers:
                task.cancel()
            await asyncio.gather(*parsers, return_exceptions=True)

    async def _next(
        self, parsed: "asyncio.Queue[tuple[Work, Any]]", parsers: "list[asyncio.Task[None]]"
    ) -> tuple[Work, Any]:
        """The next parsed file; meanwhile a group that has waited long enough is published."""
        while True:
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(parsed.get(), GROUP_SECONDS)
            await self._publish_group()
            for task in parsers:
                if task.done():
                    task.result()

    async def _parse_from(
        self, waiting: "asyncio.Queue[Work]", parsed: "asyncio.Queue[tuple[Work, Any]]"
    ) -> None:
        while True:
            item = await waiting.get()
            begun = time.monotonic()
            try:
                outcome: Any = await self._parse(item)
            except (FileProblem, EngineError) as problem:
                outcome = problem
            self.timings.parse += time.monotonic() - begun
            await parsed.put((item, outcome))

    async def _parse(self, item: Work) -> Any:
        """Read the bytes of a file or a member and parse them in the sandbox."""
        if item.found and item.found.problem:
            raise FileProblem(item.found.problem, **item.found.parameters)
        if item.depth > MAX_DEPTH:
            raise FileProblem("too_deep", limit=MAX_DEPTH)
        name = item.path.rpartition(MEMBER)[2].rpartition("/")[2]
        with tempfile.TemporaryDirectory(prefix="kb-file-") as temporary:
            target = Path(temporary) / "content"
            content_hash, stat = await asyncio.to_thread(self._snapshot, item, target)
            if self._is_same(item.document_id, content_hash):
                return stat
            parsed, blob = await self.preparer.parse(target, name, content_hash)
        return parsed, blob, content_hash, stat

    def _snapshot(self, item: Work, target: Path) -> tuple[str, Stat]:
        if item.found:
            return folder.snapshot(self.source.root, item.found, target, self.settings.max_file_mb)
        assert item.member is not None
        content = item.member.content
        target.write_bytes(content)
        content_hash = hashlib.sha256(content).hexdigest()
        self.blobs.put(content_hash, ORIGINAL, content)
        return content_hash, Stat(len(content), 0, 0)

    def _is_same(self, document_id: int, content_hash: str) -> bool:
        """Whether the published version is of the same bytes and settings: nothing to do then."""
        with self.catalog.reading() as connection:
            row = documents.by_id(connection, document_id)
        return bool(
            row is not None
            and row.version is not None
            and row.content_hash == content_hash
            and row.settings == self.preparer.fingerprint
        )

    async def _settle(self, item: Work, outcome: Any) -> list[Work]:
        """Bring one file to its end; returns its members, which are files of their own."""
        if isinstance(outcome, Stat):
            with self.catalog.writing() as connection:
                documents.touch(connection, item.document_id, outcome)
            self.counts.unchanged += 1
            return []
        if isinstance(outcome, KbError):
            self._note(item, outcome)
            return []
        parsed, blob, content_hash, stat = outcome
        try:
            begun = time.monotonic()
            chunks, title, language = await self.preparer.cut(parsed, _name(item.path))
            self.timings.cut += time.monotonic() - begun
            number = self._begin(item, content_hash)
            begun = time.monotonic()
            vectors = await self.preparer.embed(chunks)
            self.timings.embed += time.monotonic() - begun
        except (FileProblem, EngineError) as problem:
            self._note(item, problem)
            return []
        prepared = Prepared(parsed, chunks, vectors, title, language, content_hash, blob)
        await self._put(item, number, prepared, stat)
        return self._members(item, prepared)

    def _begin(self, item: Work, content_hash: str) -> int:
        with self.catalog.writing() as connection:
            return versions.begin(connection, item.document_id, self.owner, content_hash)

    async def _put(self, item: Work, number: int, prepared: Prepared, stat: Stat) -> None:
        facts = self._facts(prepared, stat)
        if not self._group:
            self._group_since = time.monotonic()
        self._group.append(
            Ready(
                item.document_id,
                self.source.id,
                number,
                prepared.chunks,
                prepared.vectors,
                facts,
            )
        )
        self.counts.indexed += 1
        self.counts.chunks += len(prepared.chunks)
        self._pages += prepared.parsed.pages or 1
        waited = time.monotonic() - self._group_since
        if sum(len(r.chunks) for r in self._group) >= GROUP_CHUNKS or waited > GROUP_SECONDS:
            await self._publish_group()

    def _facts(self, prepared: Prepared, stat: Stat) -> dict[str, Any]:
        parsed = prepared.parsed
        return {
            "state": State.PARTIAL if parsed.problem else State.INDEXED,
            "code": parsed.problem,
            "parameters": parsed.problem_parameters,
            "bytes": stat.size,
            "mtime_ns": stat.mtime_ns,
            "ctime_ns": stat.ctime_ns,
            "content_hash": prepared.content_hash,
            "settings": self.preparer.fingerprint,
            "media_type": parsed.media_type,
            "title": prepared.title,
            "author": (parsed.author or "")[:300] or None,
            "language": prepared.language,
            "parser": parsed.parser,
            "blob": prepared.blob,
            "pages": parsed.pages,
            "chunks": len(prepared.chunks),
            "tries": 0,
        }

    async def _publish_group(self) -> None:
        if not self._group:
            return
        group, self._group = self._group, []
        begun = time.monotonic()
        await self.publisher.publish(group, self.lease, self.owner)
        self.timings.write += time.monotonic() - begun

    def _members(self, item: Work, prepared: Prepared) -> list[Work]:
        """The container's members as documents; those that it has no more are removed."""
        found: dict[str, Work] = {}
        with self.catalog.writing() as connection:
            parent = documents.by_id(connection, item.document_id)
            if parent is None:
                return []
            for member in prepared.parsed.members:
                name = _unused(member.name, found)
                document_id = documents.add(
                    connection,
                    self.source.id,
                    parent.raw_path + b"\0" + name.encode(),
                    f"{parent.path}{MEMBER}{name}",
                    parent_id=item.document_id,
                    size=len(member.content),
                )
                path = f"{parent.path}{MEMBER}{name}"
                found[name] = Work(document_id, path, item.depth + 1, member=member)
            kept = {w.document_id for w in found.values()}
            direct = documents.direct_children(connection, item.document_id)
            documents.remove(connection, [c for c in direct if c not in kept])
        return list(found.values())

    def _note(self, item: Work, problem: KbError) -> None:
        """A file that yields nothing: into the ledger, with what to do next."""
        with self.catalog.writing() as connection:
            tries = documents.waiting_tries(connection, item.document_id) + 1
            if problem.code in RETRIED or isinstance(problem, EngineError):
                documents.note_retry(connection, item.document_id, problem.code, tries)
                self.counts.failed += 1
                return
            state = State.SKIPPED if problem.code in SKIPPING else State.FAILED
            if problem.code in COUNTING_TRIES:
                state = State.QUARANTINED if tries >= self.settings.tries else State.FAILED
            documents.note_problem(
                connection,
                item.document_id,
                state,
                problem.code,
                problem.detail,
                item.found.stat if item.found else None,
                settings=self.preparer.fingerprint,
                tries=tries,
            )
        if state == State.SKIPPED:
            self.counts.skipped += 1
        else:
            self.counts.failed += 1

    def _step(self, item: Work, _outcome: Any) -> None:
        self._done += 1
        self.on_progress(Progress(self._done, self._total, self._pages, item.path))

    def _finish(self, begun: float, error: KbError | None) -> None:
        self.counts.seconds = round(time.monotonic() - begun, 3)
        with self.catalog.writing() as connection:
            sources.run_finished(
                connection,
                self.source,
                asdict(self.counts),
                error.as_json()["error"] if error else None,
            )


def _name(path: str) -> str:
    return path.rpartition(MEMBER)[2].rpartition("/")[2]


def _unused(name: str, taken: dict[str, Work]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate = f"{name} ({number})"
        number += 1
    return candidate


async def remove_source(catalog: Catalog, publisher: Publisher, source: Source) -> int:
    """Remove a source with everything that came out of it; returns how many documents went.

    Raises:
        ConflictError: it is being read at this moment.
    """
    owner, lease = leases.new_owner(), f"source:{source.id}"
    with catalog.writing() as connection:
        if not leases.take(connection, lease, owner):
            raise ConflictError(f"The source {source.name} is being read.", code="source_busy")
        removed = documents.remove(connection, documents.ids_of_source(connection, source.id))
        sources.remove(connection, source)
        leases.release(connection, lease, owner)
    await publisher.sweep(grace_seconds=0)
    return removed
