"""What changed in a folder since the last run."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ingest.finding.selection import Selection
from ingest.finding.sources import FolderLook, SeenFile, reading
from kb.errors import FileProblem
from kb.files.originals import open_beneath
from kb.types.files import KnownDocument
from kb.types.parsed import State

RETRY_STATES = {State.WAITING}
TRIED_AGAIN = {
    "disk_full", "engine_unavailable", "parser_crashed", "parser_memory", "parser_space",
    "parser_timeout", "unexpected", "unreadable",
}  # fmt: skip
"""Codes of reasons that say nothing of the file itself. Each run reads such a file again, until it
is set aside."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a run has to do. Documents are named by their ids, files by what was seen of them.

    ``new`` files belong to no document; ``changed`` and ``renamed`` ones come with the document
    that they are. ``gone`` are documents whose file is not there, with its path; ``left_out`` those
    that the patterns do not take any more; ``back`` those that were held and are there again.
    ``seen`` and ``unchanged`` count files, ``known`` counts documents.
    """

    seen: int
    known: int
    unchanged: int
    new: list[SeenFile]
    changed: list[tuple[int, SeenFile]]
    renamed: list[tuple[int, SeenFile]]
    gone: dict[int, bytes]
    left_out: list[int]
    back: list[int]


def compare(
    look: FolderLook,
    known: Mapping[bytes, KnownDocument],
    is_current: Callable[[KnownDocument], bool],
    selection: Selection,
) -> Changes:
    """What changed since the catalog was written. Only files that may be renamed ones are read.

    ``is_current`` says whether a document whose bytes are the same would be read the same way now.
    ``selection`` names the files that were erased when ``known`` was read: they count as unseen.
    """
    files = [seen for seen in look.files if seen.raw_path not in selection.erased]
    left_out, missing = _away(look, {seen.raw_path for seen in files}, known, selection)
    strange = [seen for seen in files if seen.raw_path not in known]
    renamed = [(old.id, seen) for seen in strange if (old := missing.claimed_by(seen))]
    moved = {seen.raw_path for _, seen in renamed}
    met = [(known[seen.raw_path], seen) for seen in files if seen.raw_path in known]
    changed = [(old.id, seen) for old, seen in met if not _is_unchanged(old, seen, is_current)]
    differ = {number for number, _ in changed}
    same = [old for old, _ in met if old.id not in differ]
    return Changes(
        seen=len(files),
        known=len(known),
        unchanged=len(same),
        new=[seen for seen in strange if seen.raw_path not in moved],
        changed=changed,
        renamed=renamed,
        gone=missing.gone(),
        left_out=left_out,
        back=[old.id for old in same if old.held],
    )


class _Missing:
    """Documents whose files are not there. A new file with one's content is its file, moved."""

    def __init__(self, root: str, documents: dict[bytes, KnownDocument]) -> None:
        self._root = root
        self._left = documents
        self._by_hash = {old.content_hash: old for old in documents.values() if old.content_hash}
        self._sizes = {old.bytes for old in documents.values()}
        self._unsure: set[int] = set()

    def claimed_by(self, seen: SeenFile) -> KnownDocument | None:
        """The document that a new file was before; it is missing no more."""
        try:
            old = self._with_content_of(seen)
        except FileProblem:  # it may be any of those of its size: they stay until it is read
            self._unsure.add(seen.stat.bytes)
            return None
        if old is not None and old.content_hash is not None:
            self._by_hash.pop(old.content_hash)
            self._left.pop(old.raw_path)
        return old

    def _with_content_of(self, seen: SeenFile) -> KnownDocument | None:
        size = seen.stat.bytes
        if seen.problem or not self._by_hash or size not in self._sizes or not size:
            return None
        judged = seen.target or seen.raw_path
        with open_beneath(self._root, seen.raw_path, judged) as file, reading():
            digest = hashlib.file_digest(file, "sha256")
            return self._by_hash.get(digest.hexdigest())

    def gone(self) -> dict[int, bytes]:
        """Those that no new file has claimed, or may still claim, with their paths."""
        return {old.id: raw for raw, old in self._left.items() if old.bytes not in self._unsure}


def _away(
    look: FolderLook, there: set[bytes], known: Mapping[bytes, KnownDocument], selection: Selection
) -> tuple[list[int], _Missing]:
    """The documents that are left out by now, and those whose files are missing."""
    left_out: list[int] = []
    missing: dict[bytes, KnownDocument] = {}
    for raw, old in known.items():
        if raw in there or look.is_beneath_closed(raw):
            continue
        if selection.covers(raw):
            missing[raw] = old
        else:
            left_out.append(old.id)
    return left_out, _Missing(look.root, missing)


def _is_unchanged(
    old: KnownDocument, seen: SeenFile, is_current: Callable[[KnownDocument], bool]
) -> bool:
    if old.state in RETRY_STATES:
        return False
    if old.code in TRIED_AGAIN and old.state != State.QUARANTINED:
        return False
    if seen.problem is not None and old.code != seen.problem:
        return False
    return old.is_as(seen.stat) and old.target == seen.target and is_current(old)
