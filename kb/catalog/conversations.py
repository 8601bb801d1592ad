"""Conversations: whose they are, what they are called, and the questions in them."""

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from kb.catalog import answers as answers_catalog
from kb.catalog.database import now
from kb.catalog.tables import answers, conversations
from kb.types.conversations import Conversation, ListedConversation
from kb.types.kept import KeptAnswer
from kb.types.people import Principal

LONGEST_TITLE = 120
"""Most characters of a conversation's title."""
SHOWN = (
    conversations.c.id, conversations.c.title, conversations.c.started_at, conversations.c.used_at,
    conversations.c.shared_at,
)  # fmt: skip


def start(
    connection: Connection, principal: Principal, number: str, question: str, moment: float
) -> None:
    """Begin a conversation; its first question is its title until somebody gives another."""
    connection.execute(
        insert(conversations).values(
            id=number,
            asker=principal.name,
            title=shortened(question),
            started_at=moment,
            used_at=moment,
        )
    )


def shortened(title: str) -> str:
    """A title of at most ``LONGEST_TITLE`` characters."""
    plain = " ".join(title.split())
    return plain if len(plain) <= LONGEST_TITLE else plain[: LONGEST_TITLE - 1].rstrip() + "…"


def get(connection: Connection, principal: Principal, number: str) -> Conversation | None:
    """A conversation of this principal's own; nobody reads another's."""
    query = select(*SHOWN).where(
        conversations.c.id == number, conversations.c.asker == principal.name
    )
    row = connection.execute(query).one_or_none()
    return Conversation(**row._asdict()) if row else None


def shared(connection: Connection, number: str) -> tuple[Conversation, str] | None:
    """A conversation that its asker has shared, and who that is."""
    query = select(*SHOWN, conversations.c.asker).where(
        conversations.c.id == number, conversations.c.shared_at.is_not(None)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    *facts, asker = row
    return Conversation(*facts), asker


def share(connection: Connection, number: str, *, is_shared: bool) -> None:
    """Let others read it from now on, or no longer."""
    moment = now() if is_shared else None
    connection.execute(
        update(conversations).where(conversations.c.id == number).values(shared_at=moment)
    )


def all_of(
    connection: Connection, principal: Principal, limit: int, offset: int = 0, text: str = ""
) -> list[ListedConversation]:
    """A principal's conversations with how many questions they have, the last used first.

    ``text``: only those with every word of it in the title or in a question.
    """
    speaking = [_speaks_of(word, principal.name) for word in text.split()]
    query = (
        select(*SHOWN, func.count(answers.c.id).label("questions"))
        .join(answers, answers.c.conversation_id == conversations.c.id, isouter=True)
        .where(conversations.c.asker == principal.name, *speaking)
        .group_by(conversations.c.id)
        .order_by(conversations.c.used_at.desc(), conversations.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [ListedConversation(**row._asdict()) for row in connection.execute(query)]


def _speaks_of(word: str, asker: str) -> ColumnElement[bool]:
    """That a word is in a conversation's title, or in one of its questions."""
    asked = select(answers.c.conversation_id).where(
        answers.c.asker == asker,
        answers.c.conversation_id.is_not(None),
        answers.c.question.icontains(word, autoescape=True),
    )
    named = conversations.c.title.icontains(word, autoescape=True)
    return or_(named, conversations.c.id.in_(asked))


def turns(
    connection: Connection, number: str, limit: int = 200, before: float | None = None
) -> list[KeptAnswer]:
    """The answers of a conversation, the oldest first; the last ``limit`` of them.

    ``before``: only those to what was asked before that moment (Unix seconds).
    """
    wanted = [answers.c.conversation_id == number]
    if before is not None:
        wanted.append(answers.c.asked_at < before)
    query = (
        select(answers)
        .where(*wanted)
        .order_by(answers.c.asked_at.desc(), answers.c.id)
        .limit(limit)
    )
    return answers_catalog.all_of(connection, query)[::-1]


def used(connection: Connection, number: str) -> None:
    """Somebody has asked in it."""
    connection.execute(
        update(conversations).where(conversations.c.id == number).values(used_at=now())
    )


def rename(connection: Connection, number: str, title: str) -> None:
    """Give it another title."""
    connection.execute(
        update(conversations).where(conversations.c.id == number).values(title=shortened(title))
    )


def remove(connection: Connection, number: str) -> None:
    """Delete it with its questions and answers."""
    connection.execute(delete(answers).where(answers.c.conversation_id == number))
    connection.execute(delete(conversations).where(conversations.c.id == number))


def remove_empty(connection: Connection) -> int:
    """Delete those that have no answer left."""
    left = select(answers.c.conversation_id).where(answers.c.conversation_id.is_not(None))
    gone = connection.execute(delete(conversations).where(conversations.c.id.not_in(left)))
    return gone.rowcount


def remove_all_of(connection: Connection, asker: str) -> None:
    """Delete every conversation and answer of somebody who leaves."""
    connection.execute(delete(answers).where(answers.c.asker == asker))
    connection.execute(delete(conversations).where(conversations.c.asker == asker))
