"""The worker's side, put together: scheduler, queue, and a process for each run.

Used by ``kb serve`` and ``kb worker``. What it imports is heavy, so ``kb serve`` loads this file
after it has begun to answer.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ingest.following.jobs import Jobs, Read
from ingest.following.scheduler import Scheduler
from ingest.following.wanted import WantedRuns
from ingest.running.healing import heal
from kb.backup import upgrading
from kb.cli.siblings import FIGURES
from kb.cli.telling import Channel, channel
from kb.clock import local_now
from kb.errors import KbError
from kb.files import scratch
from kb.knowledge_base import KnowledgeBase
from kb.types.evaluations import FAILED
from kb.types.swaps import Swap
from kb.upkeep.swaps import BUSY

STOP_SECONDS = 20.0
"""Seconds that a command's process has to end after SIGTERM, before it is killed."""
SWAP_SECONDS = 2.0
"""Between two looks whether somebody has asked for other embedding models."""
EVALUATION_SECONDS = 2.0
"""Between two looks whether somebody has asked for an evaluation."""
BACKUP_SECONDS = 30.0
"""Between two looks whether a backup is due."""
PROOF_SECONDS = 5.0
"""Between two looks whether an erasing waits for its statement."""
AGAIN_SECONDS = 60.0
"""After which a statement that failed is tried again; twice as long after each further try."""
LATEST_SECONDS = 3600.0
"""The longest of them: each try builds the index anew and rewrites the catalog."""
CURRENT_SECONDS = 15.0
"""Between two looks whether the generations beside the live one lack something."""
DEATHS = 3
"""Processes of a swap that may be killed in a row before it counts as failed."""
log = logging.getLogger("kb.working")


def jobs_of(base: KnowledgeBase, wanted: WantedRuns, read: Read) -> Jobs:
    """One machine's workers take jobs from the catalog, an organisation's from a queue."""
    settings, runs = base.settings, base.settings.ingest.runs
    if settings.catalog_url.startswith("sqlite"):
        from ingest.following.local_jobs import LocalJobs

        return LocalJobs(base.catalog, wanted, read, data=settings.data, side_by_side=runs)
    from ingest.following.queued_jobs import QueuedJobs  # one of them knows PostgreSQL's queue

    return QueuedJobs(base.catalog, wanted, read, url=settings.catalog_url, side_by_side=runs)


class Working:
    """Follows the sources until ``stop`` is set; then the runs at hand finish what is ready."""

    def __init__(self, base: KnowledgeBase, stop: asyncio.Event) -> None:
        self._base = base
        self._stop = stop
        self._running: set[asyncio.subprocess.Process] = set()

    async def until_stopped(self) -> None:
        """Work. Returns within half a minute after the event.

        Raises:
            RetryableError: the queue's database cannot be used.
        """
        wanted = WantedRuns(self._base.catalog, self._base.settings.ingest.sweep_minutes * 60.0)
        jobs = jobs_of(self._base, wanted, self._read)
        scheduler = Scheduler(self._base.catalog, self._base.publisher, wanted, jobs)
        try:
            await jobs.open()
            await self._heal()
            await self._follow(scheduler, jobs)
        finally:
            await jobs.close()

    async def _follow(self, scheduler: Scheduler, jobs: Jobs) -> None:
        works = (
            scheduler.forever, self._end_runs_at_stop, self._clear_scratch, self._swap_models,
            self._keep_beside_current, self._evaluate, self._back_up, self._prove_erased,
        )  # fmt: skip
        try:
            async with self._beside(*works):
                await jobs.work(self._stop)
        finally:
            await scheduler.stop()

    @asynccontextmanager
    async def _beside(self, *works: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
        """Each of them goes on in the meantime, whatever fails in it."""
        keep = self._base.duties.keep
        tasks = [asyncio.create_task(keep(work.__name__.strip("_"), work)) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _clear_scratch(self) -> None:
        """Every hour, what processes that are gone have left."""
        while True:
            await asyncio.sleep(scratch.EVERY_SECONDS)
            try:
                await asyncio.to_thread(self._base.scratch.clear)
                await asyncio.to_thread(scratch.clear_old)
            except (KbError, OSError) as error:  # in an hour it is tried again
                log.warning("the scratch cannot be cleared: %s", error)

    async def _heal(self) -> None:
        """What cannot be put right now is tried again by each run, and at the next start."""
        for put_right in (self._clear_up, self._base.upkeep.heal):
            try:
                await put_right()
            except KbError as error:
                log.warning("not everything could be put right: %s", error.message)
            except Exception:  # sources are read all the same
                log.exception("not everything could be put right")

    async def _clear_up(self) -> None:
        await asyncio.to_thread(heal, self._base.catalog, self._base.blobs, self._base.scratch)

    async def _end_runs_at_stop(self) -> None:
        await self._stop.wait()
        for child in self._running:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()

    async def _swap_models(self) -> None:
        """Go over to other embedding models, where somebody asked for it in the page.

        A process that is killed is begun again, a few times; it goes on where it was.
        """
        deaths: Counter[int] = Counter()
        while not self._stop.is_set():
            swap = await self._base.read(self._base.swaps.wanted)
            if swap is not None and (error := await self._swapped(swap)) is not None:
                deaths[swap.id] += 1
                if error.code != "interrupted" or deaths[swap.id] >= DEATHS:
                    await self._base.write(self._base.swaps.failed, swap.id, error)
            await asyncio.sleep(SWAP_SECONDS)

    async def _swapped(self, swap: Swap) -> KbError | None:
        """What it failed with; None where it did not, or another worker has begun it meanwhile."""
        names = ", ".join(swap.wanted)
        try:
            await self._run("models", "use", "--swap", str(swap.id), "--json", "--", *swap.wanted)
        except KbError as error:
            if not self._stop.is_set() and error.code != BUSY:
                log.warning("the swap to %s: %s (%s)", names, error.message, error.code)
                return error
        return None

    async def _evaluate(self) -> None:
        """Run the evaluations that somebody asked for in the page, one after the other."""
        evaluations = self._base.evaluations
        while not self._stop.is_set():
            wanted = await self._base.write(evaluations.claimed)
            if wanted is not None:
                try:
                    await self._run("eval", "asked", str(wanted.id), "--json")
                except KbError as error:
                    log.warning("the evaluation: %s (%s)", error.message, error.code)
                    told = error.as_json()["error"]
                    await self._base.write(evaluations.ended, wanted.id, FAILED, told)
            await asyncio.sleep(EVALUATION_SECONDS)

    async def _back_up(self) -> None:
        """Make the backups that the settings ask for; clear away what an upgrade has left."""
        while not self._stop.is_set():
            if await self._base.read(self._base.backups.is_due, local_now()):
                try:
                    await self._run("backup", "--json")
                except KbError as error:  # it is noted, and tried again
                    log.warning("the backup: %s (%s)", error.message, error.code)
            data = self._base.settings.data
            await asyncio.to_thread(upgrading.forget, data, older_than_days=upgrading.KEPT_DAYS)
            await asyncio.sleep(BACKUP_SECONDS)

    async def _prove_erased(self) -> None:
        """Go on with erasings that wait for a statement, asked for in the page or broken off."""
        wait = PROOF_SECONDS
        while not self._stop.is_set():
            if await self._base.read(self._base.purges.waiting):
                try:
                    await self._run("purge", "resume", "--json")
                    wait = PROOF_SECONDS
                except KbError as error:  # it is noted with the erasing
                    log.warning("the statement of an erasing: %s (%s)", error.message, error.code)
                    wait = min(max(2 * wait, AGAIN_SECONDS), LATEST_SECONDS)
            else:
                wait = PROOF_SECONDS
            await asyncio.sleep(wait)

    async def _keep_beside_current(self) -> None:
        """Bring what is new into the generations beside the live one.

        Embedding it may take minutes: sources, readers and people's requests do not wait for it.
        """
        while True:
            await asyncio.sleep(CURRENT_SECONDS)
            await self._base.publisher.beside.keep_current()

    async def _read(self, source: str) -> None:
        """Read a source in a process of its own: what it loads is gone when it ends."""
        try:
            await self._run("ingest", "--json", "--", source)
        except KbError as error:
            log.warning("reading %s failed: %s (%s)", source, error.message, error.code)
            raise

    async def _run(self, *arguments: str) -> None:
        """Run a command in a process of its own.

        Raises:
            KbError: what it failed with.
        """
        with channel() as told:
            child = await self._started(told, arguments)
            await self._until_ended(child)
            if child.returncode:
                raise told.error(child.returncode)

    async def _started(self, told: Channel, arguments: Sequence[str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "kb", *arguments,
            env=_environment() | {"KB_DATA_DIR": self._base.settings.data_dir} | told.environment,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(told.writing,),
        )  # fmt: skip

    async def _until_ended(self, child: asyncio.subprocess.Process) -> None:
        self._running.add(child)
        if self._stop.is_set():
            child.terminate()
        try:
            await child.wait()
        except asyncio.CancelledError:
            await _end(child)
            raise
        finally:
            self._running.discard(child)


def _environment() -> dict[str, str]:
    """This process's; what the run counts is not added to what web processes count."""
    return {name: value for name, value in os.environ.items() if name != FIGURES}


async def _end(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
