"""Walking a folder safely, and telling what changed since the last run."""

import hashlib
import os
import stat as stat_module
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from ingest.selection import Selection
from kb.catalog.documents import Stat
from kb.errors import FileProblem, RetryableError, UsageError
from kb.originals import beneath, leads_to, open_beneath
from kb.pathnames import shown
from kb.types import State

RETRY_STATES = {State.WAITING}


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the folder; ``problem`` where it cannot be opened."""

    raw_path: bytes
    stat: Stat
    problem: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    target: bytes | None = None
    """Where it leads if it is a link, seen from the source's root."""

    @property
    def path(self) -> str:
        """The path as people see it."""
        return shown(self.raw_path)


@dataclass(slots=True)
class Changes:
    """What a run has to do.

    ``renamed`` maps a new file to the document it was before; ``gone`` are documents whose file is
    not there, ``left_out`` those that the patterns do not take any more.
    """

    seen: int = 0
    unchanged: int = 0
    new: list[Found] = field(default_factory=list)
    changed: list[tuple[int, Found]] = field(default_factory=list)
    renamed: list[tuple[int, Found]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    known: int = 0


def check_root(root: str, allowed: tuple[str, ...] = ()) -> Path:
    """The folder of a new source, absolute; beneath one of ``allowed``, where there are any.

    Raises:
        UsageError: it is not a folder that can be listed, or not an allowed one.
    """
    if "://" in root:
        raise UsageError(f"{root} is an address, not a folder.", code="not_a_folder")
    if "\0" in root or not root.strip():
        raise UsageError("Name a folder.", code="not_a_folder")
    path = Path(root).expanduser().absolute()
    real = os.path.realpath(os.fsencode(path))
    if allowed and not any(beneath(real, os.path.realpath(os.fsencode(a))) for a in allowed):
        raise UsageError(
            f"{path} is not beneath the folders that may be followed (ingest.roots).",
            code="not_allowed",
            detail={"roots": list(allowed)},
        )
    if not path.is_dir():
        raise UsageError(f"There is no folder {path}.", code="not_a_folder", detail={"path": root})
    try:
        next(os.scandir(path), None)
    except OSError as error:
        raise UsageError(
            f"The folder {path} cannot be listed: {error.strerror}.", code="not_a_folder"
        ) from error
    return path.resolve()


def walk(root: str, selection: Selection) -> tuple[list[Found], list[bytes]]:
    """Every wanted file beneath ``root``, and the folders that could not be listed.

    Raises:
        RetryableError: the folder itself is not there; nothing may be concluded from that.
    """
    base = os.fsencode(root)
    if not os.path.isdir(base):
        raise RetryableError(
            f"The folder {root} is not there. Its documents stay as they are.",
            code="source_unreachable",
            detail={"path": root},
        )
    closed: list[bytes] = []
    found = _walk(base, b"", os.path.realpath(base), closed, selection)
    files = sorted(found, key=lambda f: f.raw_path)
    if b"" in closed:
        raise RetryableError(f"The folder {root} cannot be listed.", code="source_unreachable")
    return files, closed


def _walk(
    base: bytes, inside: bytes, real: bytes, closed: list[bytes], selection: Selection
) -> Iterator[Found]:
    try:
        with os.scandir(os.path.join(base, inside)) as listing:
            entries = list(listing)
    except OSError as error:
        closed.append(inside)
        if inside:
            yield Found(inside, Stat(0, 0, 0), "unreadable", {"what": error.strerror or ""})
        return
    for entry in entries:
        path = os.path.join(inside, entry.name)
        if entry.is_dir(follow_symlinks=False):
            if selection.enters(path):
                yield from _walk(base, path, real, closed, selection)
        elif selection.takes(path):
            yield _found(entry, path, real)


def _found(entry: "os.DirEntry[bytes]", path: bytes, real: bytes) -> Found:
    try:
        status = entry.stat(follow_symlinks=True)
    except OSError as error:
        return Found(path, Stat(0, 0, 0), "unreadable", {"what": error.strerror or ""})
    stat = Stat(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    target = None
    if entry.is_symlink():
        try:
            target = leads_to(real, path)
        except FileProblem as problem:
            return Found(path, stat, problem.code)
    if not stat_module.S_ISREG(status.st_mode):
        return Found(path, stat, "not_regular", target=target)
    return Found(path, stat, target=target)


def compare(
    files: list[Found],
    closed: list[bytes],
    known: Mapping[bytes, Row[Any]],
    root: str,
    fingerprint: str,
    selection: Selection,
) -> Changes:
    """What changed since the catalog was written. Reads only files that may be renamed ones."""
    changes = Changes(seen=len(files), known=len(known))
    there = {f.raw_path for f in files}
    missing = {
        raw: row
        for raw, row in known.items()
        if raw not in there and not any(not c or raw.startswith(c + b"/") for c in closed)
    }
    changes.left_out = [row.id for raw, row in missing.items() if not selection.covers(raw)]
    out = set(changes.left_out)
    missing = {raw: row for raw, row in missing.items() if row.id not in out}
    by_hash = {row.content_hash: row for row in missing.values() if row.content_hash}
    sizes = {row.bytes for row in missing.values()}
    for found in files:
        row = known.get(found.raw_path)
        if row is None:
            old = _renamed_from(found, sizes, by_hash, root)
            if old is None:
                changes.new.append(found)
            else:
                by_hash.pop(old.content_hash)
                missing.pop(old.raw_path)
                changes.renamed.append((old.id, found))
        elif _is_unchanged(row, found, fingerprint):
            changes.unchanged += 1
            if row.held:
                changes.back.append(row.id)
        else:
            changes.changed.append((row.id, found))
    changes.gone = [row.id for row in missing.values()]
    return changes


def _is_unchanged(row: Row[Any], found: Found, fingerprint: str) -> bool:
    if row.state in RETRY_STATES or row.due_at is not None:
        return False
    if found.problem is not None and row.code != found.problem:
        return False
    same = (row.bytes, row.mtime_ns, row.ctime_ns) == (
        found.stat.size,
        found.stat.mtime_ns,
        found.stat.ctime_ns,
    )
    return same and row.settings == fingerprint and row.target == found.target


def _renamed_from(
    found: Found, sizes: set[int], by_hash: dict[str, Row[Any]], root: str
) -> Row[Any] | None:
    if found.problem or not by_hash or found.stat.size not in sizes or not found.stat.size:
        return None
    try:
        with open_beneath(root, found.raw_path, found.target or found.raw_path) as file:
            digest = hashlib.file_digest(file, "sha256")
            return by_hash.get(digest.hexdigest())
    except FileProblem:
        return None


def snapshot(root: str, found: Found, target: Path, limit_mb: int) -> tuple[str, Stat]:
    """Copy a file that stands still; returns its SHA-256 and what the file system said of it.

    Raises:
        FileProblem: too large, unreadable, or written to meanwhile.
    """
    if found.stat.size > limit_mb * 1024**2:
        raise FileProblem("too_large", limit=limit_mb)
    digest = hashlib.sha256()
    judged = found.target or found.raw_path
    with open_beneath(root, found.raw_path, judged) as file, target.open("wb") as copy:
        before = os.fstat(file.fileno())
        left = limit_mb * 1024**2 + 1
        while left > 0 and (part := file.read(min(left, 1024 * 1024))):
            digest.update(part)
            copy.write(part)
            left -= len(part)
        after = os.fstat(file.fileno())
    if left <= 0:
        raise FileProblem("too_large", limit=limit_mb)
    if _stat(before) != _stat(after):
        raise FileProblem("changed_while_reading")
    return digest.hexdigest(), _stat(after)


def _stat(status: os.stat_result) -> Stat:
    return Stat(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
