"""Where a request comes from has two answers: the connection's other end, and whom a proxy names.

Rules about proxies look at the first; counters and the audit log look at the second.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

PEER = "kb_peer"
UNIX = "unix"
"""The other end of every connection by a Unix socket: the proxy, as settings name it."""


class Peer:
    """ASGI middleware around everything: note the other end, then weigh what a proxy says."""

    def __init__(self, app: ASGIApp, trusted: tuple[str, ...]) -> None:
        inner: Any = app
        self._app: Any = ProxyHeadersMiddleware(inner, list(trusted)) if trusted else inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the other end in the scope, and pass the request on."""
        if scope["type"] == ScopeType.HTTP:
            if _is_by_socket(scope):
                scope["client"] = (UNIX, 0)
            scope.setdefault("state", {})[PEER] = scope.get("client")
        await self._app(scope, receive, send)


def _is_by_socket(scope: HTTPScope) -> bool:
    """Whether a request came by a Unix socket: this end has a path, and no port."""
    here = scope.get("server")
    return here is not None and here[1] is None and here[0].startswith("/")


def peer_of(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[str, int] | None:
    """The other end of the connection itself, whatever headers say."""
    found: tuple[str, int] | None = connection.state.get(PEER)
    return found
