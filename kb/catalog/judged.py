"""The organisation's own questions: somebody said which passage is the right one.

They go with their document: what was erased leaves no text behind here.
"""

from sqlalchemy import Connection, delete, insert, select

from kb.catalog.database import now
from kb.catalog.rights import of_text_from, readable_text_of
from kb.catalog.tables import documents, judged_questions, sources
from kb.types.opinions import JudgedQuestion
from kb.types.passages import StoredChunk
from kb.types.people import Principal


def add(
    connection: Connection, principal: Principal, question: str, chunk: StoredChunk, text: str
) -> None:
    """Keep that this passage answers the question; saying it again changes nothing."""
    remove_passage(connection, question, chunk.document_id, text)
    connection.execute(
        insert(judged_questions).values(
            question=question,
            asker=principal.name,
            document_id=chunk.document_id,
            page=chunk.page,
            section=chunk.section,
            text=text,
            judged_at=now(),
            **of_text_from(chunk.document_id),
        )
    )


def remove_passage(connection: Connection, question: str, document_id: int, text: str) -> None:
    """Take back that this passage answers the question."""
    connection.execute(
        delete(judged_questions).where(
            judged_questions.c.question == question,
            judged_questions.c.document_id == document_id,
            judged_questions.c.text == text,
        )
    )


def all_of(connection: Connection, principal: Principal) -> list[JudgedQuestion]:
    """Questions with passages that the principal may read, the newest first."""
    query = (
        select(
            judged_questions.c.id, judged_questions.c.question, judged_questions.c.document_id,
            documents.c.path, sources.c.name, documents.c.language, judged_questions.c.page,
            judged_questions.c.section, judged_questions.c.text, judged_questions.c.judged_at,
        )
        .join(documents, documents.c.id == judged_questions.c.document_id)
        .join(sources, sources.c.id == documents.c.source_id)
        .where(readable_text_of(principal, judged_questions))
        .order_by(judged_questions.c.judged_at.desc(), judged_questions.c.id.desc())
    )  # fmt: skip
    return [JudgedQuestion(**row._asdict()) for row in connection.execute(query)]


def remove(connection: Connection, principal: Principal, number: int) -> bool:
    """Forget one; whether there was one that the principal may see."""
    mine = {row.id for row in all_of(connection, principal)}
    if number not in mine:
        return False
    connection.execute(delete(judged_questions).where(judged_questions.c.id == number))
    return True
