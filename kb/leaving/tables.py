"""The tables of an export together, checked before anything of them is taken up.

A bag whose hashes are right may have been made by anybody. What does not fit is refused as a whole:
a document of no source, a path that leads out, a text without its elements.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kb.leaving import lines, placing
from kb.leaving.moving import Vectors
from kb.leaving.problems import damaged
from kb.leaving.remaking import Remade, check, remade
from kb.leaving.verifying import VerifiedExport
from kb.types.leaving import (
    LeftAnswer,
    LeftChunk,
    LeftConversation,
    LeftDocument,
    LeftElement,
    LeftJudged,
    LeftPin,
    LeftRights,
    LeftTerm,
    LeftText,
    LeftWhole,
)

DOCUMENTS = "data/documents.jsonl"


@dataclass(frozen=True)
class Tables:
    """The tables in a folder that was verified."""

    folder: Path
    verified: VerifiedExport

    @cached_property
    def whole(self) -> LeftWhole:
        """What the export is."""
        return lines.whole(self.folder, "export", LeftWhole)

    @cached_property
    def rights(self) -> LeftRights:
        """Who may read what."""
        return lines.whole(self.folder, "rights", LeftRights)

    @cached_property
    def documents(self) -> tuple[LeftDocument, ...]:
        """Every file, each behind the one that it is part of."""
        return _parents_first(list(lines.rows(self.folder, "documents", LeftDocument)))

    def remade(self) -> Iterator[Remade]:
        """What is searched, in the order in which it was published."""
        wanted = (one for one in self.documents if one.version is not None)
        texts = lines.rows(self.folder, "texts", LeftText)
        elements = lines.Peeked(lines.rows(self.folder, "elements", LeftElement))
        chunks = lines.Peeked(lines.rows(self.folder, "chunks", LeftChunk))
        for one in sorted(wanted, key=lambda one: one.version or 0):
            yield remade(one, next(texts, None), elements.of(one.id), chunks.of(one.id))
        if next(texts, None) is not None or not (elements.is_done and chunks.is_done):
            raise damaged("it has texts of files that it does not list", "data/texts.jsonl")

    def vectors(self) -> Vectors:
        """The vectors, to be closed; raises as :meth:`check`."""
        return Vectors(self.folder, self.whole.models)

    def check(self) -> None:
        """Check all of it.

        Raises:
            UsageError: something does not fit.
        """
        sources = {source.name for source in self.rights.sources}
        for one in self.documents:
            placing.path_of(one)
            if one.source not in sources:
                raise damaged(f"a file is of no source ({one.path[:200]})", DOCUMENTS)
            if one.rights is not None and one.rights not in self.rights.sets:
                raise damaged(f"a file has no readers ({one.path[:200]})", DOCUMENTS)
            _check_file(one, self.verified.hashes)
        for made in self.remade():
            check(made)
        self.vectors().close()
        self._check_people()

    def _check_people(self) -> None:
        ids = {one.id for one in self.documents}
        for name, kind in (("conversations", LeftConversation), ("glossary", LeftTerm)):
            for _ in lines.rows(self.folder, name, kind):
                pass
        for answer in lines.rows(self.folder, "answers", LeftAnswer):
            if not set(answer.made_from.values()) <= ids:
                raise damaged("an answer is made from a file that is not listed", "answers.jsonl")
        named = {pin.document for pin in lines.rows(self.folder, "pins", LeftPin)}
        named |= {one.document for one in lines.rows(self.folder, "judged", LeftJudged)}
        if not named <= ids:
            raise damaged("it tells of a file that is not listed", "data/pins.jsonl")


def _parents_first(found: list[LeftDocument]) -> tuple[LeftDocument, ...]:
    by_id = {one.id: one for one in found}
    if len(by_id) != len(found):
        raise damaged("two files have one number", DOCUMENTS)
    placed: dict[int, LeftDocument] = {}
    for one in sorted(found, key=lambda one: one.id):
        above = [one]
        while (parent := above[-1].parent) is not None and parent not in placed:
            if parent not in by_id or by_id[parent] in above:
                raise damaged(f"a file is part of nothing ({one.path[:200]})", DOCUMENTS)
            above.append(by_id[parent])
        placed.update({one.id: one for one in reversed(above)})
    return tuple(placed.values())


def _check_file(one: LeftDocument, hashes: Mapping[str, str]) -> None:
    if one.file is None:
        return
    key = one.content_hash or one.pending
    if one.file not in hashes:
        raise damaged(f"a file is not where its line says ({one.path[:200]})", DOCUMENTS)
    if hashes[one.file] != key and (key is not None or one.parent is not None):
        raise damaged(f"a file is another than its line says ({one.path[:200]})", DOCUMENTS)
