"""The adapter for a Qdrant server keeps the contract: on the client's local mode always, and on
a server where ``KB_TEST_QDRANT_URL`` names one."""

import os
import uuid

import pytest
from qdrant_client import AsyncQdrantClient

from kb.index.server import ServerIndex, connect
from tests.index.contract import IndexContract

URL = os.environ.get("KB_TEST_QDRANT_URL", "")


class TestLocalMode(IndexContract):
    @pytest.fixture
    async def index(self):
        made = ServerIndex(AsyncQdrantClient(":memory:"), "test")
        yield made
        await made.close()


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
