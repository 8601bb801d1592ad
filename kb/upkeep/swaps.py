"""Swaps as people see them: asked for, paused, given up, switched to all the same, taken back."""

from collections.abc import Sequence
from functools import partial

from kb.audit.log import noted
from kb.backup.upgrading import has_catalog, opened
from kb.catalog import generations, leases, swaps
from kb.catalog.database import Catalog, Connection
from kb.embedding.client import Embeddings
from kb.errors import ConflictError, KbError, NotFoundError, UsageError
from kb.index.generation import built_with, generation_fingerprint
from kb.index.remote import RemoteIndex
from kb.rights import access
from kb.settings import Settings
from kb.types.people import Principal
from kb.types.swaps import (
    ASKED,
    AT_WORK,
    FAILED,
    GIVEN_UP,
    PAUSED,
    PAUSING,
    REFUSED,
    SWITCHED,
    Followed,
    Swap,
)
from kb.upkeep.beside import Beside
from kb.upkeep.switching import Switched, Switcher, check_left_open

SHOWN = 20
"""Swaps that are shown, the last ones."""
MOST = 200
"""Swaps that are looked through for those to a model."""
LEASE = "swap"
"""The lease of the process that is at a swap."""
BUSY = "swap_busy"
"""The code of what cannot be done while a process is at a swap."""


class Swaps:
    """The swaps of a data directory. Only administrators look at them or change one."""

    def __init__(
        self, catalog: Catalog, index: RemoteIndex, embeddings: Embeddings, beside: Beside
    ) -> None:
        self._catalog = catalog
        self._embeddings = embeddings
        self._switcher = Switcher(catalog, index, beside)

    def newest(self, by: Principal) -> list[Swap]:
        """The last swaps, the newest first.

        Raises:
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            return swaps.newest(connection, SHOWN)

    def open_one(self) -> Swap | None:
        """The swap that may go on; None: there is none."""
        with self._catalog.reading() as connection:
            return swaps.open_one(connection)

    def one(self, by: Principal, number: int) -> Swap:
        """A swap by its number.

        Raises:
            NotFoundError: there is none.
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            return _one(connection, number)

    def used(self, by: Principal) -> tuple[str, ...]:
        """The models of the live index; without one those that a first one would be built with.

        Raises as :meth:`newest`.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            live = generations.live(connection)
        return self._embeddings.names if live is None else built_with(live.description)

    def kept(self, by: Principal) -> Followed | None:
        """The generation that a rollback goes back to; None: none is kept.

        Raises as :meth:`newest`.
        """
        access.must_manage(by)
        with self._catalog.reading() as connection:
            return next(iter(generations.beside(connection, generations.KEPT)), None)

    def goes_on(self, by: Principal, swap: Swap) -> bool:
        """Whether a process is at it, or a worker will be; raises as :meth:`newest`."""
        access.must_manage(by)
        with self._catalog.reading() as connection:
            return swap.state == ASKED or _is_at_work(connection, swap)

    def blocked(self) -> ConflictError | None:
        """Why no other models can be asked for; None: they can."""
        try:
            check_left_open(self._embeddings.given.embedding)
        except ConflictError as error:
            return error
        return None

    def ask(
        self, by: Principal, wanted: Sequence[str], *, force: bool, by_worker: bool = False
    ) -> Swap:
        """Ask for other models. A swap to the same ones that is open goes on; another is given up.

        Raises:
            ConfigurationError: a model is not here.
            UsageError: they are used already, or there is no index yet.
            ConflictError: the settings say which models embed, or a swap to others is being worked
                at just now.
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        check_left_open(self._embeddings.given.embedding)
        fingerprint = generation_fingerprint(self._embeddings.using(wanted).models)
        with self._catalog.writing() as connection:
            live = generations.live(connection)
            if live is None:
                raise UsageError(
                    "There is no index yet. Name the models in embedding.models before kb ingest.",
                    code="no_index",
                )
            if live.fingerprint == fingerprint:
                raise UsageError(
                    "{wanted}: these models are in use already.",
                    code="models_in_use",
                    detail={"wanted": list(wanted)},
                )
            before = swaps.open_one(connection)
            if before is not None and before.wanted == tuple(wanted):
                _go_on(connection, before, force=force, by_worker=by_worker)
                return _asked(connection, by, before.id)
            _check_idle(connection, before)
            used = built_with(live.description)
            number = swaps.add(
                connection, tuple(wanted), used, by.name, force=force, by_worker=by_worker
            )
            if before is not None and before.generation is not None:
                _drop(connection, before.generation)
            return _asked(connection, by, number)

    def wanted(self) -> Swap | None:
        """The swap that a worker is to do now: nobody is at it."""
        with self._catalog.reading() as connection:
            one = swaps.open_one(connection)
            if one is None or not one.by_worker or one.state not in (ASKED, *AT_WORK):
                return None
            return None if leases.is_held(connection, LEASE) else one

    def failed(self, number: int, error: KbError) -> None:
        """Note that a worker cannot do it; what a process has noted itself stays."""
        with self._catalog.writing() as connection:
            one = _one(connection, number)
            if one.state in (ASKED, *AT_WORK):
                told = error.as_json()["error"]
                swaps.change(connection, number, state=FAILED, error=told)

    def pause(self, by: Principal, number: int) -> None:
        """Have the process stop that is at it; it goes on when somebody says so.

        Raises:
            NotFoundError: there is none.
            ConflictError: nobody is at it.
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        with self._catalog.writing() as connection:
            one = _one(connection, number)
            if one.state not in (*AT_WORK, ASKED):
                raise ConflictError("Nobody is at work on that swap.", code="swap_idle")
            state = PAUSING if _is_at_work(connection, one) else PAUSED
            swaps.change(connection, number, state=state)
            noted(connection, by, "model.use.pause", ", ".join(one.wanted), swap=number)

    def give_up(self, by: Principal, number: int) -> None:
        """End a swap; what was built for it is dropped, vectors stay.

        Raises:
            NotFoundError: there is none.
            ConflictError: it has ended, or a process is at it: pause it first.
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        with self._catalog.writing() as connection:
            one = _one(connection, number)
            if not one.is_open:
                raise ConflictError("That swap has ended.", code="swap_ended")
            _check_idle(connection, one)
            swaps.end(connection, number, GIVEN_UP)
            if one.generation is not None:
                _drop(connection, one.generation)
            noted(connection, by, "model.use.give_up", ", ".join(one.wanted), swap=number)

    async def switch(self, by: Principal, swap: Swap, lost: Sequence[str]) -> Switched:
        """Go live with what was built for a swap; ``lost`` is what is worse by it, for the log.

        Raises as :meth:`newest`.
        """
        access.must_manage(by)
        assert swap.generation is not None
        note = partial(_switched, by, swap, tuple(lost))
        return await self._switcher.switch(swap.generation, note)

    async def rollback(self, by: Principal) -> Switched:
        """Go back to the generation that was live before.

        Raises:
            NotFoundError: none is kept.
            ConflictError: the settings say which models embed.
            ConfigurationError: a model is not here.
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        check_left_open(self._embeddings.given.embedding)
        kept = await self._catalog.read(self.kept, by)
        if kept is None:
            raise NotFoundError(
                "No index of other models is kept (models.keep_days). kb models use builds one.",
                code="nothing_kept",
            )
        return await self._switcher.switch(kept.id, partial(_rolled_back, by))


def swaps_to(settings: Settings, name: str) -> list[Swap]:
    """The swaps to a model, the newest first; the configured model may be missing or broken."""
    if not has_catalog(settings):
        return []
    with opened(settings) as catalog, catalog.reading() as connection:
        return [one for one in swaps.newest(connection, MOST) if name in one.wanted]


def _one(connection: Connection, number: int) -> Swap:
    found = swaps.get(connection, number)
    if found is None:
        raise NotFoundError("There is no such swap of models.", detail={"swap": number})
    return found


def _is_at_work(connection: Connection, swap: Swap) -> bool:
    """Whether a process is at it: one that was killed has left its state behind."""
    return swap.state in AT_WORK and leases.is_held(connection, LEASE)


def _check_idle(connection: Connection, swap: Swap | None) -> None:
    if swap is not None and _is_at_work(connection, swap):
        raise ConflictError(
            "The index is going over to {wanted} just now. Pause that first.",
            code=BUSY,
            detail={"swap": swap.id, "wanted": list(swap.wanted)},
        )


def _asked(connection: Connection, by: Principal, number: int) -> Swap:
    """The swap that was asked for, noted in the audit log."""
    swap = _one(connection, number)
    told = {"swap": swap.id, "used": list(swap.used), "force": swap.force}
    noted(connection, by, "model.use", ", ".join(swap.wanted), **told)
    return swap


def _go_on(connection: Connection, before: Swap, *, force: bool, by_worker: bool) -> None:
    """One that was refused is compared anew, unless what is lost is known and accepted."""
    if _is_at_work(connection, before):
        return
    known = before.gate if force or before.state != REFUSED else None
    values = {"state": ASKED, "error": None, "gate": known, "ended_at": None}
    swaps.change(connection, before.id, force=force, by_worker=by_worker, **values)


def _drop(connection: Connection, number: int) -> None:
    """A generation that was built for a swap; one that was live before stays."""
    mine = generations.beside(connection, generations.BUILDING, generations.READY)
    generations.drop(connection, [one.id for one in mine if one.id == number])


def _switched(
    by: Principal, swap: Swap, lost: tuple[str, ...], connection: Connection, one: Followed
) -> None:
    swaps.end(connection, swap.id, SWITCHED, error=None)
    generation = f"g{one.id}"
    action = "model.use.force" if lost else "model.use.switch"
    noted(
        connection, by, action, ", ".join(swap.wanted),
        swap=swap.id, used=list(swap.used), generation=generation, lost=list(lost),
    )  # fmt: skip


def _rolled_back(by: Principal, connection: Connection, one: Followed) -> None:
    names = built_with(one.description)
    noted(connection, by, "model.rollback", ", ".join(names), generation=f"g{one.id}")
