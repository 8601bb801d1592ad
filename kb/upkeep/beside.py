"""The generations beside the live one: the next, once it is built, and the one before.

What leaves the index, and whose readers are others, is written into each of them at once. What is
new comes a little later (:meth:`Beside.keep_current`), embedded by their models; the switch brings
the rest. So one that goes live has all that is published, and nothing that is erased or closed.
Whoever adds to one looks afterwards whether the catalog still says what was written.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from kb.catalog import generations, leases, rights, swaps
from kb.catalog.database import Catalog, Connection, current_seq, now
from kb.embedding.client import Embeddings
from kb.errors import ConfigurationError, ConflictError, DamagedError, EngineError, KbError
from kb.index.generation import built_with, generation_fingerprint, name_of
from kb.index.remote import RemoteIndex
from kb.types.points import points_in, version_of
from kb.types.swaps import Followed
from kb.upkeep.loading import Vectors, points_of_versions

LEASE = "beside"
REINDEX = "reindex"
"""The lease of whoever builds a generation (:mod:`kb.upkeep.rebuilding`)."""
AT_ONCE = 20
"""Versions that are loaded together."""
DAY = 86400.0
"""Seconds of a day."""
UNUSED_DAYS = 7.0
"""Days after which a generation goes that was not built to its end, or not switched to."""
FOLLOWED = (generations.READY, generations.KEPT)
log = logging.getLogger("kb.beside")


class Beside:
    """Keeps the generations beside the live one current, for ``keep_days``."""

    def __init__(
        self, catalog: Catalog, index: RemoteIndex, embeddings: Embeddings, keep_days: float
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._embeddings = embeddings
        self._keep_days = keep_days
        self._owner = leases.new_owner()

    def _all(self) -> list[Followed]:
        with self._catalog.reading() as connection:
            return all_of(connection)

    async def write(self, work: Callable[[str], Awaitable[None]]) -> list[str]:
        """Do to each what was done to the live one; returns their names in the index.

        Half-built ones that nobody is building now are among them. One that is damaged, or not
        there, is given up: it cannot go live any more.
        """
        found = await self._catalog.read(self._all)
        for one in found:
            try:
                await work(name_of(one.id))
            except (DamagedError, EngineError) as error:
                if not _is_lost(error):
                    raise
                log.warning("the generation g%s is given up: %s", one.id, error.message)
                await self._catalog.write(self._give_up, [one.id])
        if any(one.state == generations.BUILDING for one in found):
            await self._let_go()
        return [name_of(one.id) for one in found]

    async def _let_go(self) -> None:
        """Close half-built generations in the index process, so that a builder may open them."""
        live = await self._catalog.read(self._live_name)
        if live is not None:
            await self._index.keep_open(live)

    def _live_name(self) -> str | None:
        with self._catalog.reading() as connection:
            live = generations.live(connection)
        return None if live is None else name_of(live.id)

    def _give_up(self, numbers: list[int]) -> None:
        with self._catalog.writing() as connection:
            give_up(connection, numbers)

    async def keep_current(self) -> int:
        """Bring what is new into each; returns how many versions. One process at a time does.

        A model that is not here, or an engine that fails, is told on the log: the live generation
        does not need them.
        """
        if not await self._catalog.read(self._is_behind):
            return 0
        if not await self._catalog.write(self._take_lease):
            return 0
        beating = asyncio.create_task(self._beat())
        try:
            return await self._bring_all()
        finally:
            beating.cancel()
            await self._catalog.write(self._release_lease)

    async def _bring_all(self) -> int:
        total = 0
        for one in await self._catalog.read(self._followed):
            try:
                total += await self.bring(one, self.models_of(one))
            except KbError as error:
                log.warning("the generation g%s stays behind: %s", one.id, error.message)
                if _is_lost(error):
                    await self._catalog.write(self._give_up, [one.id])
        return total

    def _followed(self) -> list[Followed]:
        with self._catalog.reading() as connection:
            return generations.beside(connection, *FOLLOWED)

    def _is_behind(self) -> bool:
        with self._catalog.reading() as connection:
            followed = generations.beside(connection, *FOLLOWED)
            return any(generations.born_since(connection, f.current_to) for f in followed)

    def _take_lease(self) -> int:
        with self._catalog.writing() as connection:
            return leases.take(connection, LEASE, self._owner)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(leases.SECONDS / 4)
            await self._catalog.write(self._take_lease)

    def _release_lease(self) -> None:
        with self._catalog.writing() as connection:
            leases.release(connection, LEASE, self._owner)

    def models_of(self, one: Followed) -> Embeddings:
        """The models that a generation was built with.

        Raises:
            ConfigurationError: one is not here, or is another by now.
        """
        names = built_with(one.description)
        embeddings = self._embeddings.using(names)
        if generation_fingerprint(embeddings.models) != one.fingerprint:
            raise ConfigurationError(
                f"The index {name_of(one.id)} was built with other weights or prompts than "
                f"{', '.join(names)} has now. Bring those back, or build anew with kb models use.",
                code="model_changed",
                detail={"models": list(names)},
            )
        return embeddings

    async def bring(self, one: Followed, embeddings: Embeddings) -> int:
        """Load what was published since; returns how many versions."""
        seq, missing = await self._catalog.read(self._missing, one.id)
        for start in range(0, len(missing), AT_ONCE):
            await self.load(one, embeddings, missing[start : start + AT_ONCE])
        if missing:
            await self._index.flush(name_of(one.id))
        await self._catalog.write(self._note_current, one.id, seq)
        return len(missing)

    def _missing(self, number: int) -> tuple[int, list[int]]:
        with self._catalog.reading() as connection:
            return current_seq(connection), missing_in(connection, number)

    def _note_current(self, number: int, seq: int) -> None:
        with self._catalog.writing() as connection:
            generations.note_current(connection, number, seq)

    async def load(
        self,
        one: Followed,
        embeddings: Embeddings,
        numbers: list[int],
        *,
        keep: bool = True,
    ) -> Vectors:
        """Load versions; the vectors that were computed for them and are not kept yet.

        ``keep`` is as in :func:`kb.upkeep.loading.points_of_versions`.
        """
        made = await points_of_versions(self._catalog, embeddings, numbers, keep=keep)
        points = made.points
        await self._index.upsert(name_of(one.id), points)
        written = {version_of(p.id): sorted(p.readers) for p in points}
        sizes = Counter(version_of(p.id) for p in points)
        await self._look_again(name_of(one.id), written, sizes)
        return made.unkept

    async def _look_again(
        self, name: str, readers: Mapping[int, list[str]], sizes: Counter[int]
    ) -> None:
        """Until what stands in the index is what the catalog says of these versions."""
        written = dict(readers)
        while written:
            said = await self._catalog.read(self._said, list(written))
            wrong = {v: tokens for v, tokens in said.items() if tokens != written[v]}
            gone = written.keys() - said.keys()
            if not wrong and not gone:
                return
            for version in gone:
                await self._index.delete(name, points_in(version, sizes[version]))
                del written[version]
            for version, tokens in wrong.items():
                await self._index.set_readers(name, points_in(version, sizes[version]), tokens)
                written[version] = tokens

    def _said(self, numbers: list[int]) -> dict[int, list[str]]:
        """The readers of versions whose points may stand in an index."""
        with self._catalog.reading() as connection:
            documents = generations.standing(connection, numbers)
            tokens = rights.tokens_of(connection, sorted(set(documents.values())))
        return {v: sorted(tokens[d]) for v, d in documents.items() if tokens.get(d)}

    async def tidy(self) -> None:
        """Drop what was kept long enough, delete the points of what is dropped."""
        for number in await self._catalog.read(self._to_drop):
            await self._catalog.write(self._give_up, [number])
        for number in await self._catalog.read(self._to_delete):
            await self._index.drop(name_of(number))
            await self._catalog.write(self._deleted, number)

    def _to_drop(self) -> list[int]:
        """What was live stays for as long as the settings say, what never was for a week."""
        with self._catalog.reading() as connection:
            found = all_of(connection)
        days = {generations.KEPT: self._keep_days}
        return [
            one.id for one in found if one.left_at < now() - days.get(one.state, UNUSED_DAYS) * DAY
        ]

    def _to_delete(self) -> list[int]:
        with self._catalog.reading() as connection:
            if leases.is_held(connection, REINDEX):
                return []  # it may be the builder's own that was given up meanwhile
            return generations.to_delete(connection)

    def _deleted(self, number: int) -> None:
        with self._catalog.writing() as connection:
            generations.deleted(connection, number)


def all_of(connection: Connection) -> list[Followed]:
    """Every generation that is told what leaves the index: a builder sees to its own itself."""
    is_built = leases.is_held(connection, REINDEX)
    left = () if is_built else (generations.BUILDING,)
    return generations.beside(connection, *FOLLOWED, *left)


def one_of(connection: Connection, number: int) -> Followed:
    """A generation that may go live.

    Raises:
        ConflictError: it is none, or not any more.
    """
    found = [one for one in generations.beside(connection, *FOLLOWED) if one.id == number]
    if not found:
        raise ConflictError(
            "That index is not kept any more. kb models use builds it anew.",
            code="generation_gone",
            detail={"generation": name_of(number)},
        )
    return found[0]


def missing_in(connection: Connection, number: int) -> list[int]:
    """The versions that a generation beside the live one lacks."""
    return generations.born_since(connection, one_of(connection, number).current_to)


def give_up(connection: Connection, numbers: list[int]) -> None:
    """Drop generations; a swap that was to lead to one of them ends."""
    generations.drop(connection, numbers)
    for number in numbers:
        swaps.give_up(connection, number)


def _is_lost(error: KbError) -> bool:
    return isinstance(error, DamagedError) or error.code == "generation_missing"
