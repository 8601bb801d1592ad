"""``kb serve``, ``kb worker``, ``kb demo``.

What serves and reads is heavy, and loads where it is needed: the parent of several web processes is
light.
"""

import asyncio
import logging
import os
import shlex
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from kb import settings as settings_module
from kb.cli import several
from kb.cli.listening import check_address
from kb.cli.siblings import Siblings, siblings
from kb.duties import WORKER, Duties, passed
from kb.settings import Settings

DEMO_SOURCE = "Samples"
ALIVE_SECONDS = 2.0
"""Between two times that a worker says that it is alive."""
log = logging.getLogger("kb.serving")


@click.command()
@click.option("--host", help="Address to listen on. Default 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on. Default 8000.")
@click.option("--socket", metavar="PATH", help="Listen at this Unix socket instead.")
@click.option("--processes", type=int, help="Web processes, with PostgreSQL. Default 1.")
def serve(host: str | None, port: int | None, socket: str | None, processes: int | None) -> None:
    """Serve the web page, and read sources on their schedules."""
    if socket and (host or port is not None):
        raise click.UsageError("Name an address (--host, --port) or a socket, not both.")
    flags = _place(host, port, socket) | {"server.processes": processes}
    settings = settings_module.load(flags)
    if (beside := siblings()) is not None:
        _run(_serve(settings, beside))
    elif settings.server.processes > 1:
        asyncio.run(several.serve(settings, sys.argv[1:]))
    else:
        _run(_serve(settings))


def _place(host: str | None, port: int | None, socket: str | None) -> dict[str, Any]:
    """Where it listens, as typed: an address takes the place of the socket in the settings."""
    is_address = host is not None or port is not None
    return {"server.host": host, "server.port": port, "server.socket": "" if is_address else socket}


def _run(work: Coroutine[Any, Any, None]) -> None:
    """On uvloop, which costs less a request than the loop of the library (docs/benchmarks.md)."""
    from kb.silence.looping import Loop

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
    from kb.cli.common import watch_destinations
    from kb.cli.web_process import check_scratch
    from kb.cli.working import Working
    from kb.knowledge_base import KnowledgeBase

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
    from kb import samples
    from kb.cli.ingesting import bar_of_files, run_of
    from kb.knowledge_base import KnowledgeBase
    from kb.rights import access

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


async def _serve(settings: Settings, beside: Siblings | None = None) -> None:
    from kb.cli.web_process import serve_one

    await serve_one(settings, beside)


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
