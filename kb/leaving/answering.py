"""Conversations, answers, pins and words are taken up, with the places of passages here."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from kb.catalog import arriving, documents
from kb.catalog.database import Connection
from kb.leaving import lines
from kb.leaving.problems import damaged
from kb.types.kept import KeptAnswer
from kb.types.leaving import (
    LeftAnswer,
    LeftConversation,
    LeftDocument,
    LeftJudged,
    LeftPin,
    LeftTerm,
)
from kb.types.points import ordinal_of, point_of, version_of

_PASSAGE = re.compile(r"(\d{1,12})((?:-\d{1,7}){1,2})")


class Moved:
    """Where documents, versions and passages of an export are here."""

    def __init__(
        self, connection: Connection, left: Sequence[LeftDocument], ids: Mapping[int, int],
        worker: str,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._ids = ids
        self._worker = worker
        self._versions: dict[int, int] = {}
        for one in left:
            entry = documents.by_id(connection, ids[one.id])
            if one.version is not None and entry is not None and entry.version is not None:
                self._versions[one.version] = entry.version

    def document(self, number: int) -> int:
        """A document's id here."""
        return self._ids[number]

    def version(self, number: int, document: int | None) -> int:
        """A version's number here; one of which nothing came gets a number that nothing has."""
        if number not in self._versions:
            here = self._ids.get(document, arriving.NOBODYS) if document else arriving.NOBODYS
            self._versions[number] = arriving.earlier_version(self._connection, here, self._worker)
        return self._versions[number]

    def point(self, point: int, made_from: Mapping[str, int]) -> int:
        """A passage's point here."""
        number = version_of(point)
        return point_of(self.version(number, made_from.get(str(number))), ordinal_of(point))

    def passage(self, passage: str, document: int) -> str:
        """A passage's id here."""
        matched = _PASSAGE.fullmatch(passage)
        if matched is None:
            raise damaged(f"a passage that is none ({passage[:60]})", "data/pins.jsonl")
        return f"{self.version(int(matched[1]), document)}{matched[2]}"


def take_up(connection: Connection, folder: Path, moved: Moved) -> int:
    """Take up all of it; returns how many answers are new here.

    Raises:
        UsageError: a line is not one of its table.
    """
    for conversation in lines.rows(folder, "conversations", LeftConversation):
        arriving.conversation(connection, conversation)
    count = 0
    for answer in lines.rows(folder, "answers", LeftAnswer):
        if not arriving.is_there(connection, answer.id):
            arriving.answer(connection, _kept(answer, moved), answer.opinions)
            count += 1
    for pin in lines.rows(folder, "pins", LeftPin):
        document = moved.document(pin.document)
        arriving.pin(connection, pin, document, moved.passage(pin.passage, pin.document))
    for judged in lines.rows(folder, "judged", LeftJudged):
        arriving.judged(connection, judged, moved.document(judged.document))
    for term in lines.rows(folder, "glossary", LeftTerm):
        arriving.term(connection, term)
    return count


def _kept(left: LeftAnswer, moved: Moved) -> KeptAnswer:
    try:
        kept = msgspec.convert(left.kept, KeptAnswer)
    except msgspec.ValidationError as error:
        raise damaged(f"an answer that is none ({error})", "data/answers.jsonl") from error
    if kept.id != left.id:
        raise damaged("an answer that is another", "data/answers.jsonl")

    def here(points: Sequence[int]) -> tuple[int, ...]:
        return tuple(moved.point(point, left.made_from) for point in points)

    passages = tuple(
        msgspec.structs.replace(
            p,
            version=moved.version(p.version, left.made_from.get(str(p.version))),
            points=here(p.points),
        )
        for p in kept.passages
    )
    citations = tuple(msgspec.structs.replace(c, points=here(c.points)) for c in kept.citations)
    return msgspec.structs.replace(kept, passages=passages, citations=citations)
