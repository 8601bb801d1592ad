"""The session's cookie (S28)."""

from typing import Any

from litestar import Response
from litestar.connection import ASGIConnection

Connection = ASGIConnection[Any, Any, Any, Any]
SAFE_NAME, PLAIN_NAME = "__Host-kb", "kb_session"
DEVICE_SAFE_NAME, DEVICE_PLAIN_NAME = "__Host-kb-device", "kb_device"
DEVICE_SECONDS = 365 * 86400


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
    """Take the session's cookie back."""
    keep(connection, response, "", 0)


def device_of(connection: Connection) -> str:
    """The secret of a device that somebody has signed in with before, or nothing."""
    name = DEVICE_SAFE_NAME if is_secure(connection) else DEVICE_PLAIN_NAME
    return connection.cookies.get(name, "")[:100]


def keep_device(connection: Connection, response: Response[Any], secret: str) -> None:
    """Let a browser be known at its next sign-in. It lets nobody in."""
    secure = is_secure(connection)
    response.set_cookie(
        DEVICE_SAFE_NAME if secure else DEVICE_PLAIN_NAME,
        secret,
        max_age=DEVICE_SECONDS,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
