"""Answers that are pinned for a question, by whoever answers for the document that says so."""

from kb.audit.log import noted
from kb.catalog import chunks, keeping, sources
from kb.catalog.database import Catalog, current_seq
from kb.errors import ForbiddenError, NotFoundError, UsageError
from kb.search.limits import check_question
from kb.types.people import Principal
from kb.types.points import points_of
from kb.types.searches import LONGEST_ANSWER, Pin


class Pins:
    """The pins in a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def of_question(self, principal: Principal, question: str) -> list[Pin]:
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
