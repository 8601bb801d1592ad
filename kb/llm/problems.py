"""What went wrong with a model server, told by kind. Pure.

The codes are those of :class:`kb.llm.base.LanguageModel`. The words that servers use are Ollama's,
llama.cpp's and vLLM's; a text that matches none of them is ``model_failed``.
"""

import re

import httpx

from kb.errors import ModelError

RECOMMENDED = "qwen3:4b-instruct"
NOWHERE = (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL)
"""What the client raises where an address leads to no server."""
MEMORY = re.compile(
    r"out of memory|more (?:system |gpu )?memory|(?:not enough|insufficient) (?:v?ram|memory)"
    r"|cudamalloc|failed to allocate|signal: killed",
    re.IGNORECASE,
)
CHATLESS = re.compile(r"does not support (?:the )?(?:chat|generate)", re.IGNORECASE)
BUSY = re.compile(r"server busy|maximum pending|overloaded|too many requests", re.IGNORECASE)
CONTEXT = re.compile(
    r"context[ _-](?:length|size|window)|exceed_context|prompt is too long"
    r"|max_(?:completion_)?tokens\b.{0,60}?too large",
    re.IGNORECASE | re.DOTALL,
)
WINDOW = re.compile(r"maximum context length is (\d{1,9})|\bn_ctx\W{1,4}(\d{1,9})", re.IGNORECASE)
"""What vLLM and llama.cpp say of a window that is too small, and how long it is."""
LONGEST_TEXT = 300
"""Characters that are shown of what a model's server said."""


def answered(status: int, text: str, *, url: str, model: str) -> ModelError:
    """The error that a server's reply means.

    ``status``: of HTTP; 200 where the reply was a stream that told an error. ``text``: its words.
    """
    said = " ".join(text.split())[:LONGEST_TEXT]
    detail: dict[str, object] = {
        "url": url,
        "model": model or None,
        "status": status,
        "said": said,
    }
    if 300 <= status < 400 or said.startswith("<"):
        return _no_model_server(status, url, detail)
    if MEMORY.search(text):
        return _out_of_memory(said, detail)
    if CONTEXT.search(text):
        return _too_long(_window(text), said, detail)
    if status == 404:
        return missing(url, model, detail)
    return _refused(status, text, detail)


def _refused(status: int, text: str, detail: dict[str, object]) -> ModelError:
    """Of what a server says of itself or of its model, neither of the request."""
    url, model = detail["url"], detail["model"]
    told, code = f"The model server: {detail['said']}", "model_failed"
    if status in {401, 403}:
        told = f"The model server at {url} lets us not in ({status}). Set llm.api_key."
        code = "model_not_allowed"
    elif status in {429, 503} or BUSY.search(text):
        told = f"The model server at {url} is busy. Ask again in a moment."
        code = "model_busy"
    elif CHATLESS.search(text):
        told = f"The model {model} does not chat. Name another one in llm.model."
        code = "model_cannot_chat"
    return ModelError(told, code=code, detail=detail)


def _out_of_memory(said: str, detail: dict[str, object]) -> ModelError:
    return ModelError(
        f"The model {detail['model']} does not fit into the memory of {detail['url']} ({said}). "
        "Take a smaller model, or lower llm.context_tokens.",
        code="model_out_of_memory",
        detail=detail,
    )


def _window(text: str) -> int | None:
    found = WINDOW.search(text)
    return int(found[1] or found[2]) if found else None


def _too_long(window: int | None, said: str, detail: dict[str, object]) -> ModelError:
    to = f" to {window}" if window else ""
    return ModelError(
        f"Passages and answer do not fit into the window of the model at {detail['url']} ({said}). "
        f"Set llm.context_tokens{to} as the server has it, or start the server with a longer one.",
        code="model_prompt_cut",
        detail=detail | {"window": window},
    )


def no_room(window: int, *, url: str, model: str) -> ModelError:
    """The prompt alone fills the window that the server tells of."""
    detail: dict[str, object] = {"url": url, "model": model or None}
    return _too_long(window, f"it has {window} tokens", detail)


def missing(url: str, model: str, detail: dict[str, object] | None = None) -> ModelError:
    """The server does not have the model; says the command that brings it."""
    return ModelError(
        f"The model {model} is not installed at {url}. Get it with: ollama pull {model}",
        code="model_missing",
        detail={"url": url, **(detail or {}), "model": model},
    )


def silent_end(model: str, *, thought: bool, cut: bool) -> ModelError:
    """The model ended and said nothing; why, as far as that is known."""
    detail: dict[str, object] = {"model": model, "cut": cut}
    if thought:
        return ModelError(
            f"The model {model} used up its tokens thinking and wrote no answer. Take an instruct "
            "model, or raise llm.thinking_tokens."
            if cut
            else f"The model {model} thought and wrote no answer. Ask again, or take an instruct "
            "model.",
            code="model_only_thought",
            detail=detail,
        )
    return ModelError(
        f"The model {model} wrote nothing. Ask again, or take another model.",
        code="model_empty",
        detail=detail,
    )


def no_json(url: str, said: str) -> ModelError:
    """Something answers there, and does not speak the protocol."""
    return _no_model_server(200, url, {"url": url, "said": said[:LONGEST_TEXT]})


def _no_model_server(status: int, url: str, detail: dict[str, object]) -> ModelError:
    if status >= 500:
        return ModelError(
            f"No language model answers at {url}: what stands before it says {status}. Start the "
            "model server, or set llm.url.",
            code="model_unavailable",
            detail=detail,
        )
    return ModelError(
        f"At {url} a web page answers instead of a model server ({status}); a proxy or a page to "
        "sign in may stand before it. Set llm.url to the server itself.",
        code="model_not_json",
        detail=detail,
    )
