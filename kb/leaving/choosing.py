"""What leaves: whose rights an export is made under, which sources, which documents."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from kb.catalog import leaving, people, sources
from kb.catalog.database import Connection
from kb.catalog.people import PERSON
from kb.leaving.readers import Naming
from kb.rights.rules import GROUPS, PATHS, kept_lines, kind
from kb.types.leaving import (
    Choice,
    LeftDocument,
    LeftFollowing,
    LeftGroup,
    LeftPerson,
    LeftRights,
    LeftSource,
)
from kb.types.library import Source


@dataclass(frozen=True, slots=True)
class Chosen:
    """What leaves. ``keys`` are those of the elements, by document; documents are by id."""

    choice: Choice
    sources: tuple[Source, ...]
    documents: tuple[LeftDocument, ...]
    keys: dict[int, str]
    ids: frozenset[int] = field(default_factory=frozenset)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is held back."""
        return self.choice.person is None and not self.choice.named

    @property
    def searched(self) -> list[LeftDocument]:
        """The documents of which something is searched, by their versions."""
        found = [d for d in self.documents if d.version is not None]
        return sorted(found, key=lambda d: d.version or 0)


def choose(connection: Connection, choice: Choice) -> Chosen:
    """What leaves, at the moment of a reading transaction.

    Raises:
        NotFoundError: a source that was named is not there.
    """
    every = sources.all_of(connection, counted=False)
    wanted = [sources.by_name(connection, name) for name in choice.named] or every
    rows = leaving.documents_of(connection, choice.person, [s.name for s in wanted])
    left = tuple(_for_whom(document, choice) for document, _ in rows)
    if choice.person is not None:
        named = {document.source for document in left}
        wanted = [source for source in wanted if source.name in named]
    keys = {document.id: key for document, key in rows if key}
    return Chosen(choice, tuple(wanted), left, keys, frozenset(d.id for d in left))


def _for_whom(document: LeftDocument, choice: Choice) -> LeftDocument:
    """What a person takes along says nothing of other readers."""
    if choice.person is None:
        return document
    return msgspec.structs.replace(document, rights=None)


def rights_of(connection: Connection, chosen: Chosen) -> LeftRights:
    """The rules that go along: those of what leaves; of a person: that it is theirs."""
    person = chosen.choice.person
    if person is not None:
        mine = [_of_person(source, person.name) for source in chosen.sources]
        known = [p for p in leaving.people_of(connection) if p.name == person.name]
        return LeftRights(sources=mine, sets={}, groups=[], people=known)
    naming, curators = Naming(connection), people.curators_of(connection)
    used = sorted({d.rights for d in chosen.documents if d.rights is not None})
    rights = LeftRights(
        sources=[_source(naming, one, curators.get(one.id, [])) for one in chosen.sources],
        sets={number: naming.set_of(number) for number in used},
        groups=leaving.groups_of(connection),
        people=leaving.people_of(connection),
    )
    return rights if chosen.is_whole else _named_alone(rights)


def _of_person(source: Source, name: str) -> LeftSource:
    return LeftSource(
        name=source.name,
        about=source.about,
        folder="",
        following=LeftFollowing(shown_as=source.following.shown_as),
        rule=GROUPS,
        readers=[{"person": name}],
        paths=[],
        curators=[],
    )


def _source(naming: Naming, source: Source, curators: Sequence[str]) -> LeftSource:
    lines = kept_lines(source.rule) if kind(source.rule) == PATHS else []
    return LeftSource(
        name=source.name,
        about=source.about,
        folder=source.root,
        following=msgspec.convert(source.following, LeftFollowing, from_attributes=True),
        rule=kind(source.rule),
        readers=naming.terms(source.readers),
        paths=[(pattern, naming.terms(readers)) for pattern, readers in lines],
        curators=list(curators),
    )


def _named_alone(rights: LeftRights) -> LeftRights:
    """With those groups and people alone that the rules name; groups without their members."""
    named = set(_names([s.readers for s in rights.sources]))
    named |= set(_names([[t for _, t in s.paths] for s in rights.sources]))
    named |= set(_names(list(rights.sets.values())))
    named |= {f"{PERSON}{name}" for source in rights.sources for name in source.curators}
    groups = [
        LeftGroup(name=g.name, members=[]) for g in rights.groups if f"group:{g.name}" in named
    ]
    people_named = [
        LeftPerson(name=p.name, shown_name=p.shown_name)
        for p in rights.people
        if f"{PERSON}{p.name}" in named
    ]
    return msgspec.structs.replace(rights, groups=groups, people=people_named)


def _names(terms: object) -> list[str]:
    """``group:NAME`` and ``person:NAME`` of all that stands in terms, however deep."""
    if isinstance(terms, list | tuple):
        return [name for one in terms for name in _names(one)]
    if not isinstance(terms, dict):
        return []
    found = [f"{kind}:{terms[kind]}" for kind in ("group", "person") if kind in terms]
    return found + [name for key, one in terms.items() if key != "steps" for name in _names(one)]
