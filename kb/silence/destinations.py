"""The addresses in the configuration: the only ones that are connected to."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from kb.llm.addresses import address_of
from kb.settings import Settings

PORTS = {"http": 80, "https": 443, "ldap": 389, "ldaps": 636}
WILDCARDS = {"0.0.0.0": ("127.0.0.1",), "::": ("::1", "127.0.0.1")}  # noqa: S104 - not bound
"""Of a service that listens everywhere: where it is found on its own machine."""
QDRANT, QDRANT_GRPC, OLLAMA = 6333, 6334, 11434


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
    yield from _of_database(settings.catalog.url)
    if settings.index.backend == "server":
        yield from _at(settings.index.url, "index.url", QDRANT)
        for one in _at(settings.index.url, "index.url", QDRANT):
            yield Destination(one.host, QDRANT_GRPC, one.setting)
    yield from _at(settings.auth.oidc_issuer, "auth.oidc_issuer")
    for url in settings.auth.ldap_url.split():
        yield from _at(url, "auth.ldap_url")
    yield from _at(settings.server.public_url, "server.public_url")
    for host in WILDCARDS.get(settings.server.host, (settings.server.host.lower(),)):
        if settings.server.port:
            yield Destination(host, settings.server.port, "server.host")


def _of_database(url: str) -> Iterator[Destination]:
    """PostgreSQL takes several hosts, and those of its own variables where the URL names none."""
    if not url.startswith("postgresql"):
        return
    parts, more = urlsplit(url), parse_qs(urlsplit(url).query)
    named = [*parts.netloc.rpartition("@")[2].split(","), *more.get("host", [])]
    if not any(named):
        named = [os.environ.get("PGHOST", "")]
    usual = (more.get("port") or [os.environ.get("PGPORT") or "5432"])[0]
    for one in (host for name in named for host in name.split(",")):
        if one and not one.startswith("/"):
            yield from _at(one, "catalog.url", int(usual.split(",")[0]))


def _at(url: str, setting: str, bare: int = 0) -> Iterator[Destination]:
    """Of an address; one without a scheme has the port ``bare``, if it names none."""
    has_scheme = "://" in url
    parts = urlsplit(url if has_scheme else f"//{url}")
    try:
        port = parts.port
    except ValueError:
        return  # no number: whoever connects there says so
    usual = PORTS.get(parts.scheme, 0) if has_scheme else bare
    if parts.hostname:
        yield Destination(parts.hostname.lower(), port or usual, setting)
