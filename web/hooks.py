"""What the pages need of the room that reads folders; given by whoever starts the service."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kb.catalog.sources import Following, Source
from kb.rules import PathRule
from kb.types import Principal

if TYPE_CHECKING:  # commands that only look at folders load no web framework
    from litestar import Request


@dataclass(frozen=True, slots=True)
class Hooks:
    """Verbs on folders.

    ``preview`` looks at a folder: ``{"files": n, "bytes": n, "kinds": {...}, "seconds": s}``.
    ``add`` follows one and ``change`` follows it another way; both check what they are given, and
    ``change`` lets nobody but administrators leave out what they may not read. ``remove`` forgets a
    source with its documents. These three note who did it, in the transaction that does it.
    ``next_run`` says when a source is due next.
    ``path_rule`` reads "PATTERN: GROUP, GROUP"; ``set_rule`` replaces a source's rule for readers.
    """

    preview: Callable[[str], dict[str, Any]]
    add: Callable[[str, str, str | None, Following, Principal], Source]
    change: Callable[[Principal, Source, Following], None]
    next_run: Callable[[Source], float | None]
    remove: Callable[[Source, Principal], Awaitable[int]]
    path_rule: Callable[[str], PathRule]
    set_rule: Callable[[Principal, str, str, Sequence[PathRule]], Awaitable[Source]]


def hooks(request: "Request[Any, Any, Any]") -> Hooks:
    """The verbs that this application was given."""
    found: Hooks = request.app.state.hooks
    return found
