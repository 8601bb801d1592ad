"""Any server that speaks OpenAI's chat protocol: vLLM, llama.cpp, and others."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import httpx

from kb.errors import ModelError
from kb.llm.base import Identity
from kb.llm.timeouts import watched
from kb.settings import Llm


class OpenAICompatible:
    """Implements :class:`kb.llm.base.LanguageModel`."""

    def __init__(self, settings: Llm) -> None:
        self._settings = settings
        self.url = settings.url.rstrip("/").removesuffix("/v1")
        headers = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
        self._http = httpx.AsyncClient(
            headers=headers,
            trust_env=False,
            timeout=httpx.Timeout(
                settings.first_token_seconds + 5, connect=settings.connect_seconds
            ),
        )

    async def licence(self, model: str) -> str | None:  # noqa: ARG002 - no such call is there
        """See :class:`kb.llm.base.LanguageModel`: these servers tell none."""
        return None

    async def identify(self) -> Identity:
        """The configured model, or the first that the server lists."""
        if not self.url:
            raise ModelError("llm.url is not set; the provider openai needs it.")
        try:
            response = await self._http.get(f"{self.url}/v1/models")
            response.raise_for_status()
            listed = [str(m["id"]) for m in response.json()["data"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"No language model answers at {self.url}. Start the server, or set llm.url.",
                detail={"url": self.url, "reason": str(error)},
            ) from error
        wanted = self._settings.model
        if wanted and (wanted in listed or not listed):
            return Identity(wanted)
        if not wanted and listed:
            return Identity(listed[0])
        raise ModelError(
            f"The server at {self.url} does not offer the model {wanted}.",
            code="model_missing",
            detail={"url": self.url, "model": wanted or None, "offered": listed[:20]},
        )

    async def stream(
        self, messages: Sequence[dict[str, str]], model: str
    ) -> AsyncGenerator[str, None]:
        """See :class:`kb.llm.base.LanguageModel`."""
        settings = self._settings
        body = {
            "model": model,
            "messages": list(messages),
            "stream": True,
            "max_tokens": settings.answer_tokens,
            "temperature": settings.temperature,
        }
        url = f"{self.url}/v1/chat/completions"
        try:
            async with self._http.stream("POST", url, json=body) as response:
                if response.status_code != 200:
                    text = (await response.aread()).decode("utf-8", "replace")[:300]
                    raise ModelError(f"The model server refused: {text}", code="model_failed")
                lines = watched(
                    response.aiter_lines(), settings.first_token_seconds, settings.token_seconds
                )
                async for piece in _pieces(lines):
                    yield piece
        except httpx.TimeoutException as error:
            raise ModelError(f"{self.url} was silent.", code="model_silent") from error
        except httpx.HTTPError as error:
            raise ModelError(
                f"The connection to the model broke: {error}", code="model_failed"
            ) from error

    async def close(self) -> None:
        """See :class:`kb.llm.base.LanguageModel`."""
        await self._http.aclose()


async def _pieces(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """The texts of a server-sent stream, up to its end mark."""
    async for line in lines:
        if not line.startswith("data:"):
            continue
        content = line.removeprefix("data:").strip()
        if content == "[DONE]":
            return
        event = _event(content)
        if "error" in event:
            raise ModelError(f"The model failed: {event['error']}", code="model_failed")
        for choice in event.get("choices", []):
            piece = (choice.get("delta") or {}).get("content")
            if piece:
                yield piece
    raise ModelError("The model's answer broke off.", code="model_cut_off")


def _event(content: str) -> dict[str, Any]:
    try:
        event = json.loads(content)
    except ValueError as error:
        raise ModelError("The model server sent no JSON.", code="model_failed") from error
    return event if isinstance(event, dict) else {}
