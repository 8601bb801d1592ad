"""A source's rule for who may read its documents.

- **groups**: everybody whom the source's readers name; the rule is None.
- **paths**: the last pattern (gitignore's syntax) that matches a document's path names its readers;
  where none does, the source's readers may.
- **mirror**: what the file system says, read anew at every run of the source.

A path can be read in more than one way: letters in another case, accents composed otherwise, bytes
that are no UTF-8, a link that leads elsewhere. Where the ways name different readers, every one of
them has to let somebody in: no spelling opens what another closes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from kb.catalog import groups, sources
from kb.catalog.database import Connection
from kb.errors import UsageError
from kb.rights import access
from kb.types.library import PathRule

PATHS, MIRROR, GROUPS = "paths", "mirror", "groups"
MOST_PATTERNS = 200
"""Most patterns of one rule."""
UNMATCHED = "unmatched"
"""Patterns of a rule that matched no document when the rule was last applied."""


def kind(rule: Mapping[str, Any] | None) -> str:
    """``groups``, ``paths`` or ``mirror``."""
    return str(rule["kind"]) if rule else GROUPS


def path_rule(line: str) -> PathRule:
    """A line of a rule by paths: ``PATTERN: GROUP, GROUP``.

    Raises:
        UsageError: it is not like that.
    """
    pattern, colon, readers = line.rpartition(": ") if ": " in line else line.rpartition("=")
    if not colon or not pattern.strip():
        raise UsageError(
            "“{line}” is not a line like “hr/: hr, board”: a pattern, a colon, readers.",
            code="bad_rule",
            detail={"line": line[:80]},
        )
    return PathRule(pattern.strip(), tuple(names(readers)))


def names(text: str) -> list[str]:
    """The words of a list with commas: groups, people, readers."""
    return [name.strip() for name in text.split(",") if name.strip()]


def paths(
    connection: Connection, given: Sequence[PathRule], before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A rule by path patterns, as it is kept. Lines that are in ``before`` stay what they were.

    Raises:
        UsageError: a pattern is malformed, or names no readers.
        NotFoundError: a group or a person does not exist.
    """
    if not given or len(given) > MOST_PATTERNS:
        raise UsageError(
            "A rule by paths has 1 to {limit} patterns.",
            code="bad_rule",
            detail={"limit": MOST_PATTERNS},
        )
    kept = {
        (line.pattern, line.readers): readers
        for line, (_, readers) in zip(
            path_rules(connection, before), kept_lines(before), strict=True
        )
    }
    lines = []
    for line in given:
        if not line.readers:
            raise UsageError(
                "Say who may read {pattern}.", code="bad_rule", detail={"pattern": line.pattern}
            )
        spec_of(line.pattern)
        readers = kept.get((line.pattern, line.readers))
        lines.append([line.pattern, readers or access.kept(connection, line.readers)])
    return {"kind": PATHS, "paths": lines}


def mirrored() -> dict[str, Any]:
    """The rule that follows the file system."""
    return {"kind": MIRROR}


def kept_lines(rule: Mapping[str, Any] | None) -> list[tuple[str, list[str]]]:
    """The lines of a rule by paths as they are kept: patterns and reader tokens."""
    if kind(rule) != PATHS or rule is None:
        return []
    return [(pattern, list(readers)) for pattern, readers in rule["paths"]]


def path_rules(connection: Connection, rule: Mapping[str, Any] | None) -> list[PathRule]:
    """The lines of a rule by paths, with the names of this moment."""
    return [
        PathRule(p, tuple(access.named(connection, readers))) for p, readers in kept_lines(rule)
    ]


def in_words(connection: Connection, rule: Mapping[str, Any] | None) -> dict[str, Any]:
    """A rule as JSON, with the names of this moment."""
    if kind(rule) != PATHS or rule is None:
        return dict(rule or {"kind": GROUPS})
    lines = [[line.pattern, list(line.readers)] for line in path_rules(connection, rule)]
    return {"kind": PATHS, "paths": lines, UNMATCHED: list(rule.get(UNMATCHED, ()))}


def is_same(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Whether two rules say the same."""
    return kind(one) == kind(other) and kept_lines(one) == kept_lines(other)


def naming_group(connection: Connection, name: str) -> list[str]:
    """The names of the sources whose rules name a group, or except it.

    Raises:
        NotFoundError: there is no such group.
    """
    groups.token_of(connection, name)
    return [
        source.name
        for source in sources.all_of(connection, counted=False)
        if {name, access.NOT + name}
        & {
            *access.in_words(connection, source.readers),
            *(n for line in path_rules(connection, source.rule) for n in line.readers),
        }
    ]


def spec_of(pattern: str) -> GitIgnoreSpec:
    """What a pattern matches.

    Raises:
        UsageError: it is malformed.
    """
    if not pattern.strip() or len(pattern) > 500 or pattern.lstrip().startswith(("#", "!")):
        raise UsageError(
            "“{pattern}” is not a pattern for paths.",
            code="bad_rule",
            detail={"pattern": pattern[:80]},
        )
    try:
        return GitIgnoreSpec.from_lines([pattern])
    except (GitIgnorePatternError, ValueError) as error:
        raise UsageError(
            "“{pattern}” is not a pattern for paths.",
            code="bad_rule",
            detail={"pattern": pattern[:80], "reason": str(error)},
        ) from error
