"""Ollama. Uses its client, with the time limits that the client lacks and without its proxies."""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import ollama

from kb.errors import ConfigurationError, ModelError
from kb.llm import problems
from kb.llm.addresses import address_of
from kb.llm.base import CutShort, Identity, Piece, Stocked, Thought
from kb.llm.choosing import is_elsewhere
from kb.llm.installed import Installed, InstalledModels, Shown
from kb.llm.timeouts import watched
from kb.settings import Llm

T = TypeVar("T")
SHOW_SECONDS = 5.0
"""Seconds that Ollama has to tell about a model."""
SHOWN_AT_ONCE = 16
"""Models that the server is asked about side by side."""
CREATE_SECONDS = 600.0
"""For which Ollama may be silent while it takes in a file of many gigabytes."""


class Ollama:
    """Implements :class:`kb.llm.base.LanguageModel`."""

    def __init__(self, settings: Llm) -> None:
        self._settings = settings
        self.url = address_of(settings)
        seconds = settings.first_token_seconds + 5
        self._client = self._connected(httpx.Timeout(seconds, connect=settings.connect_seconds))
        self._unable: set[str] = set()
        """Models that were asked and cannot chat."""
        self._shown: dict[tuple[str, str | None], Shown] = {}
        """What was told of each model, by name and digest."""
        self._thinkers: set[str] = set()
        """Models that thought although they were not to."""

    def _connected(self, timeout: httpx.Timeout) -> ollama.AsyncClient:
        try:
            return ollama.AsyncClient(
                host=self.url,
                trust_env=False,  # a proxy of the environment would read prompts and passages
                follow_redirects=False,
                timeout=timeout,
            )
        except ValueError as error:
            raise ConfigurationError(
                f"{self.url} is no address of a model server: {error}. Set llm.url or OLLAMA_HOST.",
                code="wrong_setting",
                detail={"key": "llm.url", "value": self.url},
            ) from error

    async def identify(self) -> Identity:
        """The configured model, or the first installed one that chats and runs on this server."""
        listed = (await self._asked("GET", "/api/tags", InstalledModels)).models or []
        if self._settings.model:
            wanted = self._wanted(self._settings.model, listed)
            shown = await self._told_of(wanted.name, wanted.digest)
            return Identity(wanted.name, wanted.digest, shown.thinks)
        for found in listed:
            if found.elsewhere or not found.chats or found.called in self._unable:
                continue
            shown = await self._told_of(found.called, found.digest)
            if _can_chat(found.called, shown):
                return Identity(found.called, found.digest, shown.thinks)
            self._unable.add(found.called)
        raise self._none_fits(listed)

    def window(self, model: str) -> int | None:
        """See :class:`kb.llm.base.LanguageModel`."""
        return next((s.context for (name, _), s in self._shown.items() if name == model), None)

    async def licence(self, model: str) -> str | None:
        """See :class:`kb.llm.base.LanguageModel`."""
        shown = await self._asked("POST", "/api/show", Shown, {"model": model})
        return shown.licence

    async def stock(self, seconds: float = 60.0) -> list[Stocked]:
        """See :class:`kb.llm.base.Stock`."""
        until = time.monotonic() + seconds
        listed = (await self._asked("GET", "/api/tags", InstalledModels)).models or []
        turns = asyncio.Semaphore(SHOWN_AT_ONCE)
        return list(await asyncio.gather(*(self._described(one, turns, until) for one in listed)))

    async def _described(self, found: Installed, turns: asyncio.Semaphore, until: float) -> Stocked:
        try:
            async with asyncio.timeout(until - time.monotonic()), turns:
                shown = await self._told_of(found.called, found.digest)
        except TimeoutError:
            shown = Shown()
        return Stocked(
            name=found.called,
            digest=found.digest,
            bytes=found.size,
            licence=shown.licence,
            context=shown.context,
            capabilities=tuple(shown.capabilities or ()),
            chats=found.chats and "completion" in (shown.capabilities or ["completion"]),
            elsewhere=found.elsewhere or is_elsewhere(found.called, shown.elsewhere),
        )

    async def bring_in(self, file: Path, name: str) -> str:
        """See :class:`kb.llm.base.Stock`. Reads the file twice: for its digest, and to send it."""
        seconds = httpx.Timeout(CREATE_SECONDS, connect=self._settings.connect_seconds)
        patient = self._connected(seconds)
        try:
            with self._translated(name):
                digest = await asyncio.to_thread(_digest, file)
                if not await self._has(digest):  # else it closes before it has read the file
                    await patient.create_blob(file)
                await patient.create(model=name, files={file.name: digest})
            return digest.removeprefix("sha256:")
        finally:
            await patient.close()  # type: ignore[no-untyped-call]

    async def _has(self, digest: str) -> bool:
        ask: Any = self._client._request_raw  # noqa: SLF001 - the client has no name for it
        try:
            await ask("HEAD", f"/api/blobs/{digest}")
        except ollama.ResponseError as error:
            if error.status_code == httpx.codes.NOT_FOUND:
                return False
            raise
        return True

    async def stream(
        self, messages: Sequence[dict[str, str]], model: str
    ) -> AsyncGenerator[Piece, None]:
        """See :class:`kb.llm.base.LanguageModel`."""
        settings, finished = self._settings, False
        shown = next((s for (name, _), s in self._shown.items() if name == model), Shown())
        room = settings.thinking_tokens if shown.thinks else 0
        with self._translated(model):
            parts = await self._client.chat(
                model=model,
                messages=list(messages),
                stream=True,
                think=shown.switch(has_thought=model in self._thinkers),
                options={
                    "num_ctx": settings.context_tokens + room,
                    "num_predict": settings.answer_tokens + room,
                    "temperature": settings.temperature,
                },
            )
            async for part in watched(parts, settings.first_token_seconds, settings.token_seconds):
                if part.message.thinking:
                    yield Thought()
                if part.message.content:
                    yield part.message.content
                if part.done:
                    finished = True
                    self._check_length(part.prompt_eval_count, room)
                if part.done_reason == "length":
                    yield CutShort()
        if not finished:
            raise ModelError("The answer of Ollama broke off.", code="model_cut_off")

    def thought(self, model: str) -> None:
        """See :class:`kb.llm.base.LanguageModel`."""
        self._thinkers.add(model)

    async def close(self) -> None:
        """See :class:`kb.llm.base.LanguageModel`."""
        await self._client.close()  # type: ignore[no-untyped-call]

    def _wanted(self, wanted: str, listed: list[Installed]) -> Identity:
        for found in listed:
            if found.called not in {wanted, f"{wanted}:latest"}:
                continue
            if found.elsewhere and not {wanted, found.called} & set(self._settings.cloud_models):
                raise self._runs_elsewhere(found)
            return Identity(wanted, found.digest)
        raise problems.missing(self.url, wanted)

    async def _told_of(self, model: str, digest: str | None) -> Shown:
        """What the server shows of a model; where it shows nothing, trying will tell."""
        if (model, digest) not in self._shown:
            try:
                async with asyncio.timeout(SHOW_SECONDS):
                    shown = await self._asked("POST", "/api/show", Shown, {"model": model})
            except (ModelError, TimeoutError):
                return Shown()
            self._shown = {k: s for k, s in self._shown.items() if k[0] != model}
            self._shown[model, digest] = shown
        return self._shown[model, digest]

    def _none_fits(self, listed: list[Installed]) -> ModelError:
        detail: dict[str, object] = {"url": self.url, "model": problems.RECOMMENDED}
        get = f"Get one with: ollama pull {problems.RECOMMENDED}"
        elsewhere = [m.called for m in listed if m.elsewhere]
        if elsewhere:
            return ModelError(
                f"Ollama at {self.url} has no chat model of its own. {', '.join(elsewhere)} would "
                f"send questions and passages to other machines and is not used. {get}",
                code="model_missing",
                detail=detail,
            )
        return ModelError(
            f"Ollama at {self.url} has no chat model yet. {get}",
            code="model_missing",
            detail=detail,
        )

    def _runs_elsewhere(self, found: Installed) -> ModelError:
        host = found.remote_host or "other machines"
        return ModelError(
            f"The model {found.called} runs on {host}: questions and passages would leave the "
            "house. Choose another llm.model, or allow it by name in llm.cloud_models.",
            code="model_not_allowed",
            detail={"url": self.url, "model": found.called, "host": found.remote_host},
        )

    async def _asked(
        self, method: str, path: str, kind: type[T], body: dict[str, str] | None = None
    ) -> T:
        """The server's answer, as far as it is used here."""
        with self._translated((body or {}).get("model", self._settings.model)):
            ask: Any = self._client._request_raw  # noqa: SLF001 - see Installed
            response = await ask(method, path, json=body)
            return msgspec.json.decode(response.content, type=kind)

    @contextmanager
    def _translated(self, model: str) -> Iterator[None]:
        """Errors of the client become ours."""
        try:
            yield
        except ollama.ResponseError as error:
            status = error.status_code if error.status_code > 0 else 200
            problem = problems.answered(status, error.error, url=self.url, model=model)
            if problem.code == "model_cannot_chat":
                self._unable.add(model)
            raise problem from error
        except httpx.ConnectTimeout as error:
            raise self._unreachable(error) from error
        except httpx.TimeoutException as error:
            raise ModelError(f"Ollama at {self.url} was silent.", code="model_silent") from error
        except (*problems.NOWHERE, ConnectionError) as error:
            raise self._unreachable(error) from error
        except httpx.HTTPError as error:
            raise ModelError(
                f"The connection to Ollama broke: {error}", code="model_failed"
            ) from error
        except ValueError as error:  # no JSON, or JSON of another shape
            raise problems.no_json(self.url, str(error)) from error

    def _check_length(self, prompt_tokens: int | None, room: int) -> None:
        """A prompt that fills the window has been cut by Ollama without a word."""
        limit = self._settings.context_tokens + room - 1
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


def _digest(file: Path) -> str:
    """As Ollama names a file by what is in it."""
    with file.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def _can_chat(model: str, shown: Shown) -> bool:
    """Whether a model chats, on this server, as far as it is told."""
    if is_elsewhere(model, shown.elsewhere):
        return False
    return shown.capabilities is None or "completion" in shown.capabilities
