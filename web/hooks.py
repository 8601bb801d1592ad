"""What the pages need of the room that reads folders; given by whoever starts the service."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kb.catalog.sources import Following, Source
from kb.rights.rules import PathRule
from kb.types.people import Principal

if TYPE_CHECKING:  # commands that only look at folders load no web framework
    from litestar import Request


@dataclass(frozen=True, slots=True)
class Edited:
    """How a source is to be from now on; what is None, and no readers, stays as it is.

    ``readers`` and ``curators`` are names; ``rule`` is its kind, with the lines of one by paths.
    """

    following: Following
    about: str | None = None
    curators: tuple[str, ...] | None = None
    readers: tuple[str, ...] | None = None
    rule: tuple[str, tuple[PathRule, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Hooks:
    """Verbs on folders.

    ``preview`` looks at a folder: ``{"files": n, "bytes": n, "kinds": {...}, "seconds": s}``.
    ``add`` follows one and ``change`` follows it another way; both check what they are given, do
    all of it in one transaction, and ``change`` lets nobody but administrators leave out what they
    may not read. ``remove`` forgets a source with its documents. These three note who did it, in
    the transaction that does it. ``next_run`` says when a source is due next.
    ``path_rule`` reads "PATTERN: GROUP, GROUP".
    """

    preview: Callable[[str], dict[str, Any]]
    add: Callable[[str, str, Edited, Principal], Source]
    change: Callable[[Principal, Source, Edited], None]
    next_run: Callable[[Source], float | None]
    remove: Callable[[Source, Principal], Awaitable[int]]
    path_rule: Callable[[str], PathRule]


def hooks(request: "Request[Any, Any, Any]") -> Hooks:
    """The verbs that this application was given."""
    found: Hooks = request.app.state.hooks
    return found
