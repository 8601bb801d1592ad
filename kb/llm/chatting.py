"""A conversation with a language model: who answers, the pieces of the answer, and no silence."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from kb.errors import ModelError
from kb.llm import problems
from kb.llm.base import Cut, Identity, LanguageModel, Piece, Thought
from kb.llm.thoughts import Splitter


@dataclass(slots=True)
class Account:
    """What came of a model so far."""

    pieces: int = 0
    said: bool = False
    thought: bool = False
    cut: bool = False

    def note(self, piece: Piece) -> None:
        """Count one more piece."""
        match piece:
            case str():
                self.pieces += 1
                self.said = self.said or bool(piece.strip())
            case Thought(all_before):
                self.thought = True
                if all_before:
                    self.pieces, self.said = 0, False
            case Cut():
                self.cut = True


async def chat(
    model: LanguageModel, messages: Sequence[dict[str, str]], answer_tokens: int | None = None
) -> AsyncGenerator[Identity | Piece, None]:
    """Who answers, then the pieces of the answer. Where a model cannot chat the next one is tried.

    ``answer_tokens``: the answer is cut after so many pieces, which are tokens. A model that thinks
    has more tokens than that from its server, and may not have thought.

    Raises:
        ModelError: see :class:`LanguageModel`; ``model_only_thought`` or ``model_empty`` where
            nothing was said.
    """
    identity = await model.identify()
    while True:
        try:
            yield identity
            async with aclosing(_told(model, messages, identity.name, answer_tokens)) as told:
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


async def _told(
    model: LanguageModel, messages: Sequence[dict[str, str]], name: str, most: int | None
) -> AsyncGenerator[Piece, None]:
    account, splitter = Account(), Splitter()
    async with aclosing(model.stream(messages, name)) as stream:
        async for piece in stream:
            for part in splitter.feed(piece) if isinstance(piece, str) else (piece,):
                account.note(part)
                if account.said or not isinstance(part, str):  # an answer begins with a word
                    yield part
            if most is not None and account.pieces >= most and not account.cut:
                account.note(Cut())
                yield Cut()
                break
    for part in splitter.end():
        account.note(part)
        yield part
    if account.thought:
        model.thought(name)
    if not account.said:
        raise problems.silent_end(name, thought=account.thought, cut=account.cut)
