"""Where a database is, as its driver takes an address: SQLAlchemy's reading, and no other."""

import os
from collections.abc import Iterator
from itertools import zip_longest

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from kb.catalog.failures import UNAVAILABLE
from kb.errors import ConfigurationError

USUAL_PORT = "5432"


def read(url: str) -> URL:
    """The address in its parts.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError("catalog.url is no address.", code=UNAVAILABLE) from error


def servers(url: str) -> Iterator[tuple[str, int]]:
    """Host and port of each PostgreSQL server that an address names; a Unix socket is none.

    Where it names none, libpq takes those of its own variables.

    Raises:
        ConfigurationError: it is no address.
    """
    found = read(url)
    if not found.drivername.startswith("postgresql"):
        return
    try:
        _, told = found.get_dialect()().create_connect_args(found)
        hosts = str(told.get("host") or os.environ.get("PGHOST", "")).split(",")
        ports = str(told.get("port") or os.environ.get("PGPORT", "")).split(",")[: len(hosts)]
        pairs = [
            (host, int(port or USUAL_PORT))
            for host, port in zip_longest(hosts, ports, fillvalue=ports[0])
        ]
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError("catalog.url is no address.", code=UNAVAILABLE) from error
    yield from ((host, port) for host, port in pairs if host and not host.startswith(("/", "@")))
