"""Verbs on folders, for the commands and for the web pages alike."""

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from cronsim import CronSim, CronSimError

from ingest import mirroring
from ingest import sources as folder
from ingest.clock import local_now
from ingest.following import next_due
from ingest.preview import preview
from ingest.selection import Selection
from kb.audit.log import noted
from kb.catalog import documents, erased, people, sources
from kb.catalog.database import Connection
from kb.errors import ForbiddenError, NotFoundError, UsageError
from kb.knowledge_base import KnowledgeBase
from kb.rights import access, rules, stamping
from kb.text import pathnames
from kb.types.library import ASKED, Edited, Following, PathRule, Source
from kb.types.people import Principal
from kb.upkeep.publishing import queue_rights
from web.hooks import Hooks


def hooks_of(kb: KnowledgeBase) -> Hooks:
    """What the web pages may do with folders."""
    sweep = kb.settings.ingest.sweep_minutes * 60.0

    async def remove(source: Source, by: Principal) -> int:
        from ingest.removing import remove_source  # heavy, and rarely needed

        return await remove_source(kb.catalog, kb.publisher, source, by)

    return Hooks(
        preview=lambda path: preview(path, kb.settings.ingest.roots),
        add=lambda name, path, edited, by: add(kb, name, path, edited, by),
        change=lambda by, source, edited: change(kb, by, source, edited),
        next_run=lambda source: next_due(source, local_now(), sweep),
        remove=remove,
        path_rule=path_rule,
    )


def add(kb: KnowledgeBase, name: str, path: str, edited: Edited, by: Principal) -> Source:
    """Follow a folder, with its readers and its rule, or not at all; who did it is noted.

    Raises:
        UsageError: name, folder, readers, rule, schedule or patterns cannot be; nobody may read it.
        NotFoundError: a group or a person does not exist.
        ConflictError: the name is taken.
    """
    check_name(name)
    check_following(edited.following)
    root = str(folder.check_root(path, kb.settings.ingest.roots))
    _check_mirror(root, edited)
    wanted = edited.readers or ()
    with kb.catalog.writing() as connection:
        tokens = access.readers(connection, wanted)
        noted(connection, by, "source.add", name, path=path, readers=list(wanted))
        source = sources.add(connection, name, root, tokens, edited.following)
        _apply(connection, by, source, replace(edited, readers=None))
        return sources.by_name(connection, name)


def change(kb: KnowledgeBase, by: Principal, source: Source, edited: Edited) -> None:
    """Follow a source another way, and say who may read it: all of that in one, or nothing.

    Raises:
        UsageError: readers, rule, schedule or patterns cannot be.
        NotFoundError: a group or a person does not exist.
        ForbiddenError: it would leave out what they may not read.
    """
    check_following(edited.following)
    _check_mirror(source.root, edited)
    with kb.catalog.writing() as connection:
        before = sources.held(connection, source.name)
        if not by.manages:
            _refuse_to_leave_out(kb, connection, by, before, edited.following)
        sources.change(connection, before, edited.following)
        differing = differences(before, edited.following)
        noted(connection, by, "source.change", source.name, **differing)
        _apply(connection, by, before, edited)


def _refuse_to_leave_out(
    kb: KnowledgeBase, connection: Connection, by: Principal, before: Source, following: Following
) -> None:
    lost = left_out(kb, connection, before, before.following, following)
    if not documents.all_readable(connection, by, set(lost)):
        raise ForbiddenError(
            "These patterns or this size would leave out documents that are not for you. Ask an "
            "administrator.",
            code="not_yours_to_leave_out",
        )


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


def differences(before: Source, following: Following) -> dict[str, Any]:
    """What is followed another way from now on, by the name of the setting."""
    old, new = asdict(before.following), asdict(following)
    return {name: value for name, value in new.items() if value != old[name]}


def left_out(
    kb: KnowledgeBase, connection: Connection, source: Source, before: Following, after: Following
) -> list[int]:
    """The documents of a source that would leave it if it were followed another way."""
    old = Selection(before.include, before.exclude)
    new = Selection(after.include, after.exclude)
    largest = (after.max_file_mb or kb.settings.ingest.max_file_mb) * 1024**2
    return [
        row.id
        for raw, row in documents.of_source(connection, source.id).items()
        if (old.covers(raw) and not new.covers(raw)) or row.bytes > largest
    ]


def path_rule(line: str) -> PathRule:
    """A line of a rule by paths: ``PATTERN: GROUP, GROUP``.

    Raises:
        UsageError: it is not like that.
    """
    pattern, colon, readers = line.rpartition(": ") if ": " in line else line.rpartition("=")
    if not colon or not pattern.strip():
        raise UsageError(
            f"{line[:80]!r} is not a line like “hr/: hr, board”: a pattern, a colon, readers.",
            code="bad_rule",
        )
    return PathRule(pattern.strip(), tuple(names(readers)))


async def set_rule(
    kb: KnowledgeBase, by: Principal, name: str, kind: str, lines: Sequence[PathRule]
) -> Source:
    """Replace the rule for who may read a source's documents; it counts from this moment.

    Documents of a mirrored source are nobody's until its next run, which is asked for, has looked.

    Raises:
        UsageError: the rule cannot be, or the file system makes its rights up.
        NotFoundError: there is no such source, group or person.
    """
    source = await kb.write(_replace_rule, kb, by, name, kind, lines)
    await kb.publisher.flush_rights()
    return source


def _replace_rule(
    kb: KnowledgeBase, by: Principal, name: str, kind: str, lines: Sequence[PathRule]
) -> Source:
    if kind == rules.MIRROR:
        mirroring.check(kb.source(name).root)
    with kb.catalog.writing() as connection:
        _apply_rule(connection, by, sources.held(connection, name), kind, lines)
    return kb.source(name)


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


def read_again(connection: Connection, source: Source, path: str) -> None:
    """Have the next run read a file that was erased; ``path`` as it is, or as it is shown.

    Raises:
        NotFoundError: no file was erased there.
    """
    known = erased.paths_of(connection, source.id)
    found = [raw for raw in known if path in {os.fsdecode(raw), pathnames.shown(raw)}]
    if not found:
        raise NotFoundError(
            f"{pathnames.printable(path)} was not erased from {source.name}.",
            detail={"erased": sorted(pathnames.shown(raw) for raw in known)},
        )
    for raw in found:
        erased.read_again(connection, source.id, raw)
        noted(
            connection, access.owner(), "source.read_again", source.name, path=pathnames.shown(raw)
        )


def changed(following: Following, given: dict[str, Any]) -> Following:
    """With what was given on a command line; an empty text takes a setting away.

    Raises:
        UsageError: a schedule or a pattern is malformed.
    """
    named = {k: v for k, v in given.items() if v is not None and v != ()}
    for name in ("include", "exclude"):
        if name in named:
            named[name] = tuple(p for p in named[name] if p)
    for name in ("schedule", "shown_as", "languages"):
        if named.get(name) == "":
            named[name] = None
    result = replace(following, **named)
    check_following(result)
    return result


def check_following(following: Following) -> None:
    """Raises ``UsageError`` where a schedule or a pattern is malformed."""
    Selection(following.include, following.exclude)
    if following.schedule is None:
        return
    try:
        CronSim(following.schedule, local_now())
    except CronSimError as error:
        raise UsageError(
            f"{following.schedule!r} is not a cron schedule (minute hour day month weekday): "
            f"{error}.",
            code="bad_schedule",
        ) from error


def check_name(name: str) -> None:
    """A name that can stand in a URL, in a list, and on a command line.

    Raises:
        UsageError: it cannot.
    """
    if not name.strip() or len(name) > 100 or any(c in name for c in "/\\\0\n\r\t,"):
        raise UsageError("The name of a source has 1 to 100 characters, no slash, comma or tab.")
    if name.lstrip().startswith("-"):
        raise UsageError(
            "The name of a source does not begin with a dash: it would be taken for an option."
        )


def names(readers: str | None) -> list[str]:
    """The words of a list with commas."""
    return [n.strip() for n in (readers or "").split(",") if n.strip()]
