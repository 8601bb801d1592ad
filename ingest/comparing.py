"""What changed in a folder since the last run."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from ingest.selection import Selection
from ingest.sources import Found, Look, reading
from kb.errors import FileProblem
from kb.files.originals import open_beneath
from kb.types.parsed import State

RETRY_STATES = {State.WAITING}
TRIED_AGAIN = {
    "disk_full", "engine_unavailable", "parser_crashed", "parser_memory", "parser_space",
    "parser_timeout", "unexpected", "unreadable",
}  # fmt: skip
"""Reasons that are no fact about the file: until it is set aside, each run looks at it again."""


@dataclass(slots=True)
class Changes:
    """What a run has to do.

    ``renamed`` maps a new file to the document it was before; ``gone`` are documents whose file is
    not there, with its path, ``left_out`` those that the patterns do not take any more.
    """

    seen: int = 0
    unchanged: int = 0
    new: list[Found] = field(default_factory=list)
    changed: list[tuple[int, Found]] = field(default_factory=list)
    renamed: list[tuple[int, Found]] = field(default_factory=list)
    gone: dict[int, bytes] = field(default_factory=dict)
    left_out: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    known: int = 0


def compare(
    look: Look,
    known: Mapping[bytes, Row[Any]],
    is_current: Callable[[Row[Any]], bool],
    selection: Selection,
) -> Changes:
    """What changed since the catalog was written. Reads only files that may be renamed ones.

    ``is_current``: whether a document was read as it would be read now, if its file is the same.
    ``selection`` has the erased files as they were when ``known`` was read: those leave the look.
    """
    look.files = [found for found in look.files if found.raw_path not in selection.erased]
    changes = Changes(seen=len(look.files), known=len(known))
    there = {f.raw_path for f in look.files}
    missing = {
        raw: row
        for raw, row in known.items()
        if raw not in there and not look.is_beneath_closed(raw)
    }
    left_out = {raw: row for raw, row in missing.items() if not selection.covers(raw)}
    changes.left_out = [row.id for row in left_out.values()]
    missing = {raw: row for raw, row in missing.items() if raw not in left_out}
    by_hash = {row.content_hash: row for row in missing.values() if row.content_hash}
    sizes = {row.bytes for row in missing.values()}
    unsure: set[int] = set()
    for found in look.files:
        row = known.get(found.raw_path)
        if row is None:
            try:
                old = _renamed_from(found, sizes, by_hash, look.root)
            except FileProblem:  # it may be any of those of its size: they stay until it is read
                old = None
                unsure.add(found.stat.size)
            if old is None:
                changes.new.append(found)
            else:
                by_hash.pop(old.content_hash)
                missing.pop(old.raw_path)
                changes.renamed.append((old.id, found))
        elif _is_unchanged(row, found, is_current):
            changes.unchanged += 1
            if row.held:
                changes.back.append(row.id)
        else:
            changes.changed.append((row.id, found))
    changes.gone = {row.id: raw for raw, row in missing.items() if row.bytes not in unsure}
    return changes


def _is_unchanged(row: Row[Any], found: Found, is_current: Callable[[Row[Any]], bool]) -> bool:
    if row.state in RETRY_STATES:
        return False
    if row.code in TRIED_AGAIN and row.state != State.QUARANTINED:
        return False
    if found.problem is not None and row.code != found.problem:
        return False
    same = (row.bytes, row.mtime_ns, row.ctime_ns) == (
        found.stat.size,
        found.stat.mtime_ns,
        found.stat.ctime_ns,
    )
    return same and row.target == found.target and is_current(row)


def _renamed_from(
    found: Found, sizes: set[int], by_hash: dict[str, Row[Any]], root: str
) -> Row[Any] | None:
    if found.problem or not by_hash or found.stat.size not in sizes or not found.stat.size:
        return None
    judged = found.target or found.raw_path
    with open_beneath(root, found.raw_path, judged) as file, reading():
        digest = hashlib.file_digest(file, "sha256")
        return by_hash.get(digest.hexdigest())
