"""Ollama. Uses its client, with the time limits that the client lacks."""

import os
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import httpx
import ollama

from kb.errors import ModelError
from kb.llm.base import Identity
from kb.llm.timeouts import watched
from kb.settings import Llm

EMBEDDING_FAMILIES = {"bert", "nomic-bert"}
LONGEST_LICENCE = 120
DEFAULT_URL = "http://127.0.0.1:11434"


class Ollama:
    """Implements :class:`kb.llm.base.LanguageModel`."""

    def __init__(self, settings: Llm) -> None:
        self._settings = settings
        self.url = settings.url or os.environ.get("OLLAMA_HOST") or DEFAULT_URL
        self._client = ollama.AsyncClient(
            host=self.url,
            timeout=httpx.Timeout(
                settings.first_token_seconds + 5, connect=settings.connect_seconds
            ),
        )

    async def identify(self) -> Identity:
        """The configured model, or the first installed one that chats."""
        try:
            listed = await self._client.list()
        except (ollama.ResponseError, httpx.HTTPError, ConnectionError) as error:
            raise self._unreachable(error) from error
        chat = [m for m in listed.models if m.model and not _only_embeds(m)]
        wanted = self._settings.model
        fitting = [m for m in chat if not wanted or m.model in {wanted, f"{wanted}:latest"}]
        if fitting:
            return Identity(wanted or str(fitting[0].model), fitting[0].digest)
        raise ModelError(
            f"Ollama at {self.url} has no model {wanted}. Get it with: ollama pull {wanted}"
            if wanted
            else f"Ollama at {self.url} has no chat model yet. Get one with: ollama pull qwen3:4b",
            code="model_missing",
            detail={"url": self.url, "model": wanted or None},
        )

    async def licence(self, model: str) -> str | None:
        """See :class:`kb.llm.base.LanguageModel`."""
        try:
            shown = await self._client.show(model)
        except (ollama.ResponseError, httpx.HTTPError, ConnectionError) as error:
            raise self._unreachable(error) from error
        lines = [line.strip() for line in (shown.license or "").splitlines() if line.strip()]
        return lines[0][:LONGEST_LICENCE] if lines else None

    async def stream(
        self, messages: Sequence[dict[str, str]], model: str
    ) -> AsyncGenerator[str, None]:
        """See :class:`kb.llm.base.LanguageModel`."""
        settings = self._settings
        try:
            parts = await self._client.chat(
                model=model,
                messages=list(messages),
                stream=True,
                think=None,
                options={
                    "num_ctx": settings.context_tokens,
                    "num_predict": settings.answer_tokens,
                    "temperature": settings.temperature,
                },
            )
            finished = False
            async for part in watched(parts, settings.first_token_seconds, settings.token_seconds):
                if part.message.content:
                    yield part.message.content
                if part.done:
                    finished = True
                    self._check_length(part.prompt_eval_count)
        except ollama.ResponseError as error:
            raise ModelError(f"Ollama: {error.error}", code="model_failed") from error
        except httpx.TimeoutException as error:
            raise ModelError(f"Ollama at {self.url} was silent.", code="model_silent") from error
        except (httpx.HTTPError, ConnectionError) as error:
            raise ModelError(
                f"The connection to Ollama broke: {error}", code="model_failed"
            ) from error
        if not finished:
            raise ModelError("The answer of Ollama broke off.", code="model_cut_off")

    async def close(self) -> None:
        """See :class:`kb.llm.base.LanguageModel`."""
        await self._client.close()  # type: ignore[no-untyped-call]

    def _check_length(self, prompt_tokens: int | None) -> None:
        """A prompt that fills the window has been cut by Ollama without a word."""
        limit = self._settings.context_tokens - 1
        if prompt_tokens is not None and prompt_tokens >= limit:
            raise ModelError(
                "The passages did not fit into the model's window. Raise llm.context_tokens or "
                "lower retrieval.passages.",
                code="model_prompt_cut",
            )

    def _unreachable(self, error: Exception) -> ModelError:
        return ModelError(
            f"No language model answers at {self.url}. Start Ollama there, or set llm.url.",
            detail={"url": self.url, "reason": str(error)},
        )


def _only_embeds(model: Any) -> bool:
    families = set(model.details.families or []) if model.details else set()
    return bool(families) and families <= EMBEDDING_FAMILIES
