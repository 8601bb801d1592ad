"""The addresses in the configuration: the only ones that are connected to."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from kb.catalog.addresses import servers
from kb.llm.addresses import address_of
from kb.settings import Settings
from kb.settings.addresses import host_of

PORTS = {"http": 80, "https": 443, "ldap": 389, "ldaps": 636}
QDRANT, QDRANT_GRPC, OLLAMA = 6333, 6334, 11434
"""TCP ports: Qdrant's for HTTP and Ollama's where an address names none; and Qdrant's for gRPC,
whatever an address names."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A host (a name, or an address), a port, and the setting that names it."""

    host: str
    port: int
    setting: str


def configured(settings: Settings) -> tuple[Destination, ...]:
    """Every address in the configuration, that of the service itself among them."""
    return tuple(dict.fromkeys(_each(settings)))


def _each(settings: Settings) -> Iterator[Destination]:
    yield from _at(address_of(settings.llm), "llm.url", OLLAMA)
    for host, port in servers(settings.catalog_url):
        yield Destination(host.lower(), port, "catalog.url")
    if settings.index.backend == "server":
        yield from _at(settings.index.url, "index.url", QDRANT)
        for one in _at(settings.index.url, "index.url", QDRANT):
            yield Destination(one.host, QDRANT_GRPC, one.setting)
    for url in settings.engines.embedder_url:
        yield from _at(url, "engines.embedder_url")
    yield from _at(settings.auth.oidc_issuer, "auth.oidc_issuer")
    for url in settings.auth.ldap_url.split():
        yield from _at(url, "auth.ldap_url")
    yield from _at(settings.server.public_url, "server.public_url")
    if settings.server.port:
        host = host_of(settings.server).lower()
        yield Destination(host, settings.server.port, "server.host")


def _at(url: str, setting: str, bare: int = 0) -> Iterator[Destination]:
    """Of an address; one without a scheme has the port ``bare``, if it names none."""
    has_scheme = "://" in url
    try:
        parts = urlsplit(url if has_scheme else f"//{url}")
        port = parts.port
    except ValueError:
        return  # no address: whoever connects there says so
    usual = PORTS.get(parts.scheme, 0) if has_scheme else bare
    if parts.hostname:
        yield Destination(parts.hostname.lower(), port or usual, setting)
