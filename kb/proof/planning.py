"""Planning: what is about to be erased is written down, in hashes, before it goes."""

import hashlib
from collections.abc import Sequence

import msgspec

from kb.catalog import answers, audit, purges, sources, versions
from kb.catalog.database import Connection
from kb.proof.marks import Maker
from kb.types.files import LedgerEntry
from kb.types.kept import KeptAnswer
from kb.types.people import Principal
from kb.types.purges import (
    Erased,
    ErasedAnswer,
    ErasedDocument,
    ErasedPassage,
    ErasedVector,
    Place,
)
from kb.upkeep.erasing import values_of


class Planner:
    """Writes down what one erasing takes; ``number`` is the erasing's, once it was written down."""

    def __init__(self, by: Principal) -> None:
        self._by = by
        self._maker = Maker()
        self.number = 0

    def __call__(
        self, connection: Connection, found: Sequence[LedgerEntry], numbers: Sequence[int]
    ) -> None:
        """See :data:`kb.upkeep.erasing.Planned`."""
        kept = answers.made_from(connection, numbers)
        passages, hashes = self._passages(connection, numbers)
        erased = Erased(
            self._documents(connection, found),
            purges.of_versions(connection, numbers),
            passages,
            self._vectors(connection, hashes, numbers),
            [f"{key}.{kind}" for key, kind in values_of(found)],
            [self._answer(one) for one in kept],
            versions.attempts_of(connection, [one.id for one in found]),
        )
        until = audit.last(connection) + len(found)
        marks = self._maker.marks()
        self.number = purges.begin(connection, self._by.name, until, erased, marks)

    def _documents(
        self, connection: Connection, found: Sequence[LedgerEntry]
    ) -> list[ErasedDocument]:
        by_id = {source.id: source for source in sources.all_of(connection, counted=False)}
        about = purges.added_at(connection, [one.id for one in found])
        made = []
        for one in found:
            source, (added_at, size) = by_id[one.source_id], about[one.id]
            file = _place(one, is_uploaded=source.following.uploads)
            if file != "folder":  # a name that is left out of a folder stays in the catalog
                self._maker.add("name", one.path.encode("utf-8", "surrogatepass"))
            made.append(
                ErasedDocument(
                    one.id,
                    source.name,
                    path_sha256(one.path),
                    one.content_hash,
                    size,
                    added_at,
                    one.parent_id,
                    file,
                )
            )
        return made

    def _passages(
        self, connection: Connection, numbers: Sequence[int]
    ) -> tuple[list[ErasedPassage], list[str]]:
        made, hashes = [], set()
        for one in purges.passages(connection, numbers):
            self._maker.add("text", one.text.encode("utf-8", "surrogatepass"))
            made.append(ErasedPassage(one.point, text_sha256(one.text)))
            hashes.add(one.vector_hash)
        return made, sorted(hashes)

    def _vectors(
        self, connection: Connection, hashes: Sequence[str], numbers: Sequence[int]
    ) -> list[ErasedVector]:
        made, shared = [], purges.shared_vectors(connection, hashes, numbers)
        for one in purges.vectors_by(connection, hashes):
            if one.hash not in shared:
                self._maker.add("vector", one.vector)
            made.append(ErasedVector(one.model, one.hash, hashlib.sha256(one.vector).hexdigest()))
        return made

    def _answer(self, one: KeptAnswer) -> ErasedAnswer:
        for said in (one.question, one.asked_as or "", one.text):
            self._maker.add("answer", said.encode("utf-8", "surrogatepass"))
        kept = msgspec.json.encode(one)
        return ErasedAnswer(one.id, hashlib.sha256(kept).hexdigest())


def _place(one: LedgerEntry, *, is_uploaded: bool) -> Place:
    if one.parent_id is not None:
        return "container"
    return "data_directory" if is_uploaded else "folder"


def path_sha256(path: str) -> str:
    """What tells a document by its path in the source, as it is shown."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()


def text_sha256(text: str) -> str:
    """What tells a passage; its first half is the catalog's own ``text_hash``."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()
