"""What the pages need of the room that reads folders; given by whoever starts the service."""

from typing import Any, Protocol

from litestar import Request

from kb.types.library import Edited, Source
from kb.types.people import Principal


class FolderVerbs(Protocol):
    """Verbs on folders: see :class:`ingest.folders.Folders`, which this room does not know."""

    def preview(self, by: Principal, path: str) -> dict[str, Any]:
        """Look: ``{"files": n, "bytes": n, "kinds": {...}, "seconds": s, …}``."""

    def inside(self, by: Principal, path: str) -> dict[str, Any]:
        """The folders in it: ``{"path", "above", "folders": [{"name", "path"}]}``."""

    def next_run(self, source: Source) -> float | None:
        """When a source is due next (seconds since the epoch)."""

    def next_scheduled(self, source: Source) -> float | None:
        """When its schedule alone asks for it next (seconds since the epoch)."""

    def add(self, by: Principal, name: str, path: str, edited: Edited) -> Source:
        """Follow a folder; everything is checked, in one transaction with who did it."""

    async def change(self, by: Principal, source: Source, edited: Edited) -> None:
        """Follow it another way; only administrators leave out what they may not read."""


def folders(request: Request[Any, Any, Any]) -> FolderVerbs:
    """The verbs that this application was given."""
    found: FolderVerbs = request.app.state.folders
    return found
