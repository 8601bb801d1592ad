"""What the pages need of the room that reads folders; given by whoever starts the service."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request

from kb.catalog.sources import Following, Source


@dataclass(frozen=True, slots=True)
class Hooks:
    """Verbs on folders.

    ``preview`` looks at a folder: ``{"files": n, "bytes": n, "kinds": {...}, "seconds": s}``.
    ``add`` follows one and ``change`` follows it another way; both check what they are given.
    ``next_run`` says when a source is due next. ``remove`` forgets a source with its documents.
    """

    preview: Callable[[str], dict[str, Any]]
    add: Callable[[str, str, str, Following], Source]
    change: Callable[[Source, Following], None]
    next_run: Callable[[Source], float | None]
    remove: Callable[[Source], Awaitable[int]]


def hooks(request: Request[Any, Any, Any]) -> Hooks:
    """The verbs that this application was given."""
    found: Hooks = request.app.state.hooks
    return found
