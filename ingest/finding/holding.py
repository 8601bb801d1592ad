"""Documents whose files are gone: removed, or held because a share may have gone away.

Held documents stay searchable until their files are back, or somebody confirms that they are gone.
"""

import os
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from ingest.finding.comparing import Changes
from ingest.finding.sources import FolderLook, above
from kb.catalog import documents, sources
from kb.catalog.database import Connection
from kb.settings import Ingest
from kb.types.library import Source

Gone = dict[int, bytes]
"""Documents and their paths."""


def apply(
    connection: Connection,
    source: Source,
    changes: Changes,
    look: FolderLook,
    settings: Ingest,
    *,
    confirm: bool,
) -> tuple[Gone, int]:
    """Hold or remove what is gone, and remove what is left out by now.

    Returns what is held, and how many documents were removed.
    """
    held, gone = divide(changes, look, source.mounts, settings, confirm=confirm)
    documents.hold(connection, list(held))
    documents.remove(connection, [*gone, *changes.left_out])
    kept = mounts(look, source.mounts, held.values())
    sources.keep_mounts(connection, source.id, kept)
    return held, len(gone) + len(changes.left_out)


def divide(
    changes: Changes,
    look: FolderLook,
    kept: Mapping[str, Any] | None,
    settings: Ingest,
    *,
    confirm: bool,
) -> tuple[Gone, Gone]:
    """The documents to hold, and those to remove.

    All are held where the folder lists nothing, where it is not on the share any more that it was
    on at the last look (``kept``, see :func:`mounts`), or where unusually many are gone. Otherwise
    those are held that lie where another share was mounted and is not any more.
    """
    gone = changes.gone
    if confirm or not gone:
        return {}, gone
    many = len(gone) > settings.guard_files and len(gone) > settings.guard_share * changes.known
    if many or not look.entries or _has_left(kept):
        return gone, {}
    away = _inside(kept) - look.mounts
    held = {number: path for number, path in gone.items() if away.intersection(above(path))}
    return held, {number: path for number, path in gone.items() if number not in held}


def mounts(
    look: FolderLook, kept: Mapping[str, Any] | None, held: Iterable[bytes]
) -> dict[str, Any]:
    """What the next look is compared with: where the folder's share is mounted, and others in it.

    A share that is away is kept as long as documents are held for it, or nothing is known of it.
    """
    waiting = {folder for path in held for folder in above(path)}
    away = _inside(kept) - look.mounts
    still = {m for m in away if m in waiting or look.is_beneath_closed(m)}
    at = kept["at"] if kept and waiting and _has_left(kept) else look.mount
    return {"at": at, "inside": sorted(quote_from_bytes(m) for m in look.mounts | still)}


def _inside(kept: Mapping[str, Any] | None) -> set[bytes]:
    return {unquote_to_bytes(m) for m in kept["inside"]} if kept else set()


def _has_left(kept: Mapping[str, Any] | None) -> bool:
    """Whether the share that the folder was on is not mounted any more."""
    return kept is not None and not os.path.ismount(kept["at"])
