"""A conversation with a language model: who answers, the pieces of the answer, and no silence."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from kb.errors import ModelError
from kb.llm import problems
from kb.llm.base import CutShort, Identity, LanguageModel, Piece, Thought
from kb.llm.thoughts import Splitter

CHARACTERS_OF_A_TOKEN = 16
"""More than a token of any language has: a server that sends more sends no tokens."""
LONGEST_ASIDE = 16_000
"""Characters of what is said where no answer was asked for."""


@dataclass(slots=True)
class ChatProgress:
    """What came of a model so far; ``room`` is how many characters may still come."""

    room: int
    pieces: int = 0
    said: bool = False
    thought: bool = False
    cut: bool = False

    def note(self, piece: Piece) -> None:
        """Count one more piece."""
        match piece:
            case str():
                self.pieces += 1
                self.room -= len(piece)
                self.said = self.said or bool(piece.strip())
            case Thought(all_before):
                self.thought = True
                if all_before:
                    self.pieces, self.said = 0, False
            case CutShort():
                self.cut = True


async def chat(
    model: LanguageModel,
    messages: Sequence[dict[str, str]],
    answer_tokens: int | None = None,
    *,
    goes_on: bool = False,
) -> AsyncGenerator[Identity | Piece, None]:
    """Who answers, then the pieces of the answer. Where a model cannot chat the next one is tried.

    ``answer_tokens``: the answer is cut after so many pieces, which are tokens, and after as many
    characters as these can have. A model that thinks has more tokens than that from its server, and
    may not have thought. ``goes_on``: the white space before its first word counts, since it goes
    on with another answer.

    Raises:
        ModelError: see :class:`LanguageModel`; ``model_only_thought`` or ``model_empty`` where
            nothing was said.
    """
    identity = await model.identify()
    while True:
        try:
            yield identity
            telling = _told(model, messages, identity.name, answer_tokens)
            async with aclosing(telling if goes_on else _begun(telling)) as told:
                async for piece in told:
                    yield piece
        except ModelError as error:
            if error.code != "model_cannot_chat":
                raise
            following = await model.identify()
            if following.name == identity.name:
                raise
            identity = following
        else:
            return


async def _begun(told: AsyncGenerator[Piece, None]) -> AsyncGenerator[Piece, None]:
    """An answer begins with a word: pieces of white space alone before it are left out."""
    has_begun = False
    async with aclosing(told):
        async for piece in told:
            has_begun = has_begun or (isinstance(piece, str) and bool(piece.strip()))
            if has_begun or not isinstance(piece, str):
                yield piece
            if isinstance(piece, Thought) and piece.all_before:
                has_begun = False


async def _told(
    model: LanguageModel, messages: Sequence[dict[str, str]], name: str, most: int | None
) -> AsyncGenerator[Piece, None]:
    room = LONGEST_ASIDE if most is None else most * CHARACTERS_OF_A_TOKEN
    account, splitter = ChatProgress(room), Splitter()
    async with aclosing(model.stream(messages, name)) as stream:
        async for piece in stream:
            for part in splitter.feed(piece) if isinstance(piece, str) else (piece,):
                kept = part[: account.room] if isinstance(part, str) else part
                account.note(kept)
                yield kept
            if account.room <= 0 or (most is not None and account.pieces >= most):
                if not account.cut:
                    account.note(CutShort())
                    yield CutShort()
                break
    for part in () if account.room <= 0 else splitter.end():
        account.note(part)
        yield part
    if account.thought:
        model.thought(name)
    if not account.said:
        raise problems.silent_end(name, thought=account.thought, cut=account.cut)
