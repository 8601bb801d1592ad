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
class Turn:
    """An earlier question of a conversation: as it was put, and as it was searched for."""

    question: str
    asked_as: str
