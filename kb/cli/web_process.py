"""One web process: it answers, and may have a worker beside it."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from typing import Any

import click
import uvicorn

from ingest.folders import Folders
from kb.cli.common import link_of, watch_destinations
from kb.cli.draining import LEAVE_SECONDS, Draining
from kb.cli.listening import listening
from kb.cli.siblings import LEAVE, READY, UP, Parent, Siblings
from kb.duties import WORKER, passed
from kb.errors import RetryableError
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from kb.settings.addresses import address_of
from kb.surface import status
from web.api.health import readiness
from web.app import create_app
from web.arriving import Punctual

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
HEAD_START_SECONDS = 0.5
"""What workers need takes half a second to load: the page answers first."""
LAST_REQUEST_SECONDS = 5.0
"""Seconds for which an open connection may bring one more request after its process was told to
end, where others go on serving. One that rests is closed after as long at any time."""
DRAIN_SECONDS = 25
"""Seconds for which requests at hand may go on when the service ends."""
READY_AGAIN_SECONDS = 0.5
"""Seconds between two looks whether this process can search yet."""
FIGURES_SECONDS = 5.0
"""Seconds between two times that this process's figures are noted for those beside it."""
WORK_AGAIN_SECONDS = 1.0
"""Seconds between two looks whether the process beside this one that reads sources has ended."""
log = logging.getLogger("kb.serving")


def check_scratch(base: KnowledgeBase) -> None:
    """Check that files can be read here. A disk that is full or broken right now is told, no more.

    Raises:
        ConfigurationError: the scratch folder can never be used as it is.
    """
    try:
        base.scratch.check()
    except RetryableError as error:
        log.warning("nothing can be read for now: %s", error.message)


async def serve_one(settings: Settings, beside: Siblings | None = None) -> None:
    """Serve until told to stop; ``beside``: as one of several processes of a parent."""
    with _sockets(settings, beside) as sockets:
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
        base = KnowledgeBase(settings)
        watch_destinations(base)
        try:
            await _serve_from(base, sockets, beside)
        finally:
            await base.close()


def _sockets(
    settings: Settings, beside: Siblings | None
) -> AbstractContextManager[list[socket.socket] | None]:
    return listening(settings.server) if beside is None else beside.opened()


async def _serve_from(
    base: KnowledgeBase, sockets: list[socket.socket] | None, beside: Siblings | None
) -> None:
    check_scratch(base)
    server = Draining(_config(base), base.duties, base.settings.server.drain_seconds)
    # The server passes a signal on once it has drained: it has done its work by then.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: None)
    if not os.isatty(0):  # there it means that the terminal is closed
        signal.signal(signal.SIGHUP, _cannot_be_replaced)
    async with _working(base, server, beside):
        tasks = [asyncio.create_task(one) for one in _beginnings(base, server, sockets, beside)]
        await server.serve(sockets)
        for task in tasks:
            task.cancel()


def _cannot_be_replaced(*_: object) -> None:
    log.warning("SIGHUP: one web process cannot be replaced while it serves; restart the service")


def _config(base: KnowledgeBase) -> uvicorn.Config:
    settings = base.settings
    folders = Folders(base.catalog, base.publisher, settings.ingest)
    protocol = partial(
        Punctual,
        arrival_seconds=settings.server.arrival_seconds,
        last_request_seconds=LAST_REQUEST_SECONDS if base.together is not None else 0.0,
    )
    return uvicorn.Config(
        create_app(base, folders),
        host=settings.server.host,
        port=settings.server.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # web/auth/peer.py weighs them, and keeps the connection's own end
        timeout_graceful_shutdown=DRAIN_SECONDS,
        http=protocol,  # type: ignore[arg-type]
    )


def _beginnings(
    base: KnowledgeBase,
    server: Draining,
    sockets: list[socket.socket] | None,
    beside: Siblings | None,
) -> list[Coroutine[Any, Any, None]]:
    """What is said once the server answers, and to whom."""
    found = []
    if beside is None or beside.announces:
        announcement = partial(_announce, server, base, sockets)
        found.append(base.duties.keep("announcement", announcement))
    if beside is not None:
        found.append(base.duties.keep("parent", partial(_obey, base, server, beside)))
        found.append(base.duties.keep("figures", partial(_note_figures, base)))
    return found


async def _note_figures(base: KnowledgeBase) -> None:
    """Keep this process's figures where whichever process is asked adds them up."""
    while True:
        await asyncio.to_thread(status.note_figures, base)
        await asyncio.sleep(FIGURES_SECONDS)


async def _obey(base: KnowledgeBase, server: Draining, beside: Siblings) -> None:
    """Tell the parent how far this process is, and leave when it says so, or is gone."""
    parent = await Parent.of(beside)
    telling = asyncio.create_task(_tell(base, server, parent))
    said = await parent.word()
    telling.cancel()
    server.leave(LEAVE_SECONDS if said == LEAVE else None)
    await asyncio.Event().wait()  # this process ends


async def _tell(base: KnowledgeBase, server: Draining, parent: Parent) -> None:
    await _started(server)
    parent.tell(UP)
    while not (await readiness(base)).is_ready:
        await asyncio.sleep(READY_AGAIN_SECONDS)
    parent.tell(READY)


async def _started(server: uvicorn.Server) -> None:
    while not server.started:
        await asyncio.sleep(0.02)


async def _announce(
    server: uvicorn.Server, base: KnowledgeBase, sockets: list[socket.socket] | None
) -> None:
    await _started(server)
    settings = base.settings.server
    opened = sockets or server.servers[0].sockets
    is_unix = opened[0].family == socket.AF_UNIX
    port = None if is_unix else opened[0].getsockname()[1]
    address = settings.public_url if is_unix else address_of(settings, port)
    click.echo(f"Commonplace is ready at {address}  (stop it with Ctrl-C)", err=True)
    for line in status.multilingual_lines(status.multilingual(base)):
        click.echo(line, err=True)
    if not await base.read(base.accounts.are_there):
        secret = await base.write(base.accounts.setup_link)
        is_behind = settings.host not in LOOPBACK or settings.trusted_proxies or settings.public_url
        others = " Until then nobody is let in." if is_behind else ""
        click.echo(
            f"Nobody signs in yet.{others} Make the first administrator, once, at:\n"
            f"  {link_of(settings, secret, port)}",
            err=True,
        )


@asynccontextmanager
async def _working(
    base: KnowledgeBase, server: uvicorn.Server, beside: Siblings | None = None
) -> AsyncIterator[None]:
    """A worker beside the server, from when it answers until it stops."""
    stopping = asyncio.Event()
    task = asyncio.create_task(_work_beside(base, server, stopping, beside))
    try:
        yield
    finally:
        stopping.set()
        await task


async def _work_beside(
    base: KnowledgeBase, server: uvicorn.Server, stopping: asyncio.Event, beside: Siblings | None
) -> None:
    while not server.started and not stopping.is_set():
        await asyncio.sleep(0.05)
    await passed(stopping, HEAD_START_SECONDS)
    while not stopping.is_set() and beside is not None and not beside.takes_up_work():
        await passed(stopping, WORK_AGAIN_SECONDS)
    if not stopping.is_set():
        await base.duties.keep(WORKER, partial(_work_until, base, stopping), stopping)


async def _work_until(base: KnowledgeBase, stopping: asyncio.Event) -> None:
    from kb.cli.working import Working

    await Working(base, stopping).until_stopped()
