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
    """The other way round."""
    return _from_tuple(_frozen(value))


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value


@lru_cache(maxsize=50_000)
def _from_tuple(value: Any) -> Steps:
    return tuple(Step(owner, people, groups, other) for owner, people, groups, other in value)


def lets_through(steps: Steps, name: str, member_of: frozenset[str], known: frozenset[str]) -> bool:
    """Whether a person gets through every step. ``known`` are the groups that there are here."""
    return all(_lets(step, name, member_of, known) for step in steps)


def _lets(step: Step, name: str, member_of: frozenset[str], known: frozenset[str]) -> bool:
    owner, granted = step.owner
    if owner == name:
        return granted
    for person, granted in step.people:
        if person == name:
            return granted
    theirs = [granted for group, granted in step.groups if group in member_of]
    if theirs:
        return any(theirs)
    return step.other and not _may_refuse_some(step, known)


def _may_refuse_some(step: Step, known: frozenset[str]) -> bool:
    """Whether an entry of somebody who cannot be told from the others refuses."""
    people = (step.owner, *step.people)
    unknown_person = any(not granted for n, granted in people if n.startswith(UNRESOLVED))
    unknown_group = any(not granted for g, granted in step.groups if g not in known)
    return unknown_person or unknown_group
