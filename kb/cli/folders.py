"""Verbs on folders, for the commands and for the web pages alike."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from cronsim import CronSim, CronSimError
from sqlalchemy import Connection

from ingest import mirroring
from ingest import sources as folder
from ingest.clock import local_now
from ingest.following import next_due
from ingest.preview import preview
from ingest.selection import Selection
from kb import access, rules
from kb.auditing import noted
from kb.catalog import documents, sources
from kb.catalog.sources import ASKED, Following, Source
from kb.errors import ForbiddenError, UsageError
from kb.knowledge_base import KnowledgeBase
from kb.publishing import queue_rights
from kb.rules import PathRule
from kb.types import Principal
from web.hooks import Hooks


def hooks_of(kb: KnowledgeBase) -> Hooks:
    """What the web pages may do with folders."""
    sweep = kb.settings.ingest.sweep_minutes * 60.0

    async def remove(source: Source, by: Principal) -> int:
        from ingest.removing import remove_source  # heavy, and rarely needed

        return await remove_source(kb.catalog, kb.publisher, source, by)

    def change(by: Principal, source: Source, following: Following) -> None:
        check_following(following)
        with kb.catalog.writing() as connection:
            if not by.manages:
                before = sources.by_name(connection, source.name).following
                lost = left_out(kb, connection, source, before, following)
                if not documents.all_readable(connection, by, set(lost)):
                    raise ForbiddenError(
                        "These patterns or this size would leave out documents that are not for "
                        "you. Ask an administrator.",
                        code="not_yours_to_leave_out",
                    )
            sources.change(connection, source, following)
            noted(connection, by, "source.change", source.name, **differences(source, following))

    return Hooks(
        preview=lambda path: preview(path, kb.settings.ingest.roots),
        add=lambda name, path, readers, following, by: add(kb, name, path, readers, following, by),
        change=change,
        next_run=lambda source: next_due(source, local_now(), sweep),
        remove=remove,
        path_rule=path_rule,
        set_rule=lambda by, name, kind, lines: set_rule(kb, by, name, kind, lines),
    )


def add(
    kb: KnowledgeBase,
    name: str,
    path: str,
    readers: str | None,
    following: Following,
    by: Principal,
) -> Source:
    """Follow a folder; who did it is noted. ``readers``: names with commas; None: everyone.

    Raises:
        UsageError: name, folder, readers, schedule or patterns cannot be.
        ConflictError: the name is taken.
    """
    check_name(name)
    check_following(following)
    root = folder.check_root(path, kb.settings.ingest.roots)
    wanted = [access.EVERYONE] if readers is None else names(readers)
    with kb.catalog.writing() as connection:
        tokens = access.readers(connection, wanted)
        noted(connection, by, "source.add", name, path=path, readers=wanted)
        return sources.add(connection, name, str(root), tokens, following)


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
    source = await kb.catalog.write(_replace_rule, kb, by, name, kind, lines)
    await kb.publisher.flush_rights()
    return source


def _replace_rule(
    kb: KnowledgeBase, by: Principal, name: str, kind: str, lines: Sequence[PathRule]
) -> Source:
    if kind == rules.MIRROR:
        mirroring.check(kb.source(name).root)
    with kb.catalog.writing() as connection:
        before = sources.held(connection, name)
        wanted = None
        if kind == rules.MIRROR:
            wanted = rules.mirrored()
        elif kind == rules.PATHS:
            wanted = rules.paths(connection, lines, before.rule)
        elif kind != rules.GROUPS:
            raise UsageError("A rule is groups, paths or mirror.", code="bad_rule")
        if rules.is_same(wanted, before.rule):
            return before
        source = sources.set_rule(connection, before, wanted)
        queue_rights(connection, rules.stamp(connection, source))
        if kind == rules.MIRROR:
            sources.request_run(connection, source.id, ASKED)
        noted(connection, by, "source.rule", name, rule=rules.in_words(connection, wanted))
    return kb.source(name)


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
