"""Which model is asked: none that runs elsewhere or only embeds, unless it is named."""

import json

import pytest

from kb import settings as settings_module
from kb.errors import ModelError
from kb.llm.ollama import Ollama
from kb.llm.openai_compatible import OpenAICompatible
from kb.settings import Llm
from tests.parts.model_servers import Server, lines, model, ollama, said, send

FIRST = [
    model("gpt-oss:120b-cloud"),
    model("kimi-k2:cloud"),
    model("looks-local", remote_host="https://ollama.com:443", remote_model="gpt-oss:120b"),
    model("nomic-embed-text:latest", "nomic-bert"),
    model("qwen3-embedding:0.6b", "qwen3"),
    model("embeddinggemma:300m", "gemma3"),
    model("bge-m3:latest", "bert"),
]


async def identified(url: str, **settings) -> str:
    adapter = Ollama(Llm(url=url, **settings))
    try:
        return (await adapter.identify()).name
    finally:
        await adapter.close()


@pytest.mark.case("N26")
async def test_a_model_elsewhere_or_for_vectors_is_never_taken_by_itself():
    """Ollama lists by date; cloud and embedding models come first here."""
    with ollama(*FIRST, model("mistral:7b")) as server:
        assert await identified(server.url) == "mistral:7b"
    with ollama(*FIRST) as server:
        with pytest.raises(ModelError, match="gpt-oss:120b-cloud") as error:
            await identified(server.url)
        assert error.value.code == "model_missing"
        assert not server.chats()


@pytest.mark.case("N26")
async def test_what_ollama_shows_of_a_model_counts_too():
    """Neither its name nor its family says so, only /api/show."""
    show = {
        "vectors:1b": {"capabilities": ["embedding"]},
        "far:1b": {"capabilities": ["completion"], "remote_host": "https://ollama.com:443"},
        "near:1b": {"capabilities": ["completion", "tools"]},
    }
    with ollama(*(model(n) for n in show), show=show) as server:
        assert await identified(server.url) == "near:1b"


@pytest.mark.case("N26")
@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "looks-local"])
async def test_a_configured_cloud_model_is_used_only_where_it_is_allowed_by_name(name):
    with ollama(*FIRST) as server:
        with pytest.raises(ModelError, match="cloud_models") as error:
            await identified(server.url, model=name)
        assert error.value.code == "model_not_allowed"
        with pytest.raises(ModelError):
            await identified(server.url, model=name, cloud_models=("another-cloud",))
        assert await identified(server.url, model=name, cloud_models=(name,)) == name


@pytest.mark.case("N26")
async def test_an_openai_server_that_lists_a_cloud_model_first():
    def reply(handler, path, body):
        names = ["gpt-oss:120b-cloud", "text-embedding-3", "local-model"]
        send(handler, 200, json.dumps({"data": [{"id": n} for n in names]}).encode())

    with Server(reply) as server:
        adapter = OpenAICompatible(Llm(provider="openai", url=server.url))
        assert (await adapter.identify()).name == "local-model"
        await adapter.close()
        named = OpenAICompatible(Llm(provider="openai", url=server.url, model="gpt-oss:120b-cloud"))
        with pytest.raises(ModelError) as error:
            await named.identify()
        assert error.value.code == "model_not_allowed"
        await named.close()


@pytest.mark.case("N27")
async def test_a_model_that_does_not_chat_gives_way_to_the_next():
    def answer(handler, name):
        if name == "strange:1b":
            return send(handler, 400, b'{"error":"\\"strange:1b\\" does not support chat"}')
        return lines(handler, "Hello.")

    with ollama(model("strange:1b"), model("mistral:7b"), chat=answer) as server:
        assert await said(Ollama(Llm(url=server.url))) == ("mistral:7b", "Hello.")
        with pytest.raises(ModelError) as error:
            await said(Ollama(Llm(url=server.url, model="strange:1b")))
    assert error.value.code == "model_cannot_chat"


@pytest.mark.case("N26")
def test_settings_name_cloud_models_as_a_list():
    loaded = settings_module.load({}, {"KB_LLM__CLOUD_MODELS": "a-cloud,b:cloud"})
    assert loaded.llm.cloud_models == ("a-cloud", "b:cloud")
