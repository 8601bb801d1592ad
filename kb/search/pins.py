"""Answers that are pinned for a question, by whoever answers for the document that says so.

A pin meets its question, however its letters are written, and paraphrases of it: questions that are
like it by the embedding model, and for which its passage is among the first found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kb.audit.log import noted
from kb.catalog import chunks, keeping, sources
from kb.catalog.database import Catalog, current_seq
from kb.embedding.client import Embeddings, cosine
from kb.errors import ForbiddenError, NotFoundError, UsageError
from kb.search.limits import check_question
from kb.search.retrieval import Found
from kb.types.passages import Passage
from kb.types.people import Principal
from kb.types.points import points_of, version_of
from kb.types.searches import LONGEST_ANSWER, PinnedAnswer

ALIKE, AMONG = 0.6, 3
"""How like a pin's question another one is that it meets (0 as unrelated texts, 1 the same), and
among how many of the first passages the pin's own has to be (docs/retrieval.md, Pinned answers)."""


@dataclass(frozen=True, slots=True)
class Met:
    """A pin that a question meets, and its passage as it is now; ``exact``: by its own words."""

    pin: PinnedAnswer
    passage: Passage | None
    exact: bool


class PinMeeting:
    """Finds the pin that a question meets."""

    def __init__(self, catalog: Catalog, embeddings: Embeddings) -> None:
        self._catalog = catalog
        self._embeddings = embeddings

    async def met(self, question: str, principal: Principal, found: Found) -> Met | None:
        """The pin of a question, for which these passages were found; None: there is none."""
        exact, stored, pins = await self._catalog.read(self._known, question, principal)
        if exact is not None:
            return Met(exact, stored or _passage_of(exact, found.passages), exact=True)
        first = [p for p in found.passages if not p.hidden][:AMONG]
        near = [(pin, p) for pin in pins if (p := _passage_of(pin, first)) is not None]
        if not near or not found.understood:
            return None
        texts = [question, *(pin.question for pin, _ in near)]
        asked, *others = await self._embeddings.texts(texts, found.model)
        likeness = [found.scale.alike(cosine(asked, other)) for other in others]
        best = max(range(len(near)), key=lambda n: likeness[n])
        return Met(*near[best], exact=False) if likeness[best] >= ALIKE else None

    def _known(
        self, question: str, principal: Principal
    ) -> tuple[PinnedAnswer | None, Passage | None, list[PinnedAnswer]]:
        """The pin with the question's own words, its passage if it still is; all they may read."""
        with self._catalog.reading() as connection:
            pins = keeping.pinned(connection, principal)
            exact = next(iter(keeping.pinned(connection, principal, question)), None)
            if exact is None:
                return None, None, pins
            points = points_of(exact.passage_id)
            stored = chunks.hydrate(connection, principal, points, current_seq(connection))
        if len(stored) < len(points):
            return exact, None, pins
        text = "\n".join(stored[p].text for p in points)
        return exact, Passage(stored[points[0]], text, tuple(points), 0.0, 0.0), pins


def _passage_of(pin: PinnedAnswer, passages: Sequence[Passage]) -> Passage | None:
    """The pin's own passage among these; of a document that has changed since, any of it."""
    points = set(points_of(pin.passage_id))
    [version] = {version_of(point) for point in points}
    for passage in passages:
        chunk = passage.chunk
        if chunk.document_id == pin.document_id and (
            chunk.version != version or points & set(passage.points)
        ):
            return passage
    return None


class Pins:
    """The pins in a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def of_question(self, principal: Principal, question: str) -> list[PinnedAnswer]:
        """Pins for a question whose document the principal may read."""
        with self._catalog.reading() as connection:
            return keeping.pinned(connection, principal, question)

    def add(self, principal: Principal, question: str, answer: str, passage_id: str) -> int:
        """Pin an answer; it replaces an earlier one of the same document. Returns its number.

        Raises:
            UsageError: the question, the answer or the passage's id cannot be used.
            NotFoundError: there is no such passage, for them.
            ForbiddenError: they do not answer for its source.
        """
        question, text = check_question(question), answer.strip()
        if not text or len(text) > LONGEST_ANSWER:
            raise UsageError(
                "A pinned answer has 1 to {limit} characters.",
                code="pin_too_long",
                detail={"limit": LONGEST_ANSWER},
            )
        points = points_of(passage_id)
        with self._catalog.writing() as connection:
            stored = chunks.hydrate(connection, principal, points, current_seq(connection))
            if len(stored) != len(points):
                raise NotFoundError("There is no such passage, for you.", code="passage_gone")
            chunk = stored[points[0]]
            if not principal.answers_for(sources.by_name(connection, chunk.source).id):
                raise ForbiddenError(
                    "You do not answer for {source}.", detail={"source": chunk.source}
                )
            document = chunk.document_id
            noted(connection, principal, "pin.add", question, document=document)
            address = f"/documents/{document}?passage={passage_id}"
            return keeping.pin(
                connection,
                principal,
                question=question,
                answer=text,
                document_id=document,
                address=address,
            )

    def remove(self, principal: Principal, number: int) -> None:
        """Take a pin away.

        Raises:
            NotFoundError: there is none, for them, or it is not theirs to take away.
        """
        with self._catalog.writing() as connection:
            found = [p for p in keeping.pinned(connection, principal) if p.id == number]
            if not found or not principal.answers_for(found[0].source_id):
                raise NotFoundError("There is no such pin, or it is not yours to take away.")
            keeping.unpin(connection, number)
            noted(connection, principal, "pin.remove", str(number))
