"""The session's cookie (S28)."""

from typing import Any

from litestar import Response
from litestar.connection import ASGIConnection

Connection = ASGIConnection[Any, Any, Any, Any]
SAFE_NAME, PLAIN_NAME = "__Host-kb", "kb_session"


def is_secure(connection: Connection) -> bool:
    """Whether people reach us over TLS: by the address in the settings, or a proxy's word."""
    public: str = connection.app.state.kb_settings.server.public_url
    return public.startswith("https:") or connection.url.scheme == "https"


def session_of(connection: Connection) -> str:
    """The session's secret, or nothing."""
    name = SAFE_NAME if is_secure(connection) else PLAIN_NAME
    return connection.cookies.get(name, "")


def keep(connection: Connection, response: Response[Any], secret: str, seconds: float) -> None:
    """Give the browser its session."""
    secure = is_secure(connection)
    response.set_cookie(
        SAFE_NAME if secure else PLAIN_NAME,
        secret,
        max_age=int(seconds),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def forget(connection: Connection, response: Response[Any]) -> None:
    """Take it back."""
    keep(connection, response, "", 0)
