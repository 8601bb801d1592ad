"""Where a database is, as its driver takes an address: SQLAlchemy's reading, and no other."""

import os
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from kb.catalog.failures import UNAVAILABLE
from kb.errors import ConfigurationError

USUAL_PORT = 5432
"""PostgreSQL's TCP port where an address names none."""


def read(url: str) -> tuple[URL, Mapping[str, Any]]:
    """The address in its parts, and what its driver connects with.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        found = make_url(url)
        return found, found.get_dialect()().create_connect_args(found)[1]
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError("catalog.url is no address.", code=UNAVAILABLE) from error


def servers(url: str) -> Iterator[tuple[str, int]]:
    """Host and port of each PostgreSQL server that an address names; a Unix socket is none.

    Where it names none, libpq takes those of its own variables.

    Raises:
        ConfigurationError: it is no address.
    """
    found, told = read(url)
    if not found.drivername.startswith("postgresql"):
        return
    hosts = str(told.get("host") or os.environ.get("PGHOST", "")).split(",")
    ports = str(told.get("port") or os.environ.get("PGPORT", "")).split(",")[: len(hosts)]
    for host, port in zip_longest(hosts, ports, fillvalue=ports[0]):
        if host and not host.startswith(("/", "@")):
            yield host, int(port) if port.isdecimal() else USUAL_PORT
