"""The window of a server of OpenAI's protocol: what is asked fits into it, or it is said."""

import json

import pytest

from kb.errors import ModelError
from kb.llm.chatting import chat
from kb.llm.openai_compatible import OpenAICompatible
from kb.settings import Llm
from tests.parts.model_servers import MESSAGES, Server, send

TOO_LONG = [
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (2300 in the messages, "
    "2700 in the completion). Please reduce the length of the messages or completion.",
    "'max_tokens' or 'max_completion_tokens' is too large: 2700. This model's maximum context length is 4096 tokens and "
    "your request has 2300 input tokens (2700 > 4096 - 2300).",
    "the request exceeds the available context size, try increasing it",
]  # fmt: skip


def in_a_window(listed: dict, refusal: str = "") -> Server:
    def reply(handler, path, body):
        if path == "/v1/models":
            return send(handler, 200, json.dumps({"data": [{"id": "m", **listed}]}).encode())
        if refusal:
            return send(handler, 400, json.dumps({"message": refusal, "code": 400}).encode())
        event = json.dumps({"choices": [{"delta": {"content": "Yes."}, "finish_reason": "stop"}]})
        return send(
            handler, 200, f"data: {event}\n\ndata: [DONE]\n\n".encode(), "text/event-stream"
        )

    return Server(reply)


@pytest.mark.parametrize(
    "listed",
    [{"max_model_len": 4096}, {"meta": {"n_ctx": 4096}}, {"max_model_len": None}, {"meta": None}],
)
async def test_an_answer_is_given_no_more_tokens_than_the_servers_window_has(listed):
    """Report: 2,700 were asked for beside a prompt of 2,300 in a window of 4,096, and refused."""
    asked = [{"role": "user", "content": "Is it? " * 700}]
    with in_a_window(listed) as server:
        adapter = OpenAICompatible(Llm(provider="openai", url=server.url))
        assert [p async for p in chat(adapter, asked)][1:] == ["Yes."]
        await adapter.close()
        most = server.chats()[0]["max_tokens"]
    if any(isinstance(v, (int, dict)) for v in listed.values()):
        assert 700 <= most <= 4096 - len(asked[0]["content"]) / 4
    else:
        assert most == 2700


async def test_a_prompt_that_cannot_fit_is_not_sent():
    with in_a_window({"max_model_len": 512}) as server:
        adapter = OpenAICompatible(Llm(provider="openai", url=server.url))
        with pytest.raises(ModelError) as error:
            _ = [p async for p in chat(adapter, [{"role": "user", "content": "Is it? " * 3_000}])]
        await adapter.close()
        assert server.chats() == []
    assert error.value.code == "model_prompt_cut"
    assert "llm.context_tokens to 512" in str(error.value)


@pytest.mark.parametrize("refusal", TOO_LONG)
async def test_a_window_that_is_too_small_is_told_with_what_to_do(refusal):
    with in_a_window({}, refusal) as server:
        adapter = OpenAICompatible(Llm(provider="openai", url=server.url))
        with pytest.raises(ModelError) as error:
            _ = [p async for p in chat(adapter, MESSAGES)]
        await adapter.close()
    assert error.value.code == "model_prompt_cut"
    assert "llm.context_tokens" in str(error.value)
    assert error.value.detail["window"] == (4096 if "4096" in refusal else None)
