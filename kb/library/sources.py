"""Sources as people see them: how each stands, and what those who look after one may do."""

from collections.abc import Sequence

from kb.audit.log import noted
from kb.catalog import filtering, ledger, people, runs, sources
from kb.catalog.database import Catalog, Connection
from kb.catalog.outbox import queue_rights
from kb.errors import NotFoundError
from kb.library.removing import remove_source
from kb.rights import access, rules, stamping
from kb.text.queries import Wanted
from kb.types.library import (
    ASKED,
    Card,
    FirstReading,
    Following,
    LedgerFilter,
    RunProgress,
    Source,
    SourcePage,
    SourceStanding,
)
from kb.types.people import Principal
from kb.upkeep.publishing import Publisher

LATEST = 10
"""Documents of a source that its page shows as changed last."""


class Sources:
    """The sources of one data directory. What changes one is noted, with who did it."""

    def __init__(self, catalog: Catalog, publisher: Publisher) -> None:
        self._catalog = catalog
        self._publisher = publisher

    def all(self) -> list[Source]:
        """Every source: for commands on this machine. People get :meth:`cards`."""
        with self._catalog.reading() as connection:
            return sources.all_of(connection)

    def named(self, name: str) -> Source:
        """One source: for commands on this machine. People get :meth:`page`.

        Raises:
            NotFoundError: there is none of that name.
        """
        with self._catalog.reading() as connection:
            return sources.by_name(connection, name)

    def looked_after(self, principal: Principal, name: str) -> Source:
        """A source that the principal looks after.

        Raises:
            NotFoundError: there is none of that name.
            ForbiddenError: it is not theirs to look after.
        """
        source = self.named(name)
        access.must_answer_for(principal, source)
        return source

    def standing(self, name: str) -> SourceStanding:
        """How one source stands; raises as :meth:`named`."""
        with self._catalog.reading() as connection:
            source = sources.by_name(connection, name)
            return _standing(connection, source, runs.running(connection))

    def cards(self, principal: Principal) -> list[Card]:
        """The sources that the principal looks after, and those with a file that they may see."""
        with self._catalog.reading() as connection:
            going_on = runs.running(connection)
            seen = set(ledger.sources_of(connection, principal))
            curators = people.curators_of(connection)
            cards = []
            for source in sources.all_of(connection):
                mine = principal.answers_for(source.id)
                if mine or source.name in seen:
                    standing = _standing(connection, source, going_on) if mine else None
                    named = curators.get(source.id, [])
                    cards.append(Card(source.name, source.about, named, standing))
            return cards

    def first_reading(self, principal: Principal) -> FirstReading | None:
        """What is being read for the first time and is theirs to read; None where nothing is."""
        with self._catalog.reading() as connection:
            going_on = runs.running(connection)
            if not going_on:
                return None
            every = sources.all_of(connection, counted=False)
            new = [s for s in every if s.id in going_on and s.finished_at is None]
            known = [s.id for s in new if _may_know_figures(principal, s)]
            closed = {s.name for s in new if s.id not in known}
            others = bool(closed and closed.intersection(ledger.sources_of(connection, principal)))
        if not known and not others:
            return None
        return FirstReading(tuple(going_on[number] for number in known), others)

    def page(self, principal: Principal, name: str) -> SourcePage:
        """A source for the people who search in it.

        Raises:
            NotFoundError: there is none, for them.
        """
        with self._catalog.reading() as connection:
            source = sources.by_name(connection, name)
            mine = principal.answers_for(source.id)
            if not mine and name not in ledger.sources_of(connection, principal):
                raise NotFoundError("There is no source called {source}.", detail={"source": name})
            wanted = LedgerFilter(source=name)
            return SourcePage(
                source=source,
                kind=rules.kind(source.rule),
                readers=access.in_words(connection, source.readers),
                curators=people.curators_of(connection).get(source.id, []),
                count=filtering.count(connection, principal, Wanted(sources=(name,))),
                latest=ledger.rows(connection, principal, wanted, limit=LATEST, order="changed"),
                mine=mine,
            )

    def keep(self, name: str, root: str) -> Source:
        """The source of that name; where there is none, a new one that everyone may read."""
        with self._catalog.writing() as connection:
            try:
                return sources.by_name(connection, name)
            except NotFoundError:
                everyone = access.readers(connection, [access.EVERYONE])
                return sources.add(connection, name, root, everyone, Following())

    def ask_for_run(self, principal: Principal, name: str) -> None:
        """Have a source read as soon as a worker is free.

        Raises:
            NotFoundError: there is none of that name.
            ForbiddenError: it is not theirs to look after.
        """
        with self._catalog.writing() as connection:
            source = sources.by_name(connection, name)
            access.must_answer_for(principal, source)
            noted(connection, principal, "source.run", name)
            sources.request_run(connection, source.id, ASKED)

    def pause(self, principal: Principal, name: str, *, paused: bool) -> None:
        """Stop following a source until further notice, or go on; raises as :meth:`ask_for_run`."""
        with self._catalog.writing() as connection:
            source = sources.by_name(connection, name)
            access.must_answer_for(principal, source)
            pause(connection, principal, source, paused=paused)

    def stop(self, principal: Principal, name: str) -> None:
        """Stop a run that goes on, or waits for a worker; raises as :meth:`ask_for_run`.

        It ends within a quarter of a minute, and what it has read stays.
        """
        with self._catalog.writing() as connection:
            source = sources.by_name(connection, name)
            access.must_answer_for(principal, source)
            noted(connection, principal, "source.stop", name)
            runs.ask_to_stop(connection, source.id)

    def stopping(self, principal: Principal) -> set[int]:
        """The sources (ids) that they look after whose run was asked to stop, and still goes on."""
        with self._catalog.reading() as connection:
            return {one for one in runs.to_stop(connection) if principal.answers_for(one)}

    def set_curators(self, principal: Principal, name: str, named: Sequence[str]) -> None:
        """Say who answers for a source, and nobody else.

        Raises:
            NotFoundError: there is no such source or person.
            ForbiddenError: they do not administrate.
        """
        access.must_manage(principal)
        with self._catalog.writing() as connection:
            source = sources.by_name(connection, name)
            people.set_curators(connection, source.id, named)
            noted(connection, principal, "source.curators", name, curators=list(named))

    async def set_readers(self, principal: Principal, name: str, named: Sequence[str]) -> None:
        """Say who may read a source, and nobody else; it counts at once.

        Raises:
            UsageError: nobody is named.
            NotFoundError: there is no such source, group or person.
            ForbiddenError: they do not administrate.
        """
        access.must_manage(principal)
        await self._catalog.write(self._set_readers, principal, name, named)
        await self._publisher.flush_rights()

    def _set_readers(self, principal: Principal, name: str, named: Sequence[str]) -> None:
        with self._catalog.writing() as connection:
            source = sources.held(connection, name)
            tokens = access.readers(connection, named)
            queue_rights(connection, stamping.set_readers(connection, source, tokens))
            noted(connection, principal, "source.readers", name, readers=list(named))

    async def remove(self, principal: Principal, source: Source) -> int:
        """Forget a source with its documents: see :func:`kb.library.removing.remove_source`.

        Raises:
            ForbiddenError: they do not administrate.
        """
        access.must_manage(principal)
        return await remove_source(self._catalog, self._publisher, source, principal)


def _may_know_figures(principal: Principal, source: Source) -> bool:
    """Whether all of a source's files are theirs to know of, so how many there are is too."""
    if principal.answers_for(source.id):
        return True
    return source.rule is None and not principal.tokens.isdisjoint(source.readers)


def pause(connection: Connection, principal: Principal, source: Source, *, paused: bool) -> None:
    """Pause a source or go on, and note it."""
    sources.pause(connection, source, paused=paused)
    action = "source.pause" if paused else "source.resume"
    noted(connection, principal, action, source.name)


def _standing(
    connection: Connection, source: Source, going_on: dict[int, RunProgress]
) -> SourceStanding:
    return SourceStanding(
        source,
        access.in_words(connection, source.readers),
        rules.in_words(connection, source.rule),
        going_on.get(source.id),
    )
