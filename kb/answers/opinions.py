"""What people say of answers: verdicts, right passages, and the list to be worked through."""

from kb.answers import reopening
from kb.audit.log import noted
from kb.catalog import answers, chunks, feedback, judged, sources
from kb.catalog.database import Catalog, Connection, current_seq
from kb.errors import NotFoundError, UsageError
from kb.search.limits import check_question
from kb.types.opinions import JudgedQuestion, Reviewed, ToReview
from kb.types.people import Principal

LONGEST_COMMENT = 2000
"""Most characters of what somebody writes about an answer."""
PAGE = 50
"""Answers of one page of the review."""


class Opinions:
    """The opinions in a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def give(
        self, principal: Principal, answer_id: str, verdict: str, citation: int, comment: str
    ) -> None:
        """A verdict (``good``, ``bad``; ``none``: taken back) on an answer or a citation (from 1).

        Raises:
            NotFoundError: there is no such answer, for them, or no such citation in it.
            UsageError: the verdict or the comment cannot be used.
        """
        if verdict not in (*feedback.VERDICTS, "none"):
            raise UsageError(
                "A verdict is good, bad or none, not “{verdict}”.",
                code="bad_verdict",
                detail={"verdict": verdict[:40]},
            )
        if len(comment) > LONGEST_COMMENT:
            raise UsageError(
                "The comment has {count} characters; {limit} are allowed.",
                code="comment_too_long",
                detail={"limit": LONGEST_COMMENT, "count": len(comment)},
            )
        with self._catalog.writing() as connection:
            row = answers.get(connection, principal, answer_id)
            known = [feedback.WHOLE, *(c.n for c in row.citations)] if row else []
            if citation not in known:
                raise NotFoundError(
                    "There is no such answer, or no such citation in it.",
                    detail={"answer": answer_id[:60], "citation": citation},
                )
            if verdict == "none":
                feedback.withdraw(connection, answer_id, citation)
            else:
                feedback.give(connection, answer_id, citation, verdict, comment.strip())
            said = {"verdict": verdict, "citation": citation}
            noted(connection, principal, "answer.rate", answer_id, **said)

    def reviewed(self, principal: Principal, *, settled: bool, start: int = 0) -> list[Reviewed]:
        """A page of unanswered and badly rated answers with what they said, and one more if any."""
        with self._catalog.reading() as connection:
            found = feedback.to_review(
                connection, principal, settled=settled, limit=PAGE + 1, offset=start
            )
            return [_reviewed(connection, principal, one) for one in found]

    def settle(self, principal: Principal, answer_id: str, *, done: bool) -> None:
        """Take an answer off that list, or put it back.

        Raises:
            NotFoundError: there is no such answer, for them.
        """
        with self._catalog.writing() as connection:
            row = answers.by_id(connection, answer_id)
            made_from = [p.version for p in row.passages] if row else []
            if row is None or not feedback.concerns(connection, principal, made_from):
                raise NotFoundError("There is no such answer.", detail={"answer": answer_id[:60]})
            feedback.settle(connection, answer_id, done=done)
            noted(connection, principal, "review.settle", answer_id, done=done)

    def judge(self, principal: Principal, question: str, points: list[int], *, right: bool) -> None:
        """Say that a passage is the right one for a question, or take it back.

        Raises:
            NotFoundError: there is no such passage, for them.
            UsageError: the question cannot be used.
        """
        question = check_question(question)
        with self._catalog.writing() as connection:
            stored = chunks.hydrate(connection, principal, points, current_seq(connection))
            if len(stored) != len(points):
                raise NotFoundError(
                    "This passage is not there any more, or not for you.", code="passage_gone"
                )
            chunk = stored[points[0]]
            text = "\n".join(stored[p].text for p in points)
            if right:
                judged.add(connection, principal, question, chunk, text)
            else:
                judged.remove_passage(connection, question, chunk.document_id, text)
            document = chunk.document_id
            noted(connection, principal, "question.judge", document=document, right=right)

    def judged(self, principal: Principal) -> list[JudgedQuestion]:
        """Questions with their right passages, of documents that the principal may read."""
        with self._catalog.reading() as connection:
            return judged.all_of(connection, principal)

    def forget(self, principal: Principal, number: int) -> None:
        """Forget a judged question.

        Raises:
            NotFoundError: there is none, for them.
        """
        with self._catalog.writing() as connection:
            if not judged.remove(connection, principal, number):
                raise NotFoundError("There is no such question.", detail={"question": number})
            noted(connection, principal, "question.forget", str(number))


def _reviewed(connection: Connection, principal: Principal, asked: ToReview) -> Reviewed:
    row = answers.by_id(connection, asked.id)
    if row is None:  # forgotten just now
        return Reviewed(asked, None, None, mine=False)
    answer, nearest = reopening.reviewed(connection, principal, row)
    mine = nearest is not None and principal.answers_for(
        sources.by_name(connection, nearest.chunk.source).id
    )
    return Reviewed(asked, answer, nearest, mine)
