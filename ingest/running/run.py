"""One run over one source: follow the folder, prepare what changed, publish in groups.

The run holds the source's lease from beginning to end; every publication checks it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ingest.finding import comparing, holding
from ingest.finding import sources as folder
from ingest.finding.comparing import Changes
from ingest.finding.rights import FolderRights
from ingest.finding.selection import Selection
from ingest.finding.sources import SeenFile
from ingest.parsers import kinds
from ingest.reading.preparing import Preparer
from ingest.reading.reader import Reader, Unchanged, Work
from ingest.recording.noting import Notes
from ingest.running import isolating, renaming
from ingest.running.grouping import GROUP_SECONDS, PublishingGroup
from ingest.running.healing import heal
from ingest.running.heartbeat import Heartbeat
from ingest.running.pipeline import Outcome, Pipeline
from ingest.running.reporting import Counts, Progress, RunReport
from kb import failpoints
from kb.catalog import documents, erased, leases, members, versions
from kb.catalog.database import Catalog
from kb.catalog.runs import STOPPED
from kb.errors import ConflictError, KbError, RetryableError
from kb.files import disk, sandbox
from kb.files.blobs import Blobs
from kb.settings import Ingest, Retention
from kb.types.library import Source
from kb.types.versions import Content, Ready
from kb.upkeep.collecting import collect_if_due
from kb.upkeep.publishing import Publisher

EMBEDDED_AT_ONCE = 2
"""Files that are embedded side by side: what one leaves idle at its end the other uses. Were there
more, all would be done late, and written when there is nothing else to do."""


@dataclass
class Run:
    """One run over one source."""

    source: Source
    catalog: Catalog
    blobs: Blobs
    preparer: Preparer
    publisher: Publisher
    settings: Ingest
    data: Path
    retention: Retention
    heal: Callable[[], Awaitable[bool]]
    on_progress: Callable[[Progress], None] = lambda _: None
    owner: str = field(default_factory=leases.new_owner)
    _fence: int = 0

    def __post_init__(self) -> None:
        self._rights = FolderRights(self.source, self.catalog)
        self._reader = Reader(self.source, self.catalog, self.blobs, self.preparer, self.settings)
        self._reader.judged = self._rights.check_again
        self._called_otherwise: list[tuple[int, SeenFile]] = []
        self._report = RunReport(self.catalog, self.source, self.on_progress)
        self._selection = Selection(self.source.following.include, self.source.following.exclude)
        self._parsing = asyncio.Semaphore(self.settings.parsers)
        self._embedding = asyncio.Semaphore(EMBEDDED_AT_ONCE)
        publish = partial(self.publisher.publish, lease=self.lease, owner=self.owner)
        self._group = PublishingGroup(self.catalog, publish)
        needs, settings = self.preparer.needs, self.settings
        self._notes = Notes(self.catalog, self.source.id, self._rights, needs, settings, self.owner)

    @property
    def counts(self) -> Counts:
        """The counts so far."""
        return self._report.counts

    @property
    def lease(self) -> str:
        """The name of the lease this run works under."""
        return f"source:{self.source.id}"

    async def run(self, *, confirm_removals: bool = False) -> Counts:
        """Follow the source once, to the end; returns the counts.

        Raises:
            ConflictError: another process is reading this source.
            RetryableError: the folder is not there.
        """
        await self.catalog.write(self._take_lease)
        try:
            await self.catalog.write(self._report.begin)
            async with Heartbeat(self._beat):
                await self._follow(confirm=confirm_removals)
        except KbError as error:
            await self._end(error)
            raise
        except Exception as error:
            unexpected = isolating.of_run(error)
            await self.catalog.write(self._report.finish, unexpected)
            raise unexpected from error
        except asyncio.CancelledError:
            await self._end(RetryableError("The run was stopped.", code="interrupted"))
            raise
        finally:
            await self.catalog.write(self._release_lease)
        await self.catalog.write(self._report.finish, None)
        return self.counts

    async def _end(self, error: KbError) -> None:
        """Note what the run ended with; where it was stopped, what is ready is published before."""
        try:
            if error.code in {STOPPED, "interrupted"}:
                await self._publish_group()
        finally:
            await self.catalog.write(self._report.finish, error)

    async def _follow(self, *, confirm: bool) -> None:
        await self._recover()
        failpoints.reached("run_begun")
        changes = await asyncio.to_thread(self._compare)
        await self.catalog.write(self._apply_moves_and_removals, changes, confirm=confirm)
        work = await self.catalog.write(self._work, changes)
        await self.publisher.flush_rights()
        await self._prepare_all(work)
        await self._publish_group()
        await self.publisher.flush_rights()
        await self.publisher.sweep()
        await asyncio.to_thread(collect_if_due, self.catalog, self.blobs, self.retention)
        await self.publisher.beside.tidy()
        await self.publisher.beside.keep_current()

    def _take_lease(self) -> None:
        with self.catalog.writing() as connection:
            self._fence = leases.take(connection, self.lease, self.owner)
            if not self._fence:
                raise ConflictError(
                    "The source {source} is being read by another process.",
                    code="source_busy",
                    detail={"source": self.source.name},
                )

    def _beat(self) -> None:
        with self.catalog.writing() as connection:
            leases.hold_or_raise(connection, self.lease, self.owner, self._fence)
        self._report.tell()

    def _release_lease(self) -> None:
        with self.catalog.writing() as connection:
            leases.release(connection, self.lease, self.owner)

    async def _recover(self) -> None:
        """Clear up after runs that were killed: their points leave the index."""
        await asyncio.to_thread(heal, self.catalog, self.blobs, self.preparer.scratch)
        await self.catalog.write(self._abandon_dead_attempts)
        await self.publisher.generation()
        await self.publisher.tell_languages()
        await self.heal()
        await self.publisher.sweep()

    def _abandon_dead_attempts(self) -> None:
        with self.catalog.writing() as connection:
            versions.abandon_dead_attempts(connection, self.owner)
            members.again_where(connection, self.source.id, self.preparer.needs.has_more)

    def _compare(self) -> Changes:
        look = folder.walk(self.source.root, self._selection)
        self._rights.look(look.files)
        folder.still_there(look)
        self._reader.look = self._look = look
        with self.catalog.reading() as connection:  # what is known and what is erased as one
            known = documents.of_source(connection, self.source.id)
            selection = self._selection.without(erased.paths_of(connection, self.source.id))
        return comparing.compare(look, known, self.preparer.needs.is_current, selection)

    def _apply_moves_and_removals(self, changes: Changes, *, confirm: bool) -> None:
        self.counts.seen, self.counts.unchanged = changes.seen, changes.unchanged
        with self.catalog.writing() as connection:
            leases.hold_or_raise(connection, self.lease, self.owner, self._fence)
            self._rights.hold(connection)
            for document_id, seen in changes.renamed:
                if renaming.follow(connection, document_id, seen, self.preparer.needs):
                    self._called_otherwise.append((document_id, seen))
                else:
                    self.counts.unchanged += 1
                failpoints.reached("renamed")
            for document_id in changes.back:
                documents.unhold(connection, document_id)
            held, removed = holding.apply(
                connection, self.source, changes, self._look, self.settings, confirm=confirm
            )
            self.counts.held, self.counts.removed = len(held), removed
            changed = {document_id for document_id, _ in changes.changed}
            self._rights.stamp(connection, set(held.values()), changed)
        failpoints.reached("removed")

    def _work(self, changes: Changes) -> list[Work]:
        """Every file to be read, known to the ledger from now on.

        What changed comes first, the longest wait before others; then the largest, since a large
        file that is read last is read alone.
        """
        changed = [*changes.changed, *self._called_otherwise]
        work = [Work(d, seen.path, 0, seen=seen) for d, seen in changed]
        with self.catalog.writing() as connection:
            since = documents.due_since(connection, self.source.id)
            work.sort(key=lambda w: (since.get(w.document_id, float("inf")), -w.bytes))
            left = members.due(connection, self.source.id, {w.document_id for w in work})
            rights_of = self._rights.of_new(connection)
            new = []
            for seen in changes.new:
                document_id = documents.add(
                    connection,
                    self.source.id,
                    seen.raw_path,
                    seen.path,
                    size=seen.stat.bytes,
                    rights=rights_of(seen),
                    target=seen.target,
                )
                new.append(Work(document_id, seen.path, 0, seen=seen))
            work += sorted(new, key=lambda w: -w.bytes)
            documents.expect(connection, [w.document_id for w in work])
        return [Work.of(member) for member in left] + work

    async def _prepare_all(self, work: list[Work]) -> None:
        """Prepare several files side by side; publish one group after another."""
        sandbox.preload(kinds.modules_for(item.path for item in work))
        self._report.total = len(work)
        await self.catalog.write(self._report.tell)
        at_once = self.settings.parsers + EMBEDDED_AT_ONCE
        async with Pipeline(self._prepare, at_once, GROUP_SECONDS) as pipeline:
            for item in work:
                pipeline.put(item)
            async for done in pipeline:
                if done is None:
                    await self._publish_group()
                    continue
                item, outcome = done
                for member in await self._settled(item, outcome):
                    pipeline.put(member)
                    self._report.total += 1
                await self._report.step(item.path)

    async def _prepare(self, item: Work) -> Ready | Unchanged:
        """Read and cut a file, begin an attempt, and embed."""
        async with self._parsing:
            disk.check_room(self.data, self.settings.min_free_mb)
            content = await self._reader.read(item)
        if isinstance(content, Unchanged):
            return content
        number = await self.catalog.write(self._begin_attempt, item, content)
        failpoints.reached("attempt_begun")
        async with self._embedding:
            vectors = await self.preparer.embed(content.chunks, content.facts.language)
        failpoints.reached("embedded")
        return Ready(item.document_id, number, self._fence, content, vectors)

    def _begin_attempt(self, item: Work, content: Content) -> int:
        with self.catalog.writing() as connection:
            return versions.begin(
                connection, item.document_id, self.owner, content.facts.content_hash, self._fence
            )

    async def _settled(self, item: Work, outcome: Outcome) -> list[Work]:
        try:
            return await self._settle(item, outcome)
        except Exception as error:  # noqa: BLE001 - raised again where it is not the file's
            return await self._problem(item, isolating.of_writing(error))

    async def _settle(self, item: Work, outcome: Outcome) -> list[Work]:
        """Bring one file to its end; returns its members, which are files of their own."""
        if isinstance(outcome, Unchanged):
            self.counts.unchanged += 1
            return await self._notes.unchanged(item, outcome)
        if isinstance(outcome, KbError):
            return await self._problem(item, outcome)
        # Before the container itself: once that is published, no run comes back to it.
        work = await self._notes.members(item, outcome.content.members)
        failpoints.reached("members_recorded")
        await self._put(item, outcome)
        return work

    async def _problem(self, item: Work, error: KbError) -> list[Work]:
        self.counts.note(await self._notes.problem(item, error))
        return []

    async def _put(self, item: Work, ready: Ready) -> None:
        """Into the group that is published next."""
        self._group.add(item, ready)
        self._report.pages += ready.content.facts.pages or 1
        if self._group.is_due:
            await self._publish_group()

    async def _publish_group(self) -> None:
        published, failed = await self._group.publish()
        self.counts.indexed += len(published)
        self.counts.chunks += sum(len(r.content.chunks) for r in published)
        for item, problem in failed:
            await self._problem(item, problem)
        await self._rights.settle([r.document_id for r in published])
