"""Rights of a file system, as a rule that can be asked about a person. Pure.

A person reads a file if every folder on the way lets them through (``x``) and the file lets them
read (``r``). Each of these is a step. Within a step POSIX decides (IEEE 1003.1e draft 17, as in
acl(5)): the owner's entry if they are the owner, else the entry that names them, else the entries
of their groups (one that grants is enough; where any matches, nobody else's entry counts), else
``other``.

Names are compared with the names of people and groups here. An entry that resolves to nobody here
grants nothing to anybody. If it *refuses* what ``other`` grants, then ``other`` is taken as refused
too: among the others might be the very people it refuses.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kb.text.naming import fold

UNRESOLVED = "#"
"""A number without a name begins so."""


@dataclass(frozen=True, slots=True)
class Step:
    """Who is granted what one step needs. ``owner`` and ``people`` and ``groups`` by name."""

    owner: tuple[str, bool]
    people: tuple[tuple[str, bool], ...]
    groups: tuple[tuple[str, bool], ...]
    other: bool


Steps = tuple[Step, ...]


def as_json(steps: Steps) -> list[Any]:
    """Steps in their one order; a step that is there twice says nothing new."""
    found = {
        (s.owner, tuple(sorted(s.people)), tuple(sorted(s.groups)), s.other)
        for s in steps
        if not _lets_everybody(s)
    }
    return [
        [list(o), [list(p) for p in ps], [list(g) for g in gs], x] for o, ps, gs, x in sorted(found)
    ]


def _lets_everybody(step: Step) -> bool:
    every = (step.owner, *step.people, *step.groups)
    return step.other and all(granted for _, granted in every)


def from_json(value: list[Any]) -> Steps:
    """The steps that :func:`as_json` has written."""
    return tuple(
        Step(
            (owner[0], owner[1]),
            tuple((p[0], p[1]) for p in people),
            tuple((g[0], g[1]) for g in groups),
            other,
        )
        for owner, people, groups, other in value
    )


def lets_through(
    steps: Steps, name: str | None, member_of: frozenset[str], known: frozenset[str]
) -> bool:
    """Whether a person gets through every step.

    ``name`` is None for somebody whose name is not the file system's: they might be any of the
    people it names. ``known`` are the groups of which is known whether the person is in them.
    """
    return all(_lets(step, name, member_of, known) for step in steps)


def _lets(step: Step, name: str | None, member_of: frozenset[str], known: frozenset[str]) -> bool:
    people = (step.owner, *step.people)
    if name is not None:
        for person, granted in people:
            if person == name:
                return granted
    if any(not granted and _might_be(person, name) for person, granted in people):
        return False
    theirs = [granted for group, granted in step.groups if group in member_of]
    if theirs:
        return any(theirs)
    return step.other and not _may_refuse_some(step, known)


def _might_be(entry: str, name: str | None) -> bool:
    """Whether an entry may mean somebody: its name is theirs in another spelling."""
    return name is None or _bare(entry) == _bare(name)


@lru_cache(maxsize=50_000)
def _bare(name: str) -> str:
    r"""A name without its domain (``CORP\lena``, ``CORP+lena``, ``lena@corp.example``)."""
    return fold(name.rpartition("\\")[2].rpartition("+")[2].partition("@")[0])


def _may_refuse_some(step: Step, known: frozenset[str]) -> bool:
    """Whether an entry of somebody who cannot be told from the others refuses."""
    people = (step.owner, *step.people)
    unknown_person = any(not granted for n, granted in people if n.startswith(UNRESOLVED))
    unknown_group = any(not granted for g, granted in step.groups if g not in known)
    return unknown_person or unknown_group
