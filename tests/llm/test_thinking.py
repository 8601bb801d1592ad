"""Models that think, are cut, or say nothing."""

import json

import pytest

from kb.errors import ModelError
from kb.llm.base import CutShort, Identity, Thought
from kb.llm.chatting import chat
from kb.llm.installed import Shown
from kb.llm.ollama import Ollama
from kb.llm.openai_compatible import OpenAICompatible
from kb.llm.thoughts import Splitter
from kb.settings import Llm
from tests.parts.fake_models import FakeOllama, Says
from tests.parts.model_servers import MESSAGES, Server, send

ANSWER = "It costs 71.25 EUR [1]."
SECRET = "zebra"
THINKS = {"capabilities": ["completion", "thinking"]}


async def told(adapter, most=None) -> list:
    try:
        return [piece async for piece in chat(adapter, MESSAGES, most)]
    finally:
        await adapter.close()


def words(pieces) -> str:
    """The answer: what was told, without what a later thought takes back."""
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
        elif isinstance(piece, Thought) and piece.all_before:
            text = ""
    return text.strip()


@pytest.mark.parametrize(
    "text",
    [
        f"<think>a {SECRET} of it</think>\n\n{ANSWER}",
        f"a {SECRET} that the template opened\n</think>\n\n{ANSWER}",
        f"<Thinking>a {SECRET}</Thinking>{ANSWER}",
        f"<|channel|>analysis<|message|>a {SECRET}<|end|><|start|>assistant"
        f"<|channel|>final<|message|>{ANSWER}",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_a_thought_within_the_text_is_no_part_of_the_answer(text, size):
    """In whatever pieces it comes."""
    splitter = Splitter()
    pieces = [p for at in range(0, len(text), size) for p in splitter.feed(text[at : at + size])]
    pieces += splitter.end()
    assert words(pieces) == ANSWER
    assert any(isinstance(p, Thought) for p in pieces)


@pytest.mark.parametrize(
    "text", ["a < b and b > c", "x <", "if (a <b) <|x", "<table>", "1<2<3 [1]"]
)
def test_what_only_looks_like_a_mark_stays(text):
    splitter = Splitter()
    pieces = [p for letter in text for p in splitter.feed(letter)] + list(splitter.end())
    assert "".join(pieces) == text


async def test_thinking_is_switched_off_where_the_model_can_think():
    with FakeOllama(Says([ANSWER]), show=THINKS) as server:
        await told(Ollama(Llm(url=server.url, answer_tokens=100, thinking_tokens=900)))
        [asked] = server.asked
        assert asked["think"] is False
        assert asked["options"]["num_predict"] == 1000
        assert asked["options"]["num_ctx"] == Llm().context_tokens + 900
    with FakeOllama(Says([ANSWER]), show={"capabilities": ["completion"]}) as server:
        await told(Ollama(Llm(url=server.url, model="m", answer_tokens=100)))
        assert server.asked[0].get("think") is None
        assert server.asked[0]["options"]["num_predict"] == 100


@pytest.mark.parametrize(
    ("shown", "has_thought", "sent"),
    [
        ({}, False, None),
        ({"capabilities": ["completion", "thinking"]}, False, False),
        ({"capabilities": ["thinking"]}, True, True),
        ({"capabilities": ["thinking"], "details": {"families": ["gptoss"]}}, False, "low"),
        ({"thinking": {"values": ["low", "medium", "high"]}}, False, "low"),
        ({"thinking": {"values": [True, False]}}, False, False),
        ({"thinking": {"values": [True]}}, False, True),
        ({"thinking": {"values": [False]}, "capabilities": ["thinking"]}, False, None),
    ],
)
def test_what_is_sent_as_think(shown, has_thought, sent):
    """``/api/show`` of https://docs.ollama.com/capabilities/thinking, and of servers before it."""
    import msgspec

    assert msgspec.convert(shown, Shown).switch(has_thought=has_thought) == sent


async def test_a_model_that_thinks_all_the_same_is_let_think_apart_the_next_time():
    with FakeOllama(Says([f"{SECRET}", "</think>", ANSWER]), show=THINKS) as server:
        adapter = Ollama(Llm(url=server.url))
        first = [piece async for piece in chat(adapter, MESSAGES)]
        server.says = Says([ANSWER], thoughts=[SECRET])
        second = [piece async for piece in chat(adapter, MESSAGES)]
        await adapter.close()
        assert [asked["think"] for asked in server.asked] == [False, True]
    assert words(first) == words(second) == ANSWER


@pytest.mark.parametrize(
    ("says", "code"),
    [
        (Says([], thoughts=[SECRET] * 5, reason="length"), "model_only_thought"),
        (Says([], thoughts=[SECRET]), "model_only_thought"),
        (Says(["<think>", SECRET], reason="length"), "model_only_thought"),
        (Says([]), "model_empty"),
        (Says([" \n\n "]), "model_empty"),
        (Says([], reason="load"), "model_empty"),
        (Says(["It costs "], reason=""), "model_cut_off"),
    ],
)
async def test_nothing_said_is_an_error_with_its_reason(says, code):
    with FakeOllama(says, show=THINKS) as server, pytest.raises(ModelError) as error:
        await told(Ollama(Llm(url=server.url)))
    assert error.value.code == code


async def test_an_answer_at_the_limit_is_cut():
    with FakeOllama(Says([ANSWER, " In addition the"], reason="length")) as server:
        pieces = await told(Ollama(Llm(url=server.url)))
    assert CutShort() in pieces


async def test_what_a_thinker_did_not_think_is_not_spent_on_a_longer_answer():
    with FakeOllama(Says(["word "] * 100), show=THINKS) as server:
        pieces = await told(Ollama(Llm(url=server.url, answer_tokens=40)), most=40)
    assert words(pieces).split() == ["word"] * 40
    assert CutShort() in pieces


def openai(*deltas: dict, reason: str = "stop", strict: bool = False) -> Server:
    def reply(handler, path, body):
        if path == "/v1/models":
            return send(handler, 200, b'{"data": [{"id": "m"}]}')
        if strict and "chat_template_kwargs" in body:
            return send(handler, 400, b'{"error": "chat_template_kwargs: Extra inputs"}')
        events = [{"choices": [{"delta": d}]} for d in deltas]
        events.append({"choices": [{"delta": {}, "finish_reason": reason}]})
        lines = [f"data: {json.dumps(e)}\n\n" for e in events]
        return send(handler, 200, "".join([*lines, "data: [DONE]\n\n"]).encode())

    return Server(reply)


async def test_a_server_of_openais_protocol_is_told_not_to_think_where_it_takes_that():
    thought = {"reasoning_content": SECRET}
    with openai(thought, {"content": ANSWER}, reason="length") as server:
        pieces = await told(OpenAICompatible(Llm(provider="openai", url=server.url)))
        assert server.chats()[0]["chat_template_kwargs"] == {"enable_thinking": False}
    assert [type(p) for p in pieces] == [Identity, Thought, str, CutShort]
    with openai({"content": ANSWER}, strict=True) as server:
        assert words(await told(OpenAICompatible(Llm(provider="openai", url=server.url)))) == ANSWER
        assert ["chat_template_kwargs" in body for body in server.chats()] == [True, False]


async def test_an_answer_begins_with_a_word_unless_it_goes_on_with_another():
    pieces = ["\n\n", "- ", "Two", " ", "is", "\n", "there."]
    with FakeOllama(Says(pieces)) as server:
        model = Ollama(Llm(url=server.url))
        begun = [p async for p in chat(model, MESSAGES) if isinstance(p, str)]
        gone_on = [p async for p in chat(model, MESSAGES, goes_on=True) if isinstance(p, str)]
        await model.close()
    assert begun == pieces[1:]
    assert gone_on == pieces
