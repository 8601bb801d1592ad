"""The adapter for a Qdrant server keeps the contract: on the client's local mode always, and on
a server where ``KB_TEST_QDRANT_URL`` names one."""

import os
import uuid

import pytest
from qdrant_client import AsyncQdrantClient

from kb import settings as settings_module
from kb.errors import ConfigurationError
from kb.index import server
from kb.index.server import ServerIndex, connect
from kb.upkeep.apart import check_unused
from tests.index.contract import IndexContract

URL = os.environ.get("KB_TEST_QDRANT_URL", "")


class TestLocalMode(IndexContract):
    @pytest.fixture
    async def index(self):
        made = ServerIndex(AsyncQdrantClient(":memory:"), "test")
        yield made
        await made.close()

    async def test_what_the_server_has_of_this_prefix_is_told(self, index, monkeypatch):
        """So nobody restores a second knowledge base into the collections of the first."""
        assert await index.held() == []
        for prefix, generation in (("test", "g7"), ("tests", "g1"), ("test-other", "g2")):
            await ServerIndex(index._client, prefix).create(generation, {"m": 3})
        assert await index.held() == ["g7"]
        settings = settings_module.load({"index.backend": "server", "index.url": "http://q"}, {})
        monkeypatch.setattr(server, "connect", lambda *_: ServerIndex(index._client, "test"))
        with pytest.raises(ConfigurationError) as found:
            await check_unused(settings)
        assert (found.value.code, "KB_INDEX__PREFIX" in found.value.message) == (
            "index_in_use",
            True,
        )


@pytest.mark.real
@pytest.mark.skipif(not URL, reason="set KB_TEST_QDRANT_URL to run against a Qdrant server")
class TestServer(IndexContract):
    @pytest.fixture
    async def index(self):
        made = connect(URL, os.environ.get("KB_TEST_QDRANT_KEY", ""), f"t{uuid.uuid4().hex[:8]}")
        yield made
        for generation in ("g1", "g2"):
            await made.drop(generation)
        await made.close()
