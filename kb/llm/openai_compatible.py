"""Any server that speaks OpenAI's chat protocol: vLLM, llama.cpp, and others."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx

from kb.errors import ModelError
from kb.llm import problems
from kb.llm.base import CutShort, Identity, Piece, Thought
from kb.llm.choosing import is_elsewhere, only_embeds
from kb.llm.timeouts import watched
from kb.llm.tokens import tokens
from kb.settings import Llm

MOST_OVERESTIMATED = 3
"""An estimate is at most so many times what it estimates."""
THINK_NOT = {"chat_template_kwargs": {"enable_thinking": False}}
"""Switches thinking off at vLLM's, llama.cpp's and SGLang's; other templates do not mind."""


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
        self._unable: set[str] = set()
        """Models that were asked and cannot chat."""
        self._windows: dict[str, int | None] = {}
        """Tokens that each model may have, prompt and answer together, where the server tells."""
        self._strict = False
        """Whether the server refuses what only some servers know."""

    async def licence(self, model: str) -> str | None:  # noqa: ARG002 - no such call is there
        """See :class:`kb.llm.base.LanguageModel`: these servers tell none."""
        return None

    def window(self, model: str) -> int | None:
        """See :class:`kb.llm.base.LanguageModel`."""
        return self._windows.get(model)

    async def identify(self) -> Identity:
        """The configured model, or the first that the server lists."""
        if not self.url:
            raise ModelError("llm.url is not set; the provider openai needs it.")
        with self._translated(self._settings.model):
            response = await self._http.get(f"{self.url}/v1/models")
            if response.status_code != 200:
                raise self._refused(response.status_code, response.text, self._settings.model)
            models = response.json()["data"]
            listed = [str(m["id"]) for m in models]
            self._windows = {str(m["id"]): _window(m) for m in models}
        wanted = self._settings.model
        if wanted and (wanted in listed or not listed):
            return Identity(self._allowed(wanted))
        fitting = [
            m
            for m in listed
            if not only_embeds(m) and not is_elsewhere(m) and m not in self._unable
        ]
        if not wanted and fitting:
            return Identity(fitting[0])
        raise ModelError(
            f"The server at {self.url} does not offer the model {wanted}."
            if wanted
            else f"The server at {self.url} offers no model that chats.",
            code="model_missing",
            detail={"url": self.url, "model": wanted or None, "offered": listed[:20]},
        )

    def _allowed(self, wanted: str) -> str:
        """The model's name, where it runs on this server or is allowed by name all the same."""
        if is_elsewhere(wanted) and wanted not in self._settings.cloud_models:
            raise ModelError(
                f"The model {wanted} runs on other machines: questions and passages would leave "
                "the house. Choose another llm.model, or allow it by name in llm.cloud_models.",
                code="model_not_allowed",
                detail={"url": self.url, "model": wanted},
            )
        return wanted

    async def stream(
        self, messages: Sequence[dict[str, str]], model: str
    ) -> AsyncGenerator[Piece, None]:
        """See :class:`kb.llm.base.LanguageModel`."""
        settings = self._settings
        url = f"{self.url}/v1/chat/completions"
        with self._translated(model):
            async with self._opened(url, messages, model) as response:
                if response.status_code != 200:
                    text = (await response.aread()).decode("utf-8", "replace")
                    raise self._refused(response.status_code, text, model)
                if "text/html" in response.headers.get("content-type", ""):
                    raise problems.no_json(self.url, "a web page")
                lines = watched(
                    response.aiter_lines(), settings.first_token_seconds, settings.token_seconds
                )
                async for piece in self._pieces(lines, model):
                    yield piece

    def thought(self, model: str) -> None:
        """See :class:`kb.llm.base.LanguageModel`: these servers cannot be told more."""

    async def close(self) -> None:
        """See :class:`kb.llm.base.LanguageModel`."""
        await self._http.aclose()

    @asynccontextmanager
    async def _opened(
        self, url: str, messages: Sequence[dict[str, str]], model: str
    ) -> AsyncGenerator[httpx.Response, None]:
        """The answer's stream; asked again without the switch where the server refuses it."""
        settings = self._settings
        body: dict[str, Any] = {
            "model": model,
            "messages": list(messages),
            "stream": True,
            "max_tokens": self._room(messages, model),
            "temperature": settings.temperature,
        }
        if not self._strict:
            async with self._http.stream("POST", url, json=body | THINK_NOT) as response:
                if response.status_code not in {400, 422}:
                    yield response
                    return
                said = (await response.aread()).decode("utf-8", "replace")
                if "chat_template_kwargs" not in said:
                    yield response
                    return
            self._strict = True
        async with self._http.stream("POST", url, json=body) as response:
            yield response

    def _room(self, messages: Sequence[dict[str, str]], model: str) -> int:
        """The tokens that an answer may have, thoughts included, as far as the window has them.

        The prompt's are estimated, and rather too many: the answer keeps a few all the same.
        """
        wanted = self._settings.answer_tokens + self._settings.thinking_tokens
        window = self._windows.get(model)
        if window is None:
            return wanted
        prompt = sum(tokens(message["content"]) for message in messages)
        if prompt // MOST_OVERESTIMATED >= window:
            raise problems.no_room(window, url=self.url, model=model)
        least = min(self._settings.answer_tokens, window // 8)
        return max(1, min(wanted, max(window - prompt, least)))

    async def _pieces(self, lines: AsyncIterator[str], model: str) -> AsyncIterator[Piece]:
        """The texts of a server-sent stream, up to its end mark."""
        async for line in lines:
            if not line.startswith("data:"):
                continue
            content = line.removeprefix("data:").strip()
            if content == "[DONE]":
                return
            event = _event(content)
            if "error" in event:
                raise self._refused(200, _words(event["error"]), model)
            for choice in event.get("choices", []):
                delta = choice.get("delta") or {}
                if delta.get("reasoning_content") or delta.get("reasoning"):
                    yield Thought()
                if delta.get("content"):
                    yield delta["content"]
                if choice.get("finish_reason") == "length":
                    yield CutShort()
        raise ModelError("The model's answer broke off.", code="model_cut_off")

    def _refused(self, status: int, text: str, model: str) -> ModelError:
        problem = problems.answered(status, text, url=self.url, model=model)
        if problem.code == "model_cannot_chat":
            self._unable.add(model)
        return problem

    @contextmanager
    def _translated(self, model: str) -> Iterator[None]:
        """Errors of the client become ours."""
        try:
            yield
        except (*problems.NOWHERE, httpx.ConnectTimeout) as error:
            raise ModelError(
                f"No language model answers at {self.url}. Start the server, or set llm.url.",
                detail={"url": self.url, "model": model or None, "reason": str(error)},
            ) from error
        except httpx.TimeoutException as error:
            raise ModelError(f"{self.url} was silent.", code="model_silent") from error
        except httpx.HTTPError as error:
            raise ModelError(
                f"The connection to the model broke: {error}", code="model_failed"
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            # no JSON, or JSON of another shape or depth
            raise problems.no_json(self.url, str(error)) from error


def _window(model: dict[str, Any]) -> int | None:
    """VLLM and SGLang tell it as ``max_model_len``, llama.cpp in ``meta``."""
    meta = model.get("meta") or {}
    found = model.get("max_model_len") or meta.get("n_ctx")
    return found if isinstance(found, int) and found > 0 else None


def _words(error: object) -> str:
    """OpenAI's errors are an object with a message; others send the message alone."""
    return str(error.get("message") or error) if isinstance(error, dict) else str(error)


def _event(content: str) -> dict[str, Any]:
    event = json.loads(content)
    return event if isinstance(event, dict) else {}
