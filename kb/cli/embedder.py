"""``kb embedder``: this host's embedder, for other hosts."""

import asyncio
import ipaddress
import logging
import signal
from functools import partial

import click
import msgspec
import uvicorn

from kb import bulk
from kb import settings as settings_module
from kb.cli.listening import check_address
from kb.embedding.client import Embeddings
from kb.embedding.distance.serving import EmbedderService
from kb.errors import ConfigurationError
from kb.settings import Ingest, Server, Settings
from kb.settings.addresses import address_of
from kb.silence import guard
from kb.silence.destinations import configured
from kb.silence.looping import Loop
from web.arriving import Punctual

PORT = 8001
"""TCP port that it listens on where none is named; the web service has 8000."""


@click.command()
@click.option("--host", default="127.0.0.1", help="Address to listen on. Default 127.0.0.1.")
@click.option("--port", type=int, default=PORT, help=f"Port to listen on. Default {PORT}.")
def embedder(host: str, port: int) -> None:
    """Embed for other hosts, whose settings name this one (engines.embedder_url)."""
    settings = settings_module.load()
    at = msgspec.structs.replace(settings.server, host=host, port=port, socket="")
    check(settings, at)
    check_address(at)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    # Nothing is connected to from here; what is refused all the same is in the log.
    guard.install(configured(settings), lambda _host, _port: None)
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(_serve(settings, at))


def check(settings: Settings, at: Server) -> None:
    """Check that this host may embed for others.

    Raises:
        ConfigurationError: others embed for it, or strangers could have it embed.
    """
    if settings.engines.embedder_url:
        raise ConfigurationError(
            "Other hosts embed for this one (engines.embedder_url): it has no embedder to serve.",
            code="embedder_elsewhere",
        )
    if not settings.engines.embedder_key and not is_loopback(at.host):
        raise ConfigurationError(
            f"Whoever reaches {at.host} could have this host embed. Set a key, the same on every "
            "host: KB_ENGINES__EMBEDDER_KEY_FILE names a file that holds it.",
            code="embedder_without_key",
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _serve(settings: Settings, at: Server) -> None:
    embeddings = Embeddings(settings)
    processors = partial(_processors, settings.ingest)
    service = EmbedderService(embeddings, settings.engines.embedder_key, processors)
    server = uvicorn.Server(_listening(service, at))
    # The server passes a signal on once it has drained: it has done its work by then.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: None)
    beside = [asyncio.create_task(service.keep_ready()), asyncio.create_task(_announce(server, at))]
    try:
        await server.serve()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await embeddings.close()


def _processors(settings: Ingest) -> int:
    """How many processors bulk work may use here now, whoever it is for."""
    return bulk.allowed(settings, bulk.wall_clock(), bulk.usable_cores())


def _listening(service: EmbedderService, at: Server) -> uvicorn.Config:
    return uvicorn.Config(
        service,
        host=at.host,
        port=at.port,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        # Bounds are for each caller: behind a proxy, for each that it names.
        proxy_headers=bool(at.trusted_proxies),
        forwarded_allow_ips=list(at.trusted_proxies),
        timeout_keep_alive=60,  # longer than a caller uses a connection that rests
        timeout_graceful_shutdown=25,
        http=partial(Punctual, arrival_seconds=at.arrival_seconds),  # type: ignore[arg-type]
    )


async def _announce(server: uvicorn.Server, at: Server) -> None:
    while not server.started:
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    click.echo(
        f"Embedding for other hosts at {address_of(at, port)}  (stop it with Ctrl-C)", err=True
    )
