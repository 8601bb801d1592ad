"""Verbs on folders, for the commands and for the web pages alike."""

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from ingest.finding import browsing, mirroring, roots
from ingest.finding.preview import preview
from ingest.finding.selection import Selection
from ingest.following.due import next_due
from ingest.given import changed, check_following
from kb.audit.log import noted
from kb.catalog import documents, erased, ledger, people, sources
from kb.catalog.database import Catalog, Connection
from kb.catalog.outbox import queue_rights
from kb.clock import local_now
from kb.errors import ForbiddenError, NotFoundError, UsageError
from kb.library.sources import pause
from kb.rights import access, rules, stamping
from kb.settings.sections import Ingest
from kb.text import naming, pathnames
from kb.types.library import ASKED, Edited, Following, PathRule, Source
from kb.types.people import Principal
from kb.upkeep.publishing import Publisher


class Folders:
    """Looks at folders, follows them, and changes how they are followed."""

    def __init__(self, catalog: Catalog, publisher: Publisher, settings: Ingest) -> None:
        self._catalog = catalog
        self._publisher = publisher
        self._settings = settings

    def preview(self, by: Principal, path: str) -> dict[str, Any]:
        """What is in a folder: see :func:`ingest.finding.preview.preview`.

        Raises:
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        return preview(path, self._settings.roots)

    def inside(self, by: Principal, path: str) -> dict[str, Any]:
        """The folders in a folder: see :func:`ingest.finding.browsing.inside`.

        Raises as :meth:`preview`.
        """
        access.must_manage(by)
        return browsing.inside(path, self._settings.roots)

    def next_run(self, source: Source) -> float | None:
        """When a source is due next (seconds since the epoch); None: on request alone."""
        return next_due(source, local_now(), self._settings.sweep_minutes * 60.0)

    def next_scheduled(self, source: Source) -> float | None:
        """When its schedule alone asks for it next (seconds since the epoch)."""
        return next_due(source, local_now())

    def add(self, by: Principal, name: str, path: str, edited: Edited) -> Source:
        """Follow a folder, with its readers and its rule, in one transaction; who did it is noted.

        Raises:
            UsageError: name, folder, readers, rule, schedule or patterns are not valid, or nobody
                could read it.
            NotFoundError: a group or a person does not exist.
            ConflictError: the name is taken.
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        naming.check_source(name)
        check_following(edited.following)
        root = str(roots.check(path, self._settings.roots))
        _check_mirror(root, edited)
        wanted = edited.readers or ()
        with self._catalog.writing() as connection:
            tokens = access.readers(connection, wanted)
            noted(connection, by, "source.add", name, path=path, readers=list(wanted))
            source = sources.add(connection, name, root, tokens, edited.following)
            _apply(connection, by, source, replace(edited, readers=None))
            return sources.by_name(connection, name)

    async def change(self, by: Principal, source: Source, edited: Edited) -> None:
        """Change how a source is followed and who may read it, in one transaction.

        Raises:
            UsageError: readers, rule, schedule or patterns are not valid.
            NotFoundError: a group or a person does not exist.
            ForbiddenError: they do not answer for it, it would leave out what they may not read,
                or say who reads it or answers for it without administrating.
        """
        access.must_answer_for(by, source)
        if edited.readers is not None or edited.curators is not None or edited.rule is not None:
            access.must_manage(by)
        await self._catalog.write(self._change, by, source, edited)
        await self._publisher.flush_rights()

    def _change(self, by: Principal, source: Source, edited: Edited) -> None:
        check_following(edited.following)
        _check_mirror(source.root, edited)
        with self._catalog.writing() as connection:
            before = sources.held(connection, source.name)
            if not by.manages:
                self._refuse_to_leave_out(connection, by, before, edited.following)
            sources.change(connection, before, edited.following)
            differing = _differences(before, edited.following)
            noted(connection, by, "source.change", source.name, **differing)
            _apply(connection, by, before, edited)

    def change_given(
        self,
        by: Principal,
        name: str,
        given: dict[str, Any],
        *,
        paused: bool | None = None,
        again: Sequence[str] = (),
    ) -> None:
        """Change what a command names, and nothing else; ``again``: files that were erased.

        Raises:
            UsageError: a schedule or a pattern is malformed.
            NotFoundError: there is no such source, or no file was erased there.
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        with self._catalog.writing() as connection:
            before = sources.held(connection, name)
            following = changed(before.following, given)
            sources.change(connection, before, following)
            if differing := _differences(before, following):
                noted(connection, by, "source.change", name, **differing)
            for path in again:
                read_again(connection, by, before, path)
            if paused is not None:
                pause(connection, by, before, paused=paused)

    async def set_rule(
        self, by: Principal, name: str, kind: str, lines: Sequence[PathRule]
    ) -> None:
        """Replace the rule for who may read a source's documents; it counts from this moment.

        Where the file system is the rule, nobody may read the documents until the next run has
        looked at it; that run is asked for here.

        Raises:
            UsageError: the rule is not valid, or the file system makes its rights up.
            NotFoundError: there is no such source, group or person.
            ForbiddenError: they do not administrate.
        """
        access.must_manage(by)
        await self._catalog.write(self._set_rule, by, name, kind, lines)
        await self._publisher.flush_rights()

    def _set_rule(self, by: Principal, name: str, kind: str, lines: Sequence[PathRule]) -> None:
        if kind == rules.MIRROR:
            mirroring.check(self._root(name))
        with self._catalog.writing() as connection:
            _apply_rule(connection, by, sources.held(connection, name), kind, lines)

    def _root(self, name: str) -> str:
        with self._catalog.reading() as connection:
            return sources.by_name(connection, name).root

    def _refuse_to_leave_out(
        self, connection: Connection, by: Principal, before: Source, following: Following
    ) -> None:
        lost = self._left_out(connection, before, following)
        if not ledger.all_readable(connection, by, set(lost)):
            raise ForbiddenError(
                "These patterns or this size would leave out documents that are not for you. Ask "
                "an administrator.",
                code="not_yours_to_leave_out",
            )

    def _left_out(self, connection: Connection, source: Source, after: Following) -> list[int]:
        """The documents of a source that would leave it if it were followed another way."""
        before = source.following
        old = Selection(before.include, before.exclude)
        new = Selection(after.include, after.exclude)
        largest = (after.max_file_mb or self._settings.max_file_mb) * 1024**2
        return [
            row.id
            for raw, row in documents.of_source(connection, source.id).items()
            if (old.covers(raw) and not new.covers(raw)) or row.bytes > largest
        ]


def _apply(connection: Connection, by: Principal, source: Source, edited: Edited) -> None:
    """What it is, who answers for it, who reads it, and by which rule."""
    if edited.about is not None and edited.about.strip() != (source.about or ""):
        sources.describe(connection, source, edited.about)
        noted(connection, by, "source.describe", source.name)
    if edited.curators is not None:
        people.set_curators(connection, source.id, edited.curators)
        noted(connection, by, "source.curators", source.name, curators=list(edited.curators))
    if edited.readers:
        _apply_readers(connection, by, source, edited.readers)
    if edited.rule is not None:
        kind, lines = edited.rule
        _apply_rule(connection, by, sources.held(connection, source.name), kind, lines)


def _apply_readers(
    connection: Connection, by: Principal, source: Source, wanted: Sequence[str]
) -> None:
    if set(wanted) == set(access.in_words(connection, source.readers)):
        return  # as it was, with groups that were removed since
    tokens = access.readers(connection, wanted)
    queue_rights(connection, stamping.set_readers(connection, source, tokens))
    noted(connection, by, "source.readers", source.name, readers=list(wanted))


def _differences(before: Source, following: Following) -> dict[str, Any]:
    """What is followed another way from now on, by the name of the setting."""
    old, new = asdict(before.following), asdict(following)
    return {name: value for name, value in new.items() if value != old[name]}


def _check_mirror(root: str, edited: Edited) -> None:
    """That the file system's rights are its own, where they are to be the rule."""
    if edited.rule is not None and edited.rule[0] == rules.MIRROR:
        mirroring.check(root)


def _apply_rule(
    connection: Connection, by: Principal, before: Source, kind: str, lines: Sequence[PathRule]
) -> None:
    wanted = None
    if kind == rules.MIRROR:
        wanted = rules.mirrored()
    elif kind == rules.PATHS:
        wanted = rules.paths(connection, lines, before.rule)
    elif kind != rules.GROUPS:
        raise UsageError("A rule is groups, paths or mirror.", code="bad_rule")
    if rules.is_same(wanted, before.rule):
        return
    source = sources.set_rule(connection, before, wanted)
    queue_rights(connection, stamping.stamp(connection, source))
    if kind == rules.MIRROR:
        sources.request_run(connection, source.id, ASKED)
    noted(connection, by, "source.rule", before.name, rule=rules.in_words(connection, wanted))


def read_again(connection: Connection, by: Principal, source: Source, path: str) -> None:
    """Have the next run read a file that was erased; ``path`` as it is, or as it is shown.

    Raises:
        NotFoundError: no file was erased there.
    """
    known = erased.paths_of(connection, source.id)
    found = [raw for raw in known if path in {os.fsdecode(raw), pathnames.shown(raw)}]
    if not found:
        raise NotFoundError(
            "{path} was not erased from {source}.",
            detail={
                "erased": sorted(pathnames.shown(raw) for raw in known),
                "path": pathnames.printable(path),
                "source": source.name,
            },
        )
    for raw in found:
        erased.read_again(connection, source.id, raw)
        noted(connection, by, "source.read_again", source.name, path=pathnames.shown(raw))
