"""What a language model is: messages in, pieces of text out, until it is done or fails."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol


class LanguageModel(Protocol):
    """A model server.

    Raises ``ModelError`` from both methods: with code ``model_unavailable`` where nobody answers,
    ``model_missing`` where the server has no usable model, ``model_silent`` after a timeout,
    ``model_failed`` for an error in the stream, ``model_cut_off`` for a stream without an end.
    """

    async def name(self) -> str:
        """The model that will answer."""
        ...

    def stream(self, messages: Sequence[dict[str, str]]) -> AsyncGenerator[str, None]:
        """Pieces of the answer. Closing the iterator closes the connection."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
