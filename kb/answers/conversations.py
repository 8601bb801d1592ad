"""Conversations as people see them: kept, listed, found, renamed, shared, deleted.

Nobody sees another's that is not shared, and of one that is only what they may read themselves.
"""

import uuid

from kb.answers import reopening, sharing
from kb.audit.log import noted
from kb.catalog import conversations
from kb.catalog.database import Catalog, Connection
from kb.errors import NotFoundError, UsageError
from kb.types.conversations import Conversation, ListedConversation, SharedTalk, Talk, Turn
from kb.types.people import Principal

REMEMBERED = 6
"""Earlier questions that a new one may lean on."""
PAGE = 50
"""Conversations of one page of the list."""


class Conversations:
    """The conversations in a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def listed(
        self, principal: Principal, start: int = 0, text: str = ""
    ) -> list[ListedConversation]:
        """A page of this principal's conversations, the last used first, and one more if any.

        ``text``: only those with every word of it in the title or in a question.
        """
        with self._catalog.reading() as connection:
            return conversations.all_of(connection, principal, PAGE + 1, start, text)

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

    def seen(self, principal: Principal, number: str) -> SharedTalk:
        """A conversation of one's own, or one that somebody shared, as far as one may read it.

        Raises:
            NotFoundError: there is none, for them, or nothing in it that they may read.
        """
        with self._catalog.reading() as connection:
            found, asker = _own_or_shared(connection, principal, number)
            rows = conversations.turns(connection, number)
            turns = sharing.turns(connection, principal, rows)
        mine = asker == principal.name
        if not mine and all(turn.receipt is None for turn in turns):
            raise _missing(number)
        title = found.title if mine else sharing.title(found, rows, turns)
        return SharedTalk(found, title, asker, mine, turns)

    def share(self, principal: Principal, number: str, *, is_shared: bool) -> Conversation:
        """Let others read a conversation, each what they may read, or end that.

        Raises:
            NotFoundError: there is no such conversation, for them.
        """
        with self._catalog.writing() as connection:
            _mine(connection, principal, number)
            conversations.share(connection, number, is_shared=is_shared)
            noted(connection, principal, "conversation.share", number, shared=is_shared)
            return _mine(connection, principal, number)

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


def turns(
    connection: Connection, principal: Principal, number: str | None, before: float | None = None
) -> tuple[Turn, ...]:
    """The last questions of a conversation, asked ``before`` a moment; none for a new one.

    Raises:
        NotFoundError: there is no such conversation, for them.
    """
    if number is None:
        return ()
    _mine(connection, principal, number)
    kept = conversations.turns(connection, number, REMEMBERED, before)
    return tuple(Turn(row.question, row.asked_as or row.question) for row in kept)


def _mine(connection: Connection, principal: Principal, number: str) -> Conversation:
    found = conversations.get(connection, principal, number)
    if found is None:
        raise _missing(number)
    return found


def _own_or_shared(
    connection: Connection, principal: Principal, number: str
) -> tuple[Conversation, str]:
    own = conversations.get(connection, principal, number)
    if own is not None:
        return own, principal.name
    shared = conversations.shared(connection, number)
    if shared is None:
        raise _missing(number)
    return shared


def _missing(number: str) -> NotFoundError:
    return NotFoundError("There is no such conversation.", detail={"id": number[:60]})


def joined(
    connection: Connection, principal: Principal, number: str | None, question: str, moment: float
) -> str:
    """The conversation that an answer goes into: the one it was asked in, or a new one.

    A new one begins at the ``moment`` (Unix seconds) of its first answer: by that one knows it.
    """
    if number is not None and conversations.get(connection, principal, number) is not None:
        conversations.used(connection, number)
        return number
    begun = uuid.uuid4().hex
    conversations.start(connection, principal, begun, question, moment)
    return begun
