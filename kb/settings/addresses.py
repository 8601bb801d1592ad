"""Where the service is found on its own machine."""

import ipaddress
from urllib.parse import urlsplit

from kb.settings.people import Server


def host_of(server: Server) -> str:
    """The host to go to: a wildcard, by which it listens everywhere, is none."""
    try:
        number = ipaddress.ip_address(server.host)
    except ValueError:
        return server.host
    if number.is_unspecified:
        return "127.0.0.1" if number.version == 4 else "::1"
    return server.host


def address_of(server: Server, port: int | None = None) -> str:
    """The address that a browser on this machine goes to."""
    host = host_of(server)
    return f"http://{f'[{host}]' if ':' in host else host}:{port or server.port}"


def root_of(server: Server) -> str:
    """The path under which people reach the service, as ``/kb``; empty: the whole host is its."""
    return urlsplit(server.public_url).path.rstrip("/")
