"""Embedders that are served to other hosts: in this process, and by ``kb embedder`` as a process."""

import asyncio
import contextlib
import os
import re
import signal
from pathlib import Path

import msgspec
import uvicorn

from kb.embedding.client import Embeddings
from kb.embedding.distance.serving import EmbedderService
from tests.parts.processes import HANGING, environment_in, wait_for
from tests.parts.warm import warm

KEY = "a-key-of-the-tests-of-no-use"


def far(settings, *addresses: str, key: str = KEY, **engines):
    """Settings of a host for which others embed."""
    engines |= {"embedder_url": addresses, "embedder_key": key}
    return msgspec.structs.replace(
        settings, engines=msgspec.structs.replace(settings.engines, **engines)
    )


class Counted:
    """An application that notes which calls come, and how many at once; signs of life are none."""

    def __init__(self, app):
        self.app, self.calls = app, []
        self.under_way, self.most = 0, 0

    async def __call__(self, scope, receive, send):
        if scope["path"] == "/health":
            return await self.app(scope, receive, send)
        self.calls.append(scope["path"])
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.app(scope, receive, send)
        finally:
            self.under_way -= 1


class Lent:
    """The embedder of some settings at a port of this process; ``app`` notes its calls."""

    def __init__(self, settings, *, key: str = KEY, port: int = 0, around=Counted, **config):
        self.embeddings = Embeddings(settings)
        self.service = EmbedderService(self.embeddings, key, lambda: 0)
        self.app = around(self.service)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self.app, host="127.0.0.1", port=port, lifespan="off", log_level="warning",
                access_log=False, **config,
            )
        )  # fmt: skip
        self._server.install_signal_handlers = lambda: None

    async def __aenter__(self):
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_):
        self._server.should_exit = self._server.force_exit = True
        await self._serving
        await self.embeddings.close()


@contextlib.asynccontextmanager
async def calling(settings):
    """A host's client of embedders."""
    made = Embeddings(settings)
    try:
        yield made
    finally:
        await made.close()


class EmbedderProcess:
    """A running ``kb embedder``, whose data directory is in ``base``; its engine is the tests'."""

    def __init__(self, base: Path, embedder_dir: Path, port: int = 0, **more: str):
        base.mkdir(exist_ok=True)
        self._said = base / "said"
        environment = environment_in(base, embedder_dir)
        environment |= {"KB_ENGINES__EMBEDDER_KEY": KEY, **more}
        arguments = ("embedder", "--port", str(port))
        self._process = warm().begin(arguments, environment, base, Path(os.devnull), self._said)
        self.address = self._when_ready()

    def _when_ready(self) -> str:
        told = lambda: re.search(r"other hosts at (\S+)\s", self.said())
        wait_for(lambda: told() or self._process.poll() is not None)
        found = told()
        assert found, f"kb embedder ended before it was ready: {self.said()}"
        return found[1]

    def said(self) -> str:
        """What it has said on stderr."""
        return self._said.read_text() if self._said.exists() else ""

    def kill(self) -> None:
        """As when its host loses power, but that the kernel still refuses connections."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(HANGING)

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(HANGING)
