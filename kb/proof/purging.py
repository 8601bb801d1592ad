"""Erasing with a statement: the verbs, from the plan to the signature.

One at a time, under a lease. What is to be erased is written down in the transaction that takes it
away, so that an erasing which was broken off is gone on with: each step can be done again.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from kb import failpoints, signing
from kb.audit.log import Audit, noted
from kb.catalog import backups, generations, leases, purges
from kb.catalog.database import Catalog, now
from kb.catalog.rewriting import Rewritten
from kb.errors import ConflictError, KbError, NotFoundError, RetryableError
from kb.files.blobs import Blobs
from kb.files.scratch import Scratch
from kb.index.remote import RemoteIndex
from kb.proof import redacting, stating
from kb.proof.looker import STATED, Looker, check_nothing
from kb.proof.planning import Planner
from kb.proof.remaining import remaining
from kb.rights import access
from kb.settings import Settings
from kb.types.people import Principal
from kb.types.purges import Erased, ListedPurge, PlaceLook, Purge
from kb.upkeep.beside import REINDEX, give_up
from kb.upkeep.erasing import Rest
from kb.upkeep.publishing import Publisher
from kb.upkeep.verbs import Upkeep

Rebuild = Callable[[], Awaitable[object]]
"""Builds the index anew from the catalog, and drops the old one."""


class Purges:
    """Erasings with a statement, of one data directory."""

    def __init__(
        self,
        catalog: Catalog,
        index: RemoteIndex,
        blobs: Blobs,
        publisher: Publisher,
        upkeep: Upkeep,
        scratch: Scratch,
        audit: Audit,
        settings: Settings,
    ) -> None:
        self._catalog = catalog
        self._publisher = publisher
        self._upkeep = upkeep
        self._audit = audit
        self._settings = settings
        self._owner = leases.new_owner()
        self.looker = Looker(catalog, index, blobs, scratch, settings.data)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """The one who erases with a statement now; looks first whether that can be done.

        Raises:
            ConflictError: somebody else is, or the index is being built.
            ConfigurationError: the models that the index needs are not here.
            UsageError: the signing key cannot be used.
        """
        await self._catalog.write(self._take_lease)
        beating = asyncio.create_task(self._beat())
        try:
            await asyncio.to_thread(stating.key_of, self._settings.data)
            if await self._catalog.read(self._live) is not None:
                await self._publisher.generation()
            yield
        finally:
            beating.cancel()
            await self._catalog.write(self._release_lease)

    def planner(self, by: Principal) -> Planner:
        """What is told of documents that are about to be erased with a statement.

        Raises:
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        return Planner(by)

    async def finish(self, number: int, rebuild: Rebuild) -> Purge:
        """All that is left of an erasing, up to its statement; done once, that is given.

        Raises:
            RetryableError: something is there still (``erasure_incomplete``), or cannot be used.
            KbError: what a step fails with; the erasing is gone on with by the next call.
        """
        purge = await self._catalog.read(self.one, number)
        if purge.statement is not None:
            return purge
        try:
            await self._finish(purge, rebuild)
        except KbError as error:
            told = error.as_json()["error"]
            with suppress(KbError):
                await self._catalog.write(self._failed, number, told)
            raise
        return await self._catalog.read(self.one, number)

    async def _finish(self, purge: Purge, rebuild: Rebuild) -> None:
        await self._upkeep.erase_rest(_rest(purge.erased))
        entries = await self._catalog.write(self._redact, purge)
        failpoints.reached("purge_redacted")
        await self._build_anew(rebuild)
        failpoints.reached("purge_rebuilt")
        entries += await self._catalog.write(self._redact, purge)
        rewritten = await asyncio.to_thread(self._catalog.rewrite)
        failpoints.reached("purge_rewritten")
        looks = await self.looker.after(purge, rewritten)
        check_nothing(looks)
        await self._catalog.write(self._state, purge, rewritten, sorted({*entries}), looks)
        failpoints.reached("purge_stated")

    async def finish_all(self, rebuild: Rebuild) -> list[Purge]:
        """All that is left of every one that was begun; none holds up another.

        Raises:
            KbError: what the first one failed with that is not done, when the others are.
        """
        done, failed = [], None
        for one in await self._catalog.read(self.unfinished):
            try:
                done.append(await self.finish(one.id, rebuild))
            except KbError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return done

    def _redact(self, purge: Purge) -> list[int]:
        """With the looks in it that processes which are gone have left on disk."""
        self._audit.start()
        return redacting.redact(self._catalog, purge, self._settings.data / "audit")

    async def _build_anew(self, rebuild: Rebuild) -> None:
        """The index without a trace: every generation beside the live one goes, then that one."""
        if await self._catalog.read(self._live) is None:
            return
        await self._catalog.write(self._drop_beside)
        await self._publisher.beside.tidy()
        await rebuild()
        await self._publisher.beside.tidy()

    def one(self, number: int) -> Purge:
        """An erasing.

        Raises:
            NotFoundError: there is none.
        """
        with self._catalog.reading() as connection:
            found = purges.one(connection, number)
        if found is None:
            raise NotFoundError("There is no such erasing.", detail={"purge": number})
        return found

    def stated(self, by: Principal, number: int) -> Purge:
        """An erasing with its statement.

        Raises:
            ForbiddenError: the principal does not administrate.
            NotFoundError: there is none, or it has none yet.
        """
        access.must_manage(by)
        found = self.one(number)
        if found.statement is None:
            raise NotFoundError("There is no such erasing.", detail={"purge": number})
        return found

    def of_paths(self, path_hashes: Collection[str], source: str | None = None) -> Purge | None:
        """The last erasing of exactly these documents, of this source if one is given."""
        with self._catalog.reading() as connection:
            return purges.of_paths(connection, path_hashes, source)

    def unfinished(self) -> list[Purge]:
        """Those that have no statement yet, the oldest first."""
        with self._catalog.reading() as connection:
            return purges.unfinished(connection)

    def waiting(self) -> int:
        """How many of them there are that nobody is at."""
        with self._catalog.reading() as connection:
            is_held = leases.is_held(connection, purges.LEASE)
            return 0 if is_held else purges.unstated(connection).count

    def listed(self, by: Principal, limit: int = 50) -> list[ListedPurge]:
        """The last ones, the newest first.

        Raises:
            ForbiddenError: the principal does not administrate.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            return purges.listed(connection, limit)

    def key(self) -> signing.PublicKey | None:
        """The installation's public key; None: it has signed nothing yet."""
        return stating.public_key(self._settings.data)

    def _take_lease(self) -> None:
        with self._catalog.writing() as connection:
            if leases.is_held(connection, REINDEX):
                raise ConflictError("The index is being rebuilt already.", code="reindex_busy")
            if not leases.take(connection, purges.LEASE, self._owner):
                raise ConflictError(
                    "Somebody else erases with a statement right now. Try again when that is done.",
                    code="purge_busy",
                )

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(leases.SECONDS / 4)
            with suppress(RetryableError):  # a rewritten catalog is held for a while
                await self._catalog.write(self._hold)

    def _hold(self) -> None:
        with self._catalog.writing() as connection:
            leases.extend(connection, purges.LEASE, self._owner, leases.SECONDS)

    def _release_lease(self) -> None:
        with self._catalog.writing() as connection:
            leases.release(connection, purges.LEASE, self._owner)

    def _live(self) -> object | None:
        with self._catalog.reading() as connection:
            return generations.live(connection)

    def _drop_beside(self) -> None:
        states = generations.READY, generations.KEPT, generations.BUILDING
        with self._catalog.writing() as connection:
            give_up(connection, [one.id for one in generations.beside(connection, *states)])

    def _failed(self, number: int, error: dict[str, object]) -> None:
        with self._catalog.writing() as connection:
            purges.failed(connection, number, error)

    def _state(
        self, purge: Purge, rewritten: Rewritten, entries: Sequence[int], looks: Sequence[PlaceLook]
    ) -> None:
        """Sign the statement, keep it, and note its hash: all of it in one transaction."""
        key, kind = stating.key_of(self._settings.data), self._settings.index.backend
        with self._catalog.writing() as connection:
            leases.hold_or_raise(connection, purges.LEASE, self._owner)
            where = stating.installation_of(
                backups.identity(connection), rewritten.database, kind, key.public
            )
            remains = remaining(connection, self._settings, purge.erased, rewritten)
            stated = stating.statement(purge, where, now(), entries, looks, remains)
            text = stating.written(stated)
            signed = stating.signature(text, key, f"erasure statement {purge.id}")
            purges.state(connection, purge.id, text, signed)
            noted(
                connection, access.owner(), STATED, str(purge.id), sha256=sha256(text),
                documents=len(purge.erased.documents), key=key.public.name,
            )  # fmt: skip


def sha256(text: str) -> str:
    """What the audit log has of a statement."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(file: Path) -> str:
    """The same of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _rest(erased: Erased) -> Rest:
    values = [tuple(name.split(".", 1)) for name in erased.stored_values]
    return Rest(
        erased.numbers, [one.key for one in erased.vectors], [(key, kind) for key, kind in values]
    )
