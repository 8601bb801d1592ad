"""Conversations as people see them: kept, listed, renamed, deleted. Nobody sees another's."""

import uuid

from kb.answers import reopening
from kb.audit.log import noted
from kb.catalog import conversations
from kb.catalog.database import Catalog, Connection
from kb.errors import NotFoundError, UsageError
from kb.types.conversations import Conversation, ListedConversation, Talk, Turn
from kb.types.people import Principal

REMEMBERED = 6
"""Earlier questions that a new one may lean on."""
PAGE = 50


class Conversations:
    """The conversations in a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def listed(self, principal: Principal, start: int = 0) -> list[ListedConversation]:
        """A page of this principal's conversations, the last used first, and one more if any."""
        with self._catalog.reading() as connection:
            return conversations.all_of(connection, principal, PAGE + 1, start)

    def one(self, principal: Principal, number: str) -> Talk:
        """A conversation with its answers, each as its receipt tells it now.

        Raises:
            NotFoundError: there is no such conversation, for them.
        """
        with self._catalog.reading() as connection:
            found = _mine(connection, principal, number)
            rows = conversations.turns(connection, number)
            turns = [reopening.receipt(connection, principal, row) for row in rows]
        return Talk(found, tuple(turns))

    def rename(self, principal: Principal, number: str, title: str) -> Conversation:
        """Give a conversation another title; returns it as it is then.

        Raises:
            NotFoundError: there is no such conversation, for them.
            UsageError: the title is empty.
        """
        if not title.strip():
            raise UsageError("A conversation needs a title.", code="empty_title")
        with self._catalog.writing() as connection:
            _mine(connection, principal, number)
            conversations.rename(connection, number, title)
            noted(connection, principal, "conversation.rename", number)
            return _mine(connection, principal, number)

    def remove(self, principal: Principal, number: str) -> None:
        """Delete a conversation with its questions, answers and what was said of them.

        Raises:
            NotFoundError: there is no such conversation, for them.
        """
        with self._catalog.writing() as connection:
            _mine(connection, principal, number)
            conversations.remove(connection, number)
            noted(connection, principal, "conversation.remove", number)


def turns(connection: Connection, principal: Principal, number: str | None) -> tuple[Turn, ...]:
    """The last questions of a conversation; none for a new one.

    Raises:
        NotFoundError: there is no such conversation, for them.
    """
    if number is None:
        return ()
    _mine(connection, principal, number)
    kept = conversations.turns(connection, number, REMEMBERED)
    return tuple(Turn(row.question, row.asked_as or row.question) for row in kept)


def _mine(connection: Connection, principal: Principal, number: str) -> Conversation:
    found = conversations.get(connection, principal, number)
    if found is None:
        raise NotFoundError("There is no such conversation.", detail={"id": number[:60]})
    return found


def joined(connection: Connection, principal: Principal, number: str | None, question: str) -> str:
    """The conversation that an answer goes into: the one it was asked in, or a new one."""
    if number is not None and conversations.get(connection, principal, number) is not None:
        conversations.used(connection, number)
        return number
    begun = uuid.uuid4().hex
    conversations.start(connection, principal, begun, question)
    return begun
