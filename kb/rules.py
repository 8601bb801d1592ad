"""A source's rule for who may read its documents.

- **groups**: everybody whom the source's readers name; the rule is None.
- **paths**: the last pattern (gitignore's syntax) that matches a document's path names its readers;
  where none does, the source's readers may.
- **mirror**: what the file system says, read anew at every run of the source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError
from sqlalchemy import Connection, select

from kb import access, posix
from kb.catalog import acls, rights
from kb.catalog.names import MEMBER
from kb.catalog.sources import Source
from kb.catalog.tables import documents
from kb.errors import UsageError

PATHS, MIRROR, GROUPS = "paths", "mirror", "groups"
MOST_PATTERNS = 200


@dataclass(frozen=True, slots=True)
class PathRule:
    """Documents whose path matches ``pattern`` are for ``readers`` (names, as in ``--readers``)."""

    pattern: str
    readers: tuple[str, ...]


def kind(rule: Mapping[str, Any] | None) -> str:
    """``groups``, ``paths`` or ``mirror``."""
    return str(rule["kind"]) if rule else GROUPS


def paths(connection: Connection, given: Sequence[PathRule]) -> dict[str, Any]:
    """A rule by path patterns, as it is kept.

    Raises:
        UsageError: a pattern is malformed, or names no readers.
        NotFoundError: a group or a person does not exist.
    """
    if not given or len(given) > MOST_PATTERNS:
        raise UsageError(f"A rule by paths has 1 to {MOST_PATTERNS} patterns.", code="bad_rule")
    for line in given:
        if not line.readers:
            raise UsageError(f"Say who may read {line.pattern}.", code="bad_rule")
        _spec(line.pattern)
        access.readers(connection, line.readers)
    return {"kind": PATHS, "paths": [[r.pattern, list(r.readers)] for r in given]}


def mirrored() -> dict[str, Any]:
    """The rule that follows the file system."""
    return {"kind": MIRROR}


def path_rules(rule: Mapping[str, Any] | None) -> list[PathRule]:
    """The lines of a rule by paths."""
    if kind(rule) != PATHS or rule is None:
        return []
    return [PathRule(pattern, tuple(readers)) for pattern, readers in rule["paths"]]


class Stamper:
    """Says, for the documents of one source, which set of readers each has."""

    def __init__(self, connection: Connection, source: Source) -> None:
        self._connection = connection
        self._kind = kind(source.rule)
        self._lines = [
            (_spec(line.pattern), self._set(access.readers(connection, line.readers, strict=False)))
            for line in path_rules(source.rule)
        ]
        self._nobody = self._set((access.OWNER,)) if self._kind == MIRROR else None
        self._mirrored: dict[posix.Steps, str] = {}

    def of_path(self, path: str) -> str | None:
        """By the rule for paths; a member's path is its container's. None: the source's readers."""
        outer = path.split(MEMBER, 1)[0]
        found = None
        for spec, number in self._lines:
            if spec.match_file(outer):
                found = number
        return found

    def of_steps(self, steps: posix.Steps | None) -> str | None:
        """By what the file system says; where that is not known, nobody."""
        if steps is None:
            return self._nobody
        if steps not in self._mirrored:
            token = acls.keep_mirrored(self._connection, steps)
            self._mirrored[steps] = self._set((token, access.OWNER))
        return self._mirrored[steps]

    def of_new(self, path: str, steps: posix.Steps | None) -> str | None:
        """For a document that has just been found."""
        return self.of_steps(steps) if self._kind == MIRROR else self.of_path(path)

    def _set(self, tokens: Sequence[str]) -> str:
        return rights.keep_set(self._connection, tokens)


def stamp(
    connection: Connection, source: Source, steps: Mapping[bytes, posix.Steps] | None = None
) -> list[int]:
    """Give every document of a source the readers that its rule says; returns those changed.

    ``steps``: what the file system says of each file, by raw path. Without it a mirrored source's
    documents are nobody's until they are looked at.
    """
    stamper = Stamper(connection, source)
    wanted: dict[int, str | None] = {}
    query = select(documents.c.id, documents.c.raw_path, documents.c.path).where(
        documents.c.source_id == source.id
    )
    for row in connection.execute(query):
        outer = bytes(row.raw_path).split(b"\0", 1)[0]
        wanted[row.id] = stamper.of_new(row.path, (steps or {}).get(outer))
    return rights.give(connection, wanted)


def _spec(pattern: str) -> GitIgnoreSpec:
    if not pattern.strip() or len(pattern) > 500 or pattern.lstrip().startswith(("#", "!")):
        raise UsageError(f"{pattern[:80]!r} is not a pattern for paths.", code="bad_rule")
    try:
        return GitIgnoreSpec.from_lines([pattern])
    except (GitIgnorePatternError, ValueError) as error:
        raise UsageError(
            f"{pattern[:80]!r} is not a pattern for paths: {error}", code="bad_rule"
        ) from error
