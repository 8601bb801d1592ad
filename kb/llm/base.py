"""What a language model is: messages in, pieces of text out, until it is done or fails."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Identity:
    """Which model answers: its name on the server, and its digest where the server tells one."""

    name: str
    digest: str | None = None


class LanguageModel(Protocol):
    """A model server.

    Raises ``ModelError`` from both methods: with code ``model_unavailable`` where nobody answers,
    ``model_missing`` where the server has no usable model, ``model_silent`` after a timeout,
    ``model_failed`` for an error in the stream, ``model_cut_off`` for a stream without an end.
    """

    async def identify(self) -> Identity:
        """The model that will answer."""
        ...

    async def licence(self, model: str) -> str | None:
        """The first line of the model's licence; None where the server tells none."""
        ...

    def stream(self, messages: Sequence[dict[str, str]], model: str) -> AsyncGenerator[str, None]:
        """Pieces of that model's answer. Closing the iterator closes the connection."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
