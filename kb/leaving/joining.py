"""An import begins: groups, people and sources that are not here are made, in one transaction.

A group or a person of the same name here is taken for the same. Who is in a group that is here
already stays as it is, and nobody becomes an administrator.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kb.catalog import erased, groups, people, sources
from kb.catalog.database import Connection
from kb.errors import ConflictError, UsageError
from kb.files.places import imported_folder, uploads_folder
from kb.leaving.readers import ReaderTokens
from kb.rights.rules import MIRROR, PATHS, spec_of
from kb.text import naming
from kb.types.leaving import LeftRights, LeftSource
from kb.types.library import Following, Source


@dataclass(frozen=True, slots=True)
class Joined:
    """The sources of an import here, by their names in the export, and the sets of readers."""

    sources: Mapping[str, Source]
    sets: Mapping[str, str]


def join(
    connection: Connection, data: Path, mark: str, rights: LeftRights, renamed: Mapping[str, str]
) -> Joined:
    """Make what is not here. ``mark`` tells the export apart; ``renamed``: sources to call anew.

    Raises:
        ConflictError: a source has a name that is taken here by another one.
        UsageError: a name or a rule cannot be used; a source to be renamed is not in the export.
    """
    _check_renamed(rights, renamed)
    _join_people(connection, rights)
    tokens = ReaderTokens(connection)
    joined = {}
    for left in rights.sources:
        name = renamed.get(left.name, left.name)
        naming.check_source(name)
        joined[left.name] = _source(connection, data, mark, left, name, tokens)
    sets = {number: tokens.set_of(terms) for number, terms in rights.sets.items()}
    return Joined(joined, sets)


def _check_renamed(rights: LeftRights, renamed: Mapping[str, str]) -> None:
    unknown = sorted(set(renamed) - {source.name for source in rights.sources})
    if unknown:
        raise UsageError(
            "There is no source called {source} in this export; it has: {sources}.",
            code="source_not_in_export",
            detail={"source": unknown[0], "sources": [s.name for s in rights.sources]},
        )


def _join_people(connection: Connection, rights: LeftRights) -> None:
    here = set(groups.tokens(connection).values())
    new = [group for group in rights.groups if group.name not in here]
    for group in new:
        groups.add(connection, group.name)
    for person in rights.people:
        if people.find(connection, person.name) is None:
            people.add_person(connection, person.name, shown_name=person.shown_name or "")
    members: dict[str, set[str]] = {}
    for group in new:
        for name in group.members:
            members.setdefault(name, set()).add(group.name)
    for name, joins in members.items():
        found = people.by_name(connection, name)
        already = groups.of_person(connection, found.id)
        groups.set_of(connection, found.id, {*already, *joins})


def _source(
    connection: Connection, data: Path, mark: str, left: LeftSource, name: str, tokens: ReaderTokens
) -> Source:
    root = _root(data, mark, left, name)
    here = {source.name: source for source in sources.all_of(connection, counted=False)}
    if name in here:
        if here[name].root == str(root):  # this import was begun before, and goes on
            return here[name]
        raise ConflictError(
            "There is a source called {source} here. Import it under another name: kb import "
            "FOLDER --rename '{source}=NEW NAME'",
            code="source_exists",
            detail={"source": name},
        )
    erased.folder_is_gone(connection, str(root))  # of an import before, whose source was removed
    added = sources.add(connection, name, str(root), tokens.readers(left.readers), _following(left))
    if left.about:
        sources.describe(connection, added, left.about)
    there = [n for n in left.curators if people.find(connection, n) is not None]
    people.set_curators(connection, added.id, there)
    rule = _rule(left, tokens)
    return sources.set_rule(connection, added, rule) if rule else added


def _root(data: Path, mark: str, left: LeftSource, name: str) -> Path:
    """A folder of this import's own: the same one when it goes on."""
    above = uploads_folder(data) if left.following.uploads else imported_folder(data)
    own = hashlib.sha256(f"{mark}:{left.name}:{name}".encode()).hexdigest()[:32]
    return above / own


def _following(left: LeftSource) -> Following:
    """Its files lie in the data directory from now on, as if they had been handed in.

    Nothing changes there, so that it is neither watched nor read by a schedule.
    """
    kept = left.following
    return Following(
        include=kept.include,
        exclude=kept.exclude,
        max_file_mb=kept.max_file_mb,
        languages=kept.languages,
        shown_as=kept.shown_as,
        uploads=True,
    )


def _rule(left: LeftSource, tokens: ReaderTokens) -> dict[str, object] | None:
    if left.rule == MIRROR:
        return {"kind": MIRROR}
    if left.rule != PATHS:
        return None
    for pattern, _ in left.paths:
        spec_of(pattern)
    lines = [[p, [tokens.token(term) for term in readers]] for p, readers in left.paths]
    return {"kind": PATHS, "paths": lines}
