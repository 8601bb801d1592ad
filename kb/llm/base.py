"""What a language model is: messages in, pieces of text out, until it is done or fails."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Identity:
    """Which model answers: its name on the server, and its digest where the server tells one."""

    name: str
    digest: str | None = None
    thinks: bool = False
    """Whether it can think, by its server's word: it then has tokens for that too."""


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of what the model thinks. Its words are nobody's: they are not even carried."""

    all_before: bool = False
    """What was told as text until now was a thought too, as shows only here."""


@dataclass(frozen=True, slots=True)
class CutShort:
    """The text ends here because its tokens were used up: it is not whole."""


Piece = str | Thought | CutShort


@dataclass(frozen=True, slots=True, kw_only=True)
class Stocked:
    """A model that a server has: its digest, size, licence, and context in tokens, where it tells.

    ``chats``: it writes sentences. ``elsewhere``: it runs on somebody else's machines.
    """

    name: str
    digest: str | None
    bytes: int | None
    licence: str | None
    context: int | None
    capabilities: tuple[str, ...]
    chats: bool
    elsewhere: bool


@runtime_checkable
class Stock(Protocol):
    """A server that tells what it has, and takes in more. Raises as :class:`LanguageModel`."""

    async def stock(self, seconds: float = 60.0) -> list[Stocked]:
        """The models that the server has; what it says of each, as far as it does in so long."""
        ...

    async def bring_in(self, file: Path, name: str) -> str:
        """Bring in a language model's file (GGUF) under a name; gives the file's SHA-256."""
        ...


class LanguageModel(Protocol):
    """A model server.

    Raises ``ModelError`` from every method: with code ``model_unavailable`` where nobody answers,
    ``model_missing`` where the model is not installed, ``model_cannot_chat``,
    ``model_out_of_memory``, ``model_busy``, ``model_not_allowed`` (by the server, or by the
    configuration), ``model_not_json`` where something else answers, ``model_silent`` after a
    timeout, ``model_cut_off`` for a stream without an end, ``model_failed`` for any other error.
    """

    async def identify(self) -> Identity:
        """The model that will answer. One that proved unable to chat is not named again."""
        ...

    def window(self, model: str) -> int | None:
        """Tokens that a model which was identified takes at most; None where it is not told."""
        ...

    async def licence(self, model: str) -> str | None:
        """The first line of the model's licence; None where the server tells none."""
        ...

    def stream(self, messages: Sequence[dict[str, str]], model: str) -> AsyncGenerator[Piece, None]:
        """Pieces of that model's answer, thoughts among them as far as the server tells them apart.

        Thinking is switched off where it can be. Closing the iterator closes the connection.
        """
        ...

    def thought(self, model: str) -> None:
        """To be told that a model has thought although it was not to: it cannot be switched off."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
