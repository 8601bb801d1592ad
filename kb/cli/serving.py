"""``kb serve``, ``kb worker``, ``kb demo``."""

import asyncio
import logging
import os
import shlex
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
import uvicorn

from ingest.folders import Folders
from kb import samples
from kb import settings as settings_module
from kb.cli.common import link_of, watch_destinations
from kb.cli.listening import check_address, listening
from kb.duties import WORKER, Duties, passed
from kb.errors import RetryableError
from kb.knowledge_base import KnowledgeBase
from kb.rights import access
from kb.settings import Settings
from kb.settings.addresses import address_of
from kb.silence.looping import Loop
from kb.surface import status
from web.app import create_app
from web.arriving import Punctual

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
DEMO_SOURCE = "Samples"
HEAD_START_SECONDS = 0.5
"""What workers need takes half a second to load: the page answers first."""
ALIVE_SECONDS = 2.0
"""Between two times that a worker says that it is alive."""
log = logging.getLogger("kb.serving")


@click.command()
@click.option("--host", help="Address to listen on. Default 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on. Default 8000.")
@click.option("--socket", metavar="PATH", help="Listen at this Unix socket instead.")
def serve(host: str | None, port: int | None, socket: str | None) -> None:
    """Serve the web page, and read sources on their schedules."""
    if socket and (host or port is not None):
        raise click.UsageError("Name an address (--host, --port) or a socket, not both.")
    _run(_serve(settings_module.load(_place(host, port, socket))))


def _place(host: str | None, port: int | None, socket: str | None) -> dict[str, Any]:
    """Where it listens, as typed: an address takes the place of the socket in the settings."""
    is_address = host is not None or port is not None
    return {"server.host": host, "server.port": port, "server.socket": "" if is_address else socket}


def _run(work: Coroutine[Any, Any, None]) -> None:
    """On uvloop, which costs less a request than the loop of the library (docs/benchmarks.md)."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(work)


@click.command()
@click.option(
    "--alive",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Touch this file every few seconds while it can work: for a health check.",
)
def worker(alive: Path | None) -> None:
    """Read sources when they are due, without a web page. Several may work side by side."""
    asyncio.run(_work(settings_module.load(), alive))


async def _work(settings: Settings, alive: Path | None) -> None:
    from kb.cli.working import Working

    base = KnowledgeBase(settings)
    watch_destinations(base)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    click.echo("Waiting for work. Stop it with Ctrl-C.", err=True)
    try:
        check_scratch(base)
        telling = asyncio.create_task(_tell_alive(base.duties, alive, stop))
        await base.duties.keep(WORKER, Working(base, stop).until_stopped, stop)
        await telling
    finally:
        await base.close()


async def _tell_alive(duties: Duties, file: Path | None, stop: asyncio.Event) -> None:
    """Touch the file while the worker can work: one that hangs, or fails, does not."""
    while file and not stop.is_set():
        if duties.health(WORKER).is_up:
            _touch(file)
        await passed(stop, ALIVE_SECONDS)


def _touch(file: Path) -> None:
    try:
        file.touch(mode=0o600)
    except OSError as error:
        log.warning("%s cannot be touched (--alive): %s", file, error.strerror)


@click.command()
@click.option("--host", help="Address to listen on. Default 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on. Default 8000.")
def demo(host: str | None, port: int | None) -> None:
    """Read the sample documents and open the web page."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    folder = os.environ.get("KB_DATA_DIR") or str(Path(base) / "commonplace-demo")
    settings = settings_module.load({"data_dir": folder, **_place(host, port, None)})
    _run(_demo(settings))


async def _demo(settings: Settings) -> None:
    # What reads documents loads here alone: kb serve starts in half the time without it.
    from kb.cli.ingesting import bar_of_files, run_of

    check_address(settings.server)
    base = KnowledgeBase(settings)
    try:
        source = await base.write(base.sources.keep, DEMO_SOURCE, str(samples.documents()))
        click.echo("Reading the sample documents …", err=True)
        with bar_of_files(DEMO_SOURCE) as on_progress:
            await run_of(base, source, on_progress).run()
        count = await base.read(base.search.documents, access.owner())
        click.echo(f"{count} documents are searchable.\n{own_folder(settings)}", err=True)
    finally:
        await base.close()
    await _serve(settings)


def own_folder(settings: Settings) -> str:
    """How one's own folder comes in: the demonstration has a data directory of its own."""
    here = f"KB_DATA_DIR={shlex.quote(str(settings.data))} "
    kb = "kb" if os.environ.get("KB_DATA_DIR") else f"{here}kb"
    return (
        "Your own folder beside the samples: page Sources, or\n"
        f"  {kb} source add handbook /path/to/handbook\n"
        f"  {kb} ingest handbook\n"
        "Instead of them, after that:\n"
        f"  {kb} source remove {DEMO_SOURCE} --yes\n"
        f"  {kb} serve"
    )


def check_scratch(base: KnowledgeBase) -> None:
    """Check that files can be read here. A disk that is full or broken right now is told, no more.

    Raises:
        ConfigurationError: the scratch folder can never be used as it is.
    """
    try:
        base.scratch.check()
    except RetryableError as error:
        log.warning("nothing can be read for now: %s", error.message)


async def _serve(settings: Settings) -> None:
    with listening(settings.server) as sockets:
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
        base = KnowledgeBase(settings)
        watch_destinations(base)
        try:
            await _serve_from(base, sockets)
        finally:
            await base.close()


async def _serve_from(base: KnowledgeBase, sockets: list[socket.socket] | None) -> None:
    settings = base.settings
    check_scratch(base)
    folders = Folders(base.catalog, base.publisher, settings.ingest)
    config = uvicorn.Config(
        create_app(base, folders),
        host=settings.server.host,
        port=settings.server.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # web/auth/peer.py weighs them, and keeps the connection's own end
        timeout_graceful_shutdown=25,
        http=partial(Punctual, arrival_seconds=settings.server.arrival_seconds),  # type: ignore[arg-type]
    )
    server = uvicorn.Server(config)
    # The server passes a signal on once it has drained: it has done its work by then.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: None)
    async with _working(base, server):
        announcement = partial(_announce, server, base, sockets)
        announcing = asyncio.create_task(base.duties.keep("announcement", announcement))
        await server.serve(sockets)
        announcing.cancel()


async def _announce(
    server: uvicorn.Server, base: KnowledgeBase, sockets: list[socket.socket] | None
) -> None:
    while not server.started:
        await asyncio.sleep(0.02)
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
async def _working(base: KnowledgeBase, server: uvicorn.Server) -> AsyncIterator[None]:
    """A worker beside the server, from when it answers until it stops."""
    stopping = asyncio.Event()
    task = asyncio.create_task(_work_beside(base, server, stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


async def _work_beside(
    base: KnowledgeBase, server: uvicorn.Server, stopping: asyncio.Event
) -> None:
    while not server.started and not stopping.is_set():
        await asyncio.sleep(0.05)
    await passed(stopping, HEAD_START_SECONDS)
    if not stopping.is_set():
        await base.duties.keep(WORKER, partial(_work_until, base, stopping), stopping)


async def _work_until(base: KnowledgeBase, stopping: asyncio.Event) -> None:
    from kb.cli.working import Working

    await Working(base, stopping).until_stopped()
