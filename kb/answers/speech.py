"""What a language model says while it says it: its words, and how long it thinks."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from kb.llm.base import CutShort, Identity, Piece, Thought
from kb.types.answers import Thinking, Token

TOLD_EVERY = 1.0
"""Seconds between two events that tell of thinking."""


@dataclass(slots=True)
class Speech:
    """Takes what comes of a model."""

    cut: bool = False
    """Whether the model ended because its tokens were used up."""
    _pieces: list[str] = field(default_factory=list)
    _speaker: Identity | None = None
    _begun: float = field(default_factory=time.monotonic)
    _told: float | None = None

    @property
    def text(self) -> str:
        """All that was said."""
        return "".join(self._pieces)

    @property
    def speaker(self) -> Identity:
        """Who speaks. It is known before the first word."""
        assert self._speaker is not None
        return self._speaker

    def heard(self, piece: Identity | Piece) -> Token | Thinking | None:
        """What of the next piece is to be told."""
        match piece:
            case Identity():  # another one, where the first could not chat
                self._speaker, self.cut = piece, False
                self._pieces.clear()
            case CutShort():
                self.cut = True
            case Thought():
                return self._thought(piece)
            case str():
                self._pieces.append(piece)
                return Token(piece)
        return None

    def _thought(self, piece: Thought) -> Thinking | None:
        """A thought takes back what was taken for the answer before it showed."""
        if piece.all_before:
            self._pieces.clear()
        now = time.monotonic()
        if self._told is not None and now - self._told < TOLD_EVERY and not piece.all_before:
            return None
        self._told = now
        return Thinking(round(now - self._begun, 1))


async def spoken(pieces: AsyncIterator[Identity | Piece]) -> Speech:
    """All that came."""
    speech = Speech()
    async for piece in pieces:
        speech.heard(piece)
    return speech
