"""Conversations as people see them: kept, listed, renamed, deleted. Nobody sees another's."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from kb.answers.followups import Turn
from kb.audit.log import noted
from kb.catalog import conversations
from kb.catalog.database import Catalog, Connection
from kb.errors import NotFoundError, UsageError
from kb.types.people import Principal

REMEMBERED = 6
"""Earlier questions that a new one may lean on."""
PAGE = 50


class Conversations:
    """The conversations in a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def turns(self, principal: Principal, number: str | None) -> Sequence[Turn]:
        """The last questions of a conversation; none for a new one.

        Raises:
            NotFoundError: there is no such conversation, for them.
        """
        if number is None:
            return ()
        with self._catalog.reading() as connection:
            self._mine(connection, principal, number)
            rows = conversations.turns(connection, number, REMEMBERED)
        return [Turn(row.question, row.asked_as or row.question) for row in rows]

    def listed(self, principal: Principal, start: int = 0) -> list[Row[Any]]:
        """A page of this principal's conversations, the last used first, and one more if any."""
        with self._catalog.reading() as connection:
            return conversations.all_of(connection, principal, PAGE + 1, start)

    def one(self, principal: Principal, number: str) -> tuple[Row[Any], list[Row[Any]]]:
        """A conversation with its answers.

        Raises:
            NotFoundError: there is no such conversation, for them.
        """
        with self._catalog.reading() as connection:
            row = self._mine(connection, principal, number)
            return row, conversations.turns(connection, number)

    def rename(self, principal: Principal, number: str, title: str) -> None:
        """Give a conversation another title.

        Raises:
            NotFoundError: there is no such conversation, for them.
            UsageError: the title is empty.
        """
        if not title.strip():
            raise UsageError("A conversation needs a title.", code="empty_title")
        with self._catalog.writing() as connection:
            self._mine(connection, principal, number)
            conversations.rename(connection, number, title)
            noted(connection, principal, "conversation.rename", number)

    def remove(self, principal: Principal, number: str) -> None:
        """Delete a conversation with its questions, answers and what was said of them.

        Raises:
            NotFoundError: there is no such conversation, for them.
        """
        with self._catalog.writing() as connection:
            self._mine(connection, principal, number)
            conversations.remove(connection, number)
            noted(connection, principal, "conversation.remove", number)

    def _mine(self, connection: Connection, principal: Principal, number: str) -> Row[Any]:
        row = conversations.get(connection, principal, number)
        if row is None:
            raise NotFoundError("There is no such conversation.", detail={"id": number[:60]})
        return row


def joined(connection: Connection, principal: Principal, number: str | None, question: str) -> str:
    """The conversation that an answer goes into: the one it was asked in, or a new one."""
    if number is not None and conversations.get(connection, principal, number) is not None:
        conversations.used(connection, number)
        return number
    begun = uuid.uuid4().hex
    conversations.start(connection, principal, begun, question)
    return begun
