"""Conversations: questions that may lean on one another."""

from dataclasses import dataclass

from kb.types.kept import Receipt


@dataclass(frozen=True, slots=True)
class Conversation:
    """One person's conversation. Moments are Unix seconds."""

    id: str
    title: str
    started_at: float
    used_at: float
    shared_at: float | None
    """Since when others may read it, each what they may read; None: nobody else does."""


@dataclass(frozen=True, slots=True)
class ListedConversation(Conversation):
    """A conversation in a list, with how many questions it has."""

    questions: int


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation with its answers, each read again under the rights of one moment."""

    conversation: Conversation
    turns: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class SharedTurn:
    """A question of somebody else's conversation, as far as its reader may read it.

    ``receipt`` is None where they may read nothing that its answer was made from; ``withheld``
    counts the passages of it that they may not read, or that have changed.
    """

    receipt: Receipt | None
    withheld: int


@dataclass(frozen=True, slots=True)
class SharedTalk:
    """A conversation as somebody may read it whose it need not be. ``title`` is what they see."""

    conversation: Conversation
    title: str
    asker: str
    mine: bool
    turns: tuple[SharedTurn, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of a conversation: as it was put, and as it was searched for."""

    question: str
    asked_as: str
