"""What embeds and what finds passages: as it should be, and when something is wrong."""

import pytest

from kb.doctor import engines
from tests.doctor.asking import asked, states
from tests.embedding.distance.strangers import STRANGERS, stranger
from tests.parts.embedders import Lent, far
from tests.parts.model_servers import Server, send
from tests.parts.processes import free_port


async def test_models_that_are_not_here(settings, tmp_path):
    about = asked(settings, embedding__model=str(tmp_path))
    assert (await states(engines.embedder, about))["embedder"] == ("wrong", "model_not_found")


async def test_an_index_whose_folder_is_gone(house, furnished):
    import shutil

    about = asked(house.kb.settings)
    found = await states(engines.index, about)
    assert found["index"][0] == "ok"
    shutil.rmtree(house.kb.settings.data / "index")
    assert (await states(engines.index, asked(house.kb.settings)))["index"] == (
        "wrong",
        "index_lost",
    )


@pytest.mark.parametrize(
    ("status", "expected"), [(200, "index_not"), (401, "index_key"), (None, "index_away")]
)
async def test_a_qdrant_server(settings, status, expected):
    def reply(handler, path, _):
        if path == "/":
            return send(handler, 200, b'{"title":"qdrant","version":"1.18.3"}')
        return send(handler, status, b'{"result":{"collections":[]}}')

    with Server(reply) as server:
        url = server.url if status else f"http://127.0.0.1:{free_port()}"
        about = asked(settings, index__backend="server", index__url=url)
        state, code = (await states(engines.index, about))["index"]
    assert (state, code) == (("ok", "") if status == 200 else ("wrong", expected))


async def of_hosts(settings, *addresses, **more):
    """State and code of each embedder of another host; no finding has the key in it."""
    mine = far(settings, *addresses, **more)
    found = list(await engines.embedder(asked(mine)))
    assert not [one for one in found if mine.engines.embedder_key in str(one)]
    assert [one.where for one in found] == list(addresses)
    return [(one.state, one.code) for one in found]


async def test_embedders_of_other_hosts(settings):
    away = f"http://127.0.0.1:{free_port()}"
    async with Lent(settings) as lent, stranger(STRANGERS["a web page"]) as other:
        found = await of_hosts(settings, away, lent.address, other)
        assert found == [
            ("better", "embedder_away"), ("ok", ""), ("wrong", "embedder_no_embedder"),
        ]  # fmt: skip
        alone = await of_hosts(settings, lent.address, key="not-the-key-that-it-has")
        assert alone == [("wrong", "embedder_wrong_key")]
        [working] = await engines.embedder(asked(far(settings, lent.address)))
        assert working.version == "all-MiniLM-L6-v2 (openvino float32)"
    assert await of_hosts(settings, away) == [("wrong", "embedder_away")]
