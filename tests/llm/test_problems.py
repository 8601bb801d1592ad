"""What went wrong with a model is told by its kind, in whatever way a server says it."""

import json

import pytest

from kb.errors import ModelError
from kb.llm.ollama import Ollama
from kb.llm.openai_compatible import OpenAICompatible
from kb.settings import Llm
from tests.parts.model_servers import GONE, MEMORY, Server, model, refuses, said, send

HTML = b"<html><body>Please sign in</body></html>"
WRONG = [
    ("model_out_of_memory", "smaller model", refuses(500, MEMORY)),
    ("model_missing", "ollama pull m", refuses(404, GONE)),
    ("model_busy", "busy", refuses(503, b'{"error":"server busy, please try again."}')),
    ("model_not_allowed", "api_key", refuses(401, b'{"error":"unauthorized"}')),
    ("model_cannot_chat", "does not chat", refuses(400, b'{"error":"m does not support chat"}')),
    (
        "model_cannot_chat",
        "does not chat",
        refuses(400, b"%s m does not support chat" % (b"trace " * 99)),
    ),
    ("model_not_json", "web page", refuses(200, HTML, "text/html")),
    ("model_not_json", "web page", refuses(302, HTML, "text/html")),
    ("model_unavailable", "502", refuses(502, b"<h1>502 Bad Gateway</h1>", "text/html")),
    ("model_failed", "strange", refuses(500, b'{"error":"something strange"}')),
]
ADAPTERS = [Ollama, OpenAICompatible]


@pytest.mark.case("N27")
@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize(("code", "words", "answer"), WRONG)
async def test_what_went_wrong_is_told_by_kind(adapter, code, words, answer):
    """Memory, missing with the command, busy, not let in, a page to sign in, a gateway."""

    def reply(handler, path, body):
        if path in ("/api/tags", "/v1/models"):
            listed = {"models": [model("m")], "data": [{"id": "m"}]}
            return send(handler, 200, json.dumps(listed).encode())
        return answer(handler, body["model"]) if "chat" in path else send(handler, 200, b"{}")

    with Server(reply) as server, pytest.raises(ModelError, match=words) as error:
        await said(adapter(Llm(url=server.url, model="m")))
    assert error.value.code == code


@pytest.mark.case("N27")
@pytest.mark.parametrize("adapter", ADAPTERS)
async def test_a_page_to_sign_in_in_place_of_the_list(adapter):
    """It ended in a traceback."""
    with Server(lambda h, *_: send(h, 200, HTML, "text/html")) as server:
        with pytest.raises(ModelError) as error:
            await said(adapter(Llm(url=server.url)))
    assert error.value.code == "model_not_json"


@pytest.mark.case("N27")
@pytest.mark.parametrize("event", [b'{"choices": ["Hello."]}', b'{"choices": [{"delta": "Hi"}]}'])
async def test_json_of_another_shape_is_no_model_server(event):
    """It ended in a traceback."""

    def reply(handler, path, body):
        listed = b'{"data": [{"id": "m"}]}'
        return send(handler, 200, listed if path == "/v1/models" else b"data: " + event + b"\n\n")

    with Server(reply) as server, pytest.raises(ModelError) as error:
        await said(OpenAICompatible(Llm(provider="openai", url=server.url)))
    assert error.value.code == "model_not_json"


@pytest.mark.case("N27")
@pytest.mark.parametrize("adapter", ADAPTERS)
async def test_memory_that_ends_in_the_middle_is_told_as_that(adapter):
    """HTTP says 200, the stream says otherwise."""

    def reply(handler, path, body):
        if path in ("/api/tags", "/v1/models"):
            listed = {"models": [model("m")], "data": [{"id": "m"}]}
            return send(handler, 200, json.dumps(listed).encode())
        if path == "/api/chat":
            return send(handler, 200, b'{"error":"CUDA error: out of memory"}\n')
        said = b'data: {"error":{"message":"CUDA error: out of memory"}}\n\n'
        return send(handler, 200, said, "text/event-stream")

    with Server(reply) as server, pytest.raises(ModelError) as error:
        await said(adapter(Llm(url=server.url, model="m")))
    assert error.value.code == "model_out_of_memory"
