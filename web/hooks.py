"""What the pages need of the room that reads folders; given by whoever starts the service."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kb.types.library import Edited, PathRule, Source
from kb.types.people import Principal

if TYPE_CHECKING:  # commands that only look at folders load no web framework
    from litestar import Request


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
