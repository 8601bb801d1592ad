"""Stamping: a source's rule is applied, and each document gets its set of readers.

Documents are stamped when a run has found them, and whenever a rule, readers or a file's own rights
have changed. Where another file may lie at a document's place by now, the document's text is only
for those who are among its old readers and among its new ones.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from kb import posix
from kb.catalog import acls, places, rights, sources
from kb.catalog.database import Connection
from kb.errors import UsageError
from kb.rights import access
from kb.rights.rules import MIRROR, PATHS, UNMATCHED, kept_lines, kind, spec_of
from kb.text.naming import fold
from kb.text.pathnames import composed, readings
from kb.types.library import Source


@dataclass(slots=True)
class _Line:
    pattern: str
    exact: GitIgnoreSpec
    folded: GitIgnoreSpec
    is_ascii: bool
    tokens: tuple[str, ...]
    matched: bool = False


Wanted = tuple[str, ...] | None
"""Reader tokens; None: the source's readers, whoever they are."""


class Stamper:
    """Says, for the documents of one source, which set of readers each has."""

    def __init__(self, connection: Connection, source: Source) -> None:
        self._connection = connection
        self._source = source
        self._kind = kind(source.rule)
        self._lines = [
            _Line(
                pattern,
                spec_of(composed(pattern)),
                _folded(pattern),
                pattern.isascii(),
                access.tokens_of(connection, readers),
            )
            for pattern, readers in kept_lines(source.rule)
        ]
        self._plain = all(line.pattern == fold(line.pattern) for line in self._lines)
        self._nobody = self._set((access.OWNER,)) if self._kind == MIRROR else None
        self._mirrored: dict[posix.Steps, str] = {}
        self._sets: dict[frozenset[Wanted], str | None] = {}

    def of_path(self, raw_path: bytes, target: bytes | None = None) -> str | None:
        """The set of readers (its id) by the rule for paths; None: the source's readers.

        A member has its container's path. ``target`` is where a link leads: only those read it who
        may read the target as well.
        """
        if not self._lines:
            return None
        outer = raw_path.split(b"\0", 1)[0]
        wanted = self._wanted(outer) | (set() if target is None else self._wanted(target))
        key = frozenset(wanted)
        if key not in self._sets:
            self._sets[key] = self._every(key)
        return self._sets[key]

    def _wanted(self, path: bytes) -> set[Wanted]:
        """The readers by each way to read a path."""
        found: set[Wanted] = set()
        for text, is_whole in readings(path):
            found.add(self._last(text, folded=False))
            if not self._plain or fold(text) != text:
                found.add(self._last(text, folded=True))
            if not is_whole:  # its bytes may have been meant as any of these letters
                found |= {line.tokens for line in self._lines if not line.is_ascii}
        return found

    def _last(self, text: str, *, folded: bool) -> Wanted:
        found: Wanted = None
        for line in self._lines:
            spec = line.folded if folded else line.exact
            if spec.match_file(fold(text) if folded else text):
                line.matched = True
                found = line.tokens
        return found

    def _every(self, wanted: frozenset[Wanted]) -> str | None:
        if wanted == {None}:
            return None
        sets = {
            frozenset(self._source.readers if tokens is None else tokens) - {access.OWNER}
            for tokens in wanted
        }
        if len(sets) == 1:
            return self._set((*next(iter(sets)), access.OWNER))
        return self._set((acls.keep_every(self._connection, sets), access.OWNER))

    def of_steps(self, steps: posix.Steps | None) -> str | None:
        """The set of readers by what the file system says; where that is not known, nobody's."""
        if steps is None:
            return self._nobody
        if steps not in self._mirrored:
            token = acls.keep_mirrored(self._connection, steps)
            self._mirrored[steps] = self._set((token, access.OWNER))
        return self._mirrored[steps]

    def of_new(
        self, raw_path: bytes, target: bytes | None, steps: posix.Steps | None
    ) -> str | None:
        """The set of readers of a document that has just been found, by the kind of rule."""
        return self.of_steps(steps) if self._kind == MIRROR else self.of_path(raw_path, target)

    def both(self, old: str | None, new: str | None) -> str | None:
        """The set of those who are in both sets (ids; None: the source's readers).

        It is for a document whose place may hold another file by now.
        """
        if old == new:
            return new
        sets = self._sets_of(old) | self._sets_of(new)
        token = acls.keep_every(self._connection, sets)
        return self._set(
            (token, access.OWNER) if len(sets) > 1 else (*next(iter(sets)), access.OWNER)
        )

    def _sets_of(self, rights_id: str | None) -> set[frozenset[str]]:
        """The sets of tokens of which each has to let somebody in."""
        tokens = frozenset(self._source.readers)
        if rights_id is not None:
            tokens = frozenset(rights.of_set(self._connection, rights_id))
        tokens -= {access.OWNER}
        several = acls.every_of(self._connection, tokens)
        return {tokens} if several is None else several

    def unmatched(self) -> list[str]:
        """The rule's patterns that have matched no path so far."""
        return [line.pattern for line in self._lines if not line.matched]

    def _set(self, tokens: Sequence[str]) -> str:
        return rights.keep_set(self._connection, tokens)


def stamp(
    connection: Connection,
    source: Source,
    steps: Mapping[bytes, posix.Steps] | None = None,
    held: Collection[bytes] = (),
    targets: Mapping[bytes, bytes | None] | None = None,
    changed: Collection[int] = (),
) -> list[int]:
    """Give every document of a source the readers that its rule says.

    Returns the documents (ids) whose readers are others now.

    ``steps``: what the file system says of each file, by raw path; without it a mirrored source's
    documents are nobody's until they are looked at. ``held``: paths of mirrored files that are away
    for a while, whose documents keep their readers. ``targets``: where links lead. ``changed``:
    documents whose file is another; until it is read, they are for those who are old and new
    readers.
    """
    stamper = Stamper(connection, source)
    wanted: dict[int, str | None] = {}
    unsettled = places.unsettled(connection, source.id, changed)
    rows = places.paths_of(connection, source.id)
    kept = {row.raw_path: row.target for row in rows if row.target is not None}
    targets = {**kept, **(targets or {})}
    for row in rows:
        outer = row.outer
        if steps is not None and outer in held and kind(source.rule) == MIRROR:
            continue
        new = stamper.of_new(outer, targets.get(outer), (steps or {}).get(outer))
        old = row.version is not None and row.id in unsettled
        wanted[row.id] = stamper.both(row.rights, new) if old else new
    if kind(source.rule) == PATHS and source.rule is not None:
        unmatched = stamper.unmatched()
        if source.rule.get(UNMATCHED) != unmatched:
            sources.note_rule(connection, source.id, {**source.rule, UNMATCHED: unmatched})
    return rights.give(connection, wanted)


def set_readers(connection: Connection, source: Source, tokens: Sequence[str]) -> list[int]:
    """Replace a source's readers; returns the documents whose readers may be others now."""
    source = sources.held(connection, source.name)
    sources.set_readers(connection, source, tuple(tokens))
    stamped: list[int] = []
    if kind(source.rule) == PATHS:
        stamped = stamp(connection, sources.by_name(connection, source.name))
    return sorted({*stamped, *rights.without_own(connection, source.id)})


def _folded(pattern: str) -> GitIgnoreSpec:
    try:
        return spec_of(fold(pattern))
    except UsageError:  # what is left of it is no pattern: it is compared as it stands alone
        return spec_of(composed(pattern))
