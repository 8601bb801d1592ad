"""What embeds and what finds passages: as it should be, and when something is wrong."""

import pytest

from kb.doctor import engines
from tests.doctor.asking import asked, states
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
