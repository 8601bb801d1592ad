"""What people keep: saved searches, what they opened, and answers and words of the house."""

from sqlalchemy import Connection, delete, insert, select, update

from kb.catalog.database import insert_ignoring, now
from kb.catalog.rights import of_text_from, readable, readable_text_of
from kb.catalog.tables import documents, glossary, opened, pins, saved_searches, sources
from kb.text.words import fold
from kb.types.people import Principal
from kb.types.searches import Opened, PinnedAnswer, SavedSearch, Term

MOST_OPENED = 50
"""Documents that are remembered of each person as opened, the last ones."""


def save_search(connection: Connection, principal: Principal, name: str, address: str) -> int:
    """Keep a search; returns its number."""
    number = connection.scalar(
        insert(saved_searches)
        .values(asker=principal.name, name=name, address=address, saved_at=now())
        .returning(saved_searches.c.id)
    )
    return int(number or 0)


def searches(connection: Connection, principal: Principal) -> list[SavedSearch]:
    """The asker's own searches, by name."""
    query = (
        select(saved_searches.c.id, saved_searches.c.name, saved_searches.c.address)
        .where(saved_searches.c.asker == principal.name)
        .order_by(saved_searches.c.name)
    )
    return [SavedSearch(**row._asdict()) for row in connection.execute(query)]


def forget_search(connection: Connection, principal: Principal, number: int) -> int:
    """Forget one of one's own."""
    query = delete(saved_searches).where(
        saved_searches.c.id == number, saved_searches.c.asker == principal.name
    )
    return connection.execute(query).rowcount


def note_opened(connection: Connection, principal: Principal, document_id: int) -> None:
    """Somebody opened a document."""
    row = {"asker": principal.name, "document_id": document_id, "at": now()}
    insert_ignoring(connection, opened, [row])
    mine = opened.c.asker == principal.name
    connection.execute(
        update(opened).where(mine, opened.c.document_id == document_id).values(at=now())
    )
    kept = select(opened.c.document_id).where(mine).order_by(opened.c.at.desc()).limit(MOST_OPENED)
    connection.execute(
        delete(opened).where(mine, opened.c.document_id.not_in(kept.scalar_subquery()))
    )


def recently_opened(connection: Connection, principal: Principal, limit: int) -> list[Opened]:
    """What the asker opened last, as far as they may still read it."""
    query = (
        select(documents.c.id, documents.c.title, documents.c.path, sources.c.name.label("source"))
        .join(sources, sources.c.id == documents.c.source_id)
        .join(opened, opened.c.document_id == documents.c.id)
        .where(opened.c.asker == principal.name, readable(principal))
        .order_by(opened.c.at.desc())
        .limit(limit)
    )
    return [Opened(**row._asdict()) for row in connection.execute(query)]


def forget_person(connection: Connection, name: str) -> None:
    """Forget what somebody kept."""
    connection.execute(delete(saved_searches).where(saved_searches.c.asker == name))
    connection.execute(delete(opened).where(opened.c.asker == name))


def pin(
    connection: Connection,
    author: Principal,
    *,
    question: str,
    answer: str,
    document_id: int,
    address: str,
) -> int:
    """Pin an answer for a question: it is shown first to whoever may read its document."""
    folded = folded_question(question)
    connection.execute(
        delete(pins).where(pins.c.folded == folded, pins.c.document_id == document_id)
    )
    number = connection.scalar(
        insert(pins)
        .values(
            question=question,
            answer=answer,
            document_id=document_id,
            address=address,
            **of_text_from(document_id),
            folded=folded,
            author=author.name,
            pinned_at=now(),
        )
        .returning(pins.c.id)
    )
    return int(number or 0)


def pinned(
    connection: Connection, principal: Principal, question: str | None = None
) -> list[PinnedAnswer]:
    """Pins (for a question) whose document the asker may read."""
    query = (
        select(
            pins.c.id, pins.c.question, pins.c.answer, pins.c.address, pins.c.author,
            documents.c.path, documents.c.title, documents.c.source_id, pins.c.document_id,
        )
        .join(documents, documents.c.id == pins.c.document_id)
        .where(readable_text_of(principal, pins))
        .order_by(pins.c.pinned_at.desc())
    )  # fmt: skip
    if question is not None:
        query = query.where(pins.c.folded == folded_question(question))
    return [PinnedAnswer(**row._asdict()) for row in connection.execute(query)]


def unpin(connection: Connection, number: int) -> None:
    """Take a pin away."""
    connection.execute(delete(pins).where(pins.c.id == number))


def folded_question(question: str) -> str:
    """A question as pins are found by: without case, accents, spaces and marks at its end."""
    return " ".join(fold(question).split()).strip(" ?!.…")[:400]


def terms(connection: Connection) -> list[Term]:
    """The glossary, by abbreviation."""
    query = select(glossary.c.id, glossary.c.short, glossary.c.meaning).order_by(glossary.c.short)
    return [Term(**row._asdict()) for row in connection.execute(query)]


def set_term(connection: Connection, short: str, meaning: str) -> None:
    """Say what an abbreviation means; it replaces what was said before."""
    connection.execute(delete(glossary).where(glossary.c.short == short))
    connection.execute(insert(glossary).values(short=short, meaning=meaning))


def remove_term(connection: Connection, number: int) -> int:
    """Take an abbreviation away."""
    return connection.execute(delete(glossary).where(glossary.c.id == number)).rowcount
